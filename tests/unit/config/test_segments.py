"""Segments as they are configured, in the words of the domain."""

from datetime import date
from typing import Any

import jsonschema
import yaml

from newsletter.domain.subscribers.segment import SegmentRule
from tests.rows import rows
from tests.unit.config.conftest import Read
from tests.workspaces import BASE

LEAST = """\
segments:
  - {name: texas, list: press, place: Austin}
"""
FULL = """\
segments:
  - name: texas
    list: press
    language: [es, en, es]
    joined_since: 2026-01-01
    joined_before: 2026-07-01
    place: [Dallas, "Austin, TX"]
    tags: [donor, board]
    any_tag: [b, a]
    without_tags: [staff]
  - {name: spanish, list: press, language: es}
"""


def segments(read: Read, more: str) -> tuple[SegmentRule, ...]:
    return read(more).segments


def test_without_the_key_there_are_none(read: Read) -> None:
    assert segments(read, "") == ()


def test_one_condition_is_enough(read: Read) -> None:
    [found] = segments(read, LEAST)
    assert found == SegmentRule(name="texas", list="press", place=("Austin",))


def test_all_conditions_are_read_each_in_one_order(read: Read) -> None:
    """The same rule has to read the same, whatever the order in the file."""
    texas, spanish = segments(read, FULL)
    assert texas == SegmentRule(
        name="texas",
        list="press",
        language=("en", "es"),
        joined_since=date(2026, 1, 1),
        joined_before=date(2026, 7, 1),
        place=("Austin, TX", "Dallas"),
        tags=("board", "donor"),
        any_tag=("a", "b"),
        without_tags=("staff",),
    )
    assert spanish.language == ("es",)


@rows(
    ("lines", "fits"),
    [
        (LEAST, True),
        (FULL.replace("2026-01-01", '"2026-01-01"').replace("2026-07-01", '"2026-07-01"'), True),
        (LEAST.replace("texas", "The Lone Star State"), False),
        (LEAST.replace("Austin", "[]"), False),
        (LEAST.replace("place: Austin", "tags: [A Tag]"), False),
        (LEAST.replace("place", "places"), False),
    ],
)
def test_the_schema_for_editors_knows_them(schema: dict[str, Any], lines: str, fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(BASE + lines)) is fits
