"""Decide which facts hold for a line, such as naming a future time or addressing journalists."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from newsletter.documents.release.dates import (
    CLOCK,
    NAMED_DAY,
    NAMED_HOUR,
    dates_in,
    days_in,
    find_dateline,
    is_date,
    is_dated,
)
from newsletter.documents.release.lines import Line, ends_sentence
from newsletter.documents.release.words import pattern, words

HEAD, FOOT, _MAX_LAST = 4, 6, 2
"""Number of paragraphs of the text in its head, in its foot, and in a note at its end."""
_MAX_LINE_CHARS, _MAX_NOTE_CHARS = 120, 300
"""Characters of a short line, and of a line in which a mark is searched."""
_MAX_READ_CHARS = 1_500
"""Characters of a paragraph that are searched."""
_MIN_TITLE_WORDS, _MAX_FEW_WORDS = 3, 4
_MAX_WRAP_CHARS, _MIN_FULL_SHARE = 100, 0.85
"""Maximum width of wrapped lines in characters, and the share of it that fills a line."""
_MAX_NOTE_SENTENCES = 2
"""Maximum sentences of a note. A longer paragraph is part of the story."""
_FOLDED_SIGNS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_SPACED, _LONG_WORD = pattern("set wide"), pattern("long words")
_SENTENCE_END, _NARRATIVE = pattern("sentence ends", flags=0), pattern("narrative")
_ADDRESSING, _OCCASIONS = pattern("of addressing"), pattern("of occasions")
_POLITE, _REPLYING = pattern("polite", flags=0), pattern("replying", r"\b(?:{})\b")
_REACHED, _OPENING_SIGN = pattern("reached"), re.compile(r"\W*?[(\[*+/–—>!-]")
_QUOTED = re.compile(r"[„“”\"«»][^„“”\"«»]{0,300}[“”\"»«]")
_PARTING = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_OPENING = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")

# --- patterns of a masked text, in which § is a day and | an hour
_DAY_PART, _SHORT_DAY = pattern("of day parts"), pattern("of short days")
_STROKE, _DOTTED = pattern("strokes"), pattern("dotted")
_PAST_DAYS = pattern("past weekdays", r"\b(?:{})\b")
_DAYS = [re.compile(rf"\b(?:{names})\b(?! ?\d)", re.I) for names in words("days of a week")]
_FOUR_FIGURES, _ONE_DAY = pattern("four figures"), pattern("one day")

# --- facts by pattern, and facts that are rows of other facts
_TIME_PATTERNS = {name: pattern(name) for name in words("facts of times")}
_WORD_PATTERNS = {name: pattern(name, r"\b(?:{})(?!\w)") for name in words("facts of words")}
_FACT_ROWS = {name: [row.split(", ") for row in words(name)] for name in words("facts of rows")}


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text that may impose an embargo. ``facts`` say where it is."""

    place: str
    """Where it is, at the beginning of a sentence."""
    text: str
    below: str = ""
    """The line below, which may have the day."""
    facts: frozenset[str]


@lru_cache(maxsize=1024)
def fold_text(text: str) -> str:
    """Return a text in lower case, without accents, marks and letter-spacing."""
    bare = unicodedata.normalize("NFKD", text[:_MAX_READ_CHARS])
    if not bare.isascii():
        bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    joined = _SPACED.sub(lambda found: re.sub(r"[ .-]", "", found[0]), bare)
    return " ".join(joined.translate(_FOLDED_SIGNS).casefold().split())


def body_passages(lines: Sequence[Line], above: int) -> Iterator[Passage]:
    """Yield the sentences of a text, single and in pairs, without quotations and dateline.

    A sentence in a short paragraph or in brackets has the fact ``apart``, one between head and foot
    the fact ``deep``. ``above`` is the index of the text's first line.
    """
    wrapped = wrapped_lines(lines) | _sentence_lines(lines)
    starts = [n for n in range(above, len(lines)) if n == above or n not in wrapped]
    parts = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
    for place, part in enumerate(parts):
        is_deep = HEAD <= place < len(parts) - FOOT
        text = " ".join(line.text for line in part)[:_MAX_READ_CHARS]
        dated = find_dateline(text) if place == 0 else None
        text = _QUOTED.sub(" ", text[dated.end if dated else 0 :])
        sentences = [one for one in _SENTENCE_END.split(text) if one.strip()]
        short = len(sentences) <= _MAX_NOTE_SENTENCES and len(parts) > 1
        for one in (*sentences, *map(" ".join, pairwise(sentences))):
            bare = one.strip(" .*–—-")
            is_apart = short or bare[:1] + bare[-1:] in {"()", "[]"}
            facts = {"amid", "apart" if is_apart else "", "deep" if is_deep else ""}
            facts.add("last" if place >= len(parts) - _MAX_LAST else "")
            at = next((line for line in part if one[:20] in line.text), part[0])
            yield Passage(place=at.opening, text=one, facts=frozenset(facts))


def wrapped_lines(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines whose first word had no room on the line above."""
    width = min(max((len(line.text) for line in lines), default=0), _MAX_WRAP_CHARS)
    return {
        n
        for n, (line, below) in enumerate(pairwise(lines), start=1)
        if not below.gap_above
        and len(line.text) + 1 + len(below.text.split(maxsplit=1)[0]) > _MIN_FULL_SHARE * width
    }


def _sentence_lines(lines: Sequence[Line]) -> set[int]:
    """Return the lines that go on a paragraph whose lines are a sentence each."""
    ended = [ends_sentence(line.text) and not line.gap_above for line in lines]
    parted = any(line.gap_above for line in lines[1:])
    return {
        n for n in range(1, len(lines)) if parted and ended[n] and ends_sentence(lines[n - 1].text)
    }


@lru_cache(maxsize=4096)
def says(
    fact: str, text: str, today: date = date.min, around: frozenset[str] = frozenset()
) -> bool:
    """Return whether a fact holds for a text. ``around`` are the facts of its place.

    A fact is the name of a table of patterns or of rows, or of a computed fact. A row holds if all
    its facts hold. ``!`` negates a fact.
    """
    if fact.startswith("!"):
        return not says(fact[1:], text, today, around)
    if fact in _FACT_ROWS:
        rows = _FACT_ROWS[fact]
        return any(all(says(one, text, today, around) for one in row) for row in rows)
    if fact in _WORD_PATTERNS:
        return bool(_WORD_PATTERNS[fact].search(_without_story(text)))
    if fact in _TIME_PATTERNS:
        return bool(_TIME_PATTERNS[fact].search(_mask_times(text)))
    return bool(_COMPUTED_FACTS[fact](text, today)) if fact in _COMPUTED_FACTS else fact in around


@lru_cache(maxsize=1024)
def _without_story(text: str) -> str:
    """Return a folded text without occasions, and without verbs of things held or kept."""
    return _NARRATIVE.sub(r"\1 ", _OCCASIONS.sub(" ", fold_text(text)))


def _count_words(text: str) -> int:
    """Count the words of a text, without its days and hours and the words before them."""
    return len(_LONG_WORD.findall(_TIME_PATTERNS["from a time"].sub(" ", _mask_times(text))))


def edges(text: str) -> Iterator[tuple[str, str]]:
    """Yield (text at one side of a mark, the other text), for the beginning and end of a line."""
    for found in _PARTING.finditer(text[:_MAX_NOTE_CHARS]):
        yield text[: found.start()], text[found.end() :]
    for found in _OPENING.finditer(text[:_MAX_NOTE_CHARS]):
        # a bracket goes on to the end
        if found[0] not in "([" or text.endswith((")", "]")):
            yield text[found.end() :], text[: found.start()]


def _names_future_time(text: str, today: date) -> bool:
    """Return whether a text names a future time that is not an office hour or an occasion's."""
    text = _PAST_DAYS.sub(" ", text)
    # a text of Tuesday that says Monday tells what has happened
    if not (says("an hour", text) or says("until a time", text)):
        text = _DAYS[(today.weekday() - 1) % 7].sub(" ", text)
    if not says("a time", text) or _REACHED.search(text) or says("an occasion", text):
        return False
    # opening hours, and the days of an exhibition
    if says("spans", text) and not says("keeping", text):
        return False
    days = days_in(text, today)
    if days and max(days) <= today and is_dated(text):
        return False
    later = days and (max(days) > today or (max(days) == today and says("an hour", text)))
    # a day without a date, such as a weekday, is in the future
    return bool(later) or len(days) < max(1, _mask_times(text).count("§"))


@lru_cache(maxsize=1024)
def _mask_times(text: str) -> str:
    """Return a folded text with § for each day and | for each hour."""
    for found in reversed(dates_in(text[:_MAX_READ_CHARS])):
        text = f"{text[: found.start]}§{text[found.end :]}"
    plain = _DAY_PART.sub("§", CLOCK.sub("|", fold_text(text).replace("|", "/")))
    plain = NAMED_DAY.sub("§", NAMED_HOUR.sub("|", plain))
    plain = _DOTTED.sub("|", _SHORT_DAY.sub("§", _STROKE.sub("§", plain)))
    return _ONE_DAY.sub("§", _FOUR_FIGURES.sub("|", plain) if "§" in plain else plain)


_COMPUTED_FACTS: dict[str, Callable[[str, date], object]] = {
    "coming": _names_future_time,
    "addressing": lambda text, _: _ADDRESSING.search(fold_text(text)) or _POLITE.search(text),
    "replying": lambda text, _: _REPLYING.search(fold_text(text)) or _REACHED.search(text),
    "single": lambda text, _: not _SENTENCE_END.search(text),
    "spaced": lambda text, _: " " in text,
    "long": lambda text, _: len(text) > _MAX_LINE_CHARS,
    "marked": lambda text, _: _OPENING_SIGN.match(text),
    "dated": lambda text, _: is_dated(text),
    "date": lambda text, _: is_date(text) and not says("an hour", text),
    "worded": lambda text, _: len(_LONG_WORD.findall(_mask_times(text))) >= _MIN_TITLE_WORDS,
    "brief": lambda text, _: len(_LONG_WORD.findall(_mask_times(text))) <= _MAX_FEW_WORDS,
    "some words": lambda text, _: _count_words(text) <= _MAX_FEW_WORDS,
    "few words": lambda text, _: _count_words(text) < _MIN_TITLE_WORDS - 1,
    "wordless": lambda text, _: not _count_words(text),
}
