"""A digest email is due by the calendar and the clocks of a zone, whatever these do."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.campaigns.digest import DAYS, Digest, Every, find_due_times, find_next_due
from tests.properties import examples
from tests.rows import rows

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAIN = Digest(
    name="plain", title="Plain", every=Every.WEEK, day="friday", at="16:00", lists=("press",)
)


def weekly(on: int = 5, at: str = "16:00") -> Digest:
    return replace(PLAIN, every=Every.WEEK, day=DAYS[on - 1], at=at)


def monthly(on: int | str = "last", at: str = "16:00") -> Digest:
    return replace(PLAIN, every=Every.MONTH, day=on, at=at)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def newest(recurrence: Digest, zone: str, now: datetime) -> datetime:
    """The last occurrence that has come by now."""
    return find_due_times(recurrence, zone, since=now - timedelta(days=63), last=None, now=now)[0]


def named(occurrence: datetime) -> tuple[date, datetime]:
    """Its date in the zone, and its instant."""
    return occurrence.date(), occurrence.astimezone(UTC)


@rows(
    ("recurrence", "zone", "day", "at"),
    [
        # The Sunday on which the clocks change, the day before it and the day after it.
        (weekly(6), BERLIN, "2027-03-27", "2027-03-27 15:00"),
        (weekly(7), BERLIN, "2027-03-28", "2027-03-28 14:00"),
        (weekly(1), BERLIN, "2027-03-29", "2027-03-29 14:00"),
        (weekly(6), BERLIN, "2027-10-30", "2027-10-30 14:00"),
        (weekly(7), BERLIN, "2027-10-31", "2027-10-31 15:00"),
        (weekly(1), BERLIN, "2027-11-01", "2027-11-01 15:00"),
        (weekly(6), NEW_YORK, "2027-03-13", "2027-03-13 21:00"),
        (weekly(7), NEW_YORK, "2027-03-14", "2027-03-14 20:00"),
        (weekly(6), NEW_YORK, "2027-11-06", "2027-11-06 20:00"),
        (weekly(7), NEW_YORK, "2027-11-07", "2027-11-07 21:00"),
        (weekly(7, "04:00"), BERLIN, "2027-03-28", "2027-03-28 02:00"),
        (weekly(7, "04:00"), BERLIN, "2027-10-31", "2027-10-31 03:00"),
        (weekly(7, "23:59"), NEW_YORK, "2027-03-14", "2027-03-15 03:59"),
        # Lord Howe's clocks change by half an hour.
        (weekly(6, "09:00"), LORD_HOWE, "2027-04-03", "2027-04-02 22:00"),
        (weekly(7, "09:00"), LORD_HOWE, "2027-04-04", "2027-04-03 22:30"),
        (weekly(6, "09:00"), LORD_HOWE, "2027-10-02", "2027-10-01 22:30"),
        (weekly(7, "09:00"), LORD_HOWE, "2027-10-03", "2027-10-02 22:00"),
        # An hour that is skipped comes as much later, and one that comes twice is the first.
        (weekly(7, "02:30"), BERLIN, "2027-03-28", "2027-03-28 01:30"),
        (weekly(7, "02:30"), BERLIN, "2027-10-31", "2027-10-31 00:30"),
        (weekly(7, "02:15"), LORD_HOWE, "2027-10-03", "2027-10-02 15:45"),
        (monthly(), BERLIN, "2028-02-29", "2028-02-29 15:00"),
        (monthly(), BERLIN, "2027-02-28", "2027-02-28 15:00"),
        (monthly(), BERLIN, "2027-03-31", "2027-03-31 14:00"),
        (monthly(), NEW_YORK, "2027-04-30", "2027-04-30 20:00"),
        (monthly(), NEW_YORK, "2026-12-31", "2026-12-31 21:00"),
        (monthly(28), NEW_YORK, "2027-02-28", "2027-02-28 21:00"),
        (monthly(1), NEW_YORK, "2027-01-01", "2027-01-01 21:00"),
        (monthly(1, "04:00"), LORD_HOWE, "2027-01-01", "2026-12-31 17:00"),
    ],
)
def test_it_comes_at_its_wall_time_and_not_a_minute_before(
    recurrence: Digest, zone: str, day: str, at: str
) -> None:
    occurrence = (date.fromisoformat(day), utc(at))
    assert named(newest(recurrence, zone, utc(at))) == occurrence
    assert named(newest(recurrence, zone, utc(at) + timedelta(hours=20))) == occurrence
    before = newest(recurrence, zone, utc(at) - MINUTE)
    assert before.date() < occurrence[0]
    assert named(find_next_due(recurrence, zone, last=None, now=utc(at) - MINUTE)) == occurrence


def dates_of(recurrence: Digest, first: date, last: date) -> list[date]:
    """By the calendar alone: the days of a rhythm after the first and up to the last."""
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    if recurrence.every is Every.WEEK:
        return [day for day in days if DAYS[day.isoweekday() - 1] == recurrence.day]
    if recurrence.day == "last":
        return [day for day in days if (day + timedelta(days=1)).day == 1]
    return [day for day in days if day.day == recurrence.day]


rhythms = st.one_of(
    st.builds(weekly, st.integers(1, 7), st.sampled_from(("04:00", "16:00", "23:59"))),
    st.builds(monthly, st.sampled_from((1, 15, 28, "last")), st.sampled_from(("04:00", "23:59"))),
)
zones = st.sampled_from((BERLIN, NEW_YORK, LORD_HOWE, "Africa/Casablanca", "Asia/Gaza"))


@examples(40)
@given(rhythms, zones, st.dates(date(2027, 1, 1), date(2028, 12, 31)))
def test_looking_every_three_hours_for_ten_weeks_finds_every_date_once(
    recurrence: Digest, zone: str, begun: date
) -> None:
    now = since = datetime.combine(begun, time(12), UTC)
    first = last = newest(recurrence, zone, now).date()
    found: list[date] = []
    for _ in range(70 * 8):
        now += timedelta(hours=3)
        for one in find_due_times(recurrence, zone, since=since, last=last, now=now):
            assert timedelta(0) <= now - one < timedelta(hours=3)
            last = one.date()
            found.append(last)
    assert found == dates_of(recurrence, first, newest(recurrence, zone, now).date())


def test_nothing_is_due_before_the_round_up_began() -> None:
    friday = utc("2026-11-27 21:00")
    assert not find_due_times(weekly(), NEW_YORK, since=friday, last=None, now=friday + MINUTE)
    [one] = find_due_times(
        weekly(), NEW_YORK, since=friday - MINUTE, last=None, now=friday + MINUTE
    )
    assert named(one) == (date(2026, 11, 27), friday)


def test_a_date_that_was_seen_to_is_not_due_again_wherever_the_clock_goes() -> None:
    friday, day = utc("2026-11-27 21:00"), date(2026, 11, 27)
    for away in (timedelta(0), timedelta(days=6), timedelta(days=-30), timedelta(days=-400)):
        assert not find_due_times(weekly(), NEW_YORK, since=LONG_AGO, last=day, now=friday + away)
    assert find_due_times(
        weekly(), NEW_YORK, since=LONG_AGO, last=day, now=friday + timedelta(days=7)
    )


@rows(
    ("recurrence", "now", "day", "passed_over"),
    [
        (weekly(), "2026-11-26 12:00", "2026-11-20", ["2026-11-06", "2026-11-13"]),
        (weekly(), "2026-11-13 22:00", "2026-11-13", ["2026-11-06"]),
        (weekly(), "2026-11-06 22:00", "2026-11-06", []),
        (monthly(), "2027-03-01 12:00", "2027-02-28", ["2026-11-30", "2026-12-31", "2027-01-31"]),
        (monthly(28), "2027-01-30 12:00", "2027-01-28", ["2026-11-28", "2026-12-28"]),
    ],
)
def test_of_several_that_were_missed_the_newest_is_made_up_for_and_the_others_are_named(
    recurrence: Digest, now: str, day: str, passed_over: list[str]
) -> None:
    last = date(2026, 10, 31)
    found = find_due_times(recurrence, NEW_YORK, since=LONG_AGO, last=last, now=utc(now))
    assert [f"{one:%Y-%m-%d}" for one in found] == [day, *reversed(passed_over)]


def test_what_was_missed_before_it_began_is_not_named() -> None:
    found = find_due_times(
        weekly(), NEW_YORK, since=utc("2026-11-10 12:00"), last=None, now=utc("2026-11-26 12:00")
    )
    assert [one.date().day for one in found] == [20, 13]


def test_the_next_one_is_of_a_day_that_was_not_seen_to_by_hand_before() -> None:
    now = utc("2026-11-27 18:00")
    assert find_next_due(weekly(), NEW_YORK, last=None, now=now).date() == date(2026, 11, 27)
    made_today = find_next_due(weekly(), NEW_YORK, last=date(2026, 11, 27), now=now)
    assert named(made_today) == (date(2026, 12, 4), utc("2026-12-04 21:00"))
    first = find_next_due(monthly(1), NEW_YORK, last=date(2027, 1, 1), now=now)
    assert first.date() == date(2027, 2, 1)


def test_the_day_is_that_of_the_zone_not_of_london() -> None:
    saturday_in_sydney = utc("2026-11-27 20:00")
    occurrence = newest(weekly(6, "06:00"), "Australia/Sydney", saturday_in_sydney)
    assert named(occurrence) == (date(2026, 11, 28), utc("2026-11-27 19:00"))
