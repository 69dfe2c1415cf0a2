"""The fields of a text at the desk, as a statement or as faults."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.schedule import LocalTime
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.statement import Progress, Statement
from newsletter.sources.desk import draft_as_file, draft_text, parse_draft
from newsletter.sources.statements import Defaults, Parsed, parse_statement, slugify
from tests.rows import rows

KEY = "a" * 16
DEFAULTS = Defaults(lists=("press",), language="en", timezone="America/New_York")
TEXT = DraftText(title="Library hours", body="It opens at 9.")


def read(text: DraftText, **how: Any) -> Parsed:
    asked = {"key": KEY, "writers": ("ana@forum.example",), "defaults": DEFAULTS} | how
    return parse_draft(text, **asked)


def statement(text: DraftText, **how: Any) -> Statement:
    parsed = read(text, **how)
    assert parsed.faults == ()
    assert parsed.statement is not None
    return parsed.statement


def test_a_title_and_a_text_are_enough_where_there_are_default_lists() -> None:
    assert statement(TEXT, writers=("ana@forum.example", "ben@forum.example")) == Statement(
        slug="library-hours",
        title="Library hours",
        body="It opens at 9.",
        lists=("press",),
        language="en",
        author="ana@forum.example",
        writers=("ana@forum.example", "ben@forum.example"),
        desk=KEY,
        progress=Progress.REVIEW,
        origin=f"desk/drafts/{KEY}",
        places=(("body", 1),),
    )


def test_a_slug_stays_whatever_becomes_of_the_title() -> None:
    assert statement(TEXT, slug="hours").slug == "hours"


def test_what_was_taken_back_is_a_draft() -> None:
    assert statement(TEXT, taken_back=True).progress is Progress.DRAFT


def test_what_nobody_has_written_yet_is_told_in_the_words_of_the_page() -> None:
    bare = Defaults(lists=(), language="en", timezone="America/New_York")
    faults = read(DraftText(), defaults=bare).faults
    assert [(one.key, one.message) for one in faults] == [
        ("title", "write a title"),
        ("body", "write the text"),
        ("lists", "choose at least one list"),
    ]


def test_a_title_of_blanks_is_none() -> None:
    assert [one.key for one in read(replace(TEXT, title="  ")).faults] == ["title"]


@rows(
    ("typed", "at"),
    [
        ("2026-12-01 09:00", datetime(2026, 12, 1, 9)),  # noqa: DTZ001 - a wall time
        ("2026-12-01T09:00", datetime(2026, 12, 1, 9)),  # noqa: DTZ001 - as a browser writes it
        ("1 Dec 2026, 9am", datetime(2026, 12, 1, 9)),  # noqa: DTZ001 - in words
        ("Tuesday 1 December 2026 at 09:00", datetime(2026, 12, 1, 9)),  # noqa: DTZ001 - the same
        ("1 December 2026, 14:00 UTC", datetime(2026, 12, 1, 14, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(typed: str, at: datetime) -> None:
    read = statement(replace(TEXT, send_at=typed, embargo_until=typed))
    assert (read.send_at, read.embargo_until) == (at, at)


def test_a_welcome_email_comes_back_and_goes_with_nothing_that_divides_readers() -> None:
    text = replace(TEXT, welcome=True)
    assert draft_text(statement(text)) == replace(text, lists=("press",), language="en")
    fields = {"corrects": "example", "translation_of": "example", "send_at": "09:00 local"}
    for field, value in fields.items():
        [fault] = read(replace(text, **{field: value})).faults  # type: ignore[arg-type] # a text
        assert (fault.key, "welcome" in fault.message) == (field, True)


def test_an_hour_by_each_readers_own_clock_is_read() -> None:
    local = statement(replace(TEXT, send_at="2026-12-01 09:00 local")).local_time
    assert local == LocalTime(at=time(9), day=date(2026, 12, 1))


@rows(
    ("field", "typed", "said"),
    [
        ("send_at", "tomorrow 9am", "depends on the day. Write the date"),
        ("send_at", "3/4/2026 9:00", "can be 3 Apr or 4 Mar"),
        ("send_at", "2026-13-01 09:00", "there is no day 2026-13-01"),
        ("send_at", "2026-03-08 02:30", "does not exist in America/New_York"),
        ("embargo_until", "2026-11-01 01:30", "comes twice in America/New_York"),
        ("date", "yesterday", "is not a date"),
        ("language", "Klingon!", "is not a language tag"),
        ("title", "one\ntwo", "write it as one line"),
        ("corrects", "Not a slug", "is not of small letters"),
        ("segment", "nobody", "is not a segment"),
        ("summary", "a\u2028b", "write it as one line"),
        ("title", "gnp.\u202eexe", "holds the control character U+202E"),
        ("subject", "a\u200bb", "holds the control character U+200B"),
    ],
)
def test_what_was_typed_wrong_is_told_at_its_field(field: str, typed: str, said: str) -> None:
    [fault] = read(replace(TEXT, **{field: typed})).faults
    assert (fault.key, fault.line) == (field, 0)
    assert said in fault.message


def test_what_a_text_may_not_hold_is_told_with_its_line() -> None:
    [fault] = read(replace(TEXT, body="\n\none\ntwo\x07\nthree")).faults
    assert (fault.key, fault.line) == ("body", 4)
    assert "U+0007" in fault.message


def test_the_lines_of_a_text_are_counted_where_it_was_written() -> None:
    assert statement(replace(TEXT, body="\n \n\nIt opens.")).line_of("body") == 4


FULL = Statement(
    slug="hours",
    title="Hours: a “new” #1",
    body="# Why\n\nBecause.",
    lists=("press", "events"),
    language="pt-BR",
    date=date(2026, 11, 24),
    summary="In short",
    subject="Hours",
    preview="Look here",
    reply_to="desk@forum.example",
    send_at=datetime(2026, 12, 1, 9, 0, 30),  # noqa: DTZ001 - a wall time
    embargo_until=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
    embargo="Embargoed",
    translation_of="horario",
    corrects="earlier",
    urgent=True,
)


def test_every_field_of_a_statement_is_one_of_the_text() -> None:
    text = draft_text(FULL)
    kept = {"author", "writers", "desk", "origin", "places", "progress"}
    for name, value in vars(statement(text, slug="hours")).items():
        if name not in kept:
            assert value == getattr(FULL, name), name
    local = replace(FULL, corrects="", send_at=None, local_time=LocalTime(at=time(9)))
    assert draft_text(local).send_at == "09:00 local"
    bare = Statement(slug="bare", title="Bare", body="x", lists=(), language="en")
    assert draft_text(bare) == DraftText(title="Bare", body="x", language="en")


def test_the_file_of_a_text_says_whose_it_is_and_that_it_is_a_draft() -> None:
    file = draft_as_file(TEXT, slug="library-hours", author="ana@forum.example")
    assert file == (
        "---\ntitle: Library hours\nslug: library-hours\nauthor: ana@forum.example\n"
        "status: draft\n---\nIt opens at 9.\n"
    )


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@given(WORDS, WORDS, WORDS, WORDS)
def test_whatever_is_typed_the_file_of_a_text_says_what_the_text_says(
    title: str, body: str, summary: str, time: str
) -> None:
    text = DraftText(title=title, body=body, summary=summary, send_at=time).cleaned()
    at_the_desk = read(text)
    file = draft_as_file(text, slug=slugify(text.title), progress=Progress.REVIEW).encode()
    in_a_folder = parse_statement(file, file=f"{KEY}.md", defaults=DEFAULTS)
    if at_the_desk.statement is None:
        assert at_the_desk.faults
        return
    assert in_a_folder.statement is not None
    for name in ("slug", "title", "body", "summary", "send_at", "local_time", "lists", "language"):
        assert getattr(in_a_folder.statement, name) == getattr(at_the_desk.statement, name)
