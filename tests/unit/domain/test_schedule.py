"""Wall times around clock changes, release times and durations."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.domain.schedule import every_zone, format_duration, parse_duration, resolve
from tests.rows import rows
from tests.unit.domain.test_local_time import at


@rows(
    ("written", "zone", "instant"),
    [
        ("2026-07-01 14:00", "America/New_York", "2026-07-01T18:00+00:00"),
        ("2026-12-01 14:00", "America/New_York", "2026-12-01T19:00+00:00"),
        ("2026-12-01 14:00", "Asia/Kathmandu", "2026-12-01T08:15+00:00"),
        ("2026-12-01 14:00", "UTC", "2026-12-01T14:00+00:00"),
        ("2026-03-08 01:59", "America/New_York", "2026-03-08T06:59+00:00"),
        ("2026-03-08 03:00", "America/New_York", "2026-03-08T07:00+00:00"),
        ("2026-11-01 00:59", "America/New_York", "2026-11-01T04:59+00:00"),
        ("2026-11-01 02:00", "America/New_York", "2026-11-01T07:00+00:00"),
        ("2026-10-04 02:30", "Australia/Lord_Howe", "2026-10-03T15:30+00:00"),
        ("2026-04-05 02:00", "Australia/Lord_Howe", "2026-04-04T15:30+00:00"),
        ("2024-02-29 12:00", "Europe/Berlin", "2024-02-29T11:00+00:00"),
    ],
)
def test_a_wall_time_is_one_instant(written: str, zone: str, instant: str) -> None:
    found = resolve(at(written), zone)
    assert found == at(instant)
    assert found.tzinfo is UTC


@rows(
    ("written", "zone", "instead"),
    [
        ("2026-03-08 02:00", "America/New_York", "2026-03-08 03:00"),
        ("2026-03-08 02:30", "America/New_York", "2026-03-08 03:30"),
        ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29 03:30"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-04 02:45"),
        ("2026-09-06 00:30", "America/Santiago", "2026-09-06 01:30"),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-31 12:00"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused_with_what_to_write(
    written: str, zone: str, instead: str
) -> None:
    with pytest.raises(ValueError, match=f"does not exist in {zone}.* write {instead}, or"):
        resolve(at(written), zone)


@rows(
    ("written", "zone", "first", "second"),
    [
        ("2026-11-01 01:30", "America/New_York", "01:30-04:00", "01:30-05:00"),
        ("2026-10-25 02:30", "Europe/Berlin", "02:30+02:00", "02:30+01:00"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "01:45+11:00", "01:45+10:30"),
    ],
)
def test_a_time_that_comes_twice_is_refused_with_both_readings(
    written: str, zone: str, first: str, second: str
) -> None:
    with pytest.raises(ValueError, match="comes twice") as caught:
        resolve(at(written), zone)
    day = written[:10]
    assert str(caught.value).endswith(f"write which one: {day} {first} or {day} {second}")


@rows("offset", ["-04:00", "-05:00", "+00:00"])
def test_what_the_refusal_says_to_write_is_accepted(offset: str) -> None:
    found = resolve(at(f"2026-11-01 01:30{offset}"), "America/New_York")
    assert found.tzinfo is UTC
    assert found == at(f"2026-11-01 01:30{offset}")


def test_the_fold_that_a_time_happens_to_carry_is_not_a_guess_to_be_believed() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        resolve(datetime(2026, 11, 1, 1, 30, fold=1), "America/New_York")  # noqa: DTZ001 - wall time


@rows(
    ("text", "seconds"),
    [("0s", 0), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400), ("007s", 7)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@rows("text", ["", "s", "5", "5 m", "-5m", "1.5h", "5w", "5M", "٥m", "²s", "1h30m", "9" * 10 + "s"])
def test_anything_else_is_no_duration_and_the_refusal_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 30s, 5m, 2h or 1d"):
        parse_duration(text)


@rows(
    ("seconds", "text"),
    [(0, "0s"), (30, "30s"), (60, "1m"), (90, "90s"), (7200, "2h"), (86400, "1d"), (90000, "25h")],
)
def test_a_duration_is_written_in_the_largest_unit_that_divides_it(seconds: int, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text
    assert parse_duration(text) == timedelta(seconds=seconds)


def test_the_zones_of_this_machine_are_asked_for_once() -> None:
    every_zone.cache_clear()  # another test of this process may have asked
    assert {"Europe/Berlin", "America/New_York"} <= every_zone()
    assert every_zone() is every_zone()
