"""A digest: an email that lists several statements that went out, and its issues."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum

from newsletter.domain.statements.statement import Statement

LAST = 0
"""In the place of a day: the last one of the month, whichever that is."""


class Every(Enum):
    """How often a digest is made."""

    WEEK = "week"
    """On one day of each week."""
    MONTH = "month"
    """On one day of each month."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A day and an hour that come again and again."""

    every: Every
    on: int
    """For a week: 1, Monday, to 7, Sunday. For a month: 1 to 28, or ``LAST``."""
    at: time
    """The hour that clocks show."""


NAME_MAX_LENGTH = 40
"""The slug of an issue adds a date to it, and has to stay within its own length."""
MOST = 50
"""The most statements in one issue: Gmail clips longer emails."""
DATE_GAP = "{date}"
"""In a title: where the date goes."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A digest email as it is configured."""

    name: str
    title: str
    """May hold ``DATE_GAP``."""
    recurrence: Recurrence
    lists: tuple[str, ...]
    """To which it goes."""
    language: str
    gathers: tuple[str, ...] = ()
    """The lists whose statements it gathers; empty for all."""
    least: int = 1
    intro: str = ""
    """Markdown."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """A digest email of one date, frozen when it was made."""

    name: str
    day: date
    """The local date that it is for: no date has two of a name."""
    upto: datetime
    """Statements sent until then are in this issue or left out for good."""
    statement: Statement | None = None
    """The issue's statement; None if there were too few parts, or if it was dropped."""
    parts: tuple[str, ...] = ()
    """The slugs of what it gathers, in the order in which they went out."""

    @property
    def slug(self) -> str:
        """The slug of its statement."""
        return f"{self.name}-{self.day.isoformat()}"
