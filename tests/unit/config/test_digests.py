"""Digest emails as they are configured, in the words of the domain."""

from datetime import time
from typing import Any

import jsonschema
import yaml

from newsletter.config.digests import configured
from newsletter.domain.campaigns.digest import LAST, Digest, Every, Recurrence
from tests.rows import rows
from tests.unit.config.conftest import Read
from tests.workspaces import BASE

LEAST = """\
digests:
  - {name: weekly, title: The week, every: week, day: friday, at: "16:00", lists: [supporters]}
"""
FULL = """\
language: es
digests:
  - name: monthly
    title: "The month to {date}"
    every: month
    day: last
    at: "04:00"
    lists: [supporters, members]
    gathers: [press]
    least: 2
    language: pt-BR
    intro: |
      *Two* lines
      of it.
"""


def digests(read: Read, more: str) -> tuple[Digest, ...]:
    settings = read(more)
    return configured(settings.digests, language=settings.language)


def test_without_any_there_are_none(read: Read) -> None:
    assert digests(read, "") == ()


def test_the_least_that_can_be_written_has_its_defaults(read: Read) -> None:
    assert digests(read, LEAST) == (
        Digest(
            name="weekly",
            title="The week",
            recurrence=Recurrence(every=Every.WEEK, on=5, at=time(16)),
            lists=("supporters",),
            language="en",
        ),
    )


def test_everything_that_can_be_written_is_heeded(read: Read) -> None:
    assert digests(read, FULL) == (
        Digest(
            name="monthly",
            title="The month to {date}",
            recurrence=Recurrence(every=Every.MONTH, on=LAST, at=time(4)),
            lists=("supporters", "members"),
            language="pt-BR",
            gathers=("press",),
            least=2,
            intro="*Two* lines\nof it.\n",
        ),
    )


def test_the_language_is_that_of_the_workspace_where_none_is_named(read: Read) -> None:
    assert digests(read, f"language: es\n{LEAST}")[0].language == "es"


@rows(
    ("every", "day", "means"),
    [("week", "monday", 1), ("week", "sunday", 7), ("month", "1", 1), ("month", "28", 28)],
)
def test_days_are_counted_as_the_calendar_does(
    read: Read, every: str, day: str, means: int
) -> None:
    lines = LEAST.replace("every: week, day: friday", f"every: {every}, day: {day}")
    assert digests(read, lines)[0].recurrence.on == means


@rows(
    ("lines", "fits"),
    [
        (LEAST, True),
        (FULL, True),
        (LEAST.replace("friday", "1"), True),
        (LEAST.replace("friday", "31"), False),
        (LEAST.replace("friday", "freitag"), False),
        (LEAST.replace("weekly", "The Week"), False),
        (LEAST.replace("16:00", "4 pm"), False),
    ],
)
def test_the_schema_for_editors_knows_them(schema: dict[str, Any], lines: str, fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(BASE + lines)) is fits
