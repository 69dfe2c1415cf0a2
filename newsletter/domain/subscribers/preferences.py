"""Changes of a reader's preferences, and pauses."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

PREFERENCES_LINK_LIFETIME = timedelta(hours=24)
"""How long a link opens the preferences."""
MAX_PAUSE = timedelta(days=731)


@dataclass(frozen=True, kw_only=True)
class PreferenceChange:
    """The changes that a person made in the form of their preferences.

    They are differences from the form as shown. A change that others made since stays.
    """

    joins: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    details: Mapping[str, str | datetime | None] = field(default_factory=dict)
    """The changed values of name, language, timezone and paused_until; None ends a pause."""
    unsuppresses: bool = False
    """The suppression of the address ends."""


class Pause(Enum):
    """The length of a pause."""

    WEEK = "week"
    """Seven days."""
    MONTH = "month"
    """A month by the calendar."""
    QUARTER = "quarter"
    """Three months by the calendar."""
    DAY = "day"
    """Until a date that the person names."""


def pause_end(pause: Pause, now: datetime, zone: str, day: date | None = None) -> datetime:
    """Return the end of a pause, in UTC: midnight in the person's zone. ``day`` is for DAY.

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
