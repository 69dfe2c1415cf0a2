"""Parses dates, times, time zones and languages in front matter and subscriber files."""

import re
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import lru_cache

from newsletter.domain.schedule import ACCEPTED_YEARS, LocalTime, every_zone, resolve
from newsletter.domain.wording import invalid, say

_DATE_PATTERN = re.compile(r"\d{4}-\d\d-\d\d")
_TIME_PATTERN = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt]|[ \t]+)"
    r"((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)"
    r"[ \t]*([Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?"
)
_HOUR_PATTERN = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LOCAL_TIME_PATTERN = re.compile(r"(?:(?P<day>\S+)(?:[Tt]|[ \t]+))?(?P<hour>[0-9:]+)[ \t]+local")
_LOCAL_WORD_PATTERN = re.compile(r"\blocal\b", re.IGNORECASE)
_LANGUAGE_PATTERN = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def read_date(value: str) -> date:
    """Parse ``2011-09-21``. Raises ValueError with what to write."""
    if _TIME_PATTERN.fullmatch(value):
        refusal = "{value} has a time; write the date alone, like {date}"
        raise invalid(refusal, value=value, date=value[:10])
    if not _DATE_PATTERN.fullmatch(value):
        raise invalid("{value!r} is not a date; write it like 2011-09-21", value=value)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise invalid("there is no day {day}; write another date", day=value) from error


def read_time(value: str) -> datetime:
    """Parse ``2011-09-21 14:00``, optionally with seconds and an offset.

    Without an offset the result is naive. Raises ValueError with what to write.
    """
    found = _TIME_PATTERN.fullmatch(value)
    if found is not None:
        day, clock, offset = found.groups()
        try:
            return datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
        except ValueError as error:
            raise invalid("there is no day {day}; write another date", day=day) from error
    if _DATE_PATTERN.fullmatch(value):
        raise invalid("{value} has no time; write it like {value} 14:00", value=value)
    hint = say(", or {value} local for each reader's own clock", value=value)
    refusal = "{value!r} is not a date with a time; write it like 2011-09-21 14:00{hint}"
    raise invalid(refusal, value=value, hint=hint if _HOUR_PATTERN.fullmatch(value) else "")


def is_local(value: str) -> bool:
    """Return whether the value is a time by each reader's own clock."""
    return _LOCAL_WORD_PATTERN.search(value) is not None


def read_local(value: str) -> LocalTime:
    """Parse ``[2011-09-21] 09:00 local``. Raises ValueError with what to write."""
    found = _LOCAL_TIME_PATTERN.fullmatch(value)
    if found is None or not _HOUR_PATTERN.fullmatch(found["hour"]):
        raise invalid(
            "{value!r} is not a time by each reader's own clock; write it like 09:00 local, or"
            " 2026-12-01 09:00 local",
            value=value,
        )
    day = read_date(found["day"]) if found["day"] else None
    if day is not None and day.year not in ACCEPTED_YEARS:
        raise invalid("{value} is out of the calendar's range; write another date", value=value)
    return LocalTime(at=time.fromisoformat(found["hour"]), day=day)


def read_day_or_instant(value: str) -> datetime:
    """Parse a time, or a date as its first moment, as an instant. Raises ValueError."""
    if _DATE_PATTERN.fullmatch(value):
        return resolve(datetime.combine(read_date(value), time.min), "UTC")
    if not _TIME_PATTERN.fullmatch(value):
        raise invalid(
            "{value!r} is neither a date nor a time; write it like 2011-09-21 or 2011-09-21 14:00",
            value=value,
        )
    return resolve(read_time(value), "UTC")


@lru_cache(maxsize=1024)
def zone_objection(name: str) -> str:
    """Return why a name is no IANA time zone, or ""."""
    if name in every_zone():
        return ""
    zones: dict[str, str] = {}
    for zone in sorted(every_zone(), key=len):
        zones.setdefault(zone.casefold(), zone)
        zones.setdefault(zone.rpartition("/")[2].casefold(), zone)  # people know the city
    matches = get_close_matches(name.strip().casefold().replace(" ", "_"), zones, n=1, cutoff=0.8)
    if matches:
        near = "{name!r} is not a time zone; did you mean {zone}?"
        return say(near, name=name, zone=zones[matches[0]])
    return say("{name!r} is not a time zone; write one like Europe/Berlin", name=name)


@lru_cache(maxsize=1024)
def language_objection(tag: str) -> str:
    """Return why a text is no language tag (BCP 47), or ""."""
    if _LANGUAGE_PATTERN.fullmatch(tag):
        return ""
    return say("{tag!r} is not a language tag; write one like en, es or pt-BR", tag=tag)
