"""Parse Markdown into tokens for a mail.

HTML and text parts are made from the same tokens, so they cannot differ.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.smartquotes import process_inlines
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from newsletter.rendering.languages import base_language, direction
from newsletter.rendering.markdown.blocks import recognise_blocks
from newsletter.rendering.markdown.faults import lost_footnotes, watch_depth
from newsletter.rendering.markdown.greetings import find_greetings
from newsletter.rendering.markdown.links import link_bare_addresses
from newsletter.rendering.markdown.tables import fit_tables, spanned, text_of

MAX_SHORT_CHARS = 16_000
"""Characters that always parse within half a second."""

_QUOTES_OF_LANGUAGE = {
    "de": ["„", "“", "‚", "‘"],
    "fr": ["«\u00a0", "\u00a0»", "‹\u00a0", "\u00a0›"],
    "pl": ["„", "”", "«", "»"],
    **{key: ["«", "»", "“", "”"] for key in ("es", "it", "pt")},
    **{key: ["«", "»", "„", "“"] for key in ("ru", "uk")},
}
_ENGLISH_QUOTES = ["“", "”", "‘", "’"]
_MAX_QUOTES = 1_000
"""The most quotation marks of a block that are replaced. markdown-it needs quadratic time."""


def read_markdown(body: str, language: str, *, video_label: str = "") -> list[Token]:
    """Parse a statement's body into tokens, with headings, tables and images made for a mail.

    ``video_label`` is the label of a video without a title. Without one, the label is the picture's
    description. Forbidden addresses stay, and parts that Markdown drops become tokens, so that
    ``faults_of_statement`` can report them.
    """
    quotes = _QUOTES_OF_LANGUAGE.get(base_language(language), _ENGLISH_QUOTES)
    parser = _Parser("commonmark", {"html": False, "typographer": True, "quotes": quotes})
    parser.enable(["table", "strikethrough", "smartquotes"])
    parser.core.ruler.at("smartquotes", _set_quotes)
    parser.use(footnote_plugin)
    # markdown-it's own replacements would turn 501(c)(3) into 501©(3)
    parser.core.ruler.after("inline", "dashes", _set_dashes)
    parser.core.ruler.after("inline", "bare_addresses", link_bare_addresses)
    parser.core.ruler.after("inline", "greetings", find_greetings)
    watch_depth(parser)
    env: dict[str, Any] = {}
    tokens = parser.parse(body, env)
    # footnotes that the parser drops become tokens, for faults_of_statement
    tokens += lost_footnotes(env)
    for token in tokens:
        if token.children:
            token.children = list(_without_anchors(token.children))
        for child in token.children or ():
            if child.type == "image":  # its description, without marks of Markdown
                words = RendererHTML().renderInlineAsText(child.children, parser.options, {})
                child.content = words
    is_rtl = direction(language) == "rtl"
    tokens = recognise_blocks(tokens, video_label, is_rtl=is_rtl)
    link_notes(tokens, language)
    set_directions(tokens, language)
    _level_headings(tokens)
    fit_tables(tokens, is_rtl=is_rtl)
    return tokens


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Accept every address. A refused link would be printed as Markdown, without a fault."""
        return True


_DASH_REPLACEMENTS = (
    (re.compile(r"(?<![.])\.\.\.(?![.])"), "…"),
    (re.compile(r"(?<!-)---(?!-)"), "—"),
    (re.compile(r"(?:(?<=\s)|^)--(?=\s|$)|(?<=[^-\s])--(?=[^-\s])"), "–"),
)


def _set_quotes(state: StateCore) -> None:
    """Turn straight quotation marks into typographic ones."""
    for token in state.tokens:
        marks = token.content.count("'") + token.content.count('"')
        if token.type == "inline" and 0 < marks <= _MAX_QUOTES:
            process_inlines(token.children or [], state)


def _set_dashes(state: StateCore) -> None:
    for token in state.tokens:
        previous = ""
        for child in token.children or ():
            if child.type == "link_open":
                previous = child.info
            # an address that is its own label stays as it was written
            if child.type == "text" and previous != "auto":
                for pattern, replacement in _DASH_REPLACEMENTS:
                    child.content = pattern.sub(replacement, child.content)
            if child.type == "link_close":
                previous = ""


def _level_headings(tokens: Sequence[Token]) -> None:
    """Put the body's headings below the title, the only h1, without gaps in the levels."""
    levels: list[int] = []
    level = 2
    for token in tokens:
        if token.type == "heading_open":
            written = int(token.tag[1])
            # a heading ends all sections that are as deep or deeper: skipped levels leave no gap
            while levels and levels[-1] >= written:
                levels.pop()
            levels.append(written)
            level = min(len(levels) + 1, 4)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{level}"


def _without_anchors(children: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens without links within the text, which most mail programs cannot follow."""
    open_links: list[bool] = []
    for child in children:
        if child.type == "link_open":
            open_links.append(str(child.attrs["href"]).startswith("#"))
            if open_links[-1]:
                continue
        elif child.type == "link_close" and open_links.pop():
            continue
        yield child


NOTE_TYPE = "note"
"""The type of the token before a note, a link back to the text."""
_NOTE_TOKENS = {"footnote_ref", "footnote_open", NOTE_TYPE}
_BLOCK_TOKENS = {"paragraph_open", "heading_open"}


def link_notes(tokens: Sequence[Token], language: str) -> None:
    """Put a link back to the text before each note, and the language into the notes' ``meta``.

    Ids contain the language, as a mail of several languages has several first notes.
    """
    note: Token | None = None
    for token in tokens:
        if token.type == "footnote_open":
            note = token
        elif token.type == "inline" and note:
            token.children = [Token(NOTE_TYPE, "", 0, meta=note.meta), *(token.children or ())]
            note = None
        for one in (token, *(token.children or ())):
            if one.type in _NOTE_TOKENS:
                one.meta["language"] = language


def set_directions(tokens: Sequence[Token], language: str) -> None:
    """Set the direction of paragraphs, headings and items that run against the language's."""
    base = direction(language)
    for previous, token in pairwise(tokens):
        if token.type != "inline" or previous.type not in _BLOCK_TOKENS:
            continue
        # the direction of most letters
        kinds = [unicodedata.bidirectional(character) for character in text_of(token)]
        ltr_count, rtl_count = kinds.count("L"), kinds.count("R") + kinds.count("AL")
        way = base if ltr_count == rtl_count else "ltr" if ltr_count > rtl_count else "rtl"
        if way != base and previous.hidden:  # the number of a list's item stays on its side
            token.children = spanned(token.children or (), dir=way)
        elif way != base:
            previous.attrSet("dir", way)
            previous.attrJoin("class", way)
