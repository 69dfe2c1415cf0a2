"""Markdown files: the text stays as it is written, and title and date are found."""

import re
from datetime import date
from pathlib import Path

import pytest

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.draft import MAX_BODY_CHARS
from tests.rows import rows
from tests.unit.documents.corpus import CORPUS, shared

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."


def imported(text: str) -> ImportedDocument:
    return import_file(text.encode(), today=TODAY, file="a.md")


def test_title_and_date_come_from_front_matter_and_nothing_that_decides_does() -> None:
    document = imported(
        f"---\ntitle: {TITLE}\ndate: 2024-05-03T10:00:00Z\nsummary: In short\nstatus: approved\n"
        f"approved_by: [a@forum.example]\nembargo_until: 2024-05-04\n---\n\n{FIRST}\n"
    )

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    assert (document.summary, document.body) == ("In short", FIRST)
    assert [(one.line, one.text) for one in document.dropped] == [
        (5, "status: approved"),
        (6, "approved_by:"),
        (7, "embargo_until: 2024-05-04"),
    ]
    assert document.notes == ("Line 7 speaks of an embargo: enter its end (embargo_until).",)


def test_a_language_comes_from_front_matter_and_a_title_has_no_footnote() -> None:
    text = f"---\nlanguage: cy\n---\n\n# {TITLE}[^1]\n\n{FIRST}\n\n[^1]: In part.\n"
    document = imported(text)
    assert (document.title, document.language) == (TITLE, "cy")
    assert any("The title had a footnote" in note for note in document.notes)
    assert not any("footnote" in one for one in imported(text.replace("[^1]\n", "\n")).notes)


@rows(
    "heading", [f"# {TITLE}", f"{TITLE}\n====", f"## **{TITLE}** ##", f"Example Forum\n\n# {TITLE}"]
)
def test_without_front_matter_the_first_heading_is_the_title(heading: str) -> None:
    document = imported(f"{heading}\n\nMay 3, 2024\n\n{FIRST}\n\n## Next\nMore of it.\n\n###\n")

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    assert document.body == f"{FIRST}\n\n## Next\nMore of it."


@rows("unseen", ["\x00", "\u200b"])
def test_a_paragraph_of_nothing_that_can_be_seen_is_none(unseen: str) -> None:
    document = imported(f"{unseen}\n\n# {TITLE}\n\n{FIRST}\n\n{unseen}\n")
    assert (document.title, document.body) == (TITLE, FIRST)
    with pytest.raises(InvalidInput, match="no text below it"):
        imported(f"! ! !{TITLE}\n\n{unseen}\n")
    with pytest.raises(InvalidInput, match="holds no text"):
        imported(f"{unseen}\n\n{unseen}\n")


def test_a_german_date_is_one_though_markdown_takes_it_for_an_item() -> None:
    assert imported(f"# {TITLE}\n\n6. Mai 2024\n\n{FIRST}\n").date == date(2024, 5, 6)


@rows("mark", ["###", "# # #"])
def test_the_mark_of_the_end_is_no_text(mark: str) -> None:
    assert imported(f"# {TITLE}\n\n{FIRST}\n\n{mark}\n\nContact: Ana\n").body.startswith(FIRST)


def test_the_text_stays_as_it_is_written() -> None:
    body = (
        f"{FIRST}\n\n* loose\n\n  item\n\n\n```\n# no heading\n\n--- code\n```\n\n"
        "    indented\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nLine one  \nline two[^1] <b>x</b> \\*\n\n"
        "[^1]: Note.\n\n"
        "[link]: https://forum.example\n\n~~~\nnever closed\n\nFOR IMMEDIATE RELEASE"
    )

    assert imported(f"# {TITLE}\n\n{body}\n").body == body
    assert imported(f"---\ntitle: {TITLE}\n---\n{body}\n").body == body


@rows(
    ("text", "words"),
    [
        ("+++\ntitle = 'x'\n+++\nText.", "a.md: has front matter in TOML"),
        (f"---\ntitle: a: b\n---\n{FIRST}", "a.md:2: "),
        (f"---\n{'[' * 1000}\n---\n{FIRST}", "a.md:1: "),
        ("", "a.md: holds no text"),
        ("[" * (MAX_BODY_CHARS + 1), f"a.md: is longer than {MAX_BODY_CHARS:,} characters"),
        (f"---\ntitle: {TITLE}\n---\n", "a.md: holds no text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        imported(text)

    assert str(refused.value).startswith(words)


@rows("text", [f"---\n\n# {TITLE}\n\n{FIRST}\n", f"---\n\n{TITLE}\n\n---\n\n{FIRST}\n"])
def test_a_line_across_the_page_at_the_top_is_no_front_matter(text: str) -> None:
    assert imported(text).title == TITLE


def test_a_key_that_stands_twice_keeps_its_first_value_and_the_other_is_told_of() -> None:
    document = imported(f"---\ntitle: {TITLE}\ntitle: Another\n---\n{FIRST}")
    assert document.title == TITLE
    assert [(one.line, one.text) for one in document.dropped] == [(3, "title: Another")]


MENU = "- [Home](/)\n- [Our work](/work)\n- [Donate](/give)\n"
LINKS = "[Share on Facebook](#) [Print](#)\n\n## Related news\n\n[Spring dates](/r)\n"


def test_the_menu_and_the_links_of_a_web_page_are_left_out() -> None:
    document = imported(f"{MENU}\n{TITLE}\n\nPRESS RELEASE\n\n## Why?\n\n{FIRST}\n\n{LINKS}")
    assert (document.title, document.body) == (TITLE, f"## Why?\n\n{FIRST}")


def assert_kept_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = import_file(text.encode(), today=TODAY, file=path.name)
    kept = document.body + document.title + "".join(one.text for one in document.dropped)
    text = re.sub(r"^!?\[.{,40}\]\(\S+\)\s*$", "", text, flags=re.MULTILINE)  # links to share it

    assert document.title == text.split("\n")[0].removeprefix("# ").strip()
    assert [word for word in re.findall(r"\w+", text) if word not in kept] == []
    whole = [part.strip() for part in text.split("\n\n") if len(part.strip()) > 150]
    assert [part for part in whole if part not in document.body] == []


def test_a_release_keeps_its_title_and_each_of_its_words() -> None:
    assert_kept_whole(CORPUS / "markdown" / "01-report.md")


@pytest.mark.faults(seconds=1)
def test_a_published_release_keeps_its_title_and_each_of_its_words() -> None:
    for path in shared("corpus/markdown/0*.md"):
        assert_kept_whole(path)
