"""Times, numbers and names as people write them, for every sentence that staff read."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

_MOST_NAMED = 3
_CLAUSE = re.compile(r"(?<=[;:\n])|(?<=[.?] )")
_COMMAND = "'newsletter "
_KEY = re.compile(r" \([a-z]+_[a-z]+\)")


def moment(instant: datetime, zone: str) -> str:
    """A time with its day and zone: Tue 1 Dec 2026, 09:00 New York.

    An hour that comes twice as the clocks go back has its offset too.
    """
    local = instant.astimezone(ZoneInfo(zone))
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = f" ({_offset(local)})" if twice else ""
    return f"{day(instant, zone)}, {local:%H:%M} {place_of(zone)}{offset}"


def place_of(zone: str) -> str:
    """Return the city of a zone: New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def day(instant: datetime, zone: str) -> str:
    """The day alone: Tue 1 Dec 2026."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y}"


def clock(instant: datetime, zone: str) -> str:
    """The time alone, to the second: 14:05:00."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def people(number: int) -> str:
    """4,213 people."""
    return "1 person" if number == 1 else f"{number:,} people"


def plural(number: int, noun: str, many: str = "") -> str:
    """3 things, 1 thing."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Ana, Ben and Cleo. Of many, the first few are named."""
    shown = list(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        rest = len(names) - len(shown)
        shown.append(plural(rest, "other"))
    *before, last = shown or [""]
    return f"{', '.join(before)} {word} {last}" if before else last


def without_commands(message: str) -> str:
    """Return a message for a page: without commands and names of keys."""
    clauses = _CLAUSE.split(_KEY.sub("", message))
    return "".join(clause for clause in clauses if _COMMAND not in clause).strip(" ;,:")


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


_ALIKE = 0.6


def guess(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no name is like it."""
    close = get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"; did you mean {close[0]!r}?" if close else ""


def several(name: str, found: Sequence[str]) -> str:
    """That a beginning is that of several names, and what to write."""
    named = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
    return f"several names begin with {name!r}: {named}; write more of it"
