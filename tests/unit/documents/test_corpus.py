"""Statements as press offices write them: found whole, and in their paragraphs."""

from datetime import date

import pytest

from newsletter.documents.importing import import_file
from newsletter.documents.plain_text import import_bytes
from newsletter.documents.release.imported import ImportedDocument
from tests.rows import rows
from tests.unit.documents.accounting import accounted, crossed_gaps, reasons
from tests.unit.documents.corpus import CORPUS, OURS, PUBLISHED, Expected, our_text, published_text
from tests.unit.documents.reading import shown

TODAY = date(2026, 11, 24)

ALLOWED = {
    *("above the title", "the title again", "the page's title", "the date", "the embargo"),
    *("for immediate release", "stands before the title", "a contact above the text"),
    *(
        "the kind of text",
        "site furniture",
        "other pages",
        "the page's own data",
        "the mark of the end",
    ),
    *("a page number", "a running header", "a bullet without a text"),
    "the foot of the letterhead",
    "the vendor's line",
}


def assert_as_a_reader_sees_it(data: bytes, expected: Expected) -> None:
    document = import_bytes(data, today=TODAY)
    raw = data.decode()

    assert (document.title, str(document.date)) == (expected.title, expected.date)
    assert accounted(raw, document) == expected.blocks
    assert crossed_gaps(raw, document) == []
    assert set(reasons(document)) <= ALLOWED
    assert sentences_left_out_of(document, expected.blocks) == []


def sentences_left_out_of(document: ImportedDocument, blocks: str) -> list[str]:
    """Lines left out inside of the text are furniture: short, and no sentence."""
    _, first, *_, last = blocks.replace("-", " ").split()
    inside = [one.text for one in document.dropped if int(first) < one.line < int(last)]
    return [text for text in inside if len(text) >= 40 or text.endswith(".")]


@rows("name", OURS)
def test_a_text_is_found_whole_and_as_a_reader_sees_it(name: str) -> None:
    assert_as_a_reader_sees_it(our_text(name), OURS[name])


@rows(
    ("file", "title", "blocks", "left_out"),
    [
        ("markdown/01-report.md", "Lake Watch Publishes What Nine Rivers Carry", 15, 0),
        ("markdown/02-front-matter.md", "Town Keeps Its Library Open at Night", 4, 0),
        ("pages/01-news-site.html", "Riverside Council Opens a Night Shelter for Families", 6, 6),
        ("pages/02-old-tables.html", "Museum Gives Back Forty Masks", 3, 2),
    ],
)
def test_markdown_and_pages_are_found_whole(
    file: str, title: str, blocks: int, left_out: int
) -> None:
    document = import_file((CORPUS / file).read_bytes(), today=TODAY, file=file)

    assert document.title == title
    assert len(shown(document.body)) == blocks
    assert len(document.dropped) == left_out


@pytest.mark.faults(seconds=1)
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_release_is_found_whole_and_as_a_reader_sees_it(name: str) -> None:
    assert_as_a_reader_sees_it(published_text(name), PUBLISHED[name])
