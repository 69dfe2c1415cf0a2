"""Statement files that we write ourselves."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.errors import InvalidInput, Refused
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.statement import MAX_SLUG_CHARS, SLUG, Progress, Statement
from newsletter.sources.desk import draft_as_file
from newsletter.sources.folder import FolderSource, mark_for_review, path_for_title, write_new
from newsletter.sources.statements import Defaults, parse_statement, slugify
from tests.properties import examples
from tests.rows import rows

AWKWARD = [
    "no",
    "~",
    "012",
    "22:22",
    "2011-09-21",
    "1e3",
    "1_000",
    ".inf",
    "=",
    "<<",
    "Forum: resigns",
    "Forum resigns:",
    "Forum wins #1 spot",
    "#1",
    "- item",
    "? key",
    "*star",
    "&anchor",
    "!tag",
    "%directive",
    "@at",
    "`tick`",
    "[list]",
    "{map}",
    "a, b",
    '"quoted"',
    "it's",
    "back\\slash",
    "“typographic” – ‘quotes’…",
    "Đường dây nóng 📣",
    "trailing\u00a0",
    "a\u2028b",
    "tab\tinside",
    "bell\x07",
    "two\nlines",
    "\ufeffmark",
    "del\x7f",
    "next\x85line",
    "---",
    "...",
    "null",
    "Yes",
    "a: b: c",
    "| pipe",
    "> fold",
]
LETTERS = "".join(map(chr, range(256))) + (
    "’“”–…ŁøßÆİıſ½声明한اע📣🏽\ufb01\u0301\u200b\u200d\u202e\u2028\ufeff\ufffd"
)
"""All letters of one byte, and others with rules of their own: case, folding, direction."""


@rows(
    ("title", "slug"),
    [
        (
            "Forum Resigns From Secure Communities Taskforce",
            "forum-resigns-from-secure-communities-taskforce",
        ),
        ("Attorney’s Office: $1.2 Million", "attorneys-office-1-2-million"),
        ("It's “here” — today!", "its-here-today"),
        ("Más información para José", "mas-informacion-para-jose"),
        ("Straße nach Łódź, Ærø", "strasse-nach-lodz-aero"),
        ("  --  ", "statement"),
        ("2", "statement-2"),  # the commands read 2 as the number of a campaign
        ("9" * 100, f"statement-{'9' * 70}"),
        ("声明", "statement"),
        ("x" * 100, "x" * 80),
        ("½ price", "12-price"),
    ],
)
def test_a_slug_is_made_of_plain_words(title: str, slug: str) -> None:
    assert slugify(title) == slug


@pytest.mark.parametrize("language", ["de", "de-AT"])
@pytest.mark.parametrize(
    "title", ["Wir müssen über Öl reden", "Wir mu\u0308ssen u\u0308ber Öl reden"]
)
def test_a_german_slug_spells_umlauts_with_an_e(title: str, language: str) -> None:
    assert slugify(title, language) == "wir-muessen-ueber-oel-reden"
    assert slugify(title, "sv") == "wir-mussen-uber-ol-reden"


@examples(100)
@given(st.one_of(st.sampled_from([*AWKWARD, "a" * 79 + " b", "x" * 81]), st.text(LETTERS)))
def test_every_slug_is_one_that_the_domain_takes(title: str) -> None:
    slug = slugify(title)

    assert re.fullmatch(SLUG, slug)
    assert len(slug) <= MAX_SLUG_CHARS


def test_a_long_title_is_cut_between_words() -> None:
    assert slugify("word " * 40) == "-".join(["word"] * 16)


def test_titles_without_a_latin_letter_get_files_of_their_own(tmp_path: Path) -> None:
    for title, name in [
        ("بيان المنتدى", "statement"),
        ("声明", "statement-2"),
        ("Заява", "statement-3"),
        ("声明 2026", "statement-2026"),
        ("Заява 2026", "statement-2026-2"),
        ("Forum leaves", "forum-leaves"),
        ("Forum leaves", "forum-leaves"),  # one that tells itself from others is never numbered
    ]:
        path = path_for_title(tmp_path, title)
        assert path == tmp_path / f"{name}.md"
        path.touch()


def assert_reads_back(value: str) -> None:
    text = draft_as_file(DraftText(title=value, summary=value, subject=value, body="Body."))
    header = text.split("\n---\n", 1)[0].removeprefix("---\n")

    read = yaml.safe_load(header)

    assert read["title"] == read["summary"] == read["subject"] == value


@rows("value", AWKWARD)
def test_a_text_that_yaml_takes_for_something_else_reads_back_as_it_was(value: str) -> None:
    assert_reads_back(value)


@examples(40)
@given(st.text(LETTERS, min_size=1).filter(str.strip))
def test_every_text_reads_back_as_it_was(value: str) -> None:
    assert_reads_back(value)


def test_a_plain_title_needs_no_quotes_and_what_is_empty_is_left_out() -> None:
    assert draft_as_file(DraftText(title="Forum resigns", body="\nBody.\n\n")) == (
        "---\ntitle: Forum resigns\nstatus: draft\n---\nBody.\n"
    )


def test_a_suggested_end_of_an_embargo_is_a_comment_until_a_person_takes_the_mark_away() -> None:
    held = DraftText(title="Forum resigns", body="Body.", embargo="EMBARGOED: Friday")
    text = draft_as_file(held, embargo_suggested="2026-06-05 10:00")
    assert '\nembargo: "EMBARGOED: Friday"\n# embargo_until: 2026-06-05 10:00\n' in text
    defaults = Defaults(lists=("press",), language="en", timezone="UTC")
    read = parse_statement(text.encode(), file="a.md", defaults=defaults).statement
    assert (read.embargo, read.embargo_until) == ("EMBARGOED: Friday", None)
    set_now = parse_statement(
        text.replace("# embargo_until", "embargo_until").encode(), file="a.md", defaults=defaults
    ).statement
    assert set_now.embargo_until == datetime(2026, 6, 5, 10, 0)  # noqa: DTZ001 # a wall time


def test_a_statement_survives_being_written_and_read(tmp_path: Path) -> None:
    text = DraftText(
        title="Forum: resigns #1",
        body="First.\n\n---\n\nSecond.",
        date="2011-09-21",
        summary="no",
        subject="012",
        language="no",
    )
    file = draft_as_file(text, author="writer+press@forum.example", progress=Progress.APPROVED)
    write_new(tmp_path / "statements" / "a.md", file.encode())

    reading = FolderSource(
        folder=Path("statements"),
        workspace=tmp_path,
        defaults=Defaults(lists=("press",), language="en", timezone="America/New_York"),
    ).read()

    assert reading.faults == ()
    assert tuple(replace(one, places=()) for one in reading.statements) == (
        Statement(
            slug="a",
            title="Forum: resigns #1",
            body="First.\n\n---\n\nSecond.",
            date=date(2011, 9, 21),
            summary="no",
            subject="012",
            author="writer+press@forum.example",
            progress=Progress.APPROVED,
            lists=("press",),
            language="no",
            origin="statements/a.md",
        ),
    )


def test_a_file_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("mine")

    with pytest.raises(Refused, match="exists already and is left as it is; choose another slug"):
        write_new(path, b"yours")

    assert path.read_text() == "mine"


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(tmp_path / "elsewhere.md")

    with pytest.raises(Refused):
        write_new(tmp_path / "a.md", b"text")

    assert not (tmp_path / "elsewhere.md").exists()


def test_a_draft_behind_a_link_is_marked_where_it_lies(tmp_path: Path) -> None:
    file, link = tmp_path / "file.md", tmp_path / "link.md"
    file.write_text("status: draft\n")
    link.symlink_to(file)
    mark_for_review(link, 1)
    assert link.is_symlink()
    assert file.read_text() == "status: review\n"


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"File name too long: '.*x\.md'"):
        write_new(tmp_path / f"{'x' * 300}.md", b"text")


@rows(
    ("line", "then"),
    [
        ("status: draft", "status: review"),
        ('status:   "draft"  # not yet', "status:   review  # not yet"),
    ],
)
def test_handing_in_changes_the_one_line_and_nothing_else(
    tmp_path: Path, line: str, then: str
) -> None:
    path = tmp_path / "news.md"
    text = "---\r\ntitle: A draft\r\n{}\r\n---\r\nstatus: draft\r\n"
    path.write_bytes(text.format(line).encode())
    mark_for_review(path, 3)
    assert path.read_bytes() == text.format(then).encode()
    with pytest.raises(Refused, match="write status: review"):
        mark_for_review(path, 3)


def test_handing_in_says_what_to_write_where_the_file_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="write status: review into it"):
        mark_for_review(tmp_path / "none.md", 3)
    (tmp_path / "short.md").write_text("x")
    with pytest.raises(Refused):
        mark_for_review(tmp_path / "short.md", 3)
