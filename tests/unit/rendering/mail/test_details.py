"""Dates, directions and preview lines."""

from datetime import UTC, date, datetime

from newsletter.rendering.languages import direction
from newsletter.rendering.mail.details import (
    date_text,
    isolate_direction,
    preheader,
    written_time,
)
from newsletter.rendering.markdown.markdown import read_markdown
from tests.rows import rows

OWN = {
    "date": "{month} {day}, {year}",
    "months": "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
}
NONE = {"date": "", "months": ""}


@rows(
    ("language", "words", "shown"),
    [
        ("en", NONE, "1 May 2024"),
        ("en-US", NONE, "May 1, 2024"),
        ("en-GB", NONE, "1 May 2024"),
        ("EN-us", NONE, "May 1, 2024"),
        ("es", NONE, "1 de mayo de 2024"),
        ("es-XX", NONE, "1 de mayo de 2024"),
        ("de", NONE, "1. Mai 2024"),
        ("fi", NONE, "1. toukokuuta 2024"),
        ("ar", NONE, "1 مايو 2024"),
        ("xx", NONE, "2024-05-01"),
        ("en-\u00e4", NONE, "1 May 2024"),
        ("en", OWN, "touko 1, 2024"),
        ("xx", {**OWN, "date": "{day}. {title}"}, "1. {title}"),
        ("en", {**OWN, "months": "one two"}, "1 May 2024"),
        ("en", {**OWN, "date": ""}, "1 May 2024"),
    ],
)
def test_dates_are_written_as_language_and_region_do_unless_the_workspace_says_how(
    language: str, words: dict[str, str], shown: str
) -> None:
    assert date_text(date(2024, 5, 1), language, words) == shown


def test_no_date_is_no_words() -> None:
    assert date_text(None, "en", NONE) == ""
    assert written_time(None, "America/New_York", "en", NONE) == ""


@rows(
    ("wall", "zone", "shown"),
    [
        (datetime(2011, 9, 21, 14, 0), "America/New_York", "21 September 2011, 14:00 EDT"),  # noqa: DTZ001
        (datetime(2011, 1, 5, 9, 30), "Europe/Berlin", "5 January 2011, 09:30 CET"),  # noqa: DTZ001
        (datetime(2011, 9, 21, 14, tzinfo=UTC), "Europe/Berlin", "21 September 2011, 16:00 CEST"),
        (datetime(2011, 9, 21, 23, tzinfo=UTC), "Asia/Dubai", "22 September 2011, 03:00 UTC+04"),
    ],
)
def test_a_time_is_told_with_its_zone(wall: datetime, zone: str, shown: str) -> None:
    assert written_time(wall, zone, "en", NONE) == shown


@rows("language", ["ar", "he", "fa", "ur", "ar-EG", "ps", "yi", "ckb", "pa-Arab"])
def test_some_languages_run_from_right_to_left(language: str) -> None:
    assert direction(language) == "rtl"


def test_all_others_run_from_left_to_right() -> None:
    assert {direction(language) for language in ("en", "es", "ja", "")} == {"ltr"}


def test_text_is_isolated_only_if_it_runs_the_other_way() -> None:
    assert isolate_direction("1 <Street>", "ltr") == "1 &lt;Street&gt;"
    assert isolate_direction("1 <Street>", "rtl") == '<span dir="ltr">1 &lt;Street&gt;</span>'
    assert isolate_direction("شارع", "ltr") == '<span dir="rtl">شارع</span>'
    assert isolate_direction("20001", "rtl") == "20001"


FILLER = "\u00a0\u200c"


def opening(body: str) -> str:
    return preheader("", read_markdown(body, "en")).rstrip(FILLER)


def test_the_summary_is_the_preheader() -> None:
    shown = preheader(" A short\nline. ", read_markdown("Body.", "en"))
    assert shown.rstrip(FILLER) == "A short line."


def test_without_a_summary_it_is_the_first_sentence_without_marks() -> None:
    body = (
        "# No\n\nThe *Forum* resigned from [the task force](https://a.example) today.[^a] Next."
        "\n\n[^a]: b"
    )
    assert opening(body) == "The Forum resigned from the task force today."


def test_sentences_are_added_until_there_are_40_characters() -> None:
    assert opening("Dear all. We have left the task force on detention. More.") == (
        "Dear all. We have left the task force on detention."
    )


def test_a_picture_before_the_text_is_passed_over() -> None:
    assert opening("![A](https://a.example/b)\n\nText\nfollows") == "Text follows"


def test_a_body_without_a_paragraph_has_no_preheader() -> None:
    assert opening("# Heading") == ""


def test_it_is_cut_at_a_word_before_130_characters() -> None:
    shown = opening("word, " * 40)
    assert len(shown) <= 130
    assert shown.endswith("word…")
    assert len(opening("x" * 200)) == 130


def test_only_a_short_preview_is_filled_up() -> None:
    assert preheader("x" * 80, ()) == "x" * 80 + FILLER * 10
    assert preheader("x" * 90, ()) == "x" * 90
