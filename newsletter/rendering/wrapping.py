"""Lines of plain text: how wide text is, and how it is folded."""

import re
import unicodedata
from collections.abc import Iterator

WIDTH = 72
"""Columns of the text part."""

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_URL = re.compile(r"(?<![a-z0-9+.-])[0-9+.-]*+[a-z][a-z0-9+.-]*+:\S", re.IGNORECASE)


def visible(text: str) -> str:
    """Without characters that nobody sees. Joiners stay: Persian and emoji need them."""
    return _INVISIBLE.sub("", text)


def columns(text: str) -> int:
    """How many columns a terminal gives the text: two for each wide East Asian character."""
    return sum(map(_columns_of, text))


def wrap(text: str, width: int = WIDTH, *, first: str = "", rest: str = "") -> list[str]:
    """Fold text into lines of at most ``width`` columns, each after its prefix.

    A line break in the text stays one. A word that is too long, and any address, is not broken;
    text of wide characters is, since it has no blanks.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = rest if lines else first
        bare = True
        for gap, word in _words(paragraph):
            if not bare and columns(line) + len(gap) + columns(word) > width:
                lines.append(line.rstrip())
                line, bare = rest, True
            line += word if bare else gap + word
            bare = False
        lines.append(line.rstrip())
    return lines


def underlined(text: str, mark: str) -> str:
    """A heading, with a line of marks as wide as it."""
    lines = wrap(text)
    return "\n".join([*lines, mark * max(map(columns, lines))])


def _words(paragraph: str) -> Iterator[tuple[str, str]]:
    """Each piece that must stay whole, with the blank that stands before it."""
    for word in re.split(r"[ \t\r\f\v]+", paragraph.strip(" \t\r\f\v")):
        gap = " "
        for piece in [word] if _URL.search(word) else _split_wide(word):
            yield gap, piece
            gap = ""


def _split_wide(word: str) -> list[str]:
    pieces = [""]
    for character in word:
        if _columns_of(character) == 2 and pieces[-1] and not _closes(character):
            pieces.append("")
        pieces[-1] += character
    return pieces


def _closes(character: str) -> bool:
    """Punctuation that may not begin a line."""
    return unicodedata.category(character) in {"Po", "Pe", "Pf"}


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
