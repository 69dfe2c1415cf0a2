"""Turn tokens into HTML that is safe to send."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import escape

from newsletter.rendering.markdown.faults import image_size, image_source
from newsletter.rendering.markdown.greetings import GREETING, shown_greeting
from newsletter.rendering.markdown.markdown import NOTE_TYPE
from newsletter.rendering.markdown.tables import SHEET_WIDTH, write_tables
from newsletter.tables import load_table

_GAP_PATTERN = re.compile(r"</x-column>\s*<x-column>")
_TABLE_HEAD_PATTERN = re.compile(r'<thead class="heads">(.*?)</thead>', re.DOTALL)
_TABLES = load_table("newsletter.rendering.markdown", "markup.yaml")
_ALLOWED_ATTRIBUTES, _ALLOWED_CLASSES = (
    {element: set(names) for element, names in _TABLES[name].items()}
    for name in ("attributes", "classes")
)
_BLOCK_PATTERN = re.compile("|".join(map(re.escape, _TABLES["blocks"])))


def to_html(tokens: Sequence[Token]) -> str:
    """Return the body's HTML, with allowed elements only and no style but an image's width."""
    renderer = RendererHTML()
    rules: dict[str, Any] = {
        kind: lambda tokens, at, *_, rule=rule: rule(tokens[at]) for kind, rule in _RULES.items()
    }
    renderer.rules.update(rules)
    cleaned = nh3.clean(
        renderer.render(write_tables(tokens), MarkdownIt("commonmark").options, {}),
        tags=set(_ALLOWED_ATTRIBUTES),
        attributes=_ALLOWED_ATTRIBUTES,
        allowed_classes=_ALLOWED_CLASSES,
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel=None,
        filter_style_properties={"max-width"},
        strip_comments=True,
    )
    # added after the cleaning, which removes all comments, also those for Outlook
    paired = _GAP_PATTERN.sub(_TABLES["between columns"], cleaned)
    framed = _BLOCK_PATTERN.sub(lambda found: _TABLES["blocks"][found.group()], paired)
    return _TABLE_HEAD_PATTERN.sub(_TABLES["table head twice"], framed)


# --- one rule for each kind of token that a mail shows in its own way ---


def _block_of_code(token: Token) -> str:
    return f"<pre><code>{escape(token.content)}</code></pre>\n"


def _image(token: Token) -> str:
    source, alt = escape(image_source(token)), escape(token.content)
    max_width = int(token.meta.get("width", SHEET_WIDTH))
    width = min(max_width, (image_size(token) or (max_width, 0))[0])
    # a height would leave a gap where pictures are off
    return f'<img src="{source}" alt="{alt}" width="{width}" style="max-width:{width}px">'


def _label(token: Token) -> str:
    """Return the label of a cell, for telephones, which do not show the table's head."""
    head = token.content.rstrip(":")
    # after Arabic letters, a number's sign would move to its other side (UAX 9, W2 and W5)
    arabic = any(unicodedata.bidirectional(character) == "AL" for character in head)
    rtl_mark = "\u200f" if arabic else ""
    return f'<span class="named">{escape(head)}:{rtl_mark}</span> '


def _note_id(token: Token) -> str:
    """Return the end of the ids of a note and of its reference. It contains the language."""
    return f"{token.meta['language']}-{token.meta['id'] + 1}"


def _note_ref(token: Token) -> str:
    # a note may be referred to twice, but an id must be unique
    id_attribute = "" if token.meta.get("subId") else f' id="r-{_note_id(token)}"'
    return f'<sup><a{id_attribute} href="#n-{_note_id(token)}">[{token.meta["id"] + 1}]</a></sup>'


_RULES: dict[str, Callable[[Token], str]] = {
    "text": lambda token: escape(
        token.content.replace(" ", "\u00a0") if token.meta.get("whole") else token.content
    ),
    # a name may run in another direction than the text around it
    GREETING: lambda token: (
        f'<span dir="auto">{escape(shown_greeting(token.content, token.meta))}</span>'
    ),
    "code_inline": lambda token: f"<code>{escape(token.content)}</code>",
    "code_block": _block_of_code,
    "fence": _block_of_code,
    "image": _image,
    "badge": lambda token: f"<x-file>{escape(token.meta['kind'])}<x-named></x-named>",
    "kind": lambda token: f"<x-details>{escape(token.meta['details'])}</x-details></x-file>",
    "credit": lambda token: f'<span class="credit">{escape(token.content)}</span>',
    "label": _label,
    "footnote_ref": _note_ref,
    # lists without bullets: no mail program indents them, and screen readers hear a list
    "footnote_block_open": lambda _: '<div class="notes" role="list">\n',
    "footnote_block_close": lambda _: "</div>\n",
    "footnote_open": lambda token: f'<div role="listitem" id="n-{_note_id(token)}">',
    NOTE_TYPE: lambda token: f'<a href="#r-{_note_id(token)}">[{token.meta["id"] + 1}]</a> ',
    "footnote_close": lambda _: "</div>\n",
    "footnote_anchor": lambda _: "",
}
