"""Link footnotes both ways, and mark paragraphs that run against the language's direction."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from markdown_it.token import Token

from newsletter.rendering.languages import direction
from newsletter.rendering.markdown.tables import spanned, text_of

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
