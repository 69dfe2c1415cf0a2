"""Recognise lines that may be the title, by their form or by the page's own title."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.documents.release import furniture
from newsletter.documents.release.dates import date_line, is_month
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.lines import (
    Line,
    begins_dateline,
    ends_sentence,
    is_title_case,
    match_key,
)
from newsletter.documents.release.words import pattern, words

MAX_TITLE_LEN = 250
TITLE_WORDS = 4
"""Minimum words of a title. A masthead or a name often has fewer."""
_MAX_STOPPED_TITLE_CHARS = 150
_BYLINE_PATTERN = pattern("bylines", flags=0)
_GREETING_PATTERN = pattern("greetings", r"(?:{})\b.{0,100}[,:]")
"""The beginning of a letter."""
_PART_SEPARATOR_PATTERN = re.compile(r" [|·•–—-]{1,2} ")
_ROW_PATTERN = re.compile(r" [·•] ")
_WEAK_TITLE_PATTERN = pattern("weak titles")
_MAX_LINES_BETWEEN = 40
"""The most lines, menus included, between a sender's name and the same name with its address."""
_NAME_TAIL_PATTERN = re.compile(r" [—–·|•-] |, |,? [\w.]{2,6}$")
"""The end of a line that begins with a sender's name: its address or its legal form."""
_NAME_END_PATTERN = re.compile(r" [|·•] ")
_EVENT_LABEL_PATTERN = pattern("questions", r"(?:{}) ?:")
"""Labels of an event's facts: what, when, where."""
_BULLET_PATTERN = re.compile(r"[•▪◦‣●○■□·*–-]\s")
_BODY_NAME_PATTERN, _BODY_NAME_START_PATTERN = pattern("names of bodies"), pattern("bodies of")
_NUMBERED_PATTERN = re.compile(r"(?i:\w+(?: \w+){0,3},? n(?:[or]\b|[º°])[.º°]? ?\d[\d/-]*)")
"""A short label with a number: ``Bulletin No. 32``."""
_POLISH_YEAR_PATTERN = re.compile(r"\d r\.$")
"""A year in Polish at the end of a line: ``2026 r.``"""
_SMALL_WORDS = frozenset(words("small words"))
_MAX_NAME_WORDS = 9
_MAX_CAPITAL_WORDS = 5
_MIN_PROSE_CHARS = 60
_MASTHEAD_LINES = 3
"""Lines at the top that may hold the masthead."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A title and its place. ``first`` and ``last`` are indexes of lines, both included."""

    title: str
    first: int
    last: int
    prefix: Line | None = None
    """Text before the title on its line: a label, or FOR IMMEDIATE RELEASE."""
    note: str = ""
    guessed: bool = False
    """Whether the title is a guess that a person has to check."""


def is_byline(text: str) -> bool:
    return bool(_BYLINE_PATTERN.fullmatch(text))


def may_be_title(text: str) -> bool:
    """Return whether a line has the length of a title, and is no sentence, date or furniture."""
    return _fits_title(text) and not cannot_be_title(text)


def ends_as_headline(lines: Sequence[Line], index: int, first_titles: range) -> bool:
    """Return whether a line that ends with a full stop is a headline.

    It has to be one sentence, in the style of headlines or one of ``first_titles``.
    """
    text = lines[index].text
    if len(text) > _MAX_STOPPED_TITLE_CHARS or not text.endswith(".") or not _fits_title(text):
        return False
    word_count = len(text.split())
    is_headline = word_count >= TITLE_WORDS and is_one_sentence(text)
    if not is_headline or is_furniture(text) or begins_dateline(text):
        return False
    if text.isupper() or (is_title_case(text) and word_count > TITLE_WORDS):
        return True
    below = lines[index + 1] if index + 1 < len(lines) else None
    is_set_apart = below is not None and (below.gap_above or date_line(below.text) is not None)
    return is_set_apart and index in first_titles


def is_one_sentence(text: str) -> bool:
    """Return whether no sentence ends within a line. Short names are taken for abbreviations."""
    return not re.search(r"[^\W\d_A-Z]{4}[.!?] |\b[a-zß-ÿ]{2,3}[.!?] (?=\W?[^\W\d_a-z])", text)


def find_first_titles(lines: Sequence[Line]) -> range:
    """Return the indexes with only a masthead, dates and labels above, and running text below."""
    long = [n for n, line in enumerate(lines) if len(line.text) >= _MIN_PROSE_CHARS]
    if not long:
        return range(0)
    text = lines[0].text
    # a masthead is a name rather than a short title
    is_name = is_body_name(text) or len(text.split()) == 1 or text.isupper()
    is_masthead = (is_name or not is_title_case(text)) and not reads_like_title(lines, 0)
    if not (is_masthead or is_furniture(text)):
        return range(0)
    others = (n for n in range(1, len(lines)) if not is_furniture(lines[n].text))
    return range(1, min(next(others, len(lines)), long[-1] - 1) + 1)


def reads_like_title(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line above the text reads like a title and not like a masthead."""
    text = lines[index].text
    if not (has_title_length(text) and may_be_title(text)) or is_weak_title(text):
        return False
    is_masthead = index < _MASTHEAD_LINES and is_body_name(text)
    return not (is_masthead or is_repeated_name(lines, index))


def is_weak_title(text: str) -> bool:
    """Return whether a line is the subject of a memo, or ``Press release of Sender``."""
    return bool(_WEAK_TITLE_PATTERN.match(text))


def is_repeated_name(lines: Sequence[Line], index: int) -> bool:
    """Return whether a part of a line at the top comes again within the text below."""
    text = lines[index].text
    nearest = lines[max(index - _MAX_LINES_BETWEEN, 0) : index]
    above = (line.text for line in nearest if len(line.text.split()) > 1)
    key = text.casefold()
    if any(key.startswith(a.casefold()) and _NAME_TAIL_PATTERN.match(text, len(a)) for a in above):
        return True
    first, *others = _PART_SEPARATOR_PATTERN.split(text)
    names = [first, *(one for one in others if len(one.split()) > 1)]
    # a quotation comes again where it was said
    if (
        index >= _MASTHEAD_LINES
        or text[0] in '„“«»"'
        or any(len(one.split()) > _MAX_NAME_WORDS for one in names)
    ):
        return False
    if _ROW_PATTERN.search(lines[index].text):
        return True
    # in capitals, a word that tells the office may follow: RIVERS TRUST OFFICIAL
    names += [one.rsplit(" ", 1)[0] for one in names if one.isupper() and " " in one]
    below = " ".join(line.text for line in lines[index + 1 :]).casefold()
    return not ends_sentence(names[-1]) and any(one.casefold() in below for one in names)


def has_title_length(text: str) -> bool:
    """Return whether a line has the words of a title, and is no menu entry."""
    return len(text.split()) >= TITLE_WORDS and not furniture.is_menu_entry(text)


def is_body_name(text: str) -> bool:
    """Return whether a line is the name of an office, a firm or a society."""
    text = _NAME_END_PATTERN.split(text, maxsplit=1)[0]
    words = text.split()
    if len(words) > _MAX_NAME_WORDS or (text.isupper() and len(words) > _MAX_CAPITAL_WORDS):
        return False
    # "of the" is part of many names; any other "the" is part of a sentence
    if re.search(r"\d|[“”„«»!?:]|(?<!of) the ", text, re.IGNORECASE):
        return False
    is_capitalised = all(not word[0].islower() or word in _SMALL_WORDS for word in words)
    if is_capitalised and _BODY_NAME_PATTERN.fullmatch(text):
        return True
    return len(words) <= _MAX_CAPITAL_WORDS and bool(_BODY_NAME_START_PATTERN.match(text))


def cannot_be_title(text: str) -> bool:
    """Return whether a line is no title: a sentence, a date, a label, a contact or furniture."""
    has_final_stop = text[-1] in ".…" and not _POLISH_YEAR_PATTERN.search(text)
    is_sentence = ends_sentence(text) and has_final_stop and len(text.split()) > 2
    return is_sentence or is_furniture(text) or bool(_NUMBERED_PATTERN.fullmatch(text))


def is_furniture(text: str) -> bool:
    parts = _PART_SEPARATOR_PATTERN.split(text[:MAX_TITLE_LEN])
    return bool(
        _BULLET_PATTERN.match(text)
        or (len(parts) > 1 and all(part and is_furniture(part) for part in parts))
        or (begins_dateline(text) and text[-1] in "–—-")
        or is_byline(text)
        or _EVENT_LABEL_PATTERN.match(text)
        or _GREETING_PATTERN.fullmatch(text)
        or furniture.is_for_editors(text)
        or furniture.edge_reason(text)
        or furniture.is_contact(text)
        or is_embargo(text)
        or furniture.is_end_mark(text)
        or furniture.is_machine_data(text)
        or furniture.release_line(text) is not None
        or date_line(text) is not None
        or is_month(text)
    )


def _fits_title(text: str) -> bool:
    return 8 <= len(text) <= MAX_TITLE_LEN and bool(re.search(r"[^\W\d_]{3}", text))


_SITE_NAME_PATTERN = re.compile(r"\s*[|–—»·:-]+\s+\S.*")
_TITLE_END_PATTERN = re.compile(r"^[^\w\s|–—»·:-]+")
"""Punctuation after the last word of a title."""
_MAX_HEADLINE_LINES = 5
_MIN_PART_CHARS = 8
_MAX_PAGE_TITLE_CHARS = 600


def begins_page_title(page: str, title: str) -> bool:
    """Return whether ``page`` is ``title`` with a site's name behind it: ``Title | Site``.

    They may differ in dashes, quotes, case and accents.
    """
    label, _, text_behind = page.partition(":")
    if text_behind.strip() and furniture.is_label(label.strip()):
        page = text_behind.strip()
    title_key = match_key(title)
    if (
        len(title) < _MIN_PART_CHARS
        or len(page) > _MAX_PAGE_TITLE_CHARS
        or furniture.is_label(title)
    ):
        return False
    if not title_key or not match_key(page).startswith(title_key):
        return False
    end, read_key = 0, ""
    # letter by letter, because texts with one key may differ in length
    while end < len(page) and len(read_key) < len(title_key):
        read_key += match_key(page[end])
        end += 1
    text_behind = _TITLE_END_PATTERN.sub("", page[end:])
    return read_key == title_key and bool(_SITE_NAME_PATTERN.fullmatch(text_behind))


def find_line_in_title(page: str, head: Sequence[Line]) -> Heading | None:
    """Return the last line, or adjacent lines, that the title of the page contains."""
    if len(page) > _MAX_PAGE_TITLE_CHARS:
        return None
    page_key = match_key(page)
    for first in range(len(head) - 1, -1, -1):
        if match_key(head[first].text) not in page_key:
            continue
        # try the longest headline first, so that no wrapped one is cut to its first line
        for last in range(min(first + _MAX_HEADLINE_LINES, len(head)) - 1, first - 1, -1):
            title = " ".join(line.text for line in head[first : last + 1])
            is_complete = len(title) >= _MIN_PART_CHARS and match_key(page) == match_key(title)
            names_page = begins_page_title(page, title) or (is_complete and last > first)
            if names_page or ends_page_title(page, title):
                return Heading(title=title, first=first, last=last)
    return None


def ends_page_title(page: str, title: str) -> bool:
    """Return whether ``page`` is ``title`` behind the name of a site: ``Site | Title``."""
    ending, page_key = match_key(title), match_key(page)
    if len(ending) * 2 <= len(page_key) or len(title.split()) < 4 or not page_key.endswith(ending):
        return False
    return any(
        match_key(page[separator.end() :]) == ending
        for separator in re.finditer(r"\s[|–—»·:-]\s|:\s", page)
    )
