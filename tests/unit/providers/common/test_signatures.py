"""A forged request."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.domain.events import Forged
from newsletter.providers.common.webhooks import MAX_AGE, require_fresh, require_user
from tests.rows import rows

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@rows("retries", [timedelta(0), timedelta(hours=1), timedelta(days=9)])
def test_a_signature_is_good_for_the_retries_and_five_minutes_but_never_for_more_than_a_day(
    retries: timedelta,
) -> None:
    oldest = NOW - min(retries + timedelta(minutes=5), MAX_AGE)
    require_fresh(oldest, NOW, retries)
    with pytest.raises(Forged, match="a replay"):
        require_fresh(oldest - SECOND, NOW, retries)


def test_a_clock_may_be_five_minutes_ahead_and_no_more() -> None:
    require_fresh(NOW + timedelta(minutes=5), NOW, MAX_AGE)
    with pytest.raises(Forged, match="in the future"):
        require_fresh(NOW + timedelta(minutes=5) + SECOND, NOW, MAX_AGE)


def test_a_signature_of_no_time_is_refused() -> None:
    with pytest.raises(Forged, match="when it was signed"):
        require_fresh(None, NOW, MAX_AGE)


@rows("value", ["Basic YTpi", "basic YTpi", "BASIC YTpi"])
def test_the_name_of_basic_authentication_may_be_written_in_any_case(value: str) -> None:
    require_user(b"a:b", {"authorization": value})
    with pytest.raises(Forged):
        require_user(b"a:c", {"authorization": value})


@rows("value", ["YTpi", "Basic", "Basic  YTpi", "Basic YTpj", "Basic é", "Basic a"])
def test_other_words_of_authentication_are_refused(value: str) -> None:
    with pytest.raises(Forged):
        require_user(b"a:b", {"authorization": value})
