"""Wall times as instants, local-time sends, and durations.

If a person writes a time that a clock change skips or repeats, it is refused. For local-time sends
newsletter chooses an instant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from newsletter.domain.wording import invalid

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
ACCEPTED_YEARS = range(1970, 9999)
"""Other programs write year 1 or 9999 for "no time". Some zones have no offset there."""


def resolve(wall_time: datetime, zone: str) -> datetime:
    """Convert a wall time into an instant, in UTC. A time that already has an offset keeps it.

    Raises ValueError, which says what to write, for a time that the clock change skips or repeats,
    and outside of ``ACCEPTED_YEARS``.
    """
    if wall_time.year not in ACCEPTED_YEARS:
        refusal = "{wall_time} is out of the calendar's range; write another date"
        raise invalid(refusal, wall_time=wall_time)
    if wall_time.tzinfo is not None:
        return wall_time.astimezone(UTC)
    first, second = (
        wall_time.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    if first == second:
        return first
    if first > second:  # skipped: fold=0 takes the offset before the change
        skipped = (
            "{at:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks go forward over it; write"
            " {later:%Y-%m-%d %H:%M}, or another time"
        )
        later = first.astimezone(ZoneInfo(zone))
        raise invalid(skipped, at=wall_time, zone=zone, later=later)
    twice = (
        "{at:%Y-%m-%d %H:%M} comes twice in {zone}, as the clocks go back; write which one:"
        " {first} or {second}"
    )
    both = (one.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") for one in (first, second))
    raise invalid(twice, at=wall_time, zone=zone, first=next(both), second=next(both))


def instant_of(wall_time: datetime, zone: str) -> datetime:
    """Return the instant, in UTC, at which clocks of a zone first show a wall time or a later one.

    If a clock change repeats the time, the first instant counts; if it skips the time, the change.
    """
    first, second = (
        wall_time.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    return first if first <= second else _end_of_gap(second, first, ZoneInfo(zone))


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of the clock change between two instants, by bisection."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        # clocks change at whole seconds
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


@dataclass(frozen=True, kw_only=True)
class LocalTime:
    """A time of day by each reader's own clock: on a given date, or at its next occurrence."""

    at: time
    day: date | None = None

    def __str__(self) -> str:
        day = f"{self.day} " if self.day else ""
        return f"{day}{self.at:%H:%M} local"

    def instant(self, zone: str, *, earliest: datetime) -> datetime:
        """Return when readers of a zone get a message that may be sent from ``earliest`` on."""
        if self.day is not None:
            return max(earliest, instant_of(datetime.combine(self.day, self.at), zone))
        today = earliest.astimezone(ZoneInfo(zone)).date()
        # if clocks go back over midnight, the time of the next day may have passed already
        days = (today + _DAY * number for number in (-1, 0, 1, 2))
        times = (instant_of(datetime.combine(day, self.at), zone) for day in days)
        return next(at for at in times if at >= earliest)


@dataclass(frozen=True, kw_only=True)
class ByZone:
    """The time at which the readers of each zone get a message. All times are in UTC."""

    instants: Mapping[str, datetime]
    """IANA zone of a reader → the time; "" for readers without one."""
    otherwise: datetime
    """For readers of any other zone."""

    @property
    def first(self) -> datetime:
        return min(self.instants.values(), default=self.otherwise)

    @property
    def last(self) -> datetime:
        return max(self.instants.values(), default=self.otherwise)


@lru_cache(maxsize=1)
def every_zone() -> frozenset[str]:
    """Return all IANA time zones that this machine knows."""
    return frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


def times_by_zone(
    local: LocalTime, zones: Iterable[str], *, home: str, earliest: datetime
) -> ByZone:
    """Return when readers of these zones get a message that may be sent from ``earliest`` on.

    Readers without a zone, or with one that this machine does not know, get it at ``home`` time.
    """
    known = every_zone()
    otherwise = local.instant(home, earliest=earliest)
    return ByZone(
        instants={
            zone: local.instant(zone, earliest=earliest) if zone in known else otherwise
            for zone in zones
        },
        otherwise=otherwise,
    )


@lru_cache(maxsize=16)
def all_zone_times(local: LocalTime, *, home: str, earliest: datetime) -> ByZone:
    """Return the times of all zones, and of readers without one.

    Cached, because every tick needs it for every waiting campaign and 600 zones take 25 ms.
    """
    return times_by_zone(local, ("", *every_zone()), home=home, earliest=earliest)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """Parse ``30s``, ``5m``, ``2h`` or ``1d``. Raises ValueError for other text."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise invalid("{text!r} is not a duration; write it like 30s, 5m, 2h or 1d", text=text)
    return timedelta(seconds=int(number) * _UNITS[unit])


def format_duration(duration: timedelta) -> str:
    """Return a duration as ``parse_duration`` reads it, in the largest unit that divides it."""
    seconds = int(duration.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
