"""Join lines to paragraphs, and write them as Markdown.

A signature, an item or a contact keeps its line end. Elsewhere wrap width and gaps decide.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from newsletter.documents.release.furniture import is_contact
from newsletter.documents.release.lines import (
    Line,
    begins_amid,
    begins_dateline,
    ends_sentence,
    is_title_case,
)
from newsletter.documents.release.words import pattern

_BULLET_PATTERN = re.compile(r"[•▪◦‣●○■□·o\uf0a7\uf0b7]")
_ITEM_START_PATTERN = re.compile(r"[•▪◦‣●○■□·*§\uf0a7\uf0b7]\s+\S")
"""The beginning of a line that never continues the line above."""
_ITEM_PATTERN = re.compile(
    r"(?:(?P<mark>[•▪◦‣●○■□·*§o\uf0a7\uf0b7-])|(?P<number>\d{1,2})[.)]|\(?(?P<letter>[a-z])[.)])"
    r"\s+(?=\S)"
)
_BULLETED_PATTERN = re.compile(r"(?:[•▪◦‣●○■□·*+]|[-–—]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_UNFINISHED_PATTERN = pattern("unfinished", r"(?:[,;–—-]|[,–—-][\"”’']|\b(?:{}))$")
_END_PATTERN = re.compile(r"(?:;|;\s*(?:and|or)|:)$")
_HYPHEN_PATTERN = re.compile(r"(?<![^\W\d_])[^\W\d_]++-$")
_MIN_ENTRIES, _MAX_ENTRY_CHARS = 3, 80
"""Minimum lines of a list without marks, and maximum characters of each line."""
_SYMBOL_FONT_BULLETS = {"\uf0b7": "·", "\uf0a7": "§"}
"""Bullet in a symbol font of Word → the character that other programs show."""
_NESTED_MARKS = {"o", "§", "a"}
"""Marks that only nested items have: letters, and Word's second and third bullet."""
_MAX_LIST_DEPTH, _MAX_ITEM_LINES = 4, 12
_MAX_ENTRY_WORDS = 8
"""Maximum words of a list entry that may end with an abbreviation."""
_MAX_ENTRY_WIDTH_SHARE = 0.75
"""Maximum length of a list entry, as a share of the width of wrapped text."""
_END_CHARS = 200
"""Characters at the end of a paragraph that decide whether it continues."""
_OPENING_QUOTES = ("“", "‘", '"', "«", "„")

# one ~ has no meaning in Markdown, two strike out; a _ within a word has none
_MARKUP_PATTERN = re.compile(r"[\\*`\[\]<]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LINE_START_PATTERN = re.compile(r"(?:#{1,6}(?=\s|$)|[-+>=:~|](?=.?)|[–](?!.))")
_NUMBER_PATTERN = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def is_bullet(text: str) -> bool:
    return bool(_BULLET_PATTERN.fullmatch(text))


@dataclass(kw_only=True)
class JoinRules:
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
    doubtful_lines: list[int] = field(default_factory=list)
    """Numbers of lines that were joined, but may begin a paragraph."""

    def notes(self) -> Iterator[str]:
        if self.rejoined_words:
            words = ", ".join(self.rejoined_words)
            yield f"Parted by a hyphen at the end of a line: {words}. Look whether they are right."
        if self.doubtful_lines:
            numbers = ", ".join(map(str, self.doubtful_lines))
            yield f"A paragraph may begin with each of these lines, or go on: {numbers}."


def plan_joining(lines: Sequence[Line], *, width: int, page_breaks: frozenset[int]) -> JoinRules:
    text = " ".join(line.text for line in lines).lower()
    long_line_gaps = [line.gap_above for line in lines if len(line.text) > _MAX_ENTRY_CHARS]
    return JoinRules(
        width=width,
        page_breaks=page_breaks,
        has_blank_lines=sum(line.gap_above for line in lines) * 3 >= len(lines)
        or sum(long_line_gaps) * 4 > len(long_line_gaps) * 3,
        words=Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)),
    )


def join_lines(lines: Sequence[Line], joining: JoinRules) -> list[str]:
    """Return paragraphs of joined lines. Names, addresses and the like keep their line ends."""
    entries = (
        _find_entries(lines, joining) if joining.has_blank_lines or joining.width else frozenset()
    )
    paragraphs: list[list[str]] = []
    for index, line in enumerate(lines):
        if index in entries:
            paragraphs[-1].append(f"\n{line.text}")
        elif index - 1 not in entries and index and _continues_paragraph(lines, index, joining):
            parts = paragraphs[-1]
            parts[-1], text = _join_words(parts[-1], lines[index - 1], line, joining)
            parts.append(text)
        else:
            paragraphs.append([line.text])
    return ["".join(parts) for parts in paragraphs]


def _find_entries(lines: Sequence[Line], joining: JoinRules) -> frozenset[int]:
    """Return the indexes of lines that continue a list of short lines, such as signatures.

    Blank lines surround the list. Few of its lines are as long as wrapped ones, end a sentence or
    continue one.
    """
    found: set[int] = set()
    starts = [n for n, line in enumerate(lines) if n == 0 or line.gap_above] + [len(lines)]
    for start, end in pairwise(starts):
        rows = [line.text for line in lines[start:end]]
        plain = not any(line.cells or _ITEM_PATTERN.match(line.text) for line in lines[start:end])
        max_chars = _MAX_ENTRY_WIDTH_SHARE * joining.width or float("inf")
        short = [text for text in rows if len(text) < max_chars]
        # a short line may end with an abbreviation: Boise, Idaho.
        prose = [
            text
            for text in rows
            if begins_amid(text)
            or (ends_sentence(text) and (len(text.split()) > _MAX_ENTRY_WORDS or text[-1] in "!?…"))
        ]
        is_list = len(rows) >= _MIN_ENTRIES and max(map(len, rows)) <= _MAX_ENTRY_CHARS
        if is_list and plain and len(short) * 3 > len(rows) * 2 and len(prose) * 3 <= len(rows):
            found.update(range(start + 1, end))
    return frozenset(found)


def _join_words(before: str, above: Line, line: Line, joining: JoinRules) -> tuple[str, str]:
    """Return the end of a paragraph and the line that continues it, ready to join."""
    text = line.text
    if above.hyphenated or re.match(r"[.,;:!?)\]”’](?!\w)", text):
        return before, text
    first_half = _HYPHEN_PATTERN.search(before[-_END_CHARS:])
    if first_half is None or not text[0].islower():
        return before, f" {text}"
    second_half = re.match(r"[^\W\d_]+", text)
    word = first_half.group() + (second_half.group() if second_half else "")
    # drop the hyphen if the text has the word elsewhere, and never with a hyphen
    if joining.words[word.replace("-", "").lower()] and not joining.words[word.lower()]:
        joining.rejoined_words.append(word.replace("-", ""))
        return before[:-1], text
    joining.rejoined_words.append(word)
    return before, text


def _continues_paragraph(lines: Sequence[Line], index: int, joining: JoinRules) -> bool:
    text_above, line = lines[index - 1].text, lines[index]
    if line.gap_above and line.number not in joining.page_breaks:
        return False
    if lines[index - 1].hyphenated:
        return True
    if line.cells and lines[index - 1].cells:
        return False
    unfinished = _UNFINISHED_PATTERN.search(text_above[-_END_CHARS:])
    is_amid = unfinished and not is_contact(text_above)  # a sentence may hold an address
    if is_contact(line.text) and not (begins_amid(line.text) and " " in line.text) and not is_amid:
        return False
    if begins_dateline(line.text) and not unfinished:
        return False
    is_ended = ends_sentence(text_above) or _END_PATTERN.search(text_above)
    if is_ended and _BULLETED_PATTERN.match(line.text):
        return False
    if _ITEM_START_PATTERN.match(line.text) or _is_next_item(lines, index):
        return False
    if joining.width:
        return _was_wrapped(text_above, line, joining)
    return _continues_unwrapped(lines, index, joining.has_blank_lines)


def _is_next_item(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line is the item that follows one above it, with no gap between."""
    item = _ITEM_PATTERN.match(lines[index].text)
    for n in range(index - 1, max(index - _MAX_ITEM_LINES, 0) - 1, -1) if item else ():
        above = _ITEM_PATTERN.match(lines[n].text)
        if item and above and _follows(item, above):
            return True
        if lines[n].gap_above:
            break
    return False


def _follows(item: re.Match[str], above: re.Match[str]) -> bool:
    """Return whether an item has the mark of another one, or the next number or letter."""
    if item["mark"]:
        return bool(item["mark"] == above["mark"] != "o")  # o is a word, too
    if item["number"]:
        return int(item["number"]) - 1 == int(above["number"] or -2)
    return bool(item["letter"] == (chr(ord(above["letter"]) + 1) if above["letter"] else "a"))


def _was_wrapped(text_above: str, line: Line, joining: JoinRules) -> bool:
    """Return whether a line continues the one above, which had no room for its first word."""
    text, width = line.text, joining.width
    if _HYPHEN_PATTERN.search(text_above[-_END_CHARS:]) and text[0].islower():
        return True
    needed_chars = len(text_above) + 1 + len(text.split(maxsplit=1)[0])
    if text_above.endswith(":") and len(text) < 0.8 * width and not begins_amid(text):
        return False
    is_entry = is_title_case(text) and not begins_amid(text) and not ends_sentence(text)
    if ends_sentence(text_above) and len(text) < 0.6 * width and is_entry:
        return False  # a heading or a list item, not the last line of a paragraph
    if ends_sentence(text_above) or text_above.endswith(":"):
        # a paragraph may end at the margin by chance, so that a note lists the line
        if needed_chars > 0.96 * width:
            joining.doubtful_lines.append(line.number)
        return needed_chars > 0.96 * width
    if begins_amid(text) or _UNFINISHED_PATTERN.search(text_above[-_END_CHARS:]):
        return needed_chars > 0.5 * width
    return needed_chars > 0.8 * width


def _continues_unwrapped(lines: Sequence[Line], index: int, has_blank_lines: bool) -> bool:
    """Return whether a line belongs to the line above: a link or bold words on a line alone."""
    text_above, text = lines[index - 1].text, lines[index].text
    if _END_PATTERN.search(text_above):
        return False
    if begins_amid(text):
        return not _is_complete(text_above) or not text[0].isalpha()
    if _is_complete(text_above):
        return False
    if _UNFINISHED_PATTERN.search(text_above[-_END_CHARS:]):
        return True
    if text.startswith(_OPENING_QUOTES) or has_blank_lines:
        return False
    return text[0].isdigit() or not _is_subheading(lines, index - 1)


def _is_complete(text: str) -> bool:
    return ends_sentence(text) or (text[0] == "(" and text[-1] == ")")


def _is_subheading(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line is a subheading: short, and between complete paragraphs."""
    text = lines[index].text
    own = index == 0 or lines[index].gap_above or _is_complete(lines[index - 1].text)
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    full = len(following) >= max(30, len(text)) and not begins_amid(following)
    return own and full and len(text.split()) <= 12 and text[0].isupper() and is_title_case(text)


def write_markdown(paragraphs: Sequence[str]) -> Iterator[str]:
    """Yield paragraphs as Markdown. Adjacent ones with marks become one list.

    A list has two items or more, with one mark or with numbers from 1. Items with another mark are
    nested in the item above.
    """
    position = 0
    while position < len(paragraphs):
        items = _write_list(paragraphs, position)
        is_list = len(items) > 1
        yield "\n".join(items) if is_list else escape(paragraphs[position])
        position += len(items) if is_list else 1


@dataclass(kw_only=True)
class _ListLevel:
    """A list at one level of nesting. The indent is in spaces."""

    kind: str
    indent: int
    count: int = 0

    @property
    def marker(self) -> str:
        return f"{self.count}." if self.kind == "1" else "-"

    @property
    def column(self) -> int:
        return self.indent + len(self.marker) + 1


def _write_list(paragraphs: Sequence[str], start: int) -> list[str]:
    items: list[str] = []
    levels: list[_ListLevel] = []
    certain_count, is_resumed = 0, False
    for position in range(start, len(paragraphs)):  # a slice would copy the rest each time
        paragraph = paragraphs[position]
        item = _ITEM_PATTERN.match(paragraph)
        depth = None if item is None else _count_item(item, levels)
        if item is None or depth is None:
            break
        level = levels[depth]
        # Markdown has no lettered lists, so that letters stay in the text
        content = escape_words(paragraph) if item["letter"] else escape(paragraph[item.end() :])
        items.append(f"{' ' * level.indent}{level.marker} {content}")
        # below "2.", items with stars may be another list, unless "3." follows
        is_resumed |= not depth and certain_count < len(items) - 1
        if not depth or is_resumed or level.kind in _NESTED_MARKS:
            certain_count = len(items)
    return items[:certain_count]


def _count_item(item: re.Match[str], levels: list[_ListLevel]) -> int | None:
    """Count an item and return its level, or None if it does not continue the list."""
    kind = _SYMBOL_FONT_BULLETS.get(item["mark"], item["mark"]) or ("1" if item["number"] else "a")
    depth = next((n for n, level in enumerate(levels) if level.kind == kind), len(levels))
    if depth == _MAX_LIST_DEPTH or (not levels and kind in _NESTED_MARKS):
        return None
    del levels[depth + 1 :]
    if depth == len(levels):
        levels.append(_ListLevel(kind=kind, indent=levels[-1].column if levels else 0))
    levels[depth].count += 1
    number = int(item["number"] or 0) or (ord(item["letter"]) - ord("a") + 1 if kind == "a" else 0)
    return depth if number in {0, levels[depth].count} else None


def escape(paragraph: str) -> str:
    """Escape a paragraph, so that Markdown shows exactly its words and lines."""
    return "\\\n".join(escape_start(escape_words(line)) for line in paragraph.split("\n"))


def escape_words(text: str) -> str:
    """Escape the Markdown in a line, except at its beginning."""
    return _MARKUP_PATTERN.sub(lambda found: "\\" + found.group(), text)


def escape_start(text: str) -> str:
    """Escape the beginning of a line that Markdown would take for a list or a heading."""
    number = _NUMBER_PATTERN.match(text)
    if number:
        return f"{number[1]}\\{text[number.end(1) :]}"
    return "\\" + text if _LINE_START_PATTERN.match(text) else text
