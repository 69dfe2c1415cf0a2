"""An hour by each reader's own clock: in every zone, through every clock change, once a date."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.domain.schedule import (
    ByZone,
    LocalTime,
    all_zone_times,
    every_zone,
    instant_of,
    times_by_zone,
)
from tests.rows import rows

DAY = timedelta(days=1)
YEARS = (2011, 2018, 2025, 2026)
HOURS = [time(0), time(0, 30), time(1, 30), time(2, 30), time(9), time(23, 45)]
BEFORE = [timedelta(seconds=1), *(timedelta(minutes=minutes) for minutes in (30, 60, 150, 1500))]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


ODD = [
    *("America/New_York", "America/St_Johns", "America/Godthab", "America/Santiago"),
    *("Africa/Casablanca", "Asia/Gaza", "Asia/Tokyo", "Australia/Lord_Howe", "Europe/Berlin"),
    *("Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "UTC"),
]
"""Changes by half an hour, over midnight, twice in a Ramadan, a date that never was, and none."""


def change_days(zones: Iterable[str]) -> Iterator[tuple[ZoneInfo, date]]:
    """Each day, by UTC, at which the clocks of a zone change; of zones that never do, one."""
    for name in sorted(zones):
        zone, found = ZoneInfo(name), False
        for year in YEARS:
            day = datetime(year, 1, 1, tzinfo=UTC)
            while day.year == year:
                if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset():
                    found = True
                    yield zone, day.date()
                day += DAY
        if not found:
            yield zone, date(2026, 6, 1)


@pytest.fixture(
    scope="module",
    params=["odd", pytest.param("every", marks=pytest.mark.faults(seconds=4))],
    ids="{} zones".format,
)
def changes(request: pytest.FixtureRequest) -> list[tuple[ZoneInfo, date]]:
    return list(change_days(ODD if request.param == "odd" else every_zone()))


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """The time on the clocks of a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def test_an_hour_is_the_first_instant_at_which_clocks_show_it_or_one_after_it(
    changes: list[tuple[ZoneInfo, date]],
) -> None:
    assert len(changes) > 60
    for zone, day in changes:
        for hour in HOURS:
            wall = datetime.combine(day, hour)
            found = instant_of(wall, zone.key)
            assert shown(found, zone) >= wall, (zone, wall)
            for earlier in BEFORE:
                assert shown(found - earlier, zone) < wall, (zone, wall, earlier)


def test_it_comes_once_for_each_local_date_whatever_the_clocks_do(
    changes: list[tuple[ZoneInfo, date]],
) -> None:
    """If the clocks skip the last hour of a date, it comes at the midnight after it."""
    midnights = 0
    for zone, day in changes:
        for hour in HOURS:
            days = [day + DAY * number for number in range(-1, 4)]
            each = [instant_of(datetime.combine(one, hour), zone.key) for one in days]
            found, ready = [], each[0]
            while ready <= each[-1]:
                found.append(LocalTime(at=hour).instant(zone.key, earliest=ready))
                ready = found[-1] + timedelta(seconds=1)
            assert found == sorted(set(each)), (zone, day, hour)
            for one, instant in zip(days, each, strict=True):
                if shown(instant, zone).date() != one:
                    midnights += 1
                    assert shown(instant, zone) == datetime.combine(one + DAY, time(0))
    assert midnights < 100  # Greenland in spring, and dates that islands never had


def test_all_zones_have_one_date_within_little_more_than_a_day() -> None:
    """Far less than what a batch may lie ahead."""
    for day in (date(2026, 3, 8), date(2026, 11, 1), date(2026, 12, 1)):
        for ready in (datetime(2026, 1, 1, tzinfo=UTC), None):
            local = LocalTime(at=time(9), day=day if ready else None)
            moments = times_by_zone(
                local,
                every_zone(),
                home="UTC",
                earliest=ready or datetime.combine(day, time(7), UTC),
            ).instants.values()
            assert max(moments) - min(moments) <= timedelta(hours=27)


def test_the_hour_everywhere_is_read_from_all_zones_once() -> None:
    """Each look asks for it, of each campaign that waits."""
    hour = LocalTime(at=time(7, 7))
    once = all_zone_times(hour, home="UTC", earliest=NOON)
    assert once == times_by_zone(hour, ("", *every_zone()), home="UTC", earliest=NOON)
    assert all_zone_times(hour, home="UTC", earliest=NOON) is once
    assert all_zone_times(hour, home="UTC", earliest=NOON + DAY) != once


@rows(
    ("hour", "zone", "instant"),
    [
        ("2026-12-01 09:00", "America/New_York", "2026-12-01T14:00+00:00"),
        ("2026-12-01 09:00", "Pacific/Kiritimati", "2026-11-30T19:00+00:00"),
        ("2026-12-01 09:00", "Etc/GMT+12", "2026-12-01T21:00+00:00"),
        ("2027-03-14 02:30", "America/New_York", "2027-03-14T07:00+00:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01T05:30+00:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03T15:30+00:00"),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T10:00+00:00"),
    ],
)
def test_with_a_date_it_is_one_instant_in_each_zone(hour: str, zone: str, instant: str) -> None:
    wall = at(hour)
    local = LocalTime(at=wall.time(), day=wall.date())
    assert local.instant(zone, earliest=at("2000-01-01T00:00+00:00")) == at(instant)
    late = at("2027-06-01T00:00+00:00")
    assert local.instant(zone, earliest=late) == late


@rows(
    ("ready", "zone", "instant"),
    [
        ("2026-11-24T12:00+00:00", "America/New_York", "2026-11-24T14:00+00:00"),
        ("2026-11-24T14:00+00:00", "America/New_York", "2026-11-24T14:00+00:00"),
        ("2026-11-24T14:00:01+00:00", "America/New_York", "2026-11-25T14:00+00:00"),
        ("2026-11-24T12:00+00:00", "Asia/Tokyo", "2026-11-25T00:00+00:00"),
        ("2026-10-31T13:30+00:00", "America/New_York", "2026-11-01T14:00+00:00"),
    ],
)
def test_without_a_date_it_is_the_next_that_comes(ready: str, zone: str, instant: str) -> None:
    assert LocalTime(at=time(9)).instant(zone, earliest=at(ready)) == at(instant)


def test_an_hour_that_was_there_before_clocks_went_back_over_midnight_has_been() -> None:
    """Until 2011 the clocks of St. John's went back at one minute past midnight."""
    at_midnight = LocalTime(at=time(0))
    before, again = at("2010-11-07T02:29+00:00"), at("2010-11-07T02:40+00:00")
    assert at_midnight.instant("America/St_Johns", earliest=before) == at("2010-11-07T02:30+00:00")
    assert shown(again, ZoneInfo("America/St_Johns")) == at("2010-11-06 23:10")
    assert at_midnight.instant("America/St_Johns", earliest=again) == at("2010-11-08T03:30+00:00")


def test_it_is_written_as_it_is_read() -> None:
    assert str(LocalTime(at=time(9))) == "09:00 local"
    assert str(LocalTime(at=time(9, 5), day=date(2026, 12, 1))) == "2026-12-01 09:05 local"


def test_who_has_no_zone_or_an_unknown_one_has_that_of_the_house() -> None:
    found = times_by_zone(
        LocalTime(at=time(9)),
        ["", "Asia/Tokyo", "Mars/Olympus", "../etc"],
        home="America/New_York",
        earliest=NOON,
    )
    home, tokyo = at("2026-11-24T14:00+00:00"), at("2026-11-25T00:00+00:00")
    assert found == ByZone(
        instants={"": home, "Asia/Tokyo": tokyo, "Mars/Olympus": home, "../etc": home},
        otherwise=home,
    )
    assert found.first == home
    assert ByZone(instants={}, otherwise=tokyo).first == tokyo
