"""Read an uploaded file or text in a sandbox.

Run as a module, this is the process in the sandbox.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from newsletter.documents import isolated
from newsletter.documents.release.imported import ImportedDocument
from newsletter.documents.sandbox import WITHIN, work
from newsletter.domain.statements.draft import DraftText
from newsletter.sources.desk import draft_text
from newsletter.sources.statements import Defaults, parse_statement

_ADVICE = "copy the statement's text into a .txt file"


def read_upload(
    data: bytes, *, today: date, file: str, defaults: Defaults
) -> DraftText | ImportedDocument:
    """Read a file by the ending of ``file``. A statement file gives all of its fields.

    Raises InvalidInput.
    """
    task = {"read": "file", "today": today.isoformat(), "file": file, "defaults": defaults}
    kind: Any = DraftText | ImportedDocument
    read: DraftText | ImportedDocument = isolated.read_apart(
        kind, task, data, within=WITHIN, advice=_ADVICE, module="newsletter.sources.uploads"
    )
    return read


# --- within that process -----------------------------------------------------------------------


def handle(task: Mapping[str, Any], data: bytes) -> Iterator[Any]:
    """Read what the task names."""
    if task["file"].lower().endswith((".md", ".markdown")):
        own = parse_statement(data, file="own.md", defaults=task["defaults"])
        # only a whole one: with a fault in its head the import says what it left out instead
        if own.statement is not None:
            yield draft_text(own.statement)
            return
    yield from isolated.handle(task, data)


if __name__ == "__main__":
    work(handle)
