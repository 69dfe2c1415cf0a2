"""Times, numbers and names as people write them."""

import copy
import pickle
from datetime import UTC, date, datetime

from newsletter.domain.wording import (
    Sentence,
    capitalized,
    clock,
    listed,
    moment,
    people,
    read_words,
    recognize,
    say,
    stored_words,
    untranslated,
    without_commands,
)
from tests.rows import rows

NINE = datetime(2026, 12, 1, 9, 0, 5, tzinfo=UTC)


@rows(
    ["zone", "said"],
    [
        ("Europe/Berlin", "Tue 1 Dec 2026, 10:00 Berlin"),
        ("America/New_York", "Tue 1 Dec 2026, 04:00 New York"),
        ("Asia/Kolkata", "Tue 1 Dec 2026, 14:30 Kolkata"),
        ("UTC", "Tue 1 Dec 2026, 09:00 UTC"),
        ("Pacific/Kiritimati", "Tue 1 Dec 2026, 23:00 Kiritimati"),
    ],
)
def test_a_time_names_its_day_and_its_zone(zone: str, said: str) -> None:
    assert moment(NINE, zone) == said


def test_an_hour_that_comes_twice_names_its_offset_too() -> None:
    twice = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert moment(twice, "America/New_York") == "Sun 1 Nov 2026, 01:30 New York (UTC−5)"
    assert moment(twice, "Africa/Casablanca") == "Sun 1 Nov 2026, 07:30 Casablanca"
    half = datetime(2026, 4, 4, 15, 15, tzinfo=UTC)
    assert moment(half, "Australia/Lord_Howe") == "Sun 5 Apr 2026, 01:45 Lord Howe (UTC+10:30)"
    back = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert moment(back, "Europe/London") == "Sun 25 Oct 2026, 01:30 London (UTC)"


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


@rows(
    ["said", "kept"],
    [
        ("is it right? 'newsletter segment list' shows how many it picks", "is it right?"),
        ("nobody is there; 'newsletter resume' goes on; wait", "nobody is there; wait"),
        ("All is well. 'newsletter run' starts it", "All is well."),
        ("no end is set: set one (embargo_until), or not", "no end is set: set one, or not"),
        ("our newsletter is fine", "our newsletter is fine"),
        ("a list is there too; take --list away", "a list is there too"),
    ],
)
def test_a_page_leaves_out_what_names_a_command(said: str, kept: str) -> None:
    assert without_commands(said) == kept


def test_a_text_is_recognized_as_the_sentence_of_a_pattern_with_its_values() -> None:
    words = ("skipped: {count} {why}", "{file}: {note} is unread.", "never said yes")
    patterns = tuple(map(say, words))
    found = recognize("skipped: 2 never said yes", patterns)
    assert isinstance(found, Sentence)
    assert (found, found.pattern) == ("skipped: 2 never said yes", patterns[0])
    assert isinstance(found.values["why"], Sentence)
    assert getattr(recognize("a.csv: b is unread.", patterns), "values", {})["note"] == "b"
    patterns = (*patterns, say("{one} or {one}"))  # of one value
    for text in ("skipped: 2", "a.csv: b is unread. Or not.", "never", "", "this or that"):
        assert not isinstance(recognize(text, patterns), Sentence), text


def test_an_iso_date_in_a_text_is_recognized_as_a_day() -> None:
    pattern = say("dated {date:%Y-%m-%d}", date=NINE).pattern
    found = recognize("dated 2026-12-03", [pattern])
    assert getattr(found, "values", {}) == {"date": date(2026, 12, 3)}
    for text in ("dated 2026-12-32", "dated 20261203", "dated today"):
        assert not isinstance(recognize(text, [pattern]), Sentence), text


def test_a_copy_of_a_sentence_is_one() -> None:
    said = say("{count} page", "{count} pages", count=2)
    for copied in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):  # noqa: S301 - our own
        assert (copied, copied.pattern, copied.many, copied.values) == (
            "2 pages",
            "{count} page",
            "{count} pages",
            {"count": 2},
        )


@rows(
    "text",
    [
        "a reason",
        "",
        '{"say": ["{count} people", ""], "with": {"count": 3}}',
        '{"say": ',
        say("1 person", "{count:,} people", count=4213),
        say("{why}; {by}", why=say("stopped"), by="{ana}"),
    ],
)
def test_words_are_read_as_they_were_stored(text: str) -> None:
    assert read_words(stored_words(text)) == text
    assert type(untranslated(text)) is str
    assert untranslated(text) == text


def test_a_sentence_begins_with_a_capital_unless_with_a_file_or_an_address() -> None:
    for text, told in (
        ("is empty", "Is empty."),
        ("über", "Über."),
        ("a.md is empty", "a.md is empty."),
        ("ana@forum.example is known", "ana@forum.example is known."),
    ):
        assert capitalized(text, ".") == told
