"""Find lines around a text that name a future day or hour and may ask readers to wait for it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

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
_MAX_LINE_CHARACTERS, _MAX_NOTE_CHARACTERS = 120, 300
_READ = 1_500
"""Characters of a paragraph to search."""
_BEGINNING = 60
_MARKS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_SPACED, _LONG = pattern("set wide"), pattern("long words")
_SENTENCE_END, _NARRATIVE = pattern("sentence ends"), pattern("narrative")
_KEEPING, _RELEASING = pattern("words of keeping"), pattern("words of releasing")
_SPEECH, _OUR_TEXTS = pattern("of speeches"), pattern("of our texts")
_ASKING, _ADDRESSING = pattern("asking"), pattern("of addressing")
_BEGGING, _BIDDING = pattern("begging"), pattern("bidding")
_OCCASIONS, _NOUNS = pattern("of occasions"), pattern("of nouns")
OCCASION, _ANNOUNCING = pattern("begins an occasion"), pattern("announcing")
_UP_TO, _NEGATIONS = pattern("up to", r"\b(?:{})"), pattern("negations", r"\b(?:{}|not|only)\b")
_REACHED, _WEEKDAY = pattern("reached"), pattern("of weekdays")
_TITLE_WORDS, _FEW_WORDS = 3, 4

# --- patterns of a masked text, in which § is a day and | an hour
_TIME, _BEGINS_WITH_TIME = pattern("times"), pattern("openings")
_PROGRAMME, _PLACE = pattern("in programmes"), pattern("places")
_BRACKETED, _LEADS_WITH_TIME, _BOUND = pattern("bracketed"), pattern("led"), pattern("bound")
_SPAN, _UNTIL = pattern("spans"), pattern("until", r"\b(?:{})[^§|.]{0,40}[§|]")
_SLUG = pattern("slugs", r"(?:\w{1,12} ?: ?)?(?:{})\W+(?:\w+ )?§[^a-z]{0,30} [–—|:/-] ")
_BEFORE_TIME = pattern("froms", r"\b(?:(?:{}) ){1,3}+(?=\W?[§|])")
_SET_OFF, _MIDNIGHT = pattern("set off"), pattern("midnight")
_DAY_PART, _ABBREVIATED = pattern("of day parts"), pattern("of short days")
_STROKE, _DOTTED = pattern("strokes"), pattern("dotted")
_FOUR_FIGURES, _ONE_DAY = pattern("four figures"), pattern("one day")


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
    programme = {n for n, line in enumerate(lines) if _PROGRAMME.match(_masked(line.text))}
    is_speech = any(_SPEECH.search(folded(line.text)) for line in lines[:above])
    unsure = not stated and any(is_worded(lines[n].text) for n in range(title.stop, above))
    for n, line in enumerate(lines):
        text = line.text
        is_lead = n == above < len(lines) - 1 and len(text) >= _BEGINNING
        foot = n >= max(above, len(lines) - FOOT) and not is_lead
        in_programme = n in programme and len(programme) > 1
        if not (n < above + HEAD or foot) or in_programme:
            continue
        led = n < title.start or title.start < 0
        if n not in title and _asks_at_length(text, today, holds=led):
            waits = True
        elif not _names_time(text, today):
            waits = False
        elif n in title:
            waits = _waits_as_title(text, unsure=unsure)
        elif n < above:
            headline = [lines[m].text for m in range(len(lines)) if m in title or m == n + 1]
            body = lines[above : above + HEAD]
            waits = is_speech or _waits_above(text, headline, body, is_first=n < title.start)
        else:
            beside = not _ANNOUNCING.search(folded(text)) if foot else names_hour(text)
            beside = beside or bool(_ASKING.search(folded(text)))
            waits = beside and _names_release(text, running=True)
        if waits:
            yield n


def _waits_as_title(text: str, *, unsure: bool) -> bool:
    if not unsure:
        return _names_release(text) and names_hour(text)
    masked = _masked(text)
    return _names_release(text) or "|" in masked or bool(_UNTIL.search(masked) and is_notice(text))


def _waits_above(text: str, heads: Sequence[str], body: Sequence[Line], *, is_first: bool) -> bool:
    """Whether a line above the text waits; ``is_first`` means that it is above the title too."""
    masked, plain = _masked(text), folded(text)
    if _names_release(text):
        return True
    if (is_date(text) and "|" not in masked) or not (is_first or _SET_OFF.match(masked)):
        return False
    if _ADDRESSING.search(plain) or (_BRACKETED.match(masked) and _UNTIL.search(masked)):
        return True
    # the place or the several days of an occasion
    if _PLACE.match(masked) or masked.count("§") > 1:
        return False
    # what the text announces: the headline names an occasion, or the text the same day
    named = any(_NOUNS.search(folded(line)) for line in heads)
    if _UNTIL.search(masked) or _MIDNIGHT.search(plain):
        return not named or bool(_MIDNIGHT.search(plain))
    told = " ".join(folded(line.text) for line in body)
    again = any(day in told for day in _WEEKDAY.findall(plain))
    return not (named or again or _NOUNS.search(plain))


def _asks_at_length(text: str, today: date, *, holds: bool) -> bool:
    """Whether sentences of a long line ask readers to wait; ``holds`` means that words of release
    are enough. A request to be silent until something has happened needs no time."""
    parts = _SENTENCE_END.split(text[:_READ])
    if any(_BIDDING.match(folded(one)) for one in parts):
        return True
    return len(text) > _MAX_LINE_CHARACTERS and any(
        _names_time(one, today, 2 * _MAX_LINE_CHARACTERS)
        and (_names_release(one) if holds else _BEGGING.search(_NARRATIVE.sub(r"\1 ", folded(one))))
        for one in [*parts, *map(" ".join, pairwise(parts))]
    )


def is_notice(text: str) -> bool:
    """Whether a line above the text names times and is like no headline."""
    masked, plain = _masked(text), folded(text)
    if not _TIME.search(masked) or " " not in text:
        return False
    led = _LEADS_WITH_TIME.match(masked) and _SPAN.search(masked)
    if led or is_dated(text) or _BEGINS_WITH_TIME.match(masked):
        return True
    if len(text) > _MAX_LINE_CHARACTERS:
        return bool(_ASKING.search(plain))
    words = len(_LONG.findall(_BEFORE_TIME.sub(" ", masked)))
    few = words < _TITLE_WORDS - 1 or ("|" in masked and words <= _FEW_WORDS)
    spoken = _ADDRESSING.search(plain) or ("|" in masked and _SPEECH.search(plain))
    apart = _SET_OFF.match(masked) or OCCASION.match(plain)
    return bool(few or apart or spoken or _names_release(text))


def heads_a_line(text: str) -> bool:
    """Whether words before a headline on its line ask to wait: ``FOR SATURDAY'S PAPERS: …``."""
    plain, masked = folded(text), _masked(text)
    slug = _SLUG.match(f"{masked} - ") or _UNTIL.search(masked)
    return bool(_TIME.search(masked) and (slug or _KEEPING.search(plain)) and _names_release(text))


def asks_to_wait(text: str, today: date) -> bool:
    """Whether a line asks readers to wait for a future time."""
    return _names_time(text, today) and _names_release(text)


def names_a_time(text: str) -> bool:
    return len(text) <= _MAX_NOTE_CHARACTERS and bool(_TIME.search(_masked(text)))


def names_hour(text: str) -> bool:
    return "|" in _masked(text)


def is_worded(text: str) -> bool:
    """Whether a line has the words of a headline besides its days and hours."""
    return len(_LONG.findall(_masked(text))) >= _TITLE_WORDS


def is_timed(plain: str) -> bool:
    return bool(CLOCK.search(plain) or MOMENT.search(plain) or dates_in(plain))


def _names_time(text: str, today: date, longest: int = _MAX_LINE_CHARACTERS) -> bool:
    """Whether a short line names a time to come that is not about an office or an occasion."""
    plain = folded(text)
    if len(text) > longest or _REACHED.search(text) or OCCASION.match(plain):
        return False
    days = days_in(text, today)
    if days:
        later = max(days) == today and "|" in _masked(text) and not is_dated(text)
        to_come = max(days) > today or later
    else:
        to_come = bool(CLOCK.search(plain) or MOMENT.search(plain))
    is_dateline = begins_dateline(text) and not ("|" in _masked(text) or _names_release(text))
    # opening hours, and the days of an exhibition
    spans = _SPAN.search(_masked(text)) and not _KEEPING.search(plain)
    return to_come and not is_dateline and not spans


@lru_cache(maxsize=256)
def _masked(text: str) -> str:
    """Return a folded text with § in place of each day and | in place of each hour."""
    for found in reversed(dates_in(text[:_READ])):
        text = f"{text[: found.start]}§{text[found.end :]}"
    plain = _DAY_PART.sub("§", CLOCK.sub("|", folded(text).replace("|", "/")))
    plain = NAMED_DAY.sub("§", NAMED_HOUR.sub("|", plain))
    plain = _DOTTED.sub("|", _ABBREVIATED.sub("§", _STROKE.sub("§", plain)))
    return _ONE_DAY.sub("§", _FOUR_FIGURES.sub("|", plain) if "§" in plain else plain)


@lru_cache(maxsize=256)
def _names_release(text: str, *, running: bool = False) -> bool:
    """Whether a line uses words about the release of a text.

    In ``running`` text a name of a text is not enough: it is for a day, until or from then.
    """
    plain = _NARRATIVE.sub(r"\1 ", _OCCASIONS.sub(" ", folded(text)))
    if _KEEPING.search(plain) or _SLUG.match(_masked(text)):
        return True
    # what may be used until a day is no embargo
    offered = _UP_TO.search(plain) and not _NEGATIONS.search(plain)
    releases = not offered and _RELEASING.search(plain)
    bound = not running or any(one.search(_masked(text)) for one in (_UNTIL, _BEFORE_TIME, _BOUND))
    ours = bound and _OUR_TEXTS.search(plain)
    return bool(releases or ours or _ASKING.search(plain))
