"""The end of a pause."""

from datetime import UTC, date, datetime

import pytest

from newsletter.domain.subscribers.preferences import Pause, pause_end
from tests.fakes import NOON
from tests.rows import rows


@rows(
    ("pause", "zone", "ends"),
    [
        (Pause.WEEK, "UTC", "2026-12-01T00:00"),
        (Pause.WEEK, "Asia/Tokyo", "2026-11-30T15:00"),
        (Pause.WEEK, "America/New_York", "2026-12-01T05:00"),
        (Pause.MONTH, "UTC", "2026-12-24T00:00"),
        (Pause.QUARTER, "UTC", "2027-02-24T00:00"),
    ],
)
def test_a_pause_ends_at_midnight_where_the_person_is(pause: Pause, zone: str, ends: str) -> None:
    assert pause_end(pause, NOON, zone) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_a_month_ends_on_its_last_day_where_it_has_no_such_day() -> None:
    january = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert pause_end(Pause.MONTH, january, "UTC").date() == date(2027, 2, 28)
    assert pause_end(Pause.QUARTER, january, "UTC").date() == date(2027, 4, 30)


def test_a_day_is_one_between_tomorrow_and_two_years_from_now() -> None:
    day = date(2026, 11, 25)
    assert pause_end(Pause.DAY, NOON, "UTC", day).date() == day
    for wrong in (None, date(2026, 11, 24), date(2028, 11, 25), date.max):
        with pytest.raises(ValueError, match="is not a day between"):
            pause_end(Pause.DAY, NOON, "UTC", wrong)
