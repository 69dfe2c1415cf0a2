"""A segment's rule in words, and when its dates begin."""

from dataclasses import replace
from datetime import UTC, date, datetime

from newsletter.domain.subscribers.segment import Segment
from tests.rows import rows

BARE = Segment(name="texas", list="press", timezone="America/New_York")
FULL = replace(
    BARE,
    language=("en", "es"),
    joined_since=date(2026, 1, 1),
    joined_before=date(2026, 7, 1),
    place=("Austin, TX", "Dallas"),
    outlet=("Example Herald",),
    beat=("schools", "water"),
    tags=("board", "donor"),
    any_tag=("a", "b"),
    without_tags=("c", "d"),
)


def test_a_rule_is_said_in_words() -> None:
    assert str(FULL) == (
        "texas: on press; language en or es;"
        " joined on or after 2026-01-01 (America/New_York);"
        " joined before 2026-07-01 (America/New_York);"
        ' place "Austin, TX" or "Dallas"; outlet "Example Herald"; beat "schools" or "water";'
        " tagged board and donor; tagged a or b; not tagged c or d"
    )
    assert BARE.rule == "on press"


@rows(
    ("one", "other"),
    [
        (replace(BARE, place=('A" or "B',)), replace(BARE, place=("A", "B"))),
        (replace(BARE, place=("A or B",)), replace(BARE, place=("A", "B"))),
        (replace(BARE, tags=("a", "b")), replace(BARE, any_tag=("a", "b"))),
        (replace(BARE, any_tag=("a",)), replace(BARE, without_tags=("a",))),
        (
            replace(BARE, joined_since=date(2026, 1, 1)),
            replace(BARE, joined_before=date(2026, 1, 1)),
        ),
        (
            replace(BARE, joined_since=date(2026, 1, 1)),
            replace(BARE, joined_since=date(2026, 1, 1), timezone="UTC"),
        ),
        (BARE, replace(BARE, list="events")),
        (BARE, replace(BARE, name="other")),
    ],
)
def test_two_rules_that_may_pick_others_never_read_alike(one: Segment, other: Segment) -> None:
    assert str(one) != str(other)


def test_a_zone_that_decides_nothing_is_not_part_of_the_rule() -> None:
    assert str(replace(BARE, timezone="UTC")) == str(BARE)


def test_its_dates_begin_when_the_day_does_in_its_zone() -> None:
    assert FULL.since == datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert FULL.before == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert (BARE.since, BARE.before) == (None, None)
    skipped = replace(BARE, joined_since=date(2026, 9, 6), timezone="America/Santiago")
    assert skipped.since == datetime(2026, 9, 6, 4, tzinfo=UTC)
