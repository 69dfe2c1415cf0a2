"""The batches that go to the second provider when the first one fails."""

from datetime import UTC, datetime, timedelta

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.rate_limit import RateLimit, fails_for_long, fails_over
from tests.rows import rows

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


def failing(minutes: float | None) -> RateLimit:
    since = None if minutes is None else NOON - timedelta(minutes=minutes)
    return RateLimit(failing_since=since)


@rows(
    ("verdict", "minutes", "over"),
    [
        (Verdict.CONFIGURATION, None, True),
        (Verdict.RETRY, None, False),
        (Verdict.RETRY, 9.9, False),
        (Verdict.RETRY, 10, True),
        (Verdict.QUOTA, 60, False),
        (Verdict.SPLIT, 60, False),
        (Verdict.ACCEPTED, 60, False),
        (Verdict.REJECTED, 60, False),
        (Verdict.UNKNOWN, 60, False),
    ],
)
def test_only_what_was_provably_not_handed_over_goes_elsewhere(
    verdict: Verdict, minutes: float | None, over: bool
) -> None:
    assert fails_over(verdict, failing(minutes), NOON, TEN) is over


def test_a_provider_that_was_well_a_moment_ago_does_not_fail_for_long() -> None:
    assert not fails_for_long(failing(None), NOON, timedelta(0))
    assert fails_for_long(failing(0), NOON, timedelta(0))


@rows(
    ("verdict", "before", "after"),
    [
        (Verdict.RETRY, None, 0.0),
        (Verdict.RETRY, 5, 5),
        (Verdict.UNKNOWN, 5, 5),
        (Verdict.CONFIGURATION, 5, 5),
        (Verdict.UNKNOWN, None, None),
        (Verdict.ACCEPTED, 5, None),
        (Verdict.REJECTED, 5, None),
        (Verdict.QUOTA, 5, None),
        (Verdict.SPLIT, 5, None),
        (Verdict.ACCEPTED, None, None),
    ],
)
def test_a_provider_fails_from_its_first_refusal_until_it_takes_something(
    verdict: Verdict, before: float | None, after: float | None
) -> None:
    assert failing(before).record_verdict(verdict, NOON) == failing(after)
