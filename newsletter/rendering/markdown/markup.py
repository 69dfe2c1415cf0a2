"""Tokens into HTML that is safe to send."""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from newsletter.rendering.markdown.references import image_size, image_source

CONTENT_WIDTH = 528
"""Pixels between the paddings of the sheet: what an image without a size fills."""

LONG_WORD = 30
"""Characters that 375 pixels hold in any case."""

_ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("p", "h2", "h3", "h4", "ul", "li", "a", "em", "strong", "s")},
    **{tag: set() for tag in ("blockquote", "table", "thead", "tbody", "tr", "code", "pre")},
    **{tag: set() for tag in ("br", "hr", "sup", "wbr")},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "style"},
    "ol": {"start"},
    "td": set(),
    "th": {"scope"},
}
_CLASSES = {
    "ol": {"notes"},
    "p": {"caption", "figure"},
    **{cell: {"left", "center", "right"} for cell in ("td", "th")},
}

_Environment = MutableMapping[str, Any]


def to_html(tokens: Sequence[Token]) -> str:
    """The body's HTML: only allowed elements, no styles but an image's greatest width."""
    renderer = RendererHTML()
    renderer.rules.update(_RULES)
    return nh3.clean(
        renderer.render(tokens, MarkdownIt("commonmark").options, {}),
        tags=set(_ALLOWED),
        attributes=_ALLOWED,
        allowed_classes=_CLASSES,
        url_schemes={"https", "mailto", "tel"},
        link_rel=None,
        filter_style_properties={"max-width"},
        strip_comments=True,
    )


def breakable(text: str, limit: int = LONG_WORD) -> Markup:
    """Escape text, with ``<wbr>`` in words longer than ``limit``, so that 375 pixels hold them.

    Unlike a zero-width space it is not copied. Scripts that break without blanks are left alone.
    """
    parts = re.split(rf"([!-~\u00a1-\u058f]{{{limit + 1},}})", text)
    return Markup("").join(
        Markup("<wbr>").join(_pieces(part, limit)) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )


def _pieces(word: str, limit: int) -> list[str]:
    least = limit // 2
    pieces = [""]
    for atom in re.findall(rf"[^/.,_?&=@-]{{1,{least}}}[/.,_?&=@-]*|[/.,_?&=@-]+", word):
        if len(pieces[-1]) >= least:
            pieces.append("")
        pieces[-1] += atom
    return pieces


# --- one rule for each kind of token that mail wants otherwise -------------------------------


def _text(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: _Environment) -> str:
    return breakable(tokens[at].content, tokens[at].meta.get("limit", LONG_WORD))


def _code(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: _Environment) -> str:
    return f"<code>{breakable(tokens[at].content)}</code>"


def _block_of_code(
    tokens: Sequence[Token], at: int, _options: OptionsDict, _env: _Environment
) -> str:
    return f"<pre><code>{breakable(tokens[at].content)}</code></pre>\n"


def _image(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: _Environment) -> str:
    token = tokens[at]
    source, alt = escape(image_source(token)), escape(token.content)
    width, height = image_size(token) or (CONTENT_WIDTH, 0)
    if width > CONTENT_WIDTH:
        width, height = CONTENT_WIDTH, round(height * CONTENT_WIDTH / width)
    tall = f' height="{height}"' if height else ""
    return f'<img src="{source}" alt="{alt}" width="{width}"{tall} style="max-width:{width}px">'


def _note_mark(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: _Environment) -> str:
    return f"<sup>{tokens[at].meta['id'] + 1}</sup>"


def _literally(html: str) -> Any:
    def rule(*_: Any) -> str:
        return html

    return rule


_RULES = {
    "text": _text,
    "code_inline": _code,
    "code_block": _block_of_code,
    "fence": _block_of_code,
    "image": _image,
    "footnote_ref": _note_mark,
    "footnote_block_open": _literally('<ol class="notes">\n'),
    "footnote_block_close": _literally("</ol>\n"),
    "footnote_open": _literally("<li>"),
    "footnote_close": _literally("</li>\n"),
    "footnote_anchor": _literally(""),
}
