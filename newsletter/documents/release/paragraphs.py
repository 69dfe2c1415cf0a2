"""From lines to paragraphs, and from plain words to Markdown that shows those very words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from newsletter.documents.release.furniture import is_contact
from newsletter.documents.release.lines import (
    Line,
    begins_dateline,
    begins_small,
    ends_sentence,
    in_title_case,
)

_BULLET = re.compile(r"[•▪◦‣●○■□·o\uf0a7\uf0b7]")
_MARKED = re.compile(r"[•▪◦‣●○■□*]\s+\S")
"""What never goes on with the line above."""
_ITEM = re.compile(r"(?:(?P<mark>[•▪◦‣●○■□·*\uf0a7\uf0b7-])|(?P<number>\d{1,2})[.)])\s+(?=\S)")
_BULLETED = re.compile(r"(?:[•▪◦‣●○■□·*+]|[-–—]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_UNFINISHED = re.compile(
    r"(?:[,;–—-]|[,–—-][\"”’']|\b(?:a|an|and|as|at|by|for|from|in|is|of|on|or|said|that|the|to|under"
    r"|visit|was|were|with))$",
    re.IGNORECASE,
)
_ITEM_END = re.compile(r"(?:;|;\s*(?:and|or)|:)$")
_HALF = re.compile(r"(?<![^\W\d_])[^\W\d_]++-$")
_LAST = 200
"""Letters at the end of a paragraph that tell how it goes on."""
_OPENING = ("“", "‘", '"', "«", "„")

_MARKUP = re.compile(r"[\\*`\[\]<]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+>=:~|](?=.?)|[–](?!.))")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def is_bullet(text: str) -> bool:
    """Whether a line is the mark of a list's item without the item."""
    return bool(_BULLET.fullmatch(text))


@dataclass(kw_only=True)
class Joining:
    """How the lines of a text are joined, and what was guessed in doing so."""

    width: int
    """That of hard-wrapped text; 0 where lines are whole."""
    soft: frozenset[int] = frozenset()
    """The numbers of lines whose gap is only that of a page."""
    parted: bool = False
    """Blank lines stand between the paragraphs, so that a line break alone means something."""
    words: Counter[str] = field(default_factory=Counter)
    """The words of the whole text, in small letters: what a word parted by a hyphen may be."""
    halves: list[str] = field(default_factory=list)
    """Words that a hyphen parted at a line's end, as they were put together."""
    doubtful: list[int] = field(default_factory=list)
    """Numbers of lines that a paragraph may begin with, for a full line above ends a sentence."""

    def notes(self) -> Iterator[str]:
        """What a person should look at."""
        if self.halves:
            words = ", ".join(self.halves)
            yield f"Parted by a hyphen at the end of a line: {words}. Look whether they are right."
        if self.doubtful:
            numbers = ", ".join(map(str, self.doubtful))
            yield f"A paragraph may begin with each of these lines, or go on: {numbers}."


def how_to_join(lines: Sequence[Line], *, width: int, soft: frozenset[int]) -> Joining:
    """Look at all lines of a text for how to join them."""
    text = " ".join(line.text for line in lines).lower()
    return Joining(
        width=width,
        soft=soft,
        parted=sum(line.gap for line in lines) * 3 >= len(lines),
        words=Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)),
    )


def join_lines(lines: Sequence[Line], how: Joining) -> list[str]:
    """Join lines into paragraphs."""
    paragraphs: list[list[str]] = []
    for index, line in enumerate(lines):
        if index and _continues(lines, index, how):
            parts = paragraphs[-1]
            parts[-1], text = _joined(parts[-1], lines[index - 1], line, how)
            parts.append(text)
        else:
            paragraphs.append([line.text])
    return ["".join(parts) for parts in paragraphs]


def _joined(before: str, above: Line, line: Line, how: Joining) -> tuple[str, str]:
    """The end of a paragraph and the line that goes on with it, as they stand side by side."""
    text = line.text
    if above.halved or re.match(r"[.,;:!?)\]”’](?!\w)", text):
        return before, text
    half = _HALF.search(before[-_LAST:])
    if half is None or not text[0].islower():
        return before, f" {text}"
    rest = re.match(r"[^\W\d_]+", text)
    whole = half.group() + (rest.group() if rest else "")
    if how.words[whole.replace("-", "").lower()] and not how.words[whole.lower()]:
        how.halves.append(whole.replace("-", ""))
        return before[:-1], text
    how.halves.append(whole)
    return before, text


def _continues(lines: Sequence[Line], index: int, how: Joining) -> bool:
    before, line = lines[index - 1].text, lines[index]
    if line.gap and line.number not in how.soft:
        return False
    if lines[index - 1].halved:
        return True
    if line.cells and lines[index - 1].cells:
        return False
    unfinished = _UNFINISHED.search(before[-_LAST:])
    amid = unfinished and not is_contact(before)  # a sentence may hold an address
    if is_contact(line.text) and not (begins_small(line.text) and " " in line.text) and not amid:
        return False
    if begins_dateline(line.text) and not unfinished:
        return False
    over = ends_sentence(before) or _ITEM_END.search(before)
    if _MARKED.match(line.text) or (over and _BULLETED.match(line.text)):
        return False
    if how.width:
        return _wraps(before, line, how)
    return _is_fragment(lines, index, how.parted)


def _wraps(before: str, line: Line, how: Joining) -> bool:
    """Whether a line was broken only because the next word did not fit any more."""
    text, width = line.text, how.width
    if _HALF.search(before[-_LAST:]) and text[0].islower():
        return True
    room = len(before) + 1 + len(text.split(maxsplit=1)[0])
    if before.endswith(":") and len(text) < 0.8 * width and not begins_small(text):
        return False
    entry = in_title_case(text) and not begins_small(text) and not ends_sentence(text)
    if ends_sentence(before) and len(text) < 0.6 * width and entry:
        return False  # a heading or a list's item, and not the last line of a paragraph
    if ends_sentence(before) or before.endswith(":"):
        # A paragraph may end at the margin by chance: both are possible, and a person is told.
        if room > 0.96 * width:
            how.doubtful.append(line.number)
        return room > 0.96 * width
    if begins_small(text) or _UNFINISHED.search(before[-_LAST:]):
        return room > 0.5 * width
    return room > 0.8 * width


def _is_fragment(lines: Sequence[Line], index: int, parted: bool) -> bool:
    """Whether a line that holds a link or bold words alone belongs to the line before it."""
    before, text = lines[index - 1].text, lines[index].text
    if _ITEM_END.search(before):
        return False
    if begins_small(text):
        return not _is_whole(before) or not text[0].isalpha()
    if _is_whole(before):
        return False
    if _UNFINISHED.search(before[-_LAST:]):
        return True
    if text.startswith(_OPENING) or parted:
        return False
    return text[0].isdigit() or not _is_subheading(lines, index - 1)


def _is_whole(text: str) -> bool:
    return ends_sentence(text) or (text[0] == "(" and text[-1] == ")")


def _is_subheading(lines: Sequence[Line], index: int) -> bool:
    """Whether a short line between whole paragraphs heads what follows."""
    text = lines[index].text
    own = index == 0 or lines[index].gap or _is_whole(lines[index - 1].text)
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    full = len(following) >= max(30, len(text)) and not begins_small(following)
    return own and full and len(text.split()) <= 12 and text[0].isupper() and in_title_case(text)


def in_markdown(paragraphs: Sequence[str]) -> Iterator[str]:
    """Write paragraphs of plain words in Markdown; those in a row that have marks are a list.

    A list has two items or more, all with one mark, or with numbers from 1 on.
    """
    at = 0
    while at < len(paragraphs):
        items = _items(paragraphs[at:])
        is_list = len(items) > 1
        yield "\n".join(items) if is_list else escape(paragraphs[at])
        at += len(items) if is_list else 1


def _items(paragraphs: Sequence[str]) -> list[str]:
    """The items of the list that these begin with, each in Markdown."""
    found: list[str] = []
    first: str | None = None
    for paragraph in paragraphs:
        item = _ITEM.match(paragraph)
        if item is None or (found and item["mark"] != first):
            break
        if item["number"] and int(item["number"]) != len(found) + 1:
            break
        first = item["mark"]
        sign = f"{item['number']}." if item["number"] else "-"
        found.append(f"{sign} {escape(paragraph[item.end() :])}")
    return found


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
