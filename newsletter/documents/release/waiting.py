"""Find lines around a text that name a future day or hour and may ask readers to wait for it."""

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
    dateline,
    dates_in,
    days_in,
    is_date,
    is_dated,
)
from newsletter.documents.release.lines import Line, ends_sentence
from newsletter.documents.release.words import pattern, words

HEAD, FOOT, _LAST = 4, 6, 2
"""Number of paragraphs of running text that count as the head, the foot, and a note at the end."""
_MAX_LINE_CHARS, _MAX_NOTE_CHARS = 120, 300
"""Characters of a short line, and of a line in which a mark is searched."""
_READ = 1_500
"""Characters of a paragraph to search."""
_TITLE_WORDS, _FEW_WORDS = 3, 4
_MAX_WRAP_CHARS, _MIN_FULL_SHARE = 100, 0.85
"""Maximum width of wrapped lines in characters, and the share of it that fills a line."""
_FEW_SENTENCES = 2
"""Maximum sentences of a note: a longer paragraph is a part of the story."""
_MARKS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_SPACED, _LONG = pattern("set wide"), pattern("long words")
SENTENCE_END, _NARRATIVE = pattern("sentence ends", flags=0), pattern("narrative")
_ADDRESSING, _OCCASIONS = pattern("of addressing"), pattern("of occasions")
_POLITE, _REPLYING = pattern("polite", flags=0), pattern("replying", r"\b(?:{})\b")
_REACHED, _OPENING_SIGN = pattern("reached"), re.compile(r"\W*?[(\[*+/–—>!-]")
_QUOTED = re.compile(r"[„“”\"«»][^„“”\"«»]{0,300}[“”\"»«]")
_PARTING = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_OPENS = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")

# --- patterns of a masked text, in which § is a day and | an hour
_DAY_PART, _ABBREVIATED = pattern("of day parts"), pattern("of short days")
_STROKE, _DOTTED = pattern("strokes"), pattern("dotted")
_PAST_DAYS = pattern("past weekdays", r"\b(?:{})\b")
_DAYS = [re.compile(rf"\b(?:{names})\b(?! ?\d)", re.I) for names in words("days of a week")]
_FOUR_FIGURES, _ONE_DAY = pattern("four figures"), pattern("one day")

# --- what a text says, and the rows that together ask
_OF_TIMES = {name: pattern(name) for name in words("facts of times")}
_OF_WORDS = {name: pattern(name, r"\b(?:{})(?!\w)") for name in words("facts of words")}
_OF_ROWS = {name: [row.split(", ") for row in words(name)] for name in words("facts of rows")}


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Words that may impose an embargo; ``facts`` of their place are for rows of facts."""

    place: str
    """For use at the beginning of a sentence."""
    text: str
    below: str = ""
    """The line below, which may have the day."""
    facts: frozenset[str]


@lru_cache(maxsize=1024)
def folded(text: str) -> str:
    """Return the text in lower case, without accents, marks and letter-spacing."""
    bare = unicodedata.normalize("NFKD", text[:_READ])
    if not bare.isascii():
        bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    close = _SPACED.sub(lambda found: re.sub(r"[ .-]", "", found[0]), bare)
    return " ".join(close.translate(_MARKS).casefold().split())


def passages(lines: Sequence[Line], above: int) -> Iterator[Passage]:
    """Yield the sentences of a text, single and in pairs, without quotations and dateline.

    One in a short paragraph or in brackets is ``apart``, one between head and foot ``deep``.
    """
    wrapped = wrapped_lines(lines) | _sentence_lines(lines)
    starts = [n for n in range(above, len(lines)) if n == above or n not in wrapped]
    parts = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
    for place, part in enumerate(parts):
        is_deep = HEAD <= place < len(parts) - FOOT
        text = " ".join(line.text for line in part)[:_READ]
        dated = dateline(text) if place == 0 else None
        text = _QUOTED.sub(" ", text[dated.end if dated else 0 :])
        sentences = [one for one in SENTENCE_END.split(text) if one.strip()]
        short = len(sentences) <= _FEW_SENTENCES and len(parts) > 1
        for one in (*sentences, *map(" ".join, pairwise(sentences))):
            bare = one.strip(" .*–—-")
            is_apart = short or bare[:1] + bare[-1:] in {"()", "[]"}
            facts = {"amid", "apart" if is_apart else "", "deep" if is_deep else ""}
            facts.add("last" if place >= len(parts) - _LAST else "")
            at = next((line for line in part if one[:20] in line.text), part[0])
            yield Passage(place=at.opening, text=one, facts=frozenset(facts))


def wrapped_lines(lines: Sequence[Line]) -> set[int]:
    """Return the lines whose first word had no room on the line above: the two were one."""
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
    """Whether words say a fact, or stand ``around`` it: the name of a table, or one of those below.

    A row has only facts that are found, and none behind ``!``.
    """
    if fact.startswith("!"):
        return not says(fact[1:], text, today, around)
    if fact in _OF_ROWS:
        rows = _OF_ROWS[fact]
        return any(all(says(one, text, today, around) for one in row) for row in rows)
    if fact in _OF_WORDS:
        return bool(_OF_WORDS[fact].search(_told(text)))
    if fact in _OF_TIMES:
        return bool(_OF_TIMES[fact].search(_masked(text)))
    return bool(_OTHERS[fact](text, today)) if fact in _OTHERS else fact in around


@lru_cache(maxsize=1024)
def _told(text: str) -> str:
    """Return a folded text without its occasions, and without a story of things held or kept."""
    return _NARRATIVE.sub(r"\1 ", _OCCASIONS.sub(" ", folded(text)))


def _words(text: str) -> int:
    """Count the words of a line besides its days and hours and what leads to them."""
    return len(_LONG.findall(_OF_TIMES["from a time"].sub(" ", _masked(text))))


def edges(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a mark sets off at the beginning and end of a line, and the other words."""
    for found in _PARTING.finditer(text[:_MAX_NOTE_CHARS]):
        yield text[: found.start()], text[found.end() :]
    for found in _OPENS.finditer(text[:_MAX_NOTE_CHARS]):
        # a bracket goes on to the end
        if found[0] not in "([" or text.endswith((")", "]")):
            yield text[found.end() :], text[: found.start()]


def _is_to_come(text: str, today: date) -> bool:
    """Whether a text names a day or hour to come that is not about an office or an occasion."""
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
    # a weekday is one to come
    return bool(later) or len(days) < max(1, _masked(text).count("§"))


@lru_cache(maxsize=1024)
def _masked(text: str) -> str:
    """Return a folded text with § in place of each day and | in place of each hour."""
    for found in reversed(dates_in(text[:_READ])):
        text = f"{text[: found.start]}§{text[found.end :]}"
    plain = _DAY_PART.sub("§", CLOCK.sub("|", folded(text).replace("|", "/")))
    plain = NAMED_DAY.sub("§", NAMED_HOUR.sub("|", plain))
    plain = _DOTTED.sub("|", _ABBREVIATED.sub("§", _STROKE.sub("§", plain)))
    return _ONE_DAY.sub("§", _FOUR_FIGURES.sub("|", plain) if "§" in plain else plain)


_OTHERS: dict[str, Callable[[str, date], object]] = {
    "coming": _is_to_come,
    "addressing": lambda text, _: _ADDRESSING.search(folded(text)) or _POLITE.search(text),
    "replying": lambda text, _: _REPLYING.search(folded(text)) or _REACHED.search(text),
    "single": lambda text, _: not SENTENCE_END.search(text),
    "spaced": lambda text, _: " " in text,
    "long": lambda text, _: len(text) > _MAX_LINE_CHARS,
    "marked": lambda text, _: _OPENING_SIGN.match(text),
    "dated": lambda text, _: is_dated(text),
    "date": lambda text, _: is_date(text) and not says("an hour", text),
    "worded": lambda text, _: len(_LONG.findall(_masked(text))) >= _TITLE_WORDS,
    "brief": lambda text, _: len(_LONG.findall(_masked(text))) <= _FEW_WORDS,
    "some words": lambda text, _: _words(text) <= _FEW_WORDS,
    "few words": lambda text, _: _words(text) < _TITLE_WORDS - 1,
    "wordless": lambda text, _: not _words(text),
}
