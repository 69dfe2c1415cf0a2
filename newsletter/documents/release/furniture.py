"""Recognise furniture: lines around a text, such as navigation, contacts and end marks."""

import re
from collections.abc import Sequence
from itertools import pairwise

from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.lines import Line, begins_dateline, ends_sentence
from newsletter.documents.release.words import alternatives, pattern, words

SITE_PATTERN, _END_MARK_PATTERN = pattern("site furniture"), pattern("end marks", flags=0)
_KIND_PATTERN = pattern(
    "kinds of text",
    r"(?:{})(?:\W{1,3}(?:n[\w.º°]{0,3} ?|ref\.? ?|رقم )?"
    r"[\d/-]+(?: (?:of|/) \d{2,4}| – \w{3,12} \d{4})?|\W{1,2})?",
)
_KIND_PREFIX = rf"(?:(?:{alternatives('kinds of text')})\W{{1,3}})?"
_RELEASE_LINE_PATTERN = pattern("release lines", rf"{_KIND_PREFIX}(?:{{}})\b\s*[:.–—-]?\s*")
SIGN_ROW_PATTERN = re.compile(r"#|(?:[*~_=•·] ?){3,}|[-–—](?: ?[-–—0])+")
OTHER_PAGES_PATTERN, _VENDOR_PATTERN = pattern("other pages"), pattern("vendors")
TRADE_PATTERN = pattern("trades", r"\b(?:{})\b")
_EDITORS_NOTE_PATTERN, _MACHINE_DATA_PATTERN = pattern("notes to editors"), pattern("machine data")
_PHONE_PATTERN = re.compile(r"\(?\d{3}\)?[\s./-]+\d{3}[\s.-]\d{4}\b|\+\d[\d\s()./-]{7,}\d")
_MAX_CONTACT_CHARS = 160
_MAX_ENTRY_CHARS = 40
_TRAIL_PATTERN = re.compile(r"[^>›»\n]{2,40}(?: [>›»] [^>›»\n]{2,60})+")
"""The path to a page: ``Home > Press``."""
_REACHED_PATTERN = pattern("ways to reach")
_MIN_ROW_CHARS, _ENTRY_START_PATTERN = 18, re.compile(r"[a-zß-öø-ÿ][A-ZÀ-ÖØ-Þ]")
PART_PATTERN, STREET_PATTERN = pattern("parts of a line"), pattern("street numbers")
PLACE_PATTERN = pattern("postal codes")
_MAX_ADDRESS_LINES = 5
"""Maximum lines from the street of an address to the telephone below it."""


def edge_reason(text: str) -> str:
    """Return why a line above or below the text is furniture, or ""."""
    if is_label(text):
        return "the kind of text"
    entry = _fold_entry(text[: _MAX_ASIDE_CHARS + 1])
    parts = re.split(r" \| |, ", text[: _MAX_ASIDE_CHARS + 1])
    is_aside = len(text) <= _MAX_ASIDE_CHARS and (
        (len(parts) > 1 and all(map(edge_reason, parts)))
        or entry in _ASIDE_ENTRIES
        or _ASIDE_PATTERN.fullmatch(entry)
        or (entry and _ASIDE_ENTRIES.issuperset(entry.split()))  # links of one row
    )
    if is_aside or SITE_PATTERN.fullmatch(text) or is_menu_entry(text):
        return "site furniture"
    if (_TRAIL_PATTERN.fullmatch(text) and not ends_sentence(text)) or _is_row_of_entries(text):
        return "site furniture"
    return "the vendor's line" if _VENDOR_PATTERN.fullmatch(text) else ""


def _is_row_of_entries(text: str) -> bool:
    """Return whether a menu's entries were copied as one word: ``TopicsPositionsLibrary``."""
    words = [
        word
        for word in text.split()
        if len(word) >= _MIN_ROW_CHARS and word.replace("’", "").isalpha()
    ]
    return any(len(_ENTRY_START_PATTERN.findall(word)) > 1 for word in words)


def is_label(text: str) -> bool:
    """Return whether a line only names the kind of text, like Press release."""
    return len(text) <= _MAX_ASIDE_CHARS and bool(_KIND_PATTERN.fullmatch(text.partition(" | ")[0]))


def release_line(text: str) -> str | None:
    """Return the text behind FOR IMMEDIATE RELEASE, or None if the line does not begin with it."""
    label = _RELEASE_LINE_PATTERN.match(text)
    text_after = text[label.end() :] if label else None
    return "" if text_after and is_contact(text_after) else text_after


def is_for_editors(text: str) -> bool:
    return len(text) <= 120 and bool(_EDITORS_NOTE_PATTERN.fullmatch(text))


def is_end_mark(text: str) -> bool:
    """Return whether a line marks the end of a text: ``###``, ``-30-``, ``ENDS``."""
    return bool(_END_MARK_PATTERN.fullmatch(text))


def is_machine_data(text: str) -> bool:
    """Return whether a line is only the address of an image or a timestamp."""
    return bool(_MACHINE_DATA_PATTERN.fullmatch(text))


_CONTACT_PATTERN = pattern("contacts", r"(?:{})\s*(?::.*|\s[–—-]\s.*|$)")
_CONTACT_LINE_PATTERN = pattern("lines of a contact")
_NUMBER_PATTERN = re.compile(rf"{_PHONE_PATTERN.pattern}|\b0\d[\d\s]{{8,}}\d")
_MAX_CONTACT_LINE_CHARS = 80
_MIN_TEXT_CHARS = 20
_MAX_GAP_LINES = 3
"""Maximum lines with a name or an office between two lines of a contact."""


def is_contact_label(text: str) -> bool:
    """Return whether a short line begins a contact: ``Media contact: …``."""
    return len(text) <= _MAX_CONTACT_LINE_CHARS and bool(_CONTACT_PATTERN.fullmatch(text))


def is_contact(text: str) -> bool:
    return len(text) <= _MAX_CONTACT_LINE_CHARS and bool(
        _CONTACT_PATTERN.fullmatch(text)
        or _CONTACT_LINE_PATTERN.fullmatch(text)
        or _NUMBER_PATTERN.search(text)
    )


def is_contact_detail(text: str) -> bool:
    """Return whether a line has a telephone number or an email address, and is no paragraph."""
    return len(text) <= _MAX_CONTACT_CHARS and bool(_REACHED_PATTERN.search(text))


def is_address(texts: Sequence[str]) -> bool:
    """Return whether lines are short, and have a street with a number and a postal code."""
    parts = [part for text in texts for part in PART_PATTERN.split(text)]
    is_short = all(len(text) <= _MAX_CONTACT_LINE_CHARS for text in texts)
    has_street = is_short and STREET_PATTERN.search(PART_PATTERN.split(texts[0])[0])
    return bool(has_street) and any(map(PLACE_PATTERN.match, parts[1:]))


def find_contact_lines(lines: Sequence[Line]) -> frozenset[int]:
    """Return the indexes of all lines of contacts, with names and offices between them, and with
    the address above."""
    contact_lines = [n for n, line in enumerate(lines) if is_contact(line.text)]
    indexes = set(contact_lines)
    for n in contact_lines:
        for first in range(n - 1, max(n - _MAX_ADDRESS_LINES, -1), -1):
            if is_text(lines[first]):
                break
            if is_address([line.text for line in lines[first:n]]):
                indexes.update(range(first, n))
    for first, last in pairwise(contact_lines):
        between = range(first + 1, last)
        if len(between) <= _MAX_GAP_LINES and all(_may_be_part(lines, n) for n in [*between, last]):
            indexes.update(between)
    return frozenset(indexes)


def _may_be_part(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line below a contact may be a name, an office or a building in it."""
    line = lines[index]
    apart = line.gap_above and not (is_contact_label(lines[index - 1].text) and not is_text(line))
    other = date_line(line.text) or release_line(line.text) is not None or is_embargo(line.text)
    text = begins_dateline(line.text) and len(line.text) > _MIN_TEXT_CHARS
    return not (apart or other or text or is_text(line))


def is_text(line: Line) -> bool:
    """Return whether a line is too long, or too much of a sentence, for part of a contact."""
    return len(line.text) > _MAX_CONTACT_LINE_CHARS or (
        ends_sentence(line.text) and len(line.text.split()) > 4
    )


_HEADER_KINDS = {name: row[0] for row in map(str.split, words("mail heads")) for name in row[1:]}
"""Name of a header field of an email or memo, in any language → its kind."""
_HEADER_FIELD_PATTERN = re.compile(r"(?P<name>[^\W\d_]{1,10})(?: [^\W\d_]{1,8})? ?: ?(?P<value>.*)")
_MAX_HEADER_LINE = 10
"""A header begins within this many lines. A later one belongs to an email that is quoted."""


def find_forwarded_start(texts: Sequence[str]) -> tuple[int, str]:
    """Return the index of the first text below the header of an email or memo, and the subject."""
    for first in range(min(len(texts), _MAX_HEADER_LINE)):
        values: dict[str, str] = {}
        end = first
        while end < len(texts) and (found := _HEADER_FIELD_PATTERN.match(texts[end])):
            kind = _HEADER_KINDS.get(found["name"].casefold())
            if kind is None:
                break
            values.setdefault(kind, found["value"])
            end += 1
        # a statement may begin with one or two such fields, as From: and Date:
        if len(values) > 2 and end < len(texts):
            return end, values.get("subject", "")
    return 0, ""


_OPEN_ENTRY_PATTERN = pattern("open menu entries", flags=0)
_ASIDE_PATTERN = pattern("beside articles", flags=0)
_MAX_ASIDE_CHARS = 200
_MENU_ENTRIES, _ASIDE_ENTRIES = frozenset(words("menus")), frozenset(words("beside texts"))


def is_menu_entry(text: str) -> bool:
    entry = _fold_entry(text[: _MAX_ENTRY_CHARS + 1])
    return len(text) <= _MAX_ENTRY_CHARS and bool(
        entry in _MENU_ENTRIES or _OPEN_ENTRY_PATTERN.fullmatch(entry)
    )


_NETWORKS_PATTERN = pattern("networks", r"\b(?:{})\b")
_MAX_SHARE_WORDS, _MAX_ENTRY_WORDS, _MIN_ENTRIES = 8, 4, 3
_ENTRY_PATTERN = re.compile(r"(?:(?:[-*•·–]|\d{1,2}\.)\s+)?(?P<words>[^\d.!?:|>]+):?")


def is_share_link(line: Line) -> bool:
    """Return whether a line is a link for sharing: short, with the name of a social network."""
    is_short = len(line.text.split()) <= _MAX_SHARE_WORDS and _ENTRY_PATTERN.fullmatch(line.text)
    return bool(is_short and _NETWORKS_PATTERN.search(line.text))


def find_menu_end(lines: Sequence[Line]) -> int:
    """Return the index below the last entry of a menu above an article, or 0 without a menu."""
    shared = {
        near for n, line in enumerate(lines) if is_share_link(line) for near in (n - 1, n, n + 1)
    }
    entries = [
        n for n, line in enumerate(lines) if n not in shared for _ in range(_count_entries(line))
    ]
    return entries[-1] + 1 if len(entries) >= _MIN_ENTRIES else 0


def _count_entries(line: Line) -> int:
    """Return how many entries of a menu a line has: links, or a few words in a list or a row."""
    parts = [_ENTRY_PATTERN.fullmatch(part) for part in re.split(r" [|>›»] ", line.text)]
    is_short = all(part and len(part["words"].split()) <= _MAX_ENTRY_WORDS for part in parts)
    if not is_short:
        return 0
    is_trail = _TRAIL_PATTERN.fullmatch(line.text) or len(parts) > _MIN_ENTRIES
    is_listed = line.text[0] in "-*•·–" or line.text[0].isdigit() or is_menu_entry(line.text)
    return line.link_count or (_MIN_ENTRIES if is_trail else int(is_listed))


def _fold_entry(text: str) -> str:
    return text.casefold().strip(" .:…")
