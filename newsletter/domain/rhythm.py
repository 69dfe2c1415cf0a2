"""When a round-up is due: its days by the calendar of a zone, its hour by the clocks there."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

LAST = 0
"""In the place of a day: the last one of the month, whichever that is."""

_DAY = timedelta(days=1)
_INTO_THE_NEXT_MONTH = timedelta(days=32)


class Every(Enum):
    """How often something comes."""

    WEEK = "week"
    """On one day of each week."""
    MONTH = "month"
    """On one day of each month."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """A day and an hour that come again and again."""

    every: Every
    on: int
    """Of a week: 1, Monday, to 7, Sunday. Of a month: 1 to 28, or ``LAST``."""
    at: time
    """The hour that clocks show."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One time that a rhythm names."""

    day: date
    """In the zone, and so the name of the slot: an hour may come twice there, a date never does."""
    at: datetime
    """The instant, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A slot that has come, and those before it that nobody was there for."""

    slot: Slot
    passed_over: tuple[date, ...] = ()


def due(
    rhythm: Rhythm, zone: str, *, since: datetime, last: date | None, now: datetime
) -> Due | None:
    """The slot that has to be seen to now, if one has.

    ``since`` is when the rhythm began, ``last`` the day that was seen to last. Of several that
    were missed only the newest is made up for.
    """
    slot = newest(rhythm, zone, now)
    if not _open(slot, since, last):
        return None
    missed = []
    before = _slot(rhythm, _day_until(rhythm, slot.day - _DAY), zone)
    while _open(before, since, last):
        missed.append(before.day)
        before = _slot(rhythm, _day_until(rhythm, before.day - _DAY), zone)
    return Due(slot=slot, passed_over=tuple(reversed(missed)))


def newest(rhythm: Rhythm, zone: str, now: datetime) -> Slot:
    """The last slot that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    slot = _slot(rhythm, _day_until(rhythm, today), zone)
    if slot.at <= now:
        return slot
    return _slot(rhythm, _day_until(rhythm, slot.day - _DAY), zone)


def coming(rhythm: Rhythm, zone: str, *, last: date | None, now: datetime) -> Slot:
    """The next slot to come, of a day that was not seen to yet."""
    slot = _slot(rhythm, _day_after(rhythm, newest(rhythm, zone, now).day), zone)
    while last is not None and slot.day <= last:
        slot = _slot(rhythm, _day_after(rhythm, slot.day), zone)
    return slot


def _open(slot: Slot, since: datetime, last: date | None) -> bool:
    return slot.at > since and (last is None or slot.day > last)


def _slot(rhythm: Rhythm, day: date, zone: str) -> Slot:
    """Nobody can be asked to write another hour: one that is skipped comes as much later."""
    wall = datetime.combine(day, rhythm.at, ZoneInfo(zone))  # of an hour that comes twice the first
    return Slot(day=day, at=wall.astimezone(UTC))


def _day_until(rhythm: Rhythm, day: date) -> date:
    """The last day of the rhythm that is not after this one."""
    if rhythm.every is Every.WEEK:
        return day - _DAY * ((day.isoweekday() - rhythm.on) % 7)
    found = _day_in_month(rhythm, day)
    return found if found <= day else _day_in_month(rhythm, day.replace(day=1) - _DAY)


def _day_after(rhythm: Rhythm, day: date) -> date:
    """The day of the rhythm that follows one of its days."""
    if rhythm.every is Every.WEEK:
        return day + _DAY * 7
    return _day_in_month(rhythm, day.replace(day=1) + _INTO_THE_NEXT_MONTH)


def _day_in_month(rhythm: Rhythm, day: date) -> date:
    if rhythm.on != LAST:
        return day.replace(day=rhythm.on)
    return (day.replace(day=1) + _INTO_THE_NEXT_MONTH).replace(day=1) - _DAY
