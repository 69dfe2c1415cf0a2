"""A reader's preferences, and the length of a pause."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

PREFERENCES_LINK_LIFETIME = timedelta(hours=24)
"""How long a link opens the preferences."""
MAX_PAUSE = timedelta(days=731)


@dataclass(frozen=True, kw_only=True)
class PreferenceChange:
    """The choices that a person changes. Other choices stay as they are.

    It contains the differences from the form that was shown, not from the current state: a change
    in between was not seen and is not undone.
    """

    joins: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    pauses_until: datetime | None = None
    resumes: bool = False
    returns: bool = False
    """End the suppression of the address, whatever its reason."""


class Pause(Enum):
    """The length of a pause that a person chooses."""

    WEEK = "week"
    """A week."""
    MONTH = "month"
    """A month by the calendar."""
    QUARTER = "quarter"
    """Three months by the calendar."""
    DAY = "day"
    """Until a date that the person names."""


def pause_end(pause: Pause, now: datetime, zone: str, day: date | None = None) -> datetime:
    """Return the end of a pause: the beginning of its last day in the person's zone, in UTC.

    Raises ValueError for a day in the past or too far in the future.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    ends = {
        Pause.WEEK: today + timedelta(days=7),
        Pause.MONTH: _add_months(today, 1),
        Pause.QUARTER: _add_months(today, 3),
        Pause.DAY: day or today,
    }[pause]
    if not today < ends <= today + MAX_PAUSE:
        raise ValueError(f"{ends} is not a day between tomorrow and two years from now")
    return datetime.combine(ends, time(), ZoneInfo(zone)).astimezone(UTC)


def _add_months(day: date, months: int) -> date:
    """Return the same day this many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
