"""Statements in the shapes that press offices give them, and what comes of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from newsletter.documents.plain_text import import_document
from tests.rows import rows
from tests.unit.documents.accounting import accounted, crossed_gaps

TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Shape:
    """A text, and what a person makes of it: blocks are ranges of lines, the title first."""

    text: str
    title: str
    date: str
    blocks: str
    dropped: dict[int, str]
    summary: str = ""
    notes: Sequence[str] = ()


SHAPES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


@rows("name", SHAPES)
def test_a_statement_is_recognised_whatever_its_shape(name: str) -> None:
    shape = Shape(**SHAPES[name])
    document = import_document(shape.text, today=TODAY)

    assert document.title == shape.title
    assert str(document.date) == shape.date
    assert accounted(shape.text, document) == shape.blocks
    assert {one.line: one.reason for one in document.dropped} == shape.dropped
    assert document.summary == shape.summary
    assert document.notes == tuple(shape.notes)
    assert crossed_gaps(shape.text, document) == []
