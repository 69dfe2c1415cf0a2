"""Decide which facts hold for a line, such as naming a future time or addressing journalists.

``holds`` looks a fact up by name: first its rows, then its patterns, then a function.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from newsletter.documents.release.dates import (
    CLOCK_PATTERN,
    NAMED_DAY_PATTERN,
    NAMED_HOUR_PATTERN,
    begins_with_date,
    find_dateline,
    find_dates,
    is_date,
    list_days,
)
from newsletter.documents.release.lines import Line, ends_sentence
from newsletter.documents.release.words import folded, pattern, words

HEAD_PARAGRAPHS, FOOT_PARAGRAPHS, _NOTE_PARAGRAPHS = 4, 6, 2
"""Number of paragraphs of the text in its head, in its foot, and in a note at its end."""
_MAX_LINE_CHARS, _MAX_NOTE_CHARS = 120, 300
"""Characters of a short line, and of a line in which a mark is searched."""
_MAX_READ_CHARS = 1_500
"""Characters of a paragraph that are searched."""
_MIN_TITLE_WORDS, _MAX_FEW_WORDS = 3, 4
_MAX_WRAP_CHARS, _MIN_FULL_SHARE = 100, 0.85
"""Maximum width of wrapped lines in characters, and the share of it that fills a line."""
_MAX_PAST_DAYS = 100
_MAX_NOTE_SENTENCES, _MAX_COVER_LINES = 2, 12
"""Maximum sentences of a note, and lines of one above a text. A longer one is of the story."""
_FOLDED_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | ", "ı": "i"}
)
_SPACED_PATTERN, _WORD_PATTERN = pattern("set wide"), pattern("long words")
_SENTENCE_END_PATTERN, _NARRATIVE_PATTERN = pattern("sentence ends", flags=0), folded("narrative")
_ADDRESSING_PATTERN, _OCCASION_PATTERN = folded("of addressing"), folded("of occasions")
_POLITE_PATTERN, _REPLYING_PATTERN = pattern("polite", flags=0), folded("replying", r"\b(?:{})\b")
_GREETING_PATTERN = pattern("greetings", r"(?:{})\b.{0,100}[,:!،]")
_REACHED_PATTERN, _OPENING_SIGN_PATTERN = pattern("reached"), re.compile(r"\W*?[(\[*+/–—>!-]")
_QUOTATION_PATTERN = re.compile(r"[„“”\"«»][^„“”\"«»]{0,300}[“”\"»«]")
_LEADING_MARK_PATTERN = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_TRAILING_MARK_PATTERN = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")

_OPENING = r"(?:^|[.:;!(\[–—-](?![.:;!(\[–—-]) ?|\b(?:please|strictly|streng|bitte|da) )\W{0,3}+"
HELD_PATTERN, HINT_PATTERN = folded("held back", rf"{_OPENING}(?:{{}})"), folded("embargo hints")
HELD_UNTIL_PATTERN = folded("held until", rf"{_OPENING}(?:\w+ )?(?:{{}})")

# --- patterns of a masked text, in which § is a day and | an hour
_DAY_PART_PATTERN, _SHORT_DAY_PATTERN = folded("of day parts"), folded("of short days")
_SLASH_PATTERN, _DOTTED_PATTERN = folded("strokes"), folded("dotted")
_PAST_DAY_PATTERN = pattern("past weekdays", r"\b(?:{})\b")
_DAY_PATTERNS = [re.compile(rf"\b(?:{names})\b(?! ?\d)", re.I) for names in words("days of a week")]
_FOUR_FIGURES_PATTERN, _ONE_DAY_PATTERN = folded("four figures"), folded("one day")

# --- facts by pattern, and facts that are rows of other facts
_TIME_PATTERNS = {name: folded(name) for name in words("facts of times")}
_WORD_PATTERNS = {name: folded(name, r"\b(?:{})(?!\w)") for name in words("facts of words")}
_PLACES = frozenset(words("facts of places"))
_FACT_ROWS = {
    name: [
        (_PLACES.intersection(row), [fact for fact in row if fact not in _PLACES]) for row in rows
    ]
    for name in words("facts of rows")
    if (rows := [row.split(", ") for row in words(name)])
}
"""Name → rows: the facts of a place, and the other facts, which cost more to ask."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text that may impose an embargo. ``facts`` say where it is."""

    place: str
    """Where the passage is, at the beginning of a sentence."""
    text: str
    line_below: str = ""
    """The line below, which may have the day."""
    facts: frozenset[str]


@lru_cache(maxsize=1024)
def fold_text(text: str) -> str:
    """Return a text in lower case, without accents, marks and letter-spacing."""
    unaccented = unicodedata.normalize("NFKD", text[:_MAX_READ_CHARS])
    if not unaccented.isascii():
        unaccented = "".join(letter for letter in unaccented if not unicodedata.combining(letter))
    joined = _SPACED_PATTERN.sub(lambda found: re.sub(r"[ .-]", "", found[0]), unaccented)
    return " ".join(joined.translate(_FOLDED_SIGNS).casefold().split())


def body_passages(lines: Sequence[Line], first: int) -> Iterator[Passage]:
    """Yield the sentences of a text, single and in pairs, without quotations and dateline.

    A sentence in a short paragraph or in brackets has the fact ``apart``, one between head and foot
    the fact ``deep``. ``first`` is the index of the text's first line.
    """
    continuing = find_wrapped(lines) | _sentence_lines(lines)
    paragraph_starts = [n for n in range(first, len(lines)) if n == first or n not in continuing]
    paragraphs = [lines[start:end] for start, end in pairwise([*paragraph_starts, len(lines)])]
    cover = find_cover(lines)
    for place, paragraph in enumerate(paragraphs):
        is_deep = HEAD_PARAGRAPHS <= place < len(paragraphs) - FOOT_PARAGRAPHS
        text = " ".join(line.text for line in paragraph)[:_MAX_READ_CHARS]
        dateline = find_dateline(text) if place == 0 else None
        text = _QUOTATION_PATTERN.sub(" ", text[dateline.end if dateline else 0 :])
        sentences = [sentence for sentence in _SENTENCE_END_PATTERN.split(text) if sentence.strip()]
        is_story = dateline is not None or len(paragraphs) == 1 or holds("story", text)
        is_short = len(sentences) <= _MAX_NOTE_SENTENCES and not is_story
        read = {sentence for sentence in sentences if holds("worth reading", sentence)}
        # the times of a road or of a story do not answer the sentence next to them
        things = {one for one in sentences if holds("time of another", one)}
        together = (pair for pair in pairwise(sentences) if things.isdisjoint(pair))
        pairs = (" ".join(pair) for pair in together if not read.isdisjoint(pair))
        for sentence in (*filter(read.__contains__, sentences), *pairs):
            stripped = sentence.strip(" .*–—-")
            is_apart = is_short or stripped[:1] + stripped[-1:] in {"()", "[]"}
            facts = {"amid", "apart" if is_apart else "", "deep" if is_deep else ""}
            is_last = place >= len(paragraphs) - _NOTE_PARAGRAPHS
            facts |= {"last" if is_last else "", "cover" if paragraph[0] in cover else ""}
            source = next((line for line in paragraph if sentence[:20] in line.text), paragraph[0])
            yield Passage(place=source.opening, text=sentence, facts=frozenset(facts))


def find_cover(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the lines of a note above a text: a greeting, and the paragraph below it."""
    starts = (n for n, line in enumerate(lines[:3]) if _GREETING_PATTERN.match(line.text))
    first = next(starts, len(lines))
    below = enumerate(lines[first : first + _MAX_COVER_LINES], first)
    ends = (n for n, line in below if n > first + 1 and line.gap_above)
    return lines[first : next(ends, first + _MAX_COVER_LINES)]


def find_wrapped(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines whose first word had no room on the line above."""
    width = min(max((len(line.text) for line in lines), default=0), _MAX_WRAP_CHARS)
    return {
        n
        for n, (line, below) in enumerate(pairwise(lines), start=1)
        if not below.gap_above
        and len(line.text) + 1 + len(below.text.split(maxsplit=1)[0]) > _MIN_FULL_SHARE * width
    }


def _sentence_lines(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines that continue a paragraph in which each line is a sentence."""
    ended = [ends_sentence(line.text) and not line.gap_above for line in lines]
    gaps = any(line.gap_above for line in lines[1:])
    return {
        n for n in range(1, len(lines)) if gaps and ended[n] and ends_sentence(lines[n - 1].text)
    }


def holds(fact: str, text: str, day: date = date.min, known: frozenset[str] = frozenset()) -> bool:
    """Return whether a fact holds for a text. ``known`` are the facts of its place.

    A fact is the name of a table of patterns or of rows, or of a computed fact. A row holds if all
    its facts hold. ``!`` negates a fact.
    """
    if fact.startswith("!"):
        return not holds(fact[1:], text, day, known)
    if fact in _FACT_ROWS:
        return any(
            places <= known and all(holds(name, text, day, known) for name in row)
            for places, row in _FACT_ROWS[fact]
        )
    return fact in known if fact in _PLACES else _states(fact, text, day)


@lru_cache(maxsize=4096)
def _states(fact: str, text: str, day: date) -> bool:
    """Return whether a fact of a table of patterns, or a computed one, holds for a text."""
    if fact in _WORD_PATTERNS:
        return bool(_WORD_PATTERNS[fact].search(_remove_narrative(text)))
    if fact in _TIME_PATTERNS:
        return bool(_TIME_PATTERNS[fact].search(_mask_times(text)))
    return bool(_COMPUTED_FACTS[fact](text, day))


@lru_cache(maxsize=1024)
def _remove_narrative(text: str) -> str:
    """Return a folded text without occasions, and without verbs of things held or kept."""
    return _NARRATIVE_PATTERN.sub(r"\1 ", _OCCASION_PATTERN.sub(" ", fold_text(text)))


def _count_words(text: str) -> int:
    """Count the words of a text, without its days and hours and the words before them."""
    return len(_WORD_PATTERN.findall(_TIME_PATTERNS["from a time"].sub(" ", _mask_times(text))))


def edges(text: str) -> Iterator[tuple[str, str]]:
    """Yield (text at one side of a mark, the other text), for the beginning and end of a line."""
    for mark in _LEADING_MARK_PATTERN.finditer(text[:_MAX_NOTE_CHARS]):
        yield text[: mark.start()], text[mark.end() :]
    for mark in _TRAILING_MARK_PATTERN.finditer(text[:_MAX_NOTE_CHARS]):
        # a bracket has to close at the end
        if mark[0] not in "([" or text.endswith((")", "]")):
            yield text[mark.end() :], text[: mark.start()]


def _names_future_time(text: str, today: date) -> bool:
    """Return whether a text names a future time that is not an office hour or an occasion's."""
    text = _PAST_DAY_PATTERN.sub(" ", text)
    # the name of yesterday's weekday is in the past
    if not (holds("an hour", text) or holds("until a time", text)):
        text = _DAY_PATTERNS[(today.weekday() - 1) % 7].sub(" ", text)
    if not holds("a time", text) or _REACHED_PATTERN.search(text) or holds("an occasion", text):
        return False
    # opening hours, and the days of an exhibition
    if holds("spans", text) and not holds("keeping", text):
        return False
    days = list_days(text, today)
    if days and max(days) <= today and begins_with_date(text):
        return False
    has_later_day = days and (max(days) > today or (max(days) == today and holds("an hour", text)))
    # a day without a date, such as a weekday, is in the future
    return bool(has_later_day) or len(days) < max(1, _mask_times(text).count("§"))


def _lies_in_past(text: str, today: date) -> bool:
    """Return whether a text names days that have passed. One long ago may have a wrong year."""
    days = list_days(text, today)
    past_days = (today - max(days, default=today)).days
    return 0 < past_days <= _MAX_PAST_DAYS and len(days) >= _mask_times(text).count("§")


@lru_cache(maxsize=1024)
def _mask_times(text: str) -> str:
    """Return a folded text with § for each day and | for each hour."""
    for found in reversed(find_dates(text[:_MAX_READ_CHARS])):
        text = f"{text[: found.start]}§{text[found.end :]}"
    masked = _DAY_PART_PATTERN.sub("§", CLOCK_PATTERN.sub("|", fold_text(text).replace("|", "/")))
    masked = NAMED_DAY_PATTERN.sub("§", NAMED_HOUR_PATTERN.sub("|", masked))
    masked = _DOTTED_PATTERN.sub("|", _SHORT_DAY_PATTERN.sub("§", _SLASH_PATTERN.sub("§", masked)))
    masked = _FOUR_FIGURES_PATTERN.sub("|", masked) if "§" in masked else masked
    return _ONE_DAY_PATTERN.sub("§", masked)


_COMPUTED_FACTS: dict[str, Callable[[str, date], object]] = {
    "coming": _names_future_time,
    "past": _lies_in_past,
    "addressing": lambda text, _: (
        _ADDRESSING_PATTERN.search(fold_text(text)) or _POLITE_PATTERN.search(text)
    ),
    "replying": lambda text, _: (
        _REPLYING_PATTERN.search(fold_text(text)) or _REACHED_PATTERN.search(text)
    ),
    "hinted": lambda text, _: HINT_PATTERN.search(fold_text(text)),
    "held back": lambda text, _: HELD_PATTERN.search(fold_text(text)),
    "single": lambda text, _: not _SENTENCE_END_PATTERN.search(text),
    "spaced": lambda text, _: " " in text,
    "long": lambda text, _: len(text) > _MAX_LINE_CHARS,
    "marked": lambda text, _: _OPENING_SIGN_PATTERN.match(text),
    "dated": lambda text, _: begins_with_date(text),
    "date": lambda text, _: is_date(text) and not holds("an hour", text),
    "worded": lambda text, _: len(_WORD_PATTERN.findall(_mask_times(text))) >= _MIN_TITLE_WORDS,
    "brief": lambda text, _: len(_WORD_PATTERN.findall(_mask_times(text))) <= _MAX_FEW_WORDS,
    "some words": lambda text, _: _count_words(text) <= _MAX_FEW_WORDS,
    "few words": lambda text, _: _count_words(text) < _MIN_TITLE_WORDS - 1,
    "wordless": lambda text, _: not _count_words(text),
}
