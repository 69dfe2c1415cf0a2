"""Times, numbers and names, as the sentences for staff write them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache, reduce
from typing import Any
from zoneinfo import ZoneInfo

_MAX_NAMES_SHOWN = 3
_CLAUSE_BREAK_PATTERN = re.compile(r"(?<=[;:\n])|(?<=[.?] )")
_COMMAND_PATTERN = re.compile(r"'newsletter |(?<!\S)--[a-z]")
_GAP_PATTERN = re.compile(r"\{(\w++)([^{}]*+)\}")
_KEY_PATTERN = re.compile(r" \([a-z]+_[a-z]+\)")


class Sentence(str):
    """An English sentence with its pattern and values, so that a page can translate it.

    ``many`` is the plural pattern, for a ``count`` other than 1; "" if the pattern has no count.
    """

    pattern: str
    many: str
    values: Mapping[str, object]

    def __new__(cls, text: str, pattern: str = "", many: str = "", values: Any = ()) -> "Sentence":
        self = super().__new__(cls, text)
        self.pattern, self.many, self.values = pattern, many, dict(values)
        return self

    def __str__(self) -> str:
        """Return the sentence itself. So ``str(error)`` keeps the pattern and values."""
        return self

    def map(self, value: Callable[..., object], pattern: Callable[[str], str] = str) -> "Sentence":
        """Return the sentence with ``value(name, value)`` and ``pattern(pattern)`` for each."""
        values = {name: value(name, one) for name, one in self.values.items()}
        return say(pattern(self.pattern), pattern(self.many), **values)


def say(pattern: str, plural: str = "", /, **values: object) -> Sentence:
    """Return the pattern, or ``plural`` if ``count`` is not 1, with these values."""
    if isinstance(pattern, Sentence) and pattern.values:
        return pattern
    chosen = plural if plural and values["count"] != 1 else pattern
    return Sentence(chosen.format(**values) if values else chosen, pattern, plural, values)


def invalid(pattern: str, /, **values: object) -> ValueError:
    """Return the error for a value, with a Sentence that says what to write."""
    return ValueError(say(pattern, **values))


def enclosed(pattern: str, *, text: str, **values: object) -> str:
    """Return a pattern with a text in it. It is a Sentence only if the text is one."""
    said = say(pattern, text=text, **values)
    return said if isinstance(text, Sentence) else untranslated(said)


def pack(value: object) -> object:
    """Return a Sentence, time or list as JSON values that ``unpack`` reads; others as they are."""
    if isinstance(value, Sentence):
        values = {name: pack(one) for name, one in value.values.items()}
        return {"say": [value.pattern, value.many], "with": values}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return list(map(pack, value)) if isinstance(value, list | tuple) else value


def unpack(value: Any) -> Any:
    """Return what ``pack`` was given. Raises ValueError, TypeError or LookupError."""
    if isinstance(value, list):
        return tuple(map(unpack, value))
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return datetime.fromisoformat(value["at"])
    pattern, many = value["say"]
    return say(pattern, many, **{name: unpack(one) for name, one in value["with"].items()})


_STORED_SENTENCE_START = '{"say": '


def stored_words(text: str) -> str:
    """Return a text as it is stored: a Sentence as JSON, so that it can still be translated."""
    if not isinstance(text, Sentence) and text.startswith(_STORED_SENTENCE_START):
        text = Sentence(text, "{text}", values={"text": text})
    return json.dumps(pack(text), ensure_ascii=False) if isinstance(text, Sentence) else text


def read_words(text: str) -> "str | Sentence":
    """Return the text that ``stored_words`` was given."""
    return unpack(json.loads(text)) if text.startswith(_STORED_SENTENCE_START) else text


def untranslated(text: str) -> str:
    """Return a text without its pattern, so that no page translates it."""
    return str.__str__(text)


_NAME_PATTERN = re.compile(r"\S+[.@]\w")


def capitalized(text: str, end: str = "") -> str:
    """Return a text with a capital and an end, and a Sentence as one.

    A file or an address at its start stays as it is: a.md is empty.
    """
    first = text[:1] if _NAME_PATTERN.match(text) else text[:1].upper()
    result = first + text[1:] + end
    if isinstance(text, Sentence):
        return Sentence(result, text.pattern, text.many, text.values)
    return result


def joined(parts: Sequence[str], pattern: str = "{first}; {last}") -> str:
    """Return sentences as one, joined by a pattern; "" if there is none."""
    return reduce(lambda first, last: say(pattern, first=first, last=last), parts) if parts else ""


def recognize(text: str, patterns: Sequence[str]) -> str:
    """Return a text, and values in it, as sentences of the first pattern that fits. Linear time."""
    for pattern in patterns:
        first, gaps = _split_at_gaps(pattern)
        if not text.startswith(first):
            continue
        is_match, rest, values = True, text[len(first) :], dict[str, object]()
        for name, form, literal in gaps:
            value, separator, rest = rest.partition(literal) if literal else (rest, "", "")
            is_match = is_match and separator == literal
            is_quoted = form == "!r" and value == repr(value[1:-1])
            values[name] = value[1:-1] if is_quoted else Written(value) if form else value
            if form == ":%Y-%m-%d":
                values[name] = _read_day(value)
                is_match = is_match and values[name] is not None
        if is_match and not rest:
            for name, part in values.items():
                if isinstance(part, str) and not isinstance(part, Written):
                    values[name] = recognize(part, patterns)
            if (found := say(pattern, **values)) == text:
                return found
    return text


def _read_day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


@cache
def _split_at_gaps(pattern: str) -> tuple[str, Sequence[tuple[str, str, str]]]:
    """Return the text before the first gap, and (name, format, text behind it) of each gap."""
    first, *parts = _GAP_PATTERN.split(pattern)
    return first, [*zip(parts[::3], parts[1::3], parts[2::3], strict=True)]


class Written(str):
    """A value as its sentence has it. No format changes it."""

    def __format__(self, _: str) -> str:
        return str(self)

    __repr__ = str.__str__


def moment(instant: datetime, zone: str) -> Sentence:
    """Return a time with its day and zone: Tue 1 Dec 2026, 09:00 New York.

    If a clock change repeats the hour, it also has the offset.
    """
    local = instant.astimezone(ZoneInfo(zone))
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    place = f"{place_of(zone)} ({_offset(local)})" if twice else place_of(zone)
    return say("{day}, {at:%H:%M} {place}", day=day(instant, zone), at=local, place=place)


def place_of(zone: str) -> str:
    """Return the city of a zone: New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def day(instant: datetime, zone: str) -> Sentence:
    """Return the date with its weekday: Tue 1 Dec 2026."""
    return say("{at:%a} {at.day} {at:%b %Y}", at=instant.astimezone(ZoneInfo(zone)))


def clock(instant: datetime, zone: str) -> str:
    """Return the time of day, to the second: 14:05:00."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def people(number: int) -> Sentence:
    """Return a number of people in words: 4,213 people."""
    return say("1 person", "{count:,} people", count=number)


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """Return names as a list in words: Ana, Ben and Cleo. At most three are named."""
    first_names = list(names[:_MAX_NAMES_SHOWN])
    if len(names) > _MAX_NAMES_SHOWN:
        first_names.append(say("1 other", "{count} others", count=len(names) - len(first_names)))
    *before, last = first_names or [""]
    first = joined(before, "{first}, {last}")
    if not before:
        return last
    either = say("{first} or {last}", first=first, last=last)
    return either if conjunction == "or" else say("{first} and {last}", first=first, last=last)


def without_commands(message: str) -> str:
    """Return a message for a page, without clauses about commands and without setting names."""
    clauses = _CLAUSE_BREAK_PATTERN.split(_KEY_PATTERN.sub("", message))
    return "".join(clause for clause in clauses if not _COMMAND_PATTERN.search(clause)).strip(
        " ;,:"
    )


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


def did_you_mean(name: str, known: Iterable[str], *, is_listed: bool = False) -> str:
    """Return ``; did you mean x?``; without a similar name "", or all if ``is_listed``."""
    names = list(known)
    if close := get_close_matches(name.strip().casefold(), names, n=1):
        return say("; did you mean {name}?", name=close[0])
    return say("; known are {names}", names=", ".join(names)) if is_listed else ""


def one_line(text: str, max_chars: int = 300) -> str:
    """Return a typed text on one line of printable characters, cut to ``max_chars``."""
    characters = (character if character.isprintable() else " " for character in text)
    return " ".join("".join(characters).split())[:max_chars].strip()
