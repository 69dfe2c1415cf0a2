"""The wait of a batch for its turn, and the most messages of a day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.domain.delivery.rate_limit import (
    MAX_BLOCK,
    MAX_RESERVATION,
    Cause,
    Limits,
    RateLimit,
    Wait,
)
from tests.rows import rows

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY, ZONE = date(2026, 11, 24), "America/New_York"
MIDNIGHT = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
FREE = Limits(timezone=ZONE)
TEN = Limits(timezone=ZONE, rate=10)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def waits(rate_limit: RateLimit, limits: Limits, seconds: float) -> float:
    """Return the seconds from then on in which nothing may leave."""
    now = after(seconds)
    wait = rate_limit.at(now, limits).wait(now, limits)
    return 0.0 if wait is None else (wait.until - now).total_seconds()


def left_at_once(rate_limit: RateLimit, limits: Limits, seconds: float, messages: int) -> int:
    """Return the number of batches that leave at one moment."""
    for batches in range(50):
        if waits(rate_limit, limits, seconds):
            return batches
        rate_limit = rate_limit.at(after(seconds), limits).take(messages, after(seconds), limits)
    raise AssertionError("no limit at all")


def test_without_a_rate_nobody_waits() -> None:
    rate_limit = RateLimit()
    for _ in range(100):
        assert waits(rate_limit, FREE, 5) == 0
        rate_limit = rate_limit.take(1000, after(5), FREE)


def test_each_turn_takes_as_long_as_its_messages() -> None:
    rate_limit = RateLimit().take(20, NOON, TEN)
    assert waits(rate_limit, TEN, 0) == 2
    rate_limit = rate_limit.take(5, after(2), TEN)
    assert waits(rate_limit, TEN, 2) == 0.5


def test_an_idle_time_is_not_made_up_for_by_a_burst() -> None:
    rate_limit = RateLimit().take(10, NOON, TEN)
    assert left_at_once(rate_limit, TEN, 1000, 10) == 1


def test_a_turn_taken_a_little_late_does_not_slow_the_others_down() -> None:
    rate_limit = RateLimit().take(10, NOON, TEN).take(10, after(1.05), TEN)
    assert waits(rate_limit, TEN, 1.05) == pytest.approx(0.95)


@rows(
    ("burst", "rest", "messages", "batches"),
    [
        (30, 1000, 10, 3),
        (35, 1000, 10, 3),
        (30, 1.5, 10, 2),
        (30, 1000, 1, 30),
        (5, 1000, 10, 1),
        (0, 1000, 1, 1),
    ],
)
def test_after_a_rest_a_burst_may_leave_at_once(
    burst: int, rest: float, messages: int, batches: int
) -> None:
    limits = Limits(timezone=ZONE, rate=10, burst=burst)
    rate_limit = RateLimit(free_at=NOON)
    assert left_at_once(rate_limit, limits, rest, messages) == batches


@pytest.mark.parametrize("limits", [FREE, TEN])
def test_nothing_leaves_while_the_provider_wants_to_be_left_alone(limits: Limits) -> None:
    rate_limit = RateLimit().block(after(30), Cause.BLOCKED, "busy")
    assert rate_limit.wait(after(10), limits) == Wait(
        until=after(30), cause=Cause.BLOCKED, reason="busy"
    )
    assert waits(rate_limit, limits, 31) == 0


@pytest.mark.parametrize("seconds", [2, 30])
def test_only_a_longer_block_replaces_another(seconds: int) -> None:
    rate_limit = RateLimit().block(after(30), Cause.QUOTA, "full")
    assert rate_limit.block(after(seconds), Cause.BLOCKED, "busy") == rate_limit


def test_a_day_has_its_quota_and_the_next_day_a_new_one() -> None:
    limits = Limits(timezone=ZONE, daily_quota=100)
    rate_limit = RateLimit().at(NOON, limits).take(60, NOON, limits)
    assert (rate_limit.left(limits), rate_limit.wait(NOON, limits)) == (40, None)
    rate_limit = rate_limit.take(40, NOON, limits)
    wait = rate_limit.wait(NOON, limits)
    assert (wait.until, wait.cause) == (MIDNIGHT, Cause.QUOTA)
    assert wait.reason == "100 of 100 messages have left today"
    assert rate_limit.at(MIDNIGHT - timedelta(seconds=1), limits).left(limits) == 0
    assert rate_limit.at(MIDNIGHT, limits).left(limits) == 100


def test_without_a_quota_any_number_is_left() -> None:
    assert RateLimit(used=10**9).at(NOON, FREE).left(FREE) is None


def test_a_smaller_quota_than_what_has_left_leaves_nothing() -> None:
    limits = Limits(timezone=ZONE, daily_quota=10)
    assert RateLimit(day=TODAY, used=50).left(limits) == 0


def test_what_did_not_leave_is_given_back_to_its_own_day() -> None:
    rate_limit = RateLimit(day=TODAY, used=50)
    assert rate_limit.give_back(20, TODAY).used == 30
    assert rate_limit.give_back(90, TODAY).used == 0
    assert rate_limit.give_back(20, date(2026, 11, 23)).used == 50


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 8), datetime(2026, 3, 9, 4, 0, tzinfo=UTC)),  # 23 hours
        (date(2026, 11, 1), datetime(2026, 11, 2, 5, 0, tzinfo=UTC)),  # 25 hours
    ],
)
def test_a_day_ends_at_midnight_also_when_the_clocks_change(day: date, end: datetime) -> None:
    assert FREE.end_of(day) == end
    assert FREE.day(end - timedelta(seconds=1)) == day
    assert FREE.day(end) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("rate_limit", "longest"),
    [
        (RateLimit(free_at=after(10**9)), MAX_RESERVATION),
        (RateLimit(blocked_until=after(10**9)), MAX_BLOCK),
    ],
    ids=["turn", "block"],
)
def test_a_clock_that_was_wrong_holds_nothing_up_for_years(
    rate_limit: RateLimit, longest: timedelta
) -> None:
    assert rate_limit.is_ahead(NOON, TEN)
    now = rate_limit.at(NOON, TEN)
    assert not now.is_ahead(NOON, TEN)
    wait = now.wait(NOON, TEN)
    assert wait.until == NOON + longest


def test_a_day_in_the_future_counts_as_today_so_that_nobody_gains_by_it() -> None:
    limits = Limits(timezone=ZONE, daily_quota=100)
    rate_limit = RateLimit(day=date(2099, 1, 1), used=70)
    assert rate_limit.is_ahead(NOON, limits)
    now = rate_limit.at(NOON, limits)
    assert (now.day, now.left(limits)) == (TODAY, 30)


def test_a_pace_of_this_moment_is_not_ahead() -> None:
    assert not RateLimit().take(10, NOON, TEN).is_ahead(NOON, TEN)


@rows(("rate", "room"), [(None, 50), (2.5, 2), (0.1, 1), (10, 10), (1000, 50)])
def test_a_batch_has_room_for_a_second(rate: float | None, room: int) -> None:
    assert Limits(timezone=ZONE, rate=rate).batch_limit(50) == room


@rows(
    ("rate", "processes", "share"),
    [
        (100, 1, 50),
        (1000, 0, 100),
        (1000, 1, 100),
        (1000, 2, 50),
        (10_000, 3, 300),
        (10_000, 100, 50),
    ],
)
def test_the_shares_of_all_last_a_tenth_of_a_second_or_are_a_batch(
    rate: float, processes: int, share: int
) -> None:
    assert Limits(timezone=ZONE, rate=rate).reservation_size(50, processes) == share
