"""Times, numbers and names as people write them."""

from datetime import UTC, datetime

from newsletter.domain.wording import clock, listed, moment, people, plural, without_commands
from tests.rows import rows

NINE = datetime(2026, 12, 1, 9, 0, 5, tzinfo=UTC)


@rows(
    ["zone", "said"],
    [
        ("Europe/Berlin", "Tue 1 Dec 2026, 10:00 (UTC+1)"),
        ("America/New_York", "Tue 1 Dec 2026, 04:00 (UTC−5)"),
        ("Asia/Kolkata", "Tue 1 Dec 2026, 14:30 (UTC+5:30)"),
        ("UTC", "Tue 1 Dec 2026, 09:00 (UTC)"),
        ("Pacific/Kiritimati", "Tue 1 Dec 2026, 23:00 (UTC+14)"),
    ],
)
def test_a_time_names_its_day_and_how_far_the_zone_is_from_utc(zone: str, said: str) -> None:
    assert moment(NINE, zone) == said


def test_a_time_that_is_soon_is_told_to_the_second() -> None:
    assert clock(NINE, "Europe/Berlin") == "10:00:05"


@rows(
    ["names", "said"],
    [
        ([], ""),
        (["Ana"], "Ana"),
        (["Ana", "Ben"], "Ana and Ben"),
        (["Ana", "Ben", "Cleo"], "Ana, Ben and Cleo"),
        (["Ana", "Ben", "Cleo", "Dan"], "Ana, Ben, Cleo and 1 other"),
        ([*"abcdefghi"], "a, b, c and 6 others"),
    ],
)
def test_of_many_names_the_first_are_listed(names: list[str], said: str) -> None:
    assert listed(names) == said


def test_numbers_go_with_their_nouns() -> None:
    assert (people(1), people(4_213)) == ("1 person", "4,213 people")
    assert (plural(1, "thing"), plural(1_000, "thing")) == ("1 thing", "1,000 things")
    assert plural(2, "reply", "replies") == "2 replies"


@rows(
    ["said", "kept"],
    [
        ("is it right? 'newsletter segment show de' shows whom it picks", "is it right?"),
        ("nobody is there; 'newsletter resume' goes on; wait", "nobody is there; wait"),
        ("All is well. 'newsletter run' starts it", "All is well."),
        ("no end is set: set one (embargo_until), or not", "no end is set: set one, or not"),
        ("our newsletter is fine", "our newsletter is fine"),
    ],
)
def test_a_page_leaves_out_what_names_a_command(said: str, kept: str) -> None:
    assert without_commands(said) == kept
