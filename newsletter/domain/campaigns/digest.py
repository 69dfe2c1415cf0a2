"""A digest: an email that lists several statements that went out, and its issues."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any

from newsletter.domain.setting import Language, Line, Rule, RuleWithOthers, matching, setting, some
from newsletter.domain.statements.statement import SLUG, Statement
from newsletter.domain.subscribers.lists import ListName

LAST = 0
"""In the place of a day: the last one of the month, whichever that is."""


class Every(Enum):
    """How often a digest is made."""

    WEEK = "week"
    """On one day of each week."""
    MONTH = "month"
    """On one day of each month."""


NAME_MAX_LENGTH = 40
"""The slug of an issue adds a date to it, and has to stay within its own length."""
MAX_STATEMENTS = 50
"""The most statements in one issue: Gmail clips longer emails."""
DATE_GAP = "{date}"
"""In a title: where the date goes."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SOME_DAY = "a day of the week like friday, or of the month: 1 to 28, without quotes, or last"
_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_SAFE_FROM = "04:00"
"""Before it, clocks are put forward and back: an hour may be missing, or come twice."""


def _title(text: str) -> str:
    if {"{", "}"} & set(text.replace(DATE_GAP, "")):
        raise ValueError(f"holds a brace; only {DATE_GAP} may stand there, for the day of the mail")
    return text


def _hour(text: str) -> str:
    if not re.fullmatch(_HOUR, text):
        raise ValueError(f'{text!r} is not a time of day; write it like "16:00", in quotes')
    if text < _SAFE_FROM:
        raise ValueError(
            f"{text!r} is an hour that a clock change may skip or repeat;"
            f' write one from "{_SAFE_FROM}" to "23:59"'
        )
    return text


def _require_day(value: Any) -> Any:
    if value is None:
        raise ValueError(f"has no value; write {_SOME_DAY}")
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 28
    if not whole and value not in (*DAYS, "last"):
        raise ValueError(f"{value!r} is no day; write {_SOME_DAY}")
    return value


def _require_day_of_period(day: Any, others: Mapping[str, Any]) -> Any:
    every = others.get("every")
    if every is Every.WEEK and day not in DAYS:
        raise ValueError(f"{day!r} is no day of the week; write one, like friday")
    if every is Every.MONTH and day in DAYS:
        raise ValueError(f"{day!r} is no day of the month; write 1 to 28, or last")
    return day


_EVERY_DAY = {
    "anyOf": [{"enum": [*DAYS, "last"]}, {"type": "integer", "minimum": 1, "maximum": 28}]
}


@dataclass(frozen=True, kw_only=True)
class Digest:
    """An email that gathers what went out. It waits for approval like any other statement."""

    name: Annotated[
        str,
        matching(
            rf"(?=.{{1,{NAME_MAX_LENGTH}}}\Z){SLUG}",
            "cannot name a digest email; write small letters and digits with - between them, at"
            f" most {NAME_MAX_LENGTH}, like weekly",
            f"^{SLUG}$",
        ),
    ] = setting("Its name, with which each issue's slug starts.", "weekly")
    title: Annotated[Line, Rule(_title)] = setting(
        "Its title. `{date}` becomes the issue's day.", '"The week at Example Forum"'
    )
    every: Every = setting("`week` or `month`.", "week")
    day: Annotated[
        Any, Rule(_require_day, schema=_EVERY_DAY), RuleWithOthers(_require_day_of_period)
    ] = setting("The English name of a weekday; for a month 1 to 28 or `last`.", "friday")
    at: Annotated[str, Rule(_hour, schema={"pattern": f"^{_HOUR}$"})] = setting(
        'The hour in `timezone`, in quotes, from "04:00" on.', '"16:00"'
    )
    lists: Annotated[
        tuple[ListName, ...], some("names no list; write those it goes to, like [supporters]")
    ] = setting("The lists it goes to.", ["supporters"])
    gathers: tuple[ListName, ...] = setting(
        "It includes statements to these lists. Without it: all statements.", ["press"], default=()
    )
    least: int = setting(
        "The smallest number of statements of an issue. The next issue has the others.",
        2,
        default=1,
        ge=1,
        le=MAX_STATEMENTS,
    )
    language: Language = setting("Its language. Without it: `language`.", "en", default="")
    intro: str = setting("Markdown before the statements.", "What we said this week.", default="")

    @property
    def on(self) -> int:
        """For a week: 1, Monday, to 7, Sunday. For a month: 1 to 28, or ``LAST``."""
        if self.day in DAYS:
            return DAYS.index(self.day) + 1
        return LAST if self.day == "last" else int(self.day)


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
        return f"{self.name}-{self.day.isoformat()}"
