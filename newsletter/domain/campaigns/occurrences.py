"""The days on which a digest is due, by its settings and zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.digest import LAST, Digest, Every

_DAY = timedelta(days=1)
_INTO_THE_NEXT_MONTH = timedelta(days=32)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One time for which a digest is made."""

    day: date
    """In the zone, and so its name: an hour may come twice there, a date never does."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Due:
    """An occurrence that is due, and those before it that were missed."""

    occurrence: Occurrence
    passed_over: tuple[date, ...] = ()


def due(
    digest: Digest, zone: str, *, since: datetime, last: date | None, now: datetime
) -> Due | None:
    """Return the occurrence that is due, if one is.

    ``since`` is the beginning of the digest, ``last`` the day of the last occurrence that was
    handled. Of several missed ones only the latest is made.
    """
    occurrence = newest(digest, zone, now)
    if not _open(occurrence, since, last):
        return None
    missed = []
    before = _occurrence(digest, _day_until(digest, occurrence.day - _DAY), zone)
    while _open(before, since, last):
        missed.append(before.day)
        before = _occurrence(digest, _day_until(digest, before.day - _DAY), zone)
    return Due(occurrence=occurrence, passed_over=tuple(reversed(missed)))


def newest(digest: Digest, zone: str, now: datetime) -> Occurrence:
    """The last occurrence that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    occurrence = _occurrence(digest, _day_until(digest, today), zone)
    if occurrence.at <= now:
        return occurrence
    return _occurrence(digest, _day_until(digest, occurrence.day - _DAY), zone)


def coming(digest: Digest, zone: str, *, last: date | None, now: datetime) -> Occurrence:
    """The next occurrence to come, of a day that was not seen to yet."""
    occurrence = _occurrence(digest, _day_after(digest, newest(digest, zone, now).day), zone)
    while last is not None and occurrence.day <= last:
        occurrence = _occurrence(digest, _day_after(digest, occurrence.day), zone)
    return occurrence


def _open(occurrence: Occurrence, since: datetime, last: date | None) -> bool:
    return occurrence.at > since and (last is None or occurrence.day > last)


def _occurrence(digest: Digest, day: date, zone: str) -> Occurrence:
    """An hour that a clock change skips comes that much later."""
    # of an hour that comes twice the first
    wall = datetime.combine(day, time.fromisoformat(digest.at), ZoneInfo(zone))
    return Occurrence(day=day, at=wall.astimezone(UTC))


def _day_until(digest: Digest, day: date) -> date:
    """The last day of the digest that is not after this one."""
    if digest.every is Every.WEEK:
        return day - _DAY * ((day.isoweekday() - digest.on) % 7)
    found = _day_in_month(digest, day)
    return found if found <= day else _day_in_month(digest, day.replace(day=1) - _DAY)


def _day_after(digest: Digest, day: date) -> date:
    """The day that follows one of its days."""
    if digest.every is Every.WEEK:
        return day + _DAY * 7
    return _day_in_month(digest, day.replace(day=1) + _INTO_THE_NEXT_MONTH)


def _day_in_month(digest: Digest, day: date) -> date:
    if digest.on != LAST:
        return day.replace(day=digest.on)
    return (day.replace(day=1) + _INTO_THE_NEXT_MONTH).replace(day=1) - _DAY
