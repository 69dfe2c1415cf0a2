"""The settings of digest emails: mails that gather what went out in a week or a month."""

import re
from collections.abc import Sequence
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from newsletter.config.fields import Section
from newsletter.domain.campaigns.digest import (
    DATE_GAP,
    LAST,
    NAME_MAX_LENGTH,
    Digest,
    Every,
    Recurrence,
)
from newsletter.domain.setting import Language, Line, Rule, matching, some
from newsletter.domain.statements.statement import SLUG
from newsletter.domain.subscribers.lists import ListName

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LAST = "last"
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


def _some_day(value: Any) -> Any:
    if value is None:
        raise ValueError(f"has no value; write {_SOME_DAY}")
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 28
    if not whole and value not in (*_DAYS, _LAST):
        raise ValueError(f"{value!r} is no day; write {_SOME_DAY}")
    return value


class DigestOptions(Section):
    """A mail that gathers what went out. It waits for approval like any other statement."""

    name: Annotated[
        str,
        matching(
            rf"(?=.{{1,{NAME_MAX_LENGTH}}}\Z){SLUG}",
            "cannot name a digest email; write small letters and digits with - between them, at"
            f" most {NAME_MAX_LENGTH}, like weekly",
        ),
    ] = Field(
        description="Its name, with which each issue's slug starts.",
        examples=["weekly"],
        json_schema_extra={"pattern": f"^{SLUG}$", "maxLength": NAME_MAX_LENGTH},
    )
    title: Annotated[Line, Rule(_title)] = Field(
        description="Its title. `{date}` becomes the issue's day.",
        examples=['"The week at Example Forum"'],
    )
    every: Literal["week", "month"] = Field(description="`week` or `month`.", examples=["week"])
    day: Annotated[
        Any,
        Rule(_some_day),
        WithJsonSchema(
            {"anyOf": [{"enum": [*_DAYS, _LAST]}, {"type": "integer", "minimum": 1, "maximum": 28}]}
        ),
    ] = Field(
        description="The English name of a weekday; for a month 1 to 28 or `last`.",
        examples=["friday"],
    )
    at: Annotated[str, Rule(_hour)] = Field(
        description='The hour in `timezone`, in quotes, from "04:00" on.',
        examples=['"16:00"'],
        json_schema_extra={"pattern": f"^{_HOUR}$"},
    )
    lists: Annotated[
        tuple[ListName, ...], some("names no list; write those it goes to, like [supporters]")
    ] = Field(description="The lists it goes to.", examples=[["supporters"]])
    gathers: tuple[ListName, ...] = Field(
        default=(),
        description="It includes statements to these lists. Without it: all statements.",
        examples=[["press"]],
    )
    least: int = Field(
        default=1,
        ge=1,
        le=50,
        description="The smallest number of statements of an issue. The next issue has the others.",
        examples=[2],
    )
    language: Language | None = Field(
        default=None, description="Its language. Without it: `language`.", examples=["en"]
    )
    intro: str | None = Field(
        default=None,
        description="Markdown before the statements.",
        examples=["What we said this week."],
    )

    @field_validator("day")
    @classmethod
    def _of_that_kind(cls, day: Any, info: ValidationInfo) -> Any:
        every = info.data.get("every")
        if every == "week" and day not in _DAYS:
            raise ValueError(f"{day!r} is no day of the week; write one, like friday")
        if every == "month" and day in _DAYS:
            raise ValueError(f"{day!r} is no day of the month; write 1 to 28, or last")
        return day

    def recurrence(self) -> Recurrence:
        """The days on which it is made."""
        day = LAST if self.day == _LAST else self.day
        return Recurrence(
            every=Every(self.every),
            on=_DAYS.index(day) + 1 if day in _DAYS else day,
            at=time.fromisoformat(self.at),
        )


def configured(options: Sequence[DigestOptions], *, language: str) -> tuple[Digest, ...]:
    """The digest emails in the words of the domain; ``language`` is of those that name none."""
    return tuple(
        Digest(
            name=option.name,
            title=option.title,
            recurrence=option.recurrence(),
            lists=option.lists,
            language=option.language or language,
            gathers=option.gathers,
            least=option.least,
            intro=option.intro or "",
        )
        for option in options
    )
