"""The days on which a digest is due, by its recurrence and zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.digest import LAST, Every, Recurrence

_DAY = timedelta(days=1)
_INTO_THE_NEXT_MONTH = timedelta(days=32)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One time that a recurrence names."""

    day: date
    """In the zone, and so its name: an hour may come twice there, a date never does."""
    at: datetime
    """The instant, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """An occurrence that is due, and those before it that were missed."""

    occurrence: Occurrence
    passed_over: tuple[date, ...] = ()


def due(
    recurrence: Recurrence, zone: str, *, since: datetime, last: date | None, now: datetime
) -> Due | None:
    """Return the occurrence that is due, if one is.

    ``since`` is the beginning of the recurrence, ``last`` the day of the last occurrence that was
    handled. Of several missed ones only the latest is made.
    """
    occurrence = newest(recurrence, zone, now)
    if not _open(occurrence, since, last):
        return None
    missed = []
    before = _occurrence(recurrence, _day_until(recurrence, occurrence.day - _DAY), zone)
    while _open(before, since, last):
        missed.append(before.day)
        before = _occurrence(recurrence, _day_until(recurrence, before.day - _DAY), zone)
    return Due(occurrence=occurrence, passed_over=tuple(reversed(missed)))


def newest(recurrence: Recurrence, zone: str, now: datetime) -> Occurrence:
    """The last occurrence that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    occurrence = _occurrence(recurrence, _day_until(recurrence, today), zone)
    if occurrence.at <= now:
        return occurrence
    return _occurrence(recurrence, _day_until(recurrence, occurrence.day - _DAY), zone)


def coming(recurrence: Recurrence, zone: str, *, last: date | None, now: datetime) -> Occurrence:
    """The next occurrence to come, of a day that was not seen to yet."""
    occurrence = _occurrence(
        recurrence, _day_after(recurrence, newest(recurrence, zone, now).day), zone
    )
    while last is not None and occurrence.day <= last:
        occurrence = _occurrence(recurrence, _day_after(recurrence, occurrence.day), zone)
    return occurrence


def _open(occurrence: Occurrence, since: datetime, last: date | None) -> bool:
    return occurrence.at > since and (last is None or occurrence.day > last)


def _occurrence(recurrence: Recurrence, day: date, zone: str) -> Occurrence:
    """An hour that a clock change skips comes that much later."""
    wall = datetime.combine(
        day, recurrence.at, ZoneInfo(zone)
    )  # of an hour that comes twice the first
    return Occurrence(day=day, at=wall.astimezone(UTC))


def _day_until(recurrence: Recurrence, day: date) -> date:
    """The last day of the recurrence that is not after this one."""
    if recurrence.every is Every.WEEK:
        return day - _DAY * ((day.isoweekday() - recurrence.on) % 7)
    found = _day_in_month(recurrence, day)
    return found if found <= day else _day_in_month(recurrence, day.replace(day=1) - _DAY)


def _day_after(recurrence: Recurrence, day: date) -> date:
    """The day of the recurrence that follows one of its days."""
    if recurrence.every is Every.WEEK:
        return day + _DAY * 7
    return _day_in_month(recurrence, day.replace(day=1) + _INTO_THE_NEXT_MONTH)


def _day_in_month(recurrence: Recurrence, day: date) -> date:
    if recurrence.on != LAST:
        return day.replace(day=recurrence.on)
    return (day.replace(day=1) + _INTO_THE_NEXT_MONTH).replace(day=1) - _DAY
