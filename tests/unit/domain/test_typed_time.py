"""Times in words: their meaning, and refusals of those that could mean two things."""

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.schedule import LocalTime
from newsletter.domain.typed_time import parse_typed_time
from tests.properties import examples
from tests.rows import rows

NEW_YORK = "America/New_York"
SUNDAY = datetime(2026, 11, 29, 18, tzinfo=UTC)
"""Sunday 29 November, 13:00 in New York."""


@rows(
    ["typed", "read"],
    [
        ("Tuesday 10am", "2026-12-01 10:00:00"),
        ("Tuesday 1 December 2026 at 09:00", "2026-12-01 09:00:00"),
        ("this tues, 10 am", "2026-12-01 10:00:00"),
        ("Sat 9:05pm", "2026-12-05 21:05:00"),
        ("tomorrow at 9am", "2026-11-30 09:00:00"),
        ("today, noon", "2026-11-29 12:00:00"),
        ("tomorrow 12pm.", "2026-11-30 12:00:00"),
        ("tomorrow, 30 Nov, 9am", "2026-11-30 09:00:00"),
        ("1 Dec 10:00", "2026-12-01 10:00:00"),
        ("the 1st of December, 9 am", "2026-12-01 09:00:00"),
        ("December 1st at 9.30 a.m.", "2026-12-01 09:30:00"),
        ("5 Jan 9am", "2027-01-05 09:00:00"),
        ("29 Feb 2028 9am", "2028-02-29 09:00:00"),
        ("Thu 3 Dec 2026, 06:00 New York", "2026-12-03 06:00:00"),
        ("13/12 9am", "2026-12-13 09:00:00"),
        ("12/13/2026 9am", "2026-12-13 09:00:00"),
        ("3.12.2026 9am", "2026-12-03 09:00:00"),
        ("1 Dec 10:00 London", "2026-12-01 10:00:00+00:00"),
        ("1 Dec 10:00 Europe/Berlin time", "2026-12-01 10:00:00+01:00"),
        ("1 Dec 9am ET", "2026-12-01 09:00:00"),
        ("1 Dec 9am EST", "2026-12-01 09:00:00"),
        ("1 Dec 9am PT", "2026-12-01 09:00:00-08:00"),
        ("1 Dec 9am UTC+2", "2026-12-01 09:00:00+02:00"),
        ("1 Dec 9am -05:30", "2026-12-01 09:00:00-05:30"),
        ("2026-12-01T09:00:30", "2026-12-01 09:00:30"),
        ("2026-11-01 01:30-04:00", "2026-11-01 01:30:00-04:00"),
        ("9am local", "09:00 local"),
        ("tomorrow 9am local time", "2026-11-30 09:00 local"),
        ("morgen um 9 Uhr", "2026-11-30 09:00:00"),
        ("Di. 1 Dez. 2026, 09:00 New York", "2026-12-01 09:00:00"),
        ("am Donnerstag, den 3. Dezember, 16.30 Uhr", "2026-12-03 16:30:00"),
        ("3. März 2027 9:30 Uhr Berlin", "2027-03-03 09:30:00+01:00"),
        ("heute 12 Uhr Ortszeit", "2026-11-29 12:00 local"),
        ("mañana a las 9:00", "2026-11-30 09:00:00"),
        ("el martes 1 de diciembre de 2026 a las 9h", "2026-12-01 09:00:00"),
        ("vie 4 dic 2026, 06:00 La Paz", "2026-12-04 06:00:00-04:00"),
        ("demain à midi", "2026-11-30 12:00:00"),
        ("mardi 1er décembre à 9h30", "2026-12-01 09:30:00"),
        ("mar. 1 déc. 2026, 09:00 New York", "2026-12-01 09:00:00"),
        ("mar 3 2027 at 9 am", "2027-03-03 09:00:00"),
        ("in 10 minutes", "2026-11-29 13:10:00-05:00"),
        ("dentro de 2 horas", "2026-11-29 15:00:00-05:00"),
        ("dans une demi-heure", "2026-11-29 13:30:00-05:00"),
        ("in einer Stunde", "2026-11-29 14:00:00-05:00"),
        ("in 2 weeks at 9am", "2026-12-13 09:00:00"),
        ("in 3 Tagen um 9", "2026-12-02 09:00:00"),
        ("après-demain à 9 heures", "2026-12-01 09:00:00"),
        ("pasado mañana a las 9 h", "2026-12-01 09:00:00"),
        ("tomorrow 14", "2026-11-30 14:00:00"),
        ("demain 9", "2026-11-30 09:00:00"),
        ("morgen früh um 9", "2026-11-30 09:00:00"),
        ("morgen 9 Uhr 30", "2026-11-30 09:30:00"),
        ("9 Uhr, 15 Dezember", "2026-12-15 09:00:00"),
        ("tomorrow morning at 9", "2026-11-30 09:00:00"),
        ("tonight 8:30", "2026-11-29 20:30:00"),
        ("heute Abend 20 Uhr", "2026-11-29 20:00:00"),
        ("mañana a las 5 de la tarde", "2026-11-30 17:00:00"),
        ("tomorrow afternoon, 3pm", "2026-11-30 15:00:00"),
    ],
)
def test_words_are_read_by_the_clocks_of_the_zone(typed: str, read: str) -> None:
    assert str(parse_typed_time(typed, zone=NEW_YORK, now=SUNDAY)) == read


@rows(
    ["typed", "said"],
    [
        ("", "Add a time"),
        ("soon", "“soon” is not a date and time"),
        ("3/12 early", "“3/12 early” is not a date and time. Write it like “3 Dec 6am”"),
        ("3/12 9am", "3/12 can be 3 Dec or 12 Mar"),
        ("next Tuesday 10am", "can be Tue 1 Dec or Tue 8 Dec"),
        ("Sunday 10am", "Today is Sunday. Write “today” or Sun 6 Dec"),
        ("tomorrow 9", "9 can be 9am or 9pm"),
        ("tomorrow", "Add a time of day"),
        ("9am", "Add a day: “today 9am”, “tomorrow 9am” or a date"),
        ("tomorrow midnight", "Midnight can begin or end the day"),
        ("tomorrow 12:00 am", "Midnight can begin or end the day"),
        ("tomorrow 13pm", "There is no 13pm"),
        ("tomorrow 25:00", "is not a date and time"),
        ("tomorrow 9am or 10am", "“or 10am” cannot be read"),
        ("tomorrow 9am-5pm", "“-5pm” cannot be read"),
        ("Wednesday 1 Dec 2026 9am", "Tue 1 Dec is a Tuesday"),
        ("tomorrow, 1 Dec, 9am", "Tomorrow is Mon 30 Nov"),
        ("30 Feb 9am", "There is no day “30 feb”"),
        ("1 Oct 9am", "The next “1 oct” is in 2027. Add the year"),
        ("29 Feb 9am", "There is no day “29 feb”"),
        ("1 Jan 0001 9am", "out of the calendar's range"),
        ("1 Dec 9am CST", "“cst” cannot be read"),
        ("1 Jul 2027 9am EST", "On that day New York has other clocks than EST"),
        ("1 Dec 9am Louisville", "can be America/Kentucky/Louisville or America/Louisville"),
        ("1 Dec 9am UTC+15", "No zone is +15 hours from UTC"),
        ("9am London local", "Leave out the zone"),
        ("14 Mar 2027 2:30am", "does not exist in America/New_York"),
        ("7 Nov 2027 1:30am", "comes twice in America/New_York"),
        ("9am" * 99, "too long"),
        ("Dienstag 9", "9 can be 9am or 9pm"),
        ("mardi prochain 10h", "can be Tue 1 Dec or Tue 8 Dec"),
        ("in 2 days", "Add a time of day"),
        ("in 10 minutes or 20", "“in 10 minutes” depends on the day"),
        ("mañana a las 12 de la noche", "There is no 12:00"),
        ("tomorrow morning 9pm", "There is no 9pm"),
    ],
)
def test_what_is_unreadable_or_has_two_meanings_is_refused(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_typed_time(typed, zone=NEW_YORK, now=SUNDAY)


@rows("typed", ["tomorrow 9am", "Tuesday 9am", "1 Dec 9am", "in 2 hours"])
def test_without_a_day_to_begin_from_only_whole_dates_are_read(typed: str) -> None:
    with pytest.raises(ValueError, match=r"depends on the day|Add the year"):
        parse_typed_time(typed, zone=NEW_YORK)


def test_tomorrow_begins_where_the_words_say() -> None:
    late = datetime(2026, 11, 29, 23, tzinfo=UTC)  # Monday in Tokyo
    assert str(parse_typed_time("tomorrow 9am Tokyo", zone=NEW_YORK, now=late)).startswith(
        "2026-12-01"
    )


PARTS = [
    "tue",
    "next",
    "1",
    "dec",
    "31",
    "/",
    ".",
    "9am",
    "09:00",
    "12",
    "pm",
    "+02",
    "-",
    "et",
    "2026",
    *("in", "dans", "10", "days", "hours", "um", "morgen", "tonight", "abend", "matin"),
]


@examples(200)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=7).map(" ".join))
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    with suppress(ValueError):
        assert isinstance(
            parse_typed_time(typed, zone="Europe/Berlin", now=SUNDAY), datetime | LocalTime
        )
