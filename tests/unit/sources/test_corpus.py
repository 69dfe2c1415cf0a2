"""Statements as press offices published them: found whole, and in their paragraphs."""

from datetime import date
from pathlib import Path

import pytest

from bench.imports import files, table
from newsletter.sources.document import import_bytes
from newsletter.sources.imported import ImportedDocument
from tests.unit.sources.accounting import accounted, crossed_gaps, reasons
from tests.unit.sources.corpus import CORPUS, SHARED, corpus_text

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 24)

ALLOWED = {
    *("above the title", "the title again", "the page's title", "the date"),
    *("for immediate release", "stands before the title", "a contact above the text"),
    *("site furniture", "other pages", "the page's own data", "the mark of the end"),
    *("a page number", "a running header", "a bullet without a text"),
    "the foot of the letterhead",
    "the vendor's line: a firm's name alone below the last paragraph",
}


def imported(name: str) -> tuple[str, ImportedDocument]:
    raw = corpus_text(name)
    return raw.decode(), import_bytes(raw, today=TODAY)


@pytest.mark.parametrize("name", CORPUS)
def test_title_and_date_are_those_that_a_reader_sees(name: str) -> None:
    _, document = imported(name)

    assert document.title == CORPUS[name].title
    assert str(document.date) == CORPUS[name].date


@pytest.mark.parametrize("name", CORPUS)
def test_each_word_is_in_its_place_once_and_each_paragraph_as_it_was_written(name: str) -> None:
    raw, document = imported(name)

    assert accounted(raw, document) == CORPUS[name].blocks
    assert crossed_gaps(raw, document) == []


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_is_left_out_but_what_is_not_of_the_statement(name: str) -> None:
    _, document = imported(name)

    assert set(reasons(document)) <= ALLOWED


@pytest.mark.parametrize("name", CORPUS)
def test_no_line_of_the_text_itself_is_left_out(name: str) -> None:
    """What is left out inside of the text is furniture: short, and no sentence."""
    _, document = imported(name)
    first = int(CORPUS[name].blocks.split()[1].partition("-")[0])
    last = int(CORPUS[name].blocks.split()[-1].partition("-")[2] or CORPUS[name].blocks.split()[-1])

    inside = [one.text for one in document.dropped if first < one.line < last]
    assert all(len(text) < 40 and not text.endswith(".") for text in inside)


def test_the_table_in_the_docs_is_what_an_import_gives() -> None:
    corpus_text("seed")
    for row in table(files(SHARED)).splitlines():
        assert row in (ROOT / "docs" / "importing.md").read_text(encoding="utf-8").splitlines()
