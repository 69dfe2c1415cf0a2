"""A text at the desk: one version of it, and its pictures."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from newsletter.domain.statements.draft import (
    MAX_BLOCK_CHARS,
    MAX_BODY_CHARS,
    VERSION_PERIOD,
    Draft,
    DraftText,
    Picture,
    Version,
    VersionKind,
    writers_of_inserted,
)
from tests.fakes import NOON
from tests.rows import rows

ANA, BEN = "ana@forum.example", "ben@forum.example"
TEXT = DraftText(title="Library hours", body="It opens at 9.\n\nIt is free.", lists=("press",))
TYPED = Version(
    number=1, kind=VersionKind.TYPED, text=TEXT, by=ANA, writers=(ANA,), began_at=NOON, at=NOON
)
DRAFT = Draft(
    key="a" * 16,
    version=TYPED,
    revision=1,
    created_at=NOON,
    created_by=ANA,
    changed_at=NOON,
    changed_by=ANA,
)


def test_what_one_person_types_within_five_minutes_is_one_version() -> None:
    assert TYPED.accepts_typing(ANA, NOON)
    assert TYPED.accepts_typing(ANA, NOON + VERSION_PERIOD - timedelta(seconds=1))


def test_another_person_a_later_time_and_a_closed_version_begin_another() -> None:
    assert not TYPED.accepts_typing(BEN, NOON)
    assert not TYPED.accepts_typing(ANA, NOON + VERSION_PERIOD)
    assert not TYPED.accepts_typing(ANA, NOON - timedelta(seconds=1))
    assert not replace(TYPED, closed=True).accepts_typing(ANA, NOON)
    assert not replace(TYPED, kind=VersionKind.RESTORED).accepts_typing(ANA, NOON)


def test_a_draft_says_whether_others_look_at_it_and_whether_it_has_gone_on() -> None:
    def said(**fields: Any) -> tuple[bool, bool]:
        draft = replace(DRAFT, **fields)
        return draft.is_submitted, draft.has_unsubmitted_text

    assert said() == (False, True)
    assert said(submitted_version=1) == (True, False)
    assert said(submitted_version=7) == (True, True)
    assert said(submitted_version=1, taken_back=True) == (False, False)


def test_a_text_is_stored_with_line_ends_of_one_kind_and_nothing_that_cannot_be() -> None:
    typed = DraftText(title="a\x00b\ud800", body="one\r\ntwo\rthree", lists=("press", "press"))
    assert typed.cleaned() == DraftText(title="ab\ufffd", body="one\ntwo\nthree", lists=("press",))


def test_what_is_too_long_is_named_with_what_it_may_have() -> None:
    assert TEXT.find_overlong_fields() == {}
    assert DraftText(body="x" * (MAX_BODY_CHARS + 1), title="y" * 1001).find_overlong_fields() == {
        "title": 1000,
        "body": MAX_BODY_CHARS,
    }


LONG = "The Forum of Examples was founded in 1998 by librarians of *nine* towns, and [asks]{end}"
ABOUT = replace(
    TYPED,
    writers=(BEN,),
    text=DraftText(
        body="# About the Forum of Examples and its libraries\n\nShort.\n\n"
        "The Forum of Examples speaks for libraries.\n\n" + LONG.format(end="(x) for their rights.")
    ),
)


@rows(
    ["before", "after", "inserted"],
    [
        ("", TEXT.body, False),
        ("", "About the Forum of Examples and its libraries. Short.", False),
        ("", TEXT.with_appended(ABOUT.text.body).body, True),
        ("", "> The Forum of Examples  \n> speaks for libraries. Ask us.", True),
        ("", "The Forum of Examples speaks for books.", False),
        ("", "- " + LONG.format(end="").replace(" by ", "\nby ").replace("*", "_"), True),
        ("The Forum of Examples speaks for libraries.", "", False),
        ("The Forum of Examples speaks for libraries.", ABOUT.text.body, True),
        (ABOUT.text.body, f"{ABOUT.text.body}\n\nMore.", False),
    ],
)
def test_a_change_brings_the_words_of_a_template_whatever_an_editor_makes_of_its_marks(
    before: str, after: str, *, inserted: bool
) -> None:
    found = writers_of_inserted([ABOUT], DraftText(body=before), DraftText(body=after))
    assert {*found} == ({BEN} if inserted else set())


def test_the_words_of_a_template_that_no_editor_inserts_are_anybodys() -> None:
    longest = replace(ABOUT, text=DraftText(body="x" * MAX_BLOCK_CHARS))
    assert {*writers_of_inserted([longest], DraftText(), longest.text)} == {BEN}
    long = replace(ABOUT, text=DraftText(body="x" * (MAX_BLOCK_CHARS + 1)))
    assert writers_of_inserted([long], DraftText(), long.text) == []


def test_what_is_appended_stands_apart_and_alone_where_nothing_was() -> None:
    assert DraftText(body="One.\n\n").with_appended("\nTwo.\n\n").body == "One.\n\nTwo.\n"
    assert DraftText().with_appended("Two.").body == "Two.\n"


PICTURE = Picture(
    name="p" * 26,
    draft="a" * 16,
    kind="image/png",
    width=600,
    height=400,
    alt="The [new]  library_hall",
    by="ana@forum.example",
    at=NOON,
)


def test_a_picture_stands_in_a_text_by_its_public_address_with_its_size_and_its_words() -> None:
    assert PICTURE.markdown("https://news.forum.example") == (
        r"![The \[new\] library\_hall]"
        f"(https://news.forum.example/media/{'p' * 26}#600x400)"
    )


def test_decoration_says_so_in_its_address() -> None:
    assert replace(PICTURE, alt="").markdown("https://x.example") == (
        f"![](https://x.example/media/{'p' * 26}#600x400,decoration)"
    )
