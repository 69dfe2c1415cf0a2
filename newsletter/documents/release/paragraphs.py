"""Join lines to paragraphs, and write them as Markdown."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from newsletter.documents.release.furniture import is_contact
from newsletter.documents.release.lines import (
    Line,
    begins_dateline,
    begins_small,
    ends_sentence,
    in_title_case,
)
from newsletter.documents.release.words import pattern

_BULLET = re.compile(r"[•▪◦‣●○■□·o\uf0a7\uf0b7]")
_ITEM_START = re.compile(r"[•▪◦‣●○■□·*§\uf0a7\uf0b7]\s+\S")
"""The beginning of a line that never continues the line above."""
_ITEM = re.compile(
    r"(?:(?P<mark>[•▪◦‣●○■□·*§o\uf0a7\uf0b7-])|(?P<number>\d{1,2})[.)]|\(?(?P<letter>[a-z])[.)])"
    r"\s+(?=\S)"
)
_BULLETED = re.compile(r"(?:[•▪◦‣●○■□·*+]|[-–—]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_UNFINISHED = pattern("unfinished", r"(?:[,;–—-]|[,–—-][\"”’']|\b(?:{}))$")
_ITEM_END, _HALF = re.compile(r"(?:;|;\s*(?:and|or)|:)$"), re.compile(r"(?<![^\W\d_])[^\W\d_]++-$")
_MIN_ENTRIES, _MAX_ENTRY_CHARS = 3, 80
"""Minimum lines of a list without marks, and maximum characters of each line."""
_SYMBOL_FONT_BULLETS = {"\uf0b7": "·", "\uf0a7": "§"}
"""Bullet in a symbol font of Word → the character that other programs show."""
_NESTED_MARKS = {"o", "§", "a"}
"""Marks that only nested items have: letters, and Word's second and third bullet."""
_MAX_LIST_DEPTH = 4
"""Maximum levels of nested lists."""
_MAX_ENTRY_WORDS = 8
"""Maximum words of a list entry that may end with an abbreviation."""
_MAX_ENTRY_WIDTH_SHARE = 0.75
"""Maximum length of a list entry, as a share of the width of wrapped text."""
_END_CHARS = 200
"""Characters at the end of a paragraph that decide whether it continues."""
_OPENING_QUOTES = ("“", "‘", '"', "«", "„")

# one ~ marks nothing and two strike out; a _ amid a word marks nothing either
_MARKUP = re.compile(r"[\\*`\[\]<]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+>=:~|](?=.?)|[–](?!.))")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def is_bullet(text: str) -> bool:
    return bool(_BULLET.fullmatch(text))


@dataclass(kw_only=True)
class Joining:
    """The rules for joining the lines of one text, and the guesses that were made."""

    width: int
    """Width of wrapped lines in characters; 0 if each line is a paragraph."""
    page_breaks: frozenset[int] = frozenset()
    """Numbers of lines whose gap above is only a page break."""
    has_blank_lines: bool = False
    """Whether blank lines separate the paragraphs."""
    words: Counter[str] = field(default_factory=Counter)
    """All words of the text in lower case, with their numbers, to rejoin hyphenated words."""
    rejoined_words: list[str] = field(default_factory=list)
    """Words that were hyphenated at the end of a line, as they were rejoined."""
    doubtful: list[int] = field(default_factory=list)
    """Numbers of lines that were joined, but may begin a paragraph."""

    def notes(self) -> Iterator[str]:
        if self.rejoined_words:
            words = ", ".join(self.rejoined_words)
            yield f"Parted by a hyphen at the end of a line: {words}. Look whether they are right."
        if self.doubtful:
            numbers = ", ".join(map(str, self.doubtful))
            yield f"A paragraph may begin with each of these lines, or go on: {numbers}."


def plan_joining(lines: Sequence[Line], *, width: int, page_breaks: frozenset[int]) -> Joining:
    text = " ".join(line.text for line in lines).lower()
    long = [line.gap_above for line in lines if len(line.text) > _MAX_ENTRY_CHARS]
    return Joining(
        width=width,
        page_breaks=page_breaks,
        has_blank_lines=sum(line.gap_above for line in lines) * 3 >= len(lines)
        or sum(long) * 4 > len(long) * 3,
        words=Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)),
    )


def join_lines(lines: Sequence[Line], joining: Joining) -> list[str]:
    """Return paragraphs of joined lines. Names, addresses and the like keep their line ends."""
    breaks = (
        _find_entries(lines, joining) if joining.has_blank_lines or joining.width else frozenset()
    )
    paragraphs: list[list[str]] = []
    for index, line in enumerate(lines):
        if index in breaks:
            paragraphs[-1].append(f"\n{line.text}")
        elif index - 1 not in breaks and index and _continues(lines, index, joining):
            parts = paragraphs[-1]
            parts[-1], text = _join(parts[-1], lines[index - 1], line, joining)
            parts.append(text)
        else:
            paragraphs.append([line.text])
    return ["".join(parts) for parts in paragraphs]


def _find_entries(lines: Sequence[Line], joining: Joining) -> frozenset[int]:
    """Return the indexes of lines that continue a list of short lines, such as signatures.

    Blank lines surround the list. Few of its lines are as long as wrapped ones, end a sentence or
    continue one.
    """
    found: set[int] = set()
    starts = [n for n, line in enumerate(lines) if n == 0 or line.gap_above] + [len(lines)]
    for start, end in pairwise(starts):
        run = [line.text for line in lines[start:end]]
        marked = any(line.cells or _ITEM.match(line.text) for line in lines[start:end])
        short = [
            text
            for text in run
            if not joining.width or len(text) < _MAX_ENTRY_WIDTH_SHARE * joining.width
        ]
        # a short line may end with an abbreviation: Boise, Idaho.
        odd = [
            text
            for text in run
            if begins_small(text)
            or (ends_sentence(text) and (len(text.split()) > _MAX_ENTRY_WORDS or text[-1] in "!?…"))
        ]
        listed = len(run) >= _MIN_ENTRIES and max(map(len, run)) <= _MAX_ENTRY_CHARS
        if listed and not marked and len(short) * 3 > len(run) * 2 and len(odd) * 3 <= len(run):
            found.update(range(start + 1, end))
    return frozenset(found)


def _join(before: str, above: Line, line: Line, joining: Joining) -> tuple[str, str]:
    """Return the end of a paragraph and the line that continues it, ready to join."""
    text = line.text
    if above.hyphenated or re.match(r"[.,;:!?)\]”’](?!\w)", text):
        return before, text
    half = _HALF.search(before[-_END_CHARS:])
    if half is None or not text[0].islower():
        return before, f" {text}"
    rest = re.match(r"[^\W\d_]+", text)
    whole = half.group() + (rest.group() if rest else "")
    # without hyphen, if the text has the word elsewhere without, and nowhere with one
    if joining.words[whole.replace("-", "").lower()] and not joining.words[whole.lower()]:
        joining.rejoined_words.append(whole.replace("-", ""))
        return before[:-1], text
    joining.rejoined_words.append(whole)
    return before, text


def _continues(lines: Sequence[Line], index: int, joining: Joining) -> bool:
    before, line = lines[index - 1].text, lines[index]
    if line.gap_above and line.number not in joining.page_breaks:
        return False
    if lines[index - 1].hyphenated:
        return True
    if line.cells and lines[index - 1].cells:
        return False
    unfinished = _UNFINISHED.search(before[-_END_CHARS:])
    amid = unfinished and not is_contact(before)  # a sentence may hold an address
    if is_contact(line.text) and not (begins_small(line.text) and " " in line.text) and not amid:
        return False
    if begins_dateline(line.text) and not unfinished:
        return False
    over = ends_sentence(before) or _ITEM_END.search(before)
    if (
        _ITEM_START.match(line.text)
        or _is_next(before, line.text)
        or (over and _BULLETED.match(line.text))
    ):
        return False
    if joining.width:
        return _was_wrapped(before, line, joining)
    return _is_fragment(lines, index, joining.has_blank_lines)


def _is_next(before: str, text: str) -> bool:
    """Return whether a line is the lettered item that follows the item above."""
    letter, above = _ITEM.match(text), _ITEM.match(before)
    following = chr(ord(above["letter"]) + 1) if above and above["letter"] else "a"
    return above is not None and letter is not None and letter["letter"] == following


def _was_wrapped(before: str, line: Line, joining: Joining) -> bool:
    """Return whether a line continues the one above, which had no room for its first word."""
    text, width = line.text, joining.width
    if _HALF.search(before[-_END_CHARS:]) and text[0].islower():
        return True
    room = len(before) + 1 + len(text.split(maxsplit=1)[0])
    if before.endswith(":") and len(text) < 0.8 * width and not begins_small(text):
        return False
    entry = in_title_case(text) and not begins_small(text) and not ends_sentence(text)
    if ends_sentence(before) and len(text) < 0.6 * width and entry:
        return False  # a heading or a list's item, and not the last line of a paragraph
    if ends_sentence(before) or before.endswith(":"):
        # a paragraph may end at the margin by chance: a note lists the line
        if room > 0.96 * width:
            joining.doubtful.append(line.number)
        return room > 0.96 * width
    if begins_small(text) or _UNFINISHED.search(before[-_END_CHARS:]):
        return room > 0.5 * width
    return room > 0.8 * width


def _is_fragment(lines: Sequence[Line], index: int, has_blank_lines: bool) -> bool:
    """Return whether a line belongs to the line above: a link or bold words on a line alone."""
    before, text = lines[index - 1].text, lines[index].text
    if _ITEM_END.search(before):
        return False
    if begins_small(text):
        return not _is_whole(before) or not text[0].isalpha()
    if _is_whole(before):
        return False
    if _UNFINISHED.search(before[-_END_CHARS:]):
        return True
    if text.startswith(_OPENING_QUOTES) or has_blank_lines:
        return False
    return text[0].isdigit() or not _is_subheading(lines, index - 1)


def _is_whole(text: str) -> bool:
    return ends_sentence(text) or (text[0] == "(" and text[-1] == ")")


def _is_subheading(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line is a subheading: short, and between complete paragraphs."""
    text = lines[index].text
    own = index == 0 or lines[index].gap_above or _is_whole(lines[index - 1].text)
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    full = len(following) >= max(30, len(text)) and not begins_small(following)
    return own and full and len(text.split()) <= 12 and text[0].isupper() and in_title_case(text)


def write_markdown(paragraphs: Sequence[str]) -> Iterator[str]:
    """Yield paragraphs as Markdown. Adjacent ones with marks become one list.

    A list has two items or more, with one mark or with numbers from 1. Items with another mark are
    nested in the item above.
    """
    at = 0
    while at < len(paragraphs):
        items = _write_list(paragraphs, at)
        is_list = len(items) > 1
        yield "\n".join(items) if is_list else escape(paragraphs[at])
        at += len(items) if is_list else 1


@dataclass(kw_only=True)
class _Level:
    """A list at one level of nesting. The indent is in spaces."""

    kind: str
    indent: int
    count: int = 0

    @property
    def sign(self) -> str:
        return f"{self.count}." if self.kind == "1" else "-"

    @property
    def inside(self) -> int:
        return self.indent + len(self.sign) + 1


def _write_list(paragraphs: Sequence[str], start: int) -> list[str]:
    found: list[str] = []
    levels: list[_Level] = []
    sure, resumed = 0, False
    for at in range(start, len(paragraphs)):  # a slice would copy the rest for each paragraph
        paragraph = paragraphs[at]
        item = _ITEM.match(paragraph)
        depth = None if item is None else _count_item(item, levels)
        if item is None or depth is None:
            break
        level = levels[depth]
        # Markdown counts with no letters, so these stay
        inside = escape_words(paragraph) if item["letter"] else escape(paragraph[item.end() :])
        found.append(f"{' ' * level.indent}{level.sign} {inside}")
        # below "2.", items with stars may be another list, unless "3." follows
        resumed |= not depth and sure < len(found) - 1
        if not depth or resumed or level.kind in _NESTED_MARKS:
            sure = len(found)
    return found[:sure]


def _count_item(item: re.Match[str], levels: list[_Level]) -> int | None:
    """Count an item and return its level, or None if it does not continue the list."""
    kind = _SYMBOL_FONT_BULLETS.get(item["mark"], item["mark"]) or ("1" if item["number"] else "a")
    depth = next((n for n, level in enumerate(levels) if level.kind == kind), len(levels))
    if depth == _MAX_LIST_DEPTH or (not levels and kind in _NESTED_MARKS):
        return None
    del levels[depth + 1 :]
    if depth == len(levels):
        levels.append(_Level(kind=kind, indent=levels[-1].inside if levels else 0))
    levels[depth].count += 1
    counted = int(item["number"] or 0) or (ord(item["letter"]) - ord("a") + 1 if kind == "a" else 0)
    return depth if counted in {0, levels[depth].count} else None


def escape(paragraph: str) -> str:
    """Escape a paragraph, so that Markdown shows exactly its words and lines."""
    return "\\\n".join(escape_start(escape_words(line)) for line in paragraph.split("\n"))


def escape_words(text: str) -> str:
    """Escape the Markdown in a line, except at its beginning."""
    return _MARKUP.sub(lambda found: "\\" + found.group(), text)


def escape_start(text: str) -> str:
    """Escape the beginning of a line that Markdown would take for a list or a heading."""
    number = _NUMBER.match(text)
    if number:
        return f"{number[1]}\\{text[number.end(1) :]}"
    return "\\" + text if _LINE_START.match(text) else text
