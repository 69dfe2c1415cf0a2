"""From lines to paragraphs, and from plain words to Markdown that shows those very words."""

import re
from collections.abc import Sequence

from newsletter.sources.lines import (
    Line,
    begins_dateline,
    begins_small,
    ends_sentence,
    in_title_case,
)

_BULLET = re.compile(r"[•▪◦‣●○■□·o\uf0a7\uf0b7]")
_BULLETED = re.compile(r"(?:[•▪◦‣●○■□·*+]|[-–—]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_UNFINISHED = re.compile(
    r"(?:[,;–—-]|[,–—-][\"”’']|\b(?:a|an|and|as|at|by|for|from|in|is|of|on|or|said|that|the|to|under"
    r"|visit|was|were|with))$",
    re.IGNORECASE,
)
_ITEM_END = re.compile(r"(?:;|;\s*(?:and|or)|:)$")
_OPENING = ("“", "‘", '"', "«", "„")

_MARKUP = re.compile(r"[\\*`\[\]<]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+>=:~|](?=.?)|[–](?!.))")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def is_bullet(text: str) -> bool:
    """Whether a line is the mark of a list's item without the item."""
    return bool(_BULLET.fullmatch(text))


def join_lines(lines: Sequence[Line], *, width: int, soft: frozenset[int]) -> list[str]:
    """Join lines into paragraphs.

    ``width`` is that of hard-wrapped text, 0 where lines are whole. ``soft`` holds the numbers of
    lines whose gap is only that of a page.
    """
    paragraphs: list[str] = []
    for index, line in enumerate(lines):
        if index and _continues(lines, index, width, line.number in soft):
            paragraphs[-1] = _joined(paragraphs[-1], line.text)
        else:
            paragraphs.append(line.text)
    return paragraphs


def _joined(before: str, text: str) -> str:
    if re.match(r"[.,;:!?)\]”’](?!\w)", text):
        return before + text
    if re.search(r"[^\W\d_]-$", before) and text[0].islower():
        return before + text
    return f"{before} {text}"


def _continues(lines: Sequence[Line], index: int, width: int, soft: bool) -> bool:
    before, line = lines[index - 1].text, lines[index]
    if line.gap and not soft:
        return False
    if begins_dateline(line.text) and not _UNFINISHED.search(before):
        return False
    if _BULLETED.match(line.text) and (ends_sentence(before) or _ITEM_END.search(before)):
        return False
    if width:
        return _wraps(before, line.text, width)
    return _is_fragment(lines, index)


def _wraps(before: str, text: str, width: int) -> bool:
    """Whether a line was broken only because the next word did not fit any more."""
    room = len(before) + 1 + len(text.split(maxsplit=1)[0])
    if before.endswith(":") and len(text) < 0.8 * width and not begins_small(text):
        return False
    if ends_sentence(before) and len(text) < 0.6 * width and _is_entry(text):
        return False
    if ends_sentence(before) or before.endswith(":"):
        return room > 0.96 * width
    if begins_small(text) or _UNFINISHED.search(before):
        return room > 0.5 * width
    return room > 0.8 * width


def _is_fragment(lines: Sequence[Line], index: int) -> bool:
    """Whether a line that holds a link or bold words alone belongs to the line before it."""
    before, text = lines[index - 1].text, lines[index].text
    if _ITEM_END.search(before):
        return False
    if begins_small(text):
        return not _is_whole(before) or not text[0].isalpha()
    if _is_whole(before):
        return False
    if _UNFINISHED.search(before):
        return True
    if text.startswith(_OPENING):
        return False
    return text[0].isdigit() or not _is_subheading(lines, index - 1)


def _is_whole(text: str) -> bool:
    return ends_sentence(text) or (text[0] == "(" and text[-1] == ")")


def _is_entry(text: str) -> bool:
    """Whether a short line is a heading or a list's item, not the last line of a paragraph."""
    return in_title_case(text) and not begins_small(text) and not ends_sentence(text)


def _is_subheading(lines: Sequence[Line], index: int) -> bool:
    """Whether a short line between whole paragraphs heads what follows."""
    text = lines[index].text
    own = index == 0 or lines[index].gap or _is_whole(lines[index - 1].text)
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    full = len(following) >= max(30, len(text)) and not begins_small(following)
    return own and full and len(text.split()) <= 12 and text[0].isupper() and in_title_case(text)


def escape(paragraph: str) -> str:
    """Write a paragraph of plain words so that Markdown shows exactly these words."""
    return escape_start(escape_words(paragraph))


def escape_words(text: str) -> str:
    """Write words that begin no line so that Markdown shows them as they are."""
    return _MARKUP.sub(lambda found: "\\" + found.group(), text)


def escape_start(text: str) -> str:
    """Keep the beginning of a line, its words escaped already, from being a list or a heading."""
    number = _NUMBER.match(text)
    if number:
        return f"{number[1]}\\{text[number.end(1) :]}"
    return "\\" + text if _LINE_START.match(text) else text
