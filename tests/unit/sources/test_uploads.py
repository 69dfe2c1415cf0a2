"""A file that is brought to the desk: a statement keeps its fields, all others are imported."""

from datetime import date
from typing import Any

from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.statements.draft import DraftText
from newsletter.sources.desk import read_here
from newsletter.sources.statements import Defaults

TASK: dict[str, Any] = {
    "today": date(2026, 11, 24),
    "file": "Hours.MD",
    "defaults": Defaults(lists=("press",), language="en", timezone="UTC"),
}


def test_a_whole_statement_keeps_its_fields() -> None:
    read = read_here(data=b"---\ntitle: Hours\nurgent: true\n---\nThe library opens.", **TASK)
    assert read == DraftText(
        title="Hours", body="The library opens.", lists=("press",), language="en", urgent=True
    )


def test_one_with_a_fault_is_imported_with_what_was_left_out() -> None:
    read = read_here(data=b"---\ntitle: Hours\nurgent: maybe\n---\nThe library opens.", **TASK)
    assert isinstance(read, ImportedDocument)
    assert read.title == "Hours"
    assert "urgent: maybe" in [line.text for line in read.dropped]
