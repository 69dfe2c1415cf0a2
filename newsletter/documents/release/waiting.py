"""Find lines around a text that name a future day or hour and may ask readers to wait for it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import (
    CLOCK,
    MOMENT,
    NAMED_DAY,
    NAMED_HOUR,
    dates_in,
    days_in,
    is_date,
    is_dated,
)
from newsletter.documents.release.lines import Line, begins_dateline
from newsletter.documents.release.words import pattern

HEAD, FOOT = 4, 6
"""Number of paragraphs of running text that count as the head, and as the foot."""
_MAX_LINE_CHARACTERS = 120
_READ = 1_500
"""Characters of a paragraph to search."""
_BEGINNING = 60
_SPACED = re.compile(r"\b(?:[^\W\d_][ .-]){4,20}[^\W\d_]\b")
_MARKS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_KEEPING = pattern("keeping", r"\b(?:{})(?!\w)")
_RELEASING = pattern("releasing", r"\b(?:{})(?!\w)")
_SPEECH = pattern("speeches", r"\b(?:{})\b")
_ASKING = pattern("asking")
_ANNOUNCING = pattern("announcing")
_OCCASIONS = pattern("occasions", r"\b(?:{})\b")
_OUR_TEXTS = pattern("our texts", r"\b(?:{})\b")
_UP_TO = pattern("up to", r"\b(?:{})")
_NEGATIONS = pattern("negations", r"\b(?:{}|not|only)\b")
_REACHED = re.compile(r"\S@|(?:\+|\b0)\d[\d\s()/-]{6,}|\btel\b", re.IGNORECASE)
"""Words about contacting somebody, whose hours are no embargo."""
_LONG = re.compile(r"[^\W\d_]{3,}")
_TITLE_WORDS = 3

# --- patterns of a masked text, in which § is a day and | an hour
_TIME = re.compile(r"[§|]")
_BEGINS_WITH_TIME = re.compile(r"\W*[§|]")
_LEADS_WITH_TIME = re.compile(r"\W*(?:\w{1,4} ){0,2}[\d§|]")
_SPAN = pattern("spans")
"""A range of days or of hours."""
_UNTIL = pattern("until", r"\b(?:{})[^§|.]{0,40}[§|]")
_SLUG = pattern("slugs", r"(?:\w{1,12} ?: ?)?(?:{})\W+(?:\w+ )?§[^a-z]{0,30} [–—|:/-] ")
_BEFORE_TIME = pattern("froms", r"\b(?:(?:{}) ){1,3}+(?=\W?[§|])")
_SET_OFF, _PLACE = pattern("set off"), pattern("places")
_DOTTED = re.compile(r"\b(?:[01]?\d|2[0-3])\.[0-5]\d\b(?!\.?\d|%)")


def folded(text: str) -> str:
    """Return the text in lower case, without accents, marks and letter-spacing."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text[:_READ])
        if not unicodedata.combining(letter)
    )
    close = _SPACED.sub(lambda found: re.sub(r"[ .-]", "", found[0]), bare)
    return " ".join(close.translate(_MARKS).casefold().split())


def waiting_lines(
    lines: Sequence[Line], above: int, today: date, title: range, *, stated: bool
) -> Iterator[int]:
    """Yield each short line near the text that may ask its readers to wait for a time to come.

    A line above the title does by its place, unless it is a date or an occasion. The lines below
    need a word of release, or a label or brackets of their own. ``stated`` means that the file
    states its title; any other may be such a line itself if another headline is below it.
    """
    programme = {n for n, line in enumerate(lines) if CLOCK.match(line.text)}
    is_speech = any(_SPEECH.search(folded(line.text)) for line in lines[:above])
    unsure = not stated and any(is_worded(lines[n].text) for n in range(title.stop, above))
    for n, line in enumerate(lines):
        is_lead = n == above < len(lines) - 1 and len(line.text) >= _BEGINNING
        foot = n >= max(above, len(lines) - FOOT) and not is_lead
        in_programme = n in programme and len(programme) > 1
        if not (n < above + HEAD or foot) or in_programme or not _names_time(line.text, today):
            continue
        if n in title:
            waits = _waits_as_title(line.text, unsure=unsure)
        elif n < above:
            masked = _masked(line.text)
            placed = n < title.start or _SET_OFF.match(masked)
            is_open = placed and not (is_date(line.text) or _PLACE.match(masked))
            waits = is_speech or _names_release(line.text) or bool(is_open)
        else:
            plain = folded(line.text)
            beside = not _ANNOUNCING.search(plain) if foot else _names_hour(plain)
            waits = beside and _names_release(line.text)
        if waits:
            yield n


def _waits_as_title(text: str, *, unsure: bool) -> bool:
    if not unsure:
        return _names_release(text) and _names_hour(folded(text))
    masked = _masked(text)
    return _names_release(text) or "|" in masked or bool(_UNTIL.search(masked))


def is_notice(text: str) -> bool:
    """Whether a line above the text names times and is like no headline."""
    masked = _masked(text)
    if (
        is_dated(text)
        or _BEGINS_WITH_TIME.match(masked)
        or (_LEADS_WITH_TIME.match(masked) and _SPAN.search(masked))
    ):
        return True
    bare = (
        _SET_OFF.match(masked)
        or len(_LONG.findall(_BEFORE_TIME.sub(" ", masked))) < _TITLE_WORDS - 1
    )
    short = len(text) <= _MAX_LINE_CHARACTERS and _TIME.search(masked)
    return bool(short and (bare or _names_release(text)))


def asks_to_wait(text: str, today: date) -> bool:
    """Whether a line asks readers to wait for a future time."""
    return _names_time(text, today) and _names_release(text)


def names_a_time(text: str) -> bool:
    return len(text) <= _MAX_LINE_CHARACTERS and bool(_TIME.search(_masked(text)))


def is_worded(text: str) -> bool:
    """Whether a line has the words of a headline besides its days and hours."""
    return len(_LONG.findall(_masked(text))) >= _TITLE_WORDS


def is_timed(plain: str) -> bool:
    return bool(CLOCK.search(plain) or MOMENT.search(plain) or dates_in(plain))


def _names_time(text: str, today: date) -> bool:
    """Whether a short line names a time to come that is not about an office or an occasion."""
    plain = folded(text)
    if len(text) > _MAX_LINE_CHARACTERS or _REACHED.search(text) or _OCCASIONS.match(plain):
        return False
    days = days_in(text, today)
    if days:
        later = max(days) == today and _names_hour(plain) and not is_dated(text)
        to_come = max(days) > today or later
    else:
        to_come = bool(CLOCK.search(plain) or MOMENT.search(plain))
    is_dateline = begins_dateline(text) and not _names_release(text)
    # opening hours, and the days of an exhibition
    spans = _SPAN.search(_masked(text)) and not _KEEPING.search(plain)
    return to_come and not is_dateline and not spans


def _names_hour(plain: str) -> bool:
    return bool(CLOCK.search(plain) or (_DOTTED.search(plain) and MOMENT.search(plain)))


@lru_cache(maxsize=256)
def _masked(text: str) -> str:
    """Return a folded text with § in place of each day and | in place of each hour."""
    for found in reversed(dates_in(text[:_READ])):
        text = f"{text[: found.start]}§{text[found.end :]}"
    plain = NAMED_HOUR.sub("|", CLOCK.sub("|", folded(text).replace("|", "/")))
    return _DOTTED.sub("|", NAMED_DAY.sub("§", plain))


@lru_cache(maxsize=256)
def _names_release(text: str) -> bool:
    """Whether a line uses words about the release of a text."""
    plain = _OCCASIONS.sub(" ", folded(text))
    if _KEEPING.search(plain) or _SLUG.match(_masked(text)):
        return True
    # what may be used until a day is no embargo
    offered = _UP_TO.search(plain) and not _NEGATIONS.search(plain)
    releases = not offered and _RELEASING.search(plain)
    return bool(releases or _OUR_TEXTS.search(plain) or _ASKING.search(plain))
