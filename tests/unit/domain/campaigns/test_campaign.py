"""A start, and when the number of readers needs another look."""

from datetime import timedelta

from newsletter.domain.campaigns.campaign import (
    Start,
    find_valid_start,
    has_audience_changed,
    parse_typed_number,
)
from newsletter.domain.statements.review import differs_by_a_fifth
from tests.fakes import NOON
from tests.rows import rows

START = Start(slug="hours", content_hash="d1", by="cleo@forum.example", at=NOON, count=12)
MINUTE = timedelta(minutes=1)


def test_a_go_counts_for_its_own_text_once_that_is_approved() -> None:
    assert find_valid_start([START], "d1", NOON) == START
    assert find_valid_start([START], "d1", NOON - MINUTE) == START
    assert find_valid_start([START], "d2", NOON) is None
    assert find_valid_start([], "d1", NOON) is None


def test_a_go_from_before_the_approvals_starts_nothing() -> None:
    assert find_valid_start([START], "d1", NOON + MINUTE) is None


def test_the_last_go_counts_and_none_that_was_taken_back() -> None:
    later = Start(
        slug="hours", content_hash="d1", by="dan@forum.example", at=NOON + MINUTE, count=13
    )
    gone = Start(
        slug="hours", content_hash="d1", by="dan@forum.example", at=NOON, count=13, revoked_at=NOON
    )
    assert find_valid_start([START, later], "d1", NOON) == later
    assert find_valid_start([START, gone], "d1", NOON) == START
    assert find_valid_start([gone], "d1", NOON) is None


@rows(
    ("shown", "now", "asked"),
    [
        (4213, 4213, False),
        (4213, 4212, True),
        (0, 1, True),
        (9_999, 10_000, True),
        (500_000, 499_950, False),  # who reads a page of half a million cannot keep up with each
        (500_000, 500_051, True),
    ],
)
def test_a_number_that_moved_is_looked_at_again(shown: int, now: int, asked: bool) -> None:
    assert has_audience_changed(shown, now) is asked


@rows(
    ("said", "now", "off"),
    [
        (100, 120, False),
        (100, 121, True),
        (100, 79, True),
        (20, 29, False),  # few people
        (20, 30, True),
        (0, 10, True),
    ],
)
def test_an_audience_that_is_a_fifth_off_is_asked_about(said: int, now: int, off: bool) -> None:
    assert differs_by_a_fifth(said, now) is off


@rows(
    ("text", "number"),
    [
        ("4213", 4213),
        (" 4,213 ", 4213),
        ("4.213", 4213),
        ("4 213", 4213),
        ("1'234'567", 1234567),
        ("42,13", None),
        ("4213 people", None),
        ("", None),
        ("-5", None),
        ("٤٢", None),
        ("9" * 13, None),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: int | None) -> None:
    assert parse_typed_number(text) == number
