"""Digest emails as they are configured, in the words of the domain."""

from typing import Any

import jsonschema
import yaml

from newsletter.domain.campaigns.digest import Digest, Every
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
    return read(more).digests


def test_without_any_there_are_none(read: Read) -> None:
    assert digests(read, "") == ()


def test_the_least_that_can_be_written_has_its_defaults(read: Read) -> None:
    assert digests(read, LEAST) == (
        Digest(
            name="weekly",
            title="The week",
            every=Every.WEEK,
            day="friday",
            at="16:00",
            lists=("supporters",),
        ),
    )


def test_everything_that_can_be_written_is_heeded(read: Read) -> None:
    assert digests(read, FULL) == (
        Digest(
            name="monthly",
            title="The month to {date}",
            every=Every.MONTH,
            day="last",
            at="04:00",
            lists=("supporters", "members"),
            language="pt-BR",
            gathers=("press",),
            least=2,
            intro="*Two* lines\nof it.\n",
        ),
    )


@rows(
    ("every", "day", "means"),
    [("week", "monday", "monday"), ("month", "last", "last"), ("month", "28", 28)],
)
def test_a_day_is_a_name_or_a_number(read: Read, every: str, day: str, means: str | int) -> None:
    lines = LEAST.replace("every: week, day: friday", f"every: {every}, day: {day}")
    assert digests(read, lines)[0].day == means


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
