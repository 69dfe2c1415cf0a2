"""The small readers: times, languages, encodings, and what YAML makes of plain values."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import yaml

from newsletter.domain.errors import InvalidInput
from newsletter.domain.setting import control_in_value
from newsletter.domain.wording import did_you_mean
from newsletter.formats.scalars import misreading, plain_tag, quote, write_scalar
from newsletter.formats.text import decode_utf8
from newsletter.formats.times import (
    language_objection,
    read_date,
    read_day_or_instant,
    read_time,
    zone_objection,
)
from tests.rows import rows


@rows(
    ("value", "meaning"),
    [
        ("no", "false"),
        ("On", "true"),
        ("~", "nothing"),
        ("", "nothing"),
        ("012", "the number 10"),
        ("0x1F", "the number 31"),
        ("22:22", "the number 1342"),
        ("1.50", "the number 1.5"),
        ("2011-09-21", "a date"),
        ("2011-02-31", "a date"),
        ("<<", "a merge key"),
        ("=", "a default value"),
        ("9" * 5000, "a number"),
        ("0x" + "f" * 5000, "a number"),
        ("1" + ":1" * 5000, "a number"),
        ("word", ""),
        ("nobody", ""),
        ("1e3", ""),
        ("2011-09-21 14:00", ""),
    ],
)
def test_what_yaml_makes_of_a_plain_value_is_said_in_words(value: str, meaning: str) -> None:
    assert misreading(value) == meaning


@rows("value", ["no", "012", "22:22", "1.5", "word", "2011-09-21", "~", "y", "1e3"])
def test_the_tag_of_a_plain_value_is_the_parsers_own(value: str) -> None:
    node = yaml.compose(value, Loader=yaml.SafeLoader)

    assert plain_tag(value) == node.tag


@rows("value", ["no", "it's", 'say "yes"', "back\\slash", 'it\'s "so"'])
def test_a_suggestion_in_quotes_reads_back_as_it_was(value: str) -> None:
    assert yaml.safe_load(quote(value)) == value
    assert yaml.safe_load(write_scalar(value)) == value


def test_a_near_word_is_suggested_and_else_all_are_told() -> None:
    assert did_you_mean("Titel", ["title", "date"]) == "; did you mean title?"
    assert did_you_mean("x", ["title", "date"], is_listed=True) == "; known are title, date"


@rows(
    ("value", "time"),
    [
        ("2011-09-21 14:00", datetime(2011, 9, 21, 14)),  # noqa: DTZ001 # a wall time
        ("2011-09-21T14:00:05.5", datetime(2011, 9, 21, 14, 0, 5, 500_000)),  # noqa: DTZ001 # the same
        ("2011-09-21t14:00z", datetime(2011, 9, 21, 14, tzinfo=UTC)),
        (
            "2011-09-21 14:00:05 -04:00",
            datetime(2011, 9, 21, 14, 0, 5, tzinfo=timezone(timedelta(hours=-4))),
        ),
        (
            "2011-09-21  14:00+0530",
            datetime(2011, 9, 21, 14, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        ),
    ],
)
def test_a_time_is_read_with_or_without_seconds_and_offset(value: str, time: datetime) -> None:
    assert read_time(value) == time
    assert read_time(value).tzinfo == time.tzinfo


@rows(
    "value",
    [
        "2011-09-21",
        "14:00",
        "2011-09-21 2pm",
        "2011-09-21 9:00",
        "2011-13-01 14:00",
        "2011-09-21 24:00",
        "2011-09-21 14:00+25:00",
        "２０１１-09-21 14:00x",
    ],
)
def test_what_is_no_time_is_refused_with_what_to_write(value: str) -> None:
    with pytest.raises(ValueError, match="; write"):
        read_time(value)


def test_dates_are_read_or_refused_with_what_to_write() -> None:
    assert read_date("2011-09-21") == date(2011, 9, 21)
    for value in ("2011-9-21", "21.9.2011", "2011-02-29", "2011-09-21 14:00", "20110921", ""):
        with pytest.raises(ValueError, match="; write"):
            read_date(value)


def test_an_instant_is_in_utc_whatever_offset_was_written() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert read_day_or_instant("2024-05-01 12:00") == noon
    assert read_day_or_instant("2024-05-01 14:00+02:00").tzinfo is UTC
    assert read_day_or_instant("2024-05-01 14:00+02:00") == noon
    for value in ("0001-01-01 00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        with pytest.raises(ValueError, match="out of the calendar's range"):
            read_day_or_instant(value)


@rows("name", ["Europe/Berlin", "America/Argentina/Ushuaia", "UTC"])
def test_zones_of_the_database_are_taken(name: str) -> None:
    assert zone_objection(name) == ""


@rows(
    ("name", "hint"),
    [
        ("Berlin", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("America/New York", "did you mean America/New_York?"),
        ("../../etc/passwd", "write one like Europe/Berlin"),
        ("/etc/localtime", "write one like Europe/Berlin"),
        ("localtime", "write one like Europe/Berlin"),
        ("America", "write one like Europe/Berlin"),
    ],
)
def test_what_is_no_zone_is_refused_with_a_hint(name: str, hint: str) -> None:
    assert hint in zone_objection(name)


def test_languages_are_tags_not_words() -> None:
    assert [language_objection(tag) for tag in ("en", "pt-BR", "zh-Hant-TW", "fil")] == [""] * 4
    for tag in ("english", "e", "en_US", "en-", "日本", "en us"):
        assert "is not a language tag" in language_objection(tag)


def test_control_characters_are_found_and_named() -> None:
    assert control_in_value("plain “text” é 📣") == ""
    assert control_in_value("a\nb") == "a line break (U+000A)"
    assert control_in_value("a\u2028b") == "a line break (U+2028)"
    assert control_in_value("a\tb") == "the control character U+0009"
    for sign in "\u202a\u202e\u2066\u2069\u200b\u2060\ufeff\ud800":
        assert control_in_value(f"a{sign}b") == f"the control character U+{ord(sign):04X}"
    # parts of names in Persian, Hindi, Hebrew and of emoji
    assert control_in_value("می\u200cخواهم क्\u200dष א\u200e1\u200f\u061c👩\u200d🚀") == ""


def test_utf8_is_decoded_with_its_mark_and_its_line_ends() -> None:
    assert decode_utf8(b"\xef\xbb\xbfa\r\nb\rc\td\n", file="x") == "a\nb\nc\td\n"


@rows(
    ("data", "told"),
    [
        (b"one\r\ntwo\x0c\rthree\x00", "x:2:4: holds the control character U+000C, which is inv"),
        ("é\u2028".encode(), "x:1:2: holds a line break (U+2028), which is invisible"),
        (b"one\r\xc3\xa9\xe9", "x:2:2: holds 0xe9 here, which is not UTF-8; save the file"),
        (b"\xed\xa0\x80", "x:1:1: holds 0xed here, which is not UTF-8"),
        (b"\xff\xfea\x00", "x:1: is UTF-16; save the file as UTF-8"),
    ],
)
def test_what_is_no_text_is_told_with_its_line_and_column(data: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{re.escape(told)}"):
        decode_utf8(data, file="x")
