"""Recognise lines that may be the title, by their form or by the page's own title."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.furniture import (
    edge_reason,
    is_contact,
    is_end_mark,
    is_for_editors,
    is_label,
    is_machine_data,
    is_menu_entry,
    release_line,
)
from newsletter.documents.release.lines import (
    Line,
    begins_dateline,
    comparable,
    ends_sentence,
    in_title_case,
)
from newsletter.documents.release.words import pattern, words

MAX_TITLE_LEN = 250
TITLE_WORDS = 4
"""Minimum words of a title. A masthead or a name often has fewer."""
_MAX_STOPPED_TITLE_CHARS = 150
_BYLINE = pattern("bylines", flags=0)
_GREETING = pattern("greetings", r"(?:{})\b.{0,100}[,:]")
"""The beginning of a letter."""
_PART_SEPARATOR = re.compile(r" [|·•–—-]{1,2} ")
_QUESTION = pattern("questions", r"(?:{}) ?:")
"""Labels of an event's facts: what, when, where."""
_BULLET = re.compile(r"[•▪◦‣●○■□·*–-]\s")
_BODY_NAME, _BODY_NAME_START = pattern("names of bodies"), pattern("bodies of")
_POLISH_YEAR = re.compile(r"\d r\.$")
"""The end of a line with a year in Polish, as in ``2026 r.``."""
_MAX_MASTHEAD_CHARS = 90
_OFFICE = pattern("offices beside")
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
    return bool(_BYLINE.fullmatch(text))


def may_be_title(text: str) -> bool:
    """Return whether a line has the length of a title, and is no sentence, date or furniture."""
    return _fits_title(text) and not is_no_title(text)


def is_stopped_title(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line that ends with a full stop is a headline.

    It has to be one sentence, in the style of headlines or the first long line above the text.
    """
    text = lines[index].text
    if len(text) > _MAX_STOPPED_TITLE_CHARS or not text.endswith(".") or not _fits_title(text):
        return False
    words = len(text.split())
    if (
        words < TITLE_WORDS
        or is_furniture(text)
        or begins_dateline(text)
        or not is_one_sentence(text)
    ):
        return False
    if text.isupper() or (in_title_case(text) and words > TITLE_WORDS):
        return True
    below = lines[index + 1] if index + 1 < len(lines) else None
    apart = below is not None and (below.gap_above or date_line(below.text) is not None)
    return apart and is_first(lines, index)


def is_one_sentence(text: str) -> bool:
    """Return whether no sentence ends within a line. Short words are taken for abbreviations."""
    return not re.search(r"[^\W\d_A-Z]{4}[.!?] ", text)


def is_first(lines: Sequence[Line], index: int) -> bool:
    """Return whether only a masthead, dates and labels are above a line, and running text below."""
    above = [n for n in range(index) if not is_furniture(lines[n].text)]
    masthead = [n for n in above if n == above.index(n) < _MASTHEAD_LINES]
    # only lines that are names rather than short titles
    masthead = [
        n
        for n in masthead
        if not reads_like_title(lines, n)
        and (
            is_body_name(text := lines[n].text)
            or len(text.split()) == 1
            or text.isupper()
            or not in_title_case(text)
        )
    ]
    below = any(len(line.text) >= _MIN_PROSE_CHARS for line in lines[index + 1 :])
    return index > 0 and len(above) == len(masthead) <= 1 and below


def reads_like_title(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line above the text reads like a title and not like a masthead."""
    text = lines[index].text
    return (
        is_full(text)
        and may_be_title(text)
        and not (index < _MASTHEAD_LINES and is_body_name(text))
    )


def is_full(text: str) -> bool:
    """Return whether a line has the words of a title, and is no menu entry."""
    return len(text.split()) >= TITLE_WORDS and not is_menu_entry(text)


def is_body_name(text: str) -> bool:
    """Return whether a line is the name of an office, a firm or a society."""
    if _OFFICE.fullmatch(text[:_MAX_MASTHEAD_CHARS]):
        return True
    text = text.partition(" | ")[0]
    words = text.split()
    if len(words) > _MAX_NAME_WORDS or (text.isupper() and len(words) > _MAX_CAPITAL_WORDS):
        return False
    # "of the" is part of many names, any other "the" of sentences
    if re.search(r"\d|[“”„«»!?:]|(?<!of) the ", text, re.IGNORECASE):
        return False
    named = all(not word[0].islower() or word in _SMALL_WORDS for word in words)
    if named and _BODY_NAME.fullmatch(text):
        return True
    return len(words) <= _MAX_CAPITAL_WORDS and bool(_BODY_NAME_START.match(text))


def is_no_title(text: str) -> bool:
    """Return whether a line is no title: a sentence, a date, a contact or furniture."""
    stopped = text[-1] in ".…" and not _POLISH_YEAR.search(text)
    sentence = ends_sentence(text) and stopped and len(text.split()) > 2
    return sentence or is_furniture(text)


def is_furniture(text: str) -> bool:
    parts = _PART_SEPARATOR.split(text[:MAX_TITLE_LEN])
    return bool(
        _BULLET.match(text)
        or (len(parts) > 1 and all(part and is_furniture(part) for part in parts))
        or (begins_dateline(text) and text[-1] in "–—-")
        or is_byline(text)
        or _QUESTION.match(text)
        or _GREETING.fullmatch(text)
        or is_for_editors(text)
        or edge_reason(text)
        or is_label(text)
        or is_contact(text)
        or is_embargo(text)
        or is_end_mark(text)
        or is_machine_data(text)
        or release_line(text) is not None
        or date_line(text) is not None
    )


def _fits_title(text: str) -> bool:
    return 8 <= len(text) <= MAX_TITLE_LEN and bool(re.search(r"[^\W\d_]{3}", text))


_SITE_NAME = re.compile(r"\s*[|–—»·:-]+\s+\S.*")
_TITLE_END = re.compile(r"^[^\w\s|–—»·:-]+")
"""Punctuation after the last word of a title."""
_MAX_LINES = 5
_MIN_PART_CHARS = 8
_MAX_PAGE_TITLE_CHARS = 600


def names_page(page: str, title: str) -> bool:
    """Return whether ``page`` is ``title`` with a site's name behind it: ``Title | Site``.

    They may differ in dashes, quotes, case and accents.
    """
    label, _, rest = page.partition(":")
    if rest.strip() and is_label(label.strip()):
        page = rest.strip()
    wanted = comparable(title)
    if len(title) < _MIN_PART_CHARS or len(page) > _MAX_PAGE_TITLE_CHARS or is_label(title):
        return False
    if not wanted or not comparable(page).startswith(wanted):
        return False
    end, found = 0, ""
    # letter by letter: dashes, quotes and accents may differ, and with them the length
    while end < len(page) and len(found) < len(wanted):
        found += comparable(page[end])
        end += 1
    rest = _TITLE_END.sub("", page[end:])
    return found == wanted and bool(_SITE_NAME.fullmatch(rest))


def is_whole_title(page: str, text: str) -> bool:
    """Return whether a text equals a page's title, and is more than the name of a site."""
    full = len(text.split()) > TITLE_WORDS and not is_body_name(text)
    return full and comparable(page) == comparable(text)


def find_line_in_title(page: str, head: Sequence[Line]) -> Heading | None:
    """Return the last line, or adjacent lines, that the title of the page contains."""
    if len(page) > _MAX_PAGE_TITLE_CHARS:
        return None
    whole = comparable(page)
    for first in range(len(head) - 1, -1, -1):
        if comparable(head[first].text) not in whole:
            continue
        # the most lines first, or a headline over several would be cut to its first
        for last in range(min(first + _MAX_LINES, len(head)) - 1, first - 1, -1):
            title = " ".join(line.text for line in head[first : last + 1])
            all_of_it = len(title) >= _MIN_PART_CHARS and comparable(page) == comparable(title)
            named = names_page(page, title) or (all_of_it and last > first)
            if named or _ends_page_title(page, title):
                return Heading(title=title, first=first, last=last)
    return None


def _ends_page_title(page: str, title: str) -> bool:
    """Return whether ``page`` is ``title`` behind the name of a site: ``Site | Title``."""
    wanted, whole = comparable(title), comparable(page)
    if len(wanted) * 2 <= len(whole) or len(title.split()) < 4 or not whole.endswith(wanted):
        return False
    return any(
        comparable(page[found.end() :]) == wanted
        for found in re.finditer(r"\s[|–—»·:-]\s|:\s", page)
    )
