"""The days on which a digest is due, by its settings and zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.digest import LAST, Digest, Every

_DAY = timedelta(days=1)
_INTO_THE_NEXT_MONTH = timedelta(days=32)


def due(
    digest: Digest, zone: str, *, since: datetime, last: date | None, now: datetime
) -> list[datetime]:
    """Return the occurrences that are due, the latest first: of several only that is made.

    ``since`` is the beginning of the digest, ``last`` the day of the last occurrence that was
    handled.
    """
    found = []
    occurrence = newest(digest, zone, now)
    while occurrence > since and (last is None or occurrence.date() > last):
        found.append(occurrence)
        occurrence = _before(digest, occurrence)
    return found


def newest(digest: Digest, zone: str, now: datetime) -> datetime:
    """The last occurrence that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    occurrence = _occurrence(digest, _day_until(digest, today), zone)
    return occurrence if occurrence <= now else _before(digest, occurrence)


def coming(digest: Digest, zone: str, *, last: date | None, now: datetime) -> datetime:
    """The next occurrence to come, of a day that was not seen to yet."""
    day = _day_after(digest, newest(digest, zone, now).date())
    while last is not None and day <= last:
        day = _day_after(digest, day)
    return _occurrence(digest, day, zone)


def _before(digest: Digest, occurrence: datetime) -> datetime:
    day = _day_until(digest, occurrence.date() - _DAY)
    return datetime.combine(day, occurrence.time(), occurrence.tzinfo)


def _occurrence(digest: Digest, day: date, zone: str) -> datetime:
    """An hour that a clock change skips comes that much later; of one that comes twice the first.

    It is named by its date in the zone: an hour may come twice there, a date never does.
    """
    return datetime.combine(day, time.fromisoformat(digest.at), ZoneInfo(zone))


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
