"""Reads uploaded files and texts in a sandbox."""

from dataclasses import replace
from datetime import date
from typing import Any

from newsletter.documents.isolated import ADVICE
from newsletter.documents.release.imported import ImportedDocument
from newsletter.documents.sandbox import read_isolated
from newsletter.domain.statements.draft import DraftText
from newsletter.sources.desk import draft_text
from newsletter.sources.statements import Defaults, parse_statement


def read_upload(
    data: bytes, *, today: date, file: str, defaults: Defaults
) -> DraftText | ImportedDocument:
    """Read a file, of the type that the ending of its name says. Raises InvalidInput.

    A statement file gives a draft with all fields.
    """
    reader = "newsletter.sources.uploads:read_here"
    arguments = {"data": data, "today": today, "file": file, "defaults": defaults}
    kinds: Any = DraftText | ImportedDocument
    read: DraftText | ImportedDocument
    read = read_isolated(reader, arguments, file=file, answer=kinds, advice=ADVICE)
    return read


def as_draft(document: ImportedDocument, initial: DraftText) -> DraftText:
    """Return an imported document as a draft, with its other fields from ``initial``."""
    return replace(
        initial,
        title=document.title,
        body=document.body,
        date=document.date.isoformat() if document.date else "",
        summary=document.summary,
        subject=document.subject,
        embargo=document.embargo.words if document.embargo else "",
        language=document.language or initial.language,
    )


def read_here(
    data: bytes, *, today: date, file: str, defaults: Defaults
) -> DraftText | ImportedDocument:
    """Read a file in this process. Raises InvalidInput."""
    from newsletter.documents.importing import import_file  # it imports all parsers

    if file.lower().endswith((".md", ".markdown")):
        parsed = parse_statement(data, file="own.md", defaults=defaults)
        # a file with faults is imported, and the findings say what was left out
        if parsed.statement is not None:
            return draft_text(parsed.statement)
    return import_file(data, today=today, file=file)
