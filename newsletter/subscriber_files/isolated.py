"""Read uploaded files of subscribers in a sandbox, and workbooks as CSV."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import islice
from tempfile import TemporaryFile

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from newsletter.documents.sandbox import READER_FILE_GATE, CutOff, cut_off, read_isolated, stream
from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import UploadedFile
from newsletter.domain.wording import say
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.encodings import MemoryFile, Source, readable
from newsletter.subscriber_files.subscriber_file import PlacedEntry, Spool, SubscriberFile
from newsletter.subscriber_files.subscribers import TableColumn, columns_of, read_people

MAX_UPLOAD_BYTES = 32_000_000
"""The maximum size of an upload: some 500,000 people as a ZIP or a workbook."""
_READ_TIMEOUT = timedelta(minutes=5)
_MAX_ANSWER_BYTES = 256_000_000
_PEOPLE_PER_ANSWER = 250


@dataclass(frozen=True, kw_only=True)
class ReadUpload:
    """The result of reading an upload."""

    columns: tuple[TableColumn, ...] = ()
    file: SubscriberFile | None = None
    """The file; None after an error, or if a person must choose the columns first."""
    error: InvalidInput | None = None


def read_upload(upload: UploadedFile) -> ReadUpload:
    """Read an upload in a sandbox, and spool its people to a temporary file."""
    columns: list[TableColumn] = []
    file: SubscriberFile | None = None
    error: InvalidInput | None = None
    people = Spool[PlacedEntry](TemporaryFile())  # noqa: SIM115 - the spool closes it
    try:
        source = as_table(MemoryFile(name=upload.file, data=upload.body))
    except InvalidInput as unreadable:
        return ReadUpload(error=unreadable)
    instructions = Instructions(
        lists=upload.lists,
        without=upload.without,
        chosen=upload.columns,
        agreed=upload.agreed,
        omits_bad_rows=upload.omits_bad_rows,
    )
    try:
        for part in stream(
            "newsletter.subscriber_files.isolated:read_here",
            {"source": source, "instructions": instructions},
            answer=TableColumn | SubscriberFile | list[PlacedEntry],
            timeout=_READ_TIMEOUT,
            gate=READER_FILE_GATE,
            max_bytes=_MAX_ANSWER_BYTES,
        ):
            if isinstance(part, InvalidInput):
                error = part
            elif isinstance(part, TableColumn):
                columns.append(part)
            elif isinstance(part, SubscriberFile):
                file = replace(part, people=people)
            else:
                for entry in part:
                    people.add(entry)
    except CutOff as cut:
        error = cut_off(cut, file=upload.file, advice=say("split it into smaller files"))
    return ReadUpload(columns=tuple(columns), file=None if error else file, error=error)


def read_here(
    source: MemoryFile, instructions: Instructions
) -> Iterator[TableColumn | SubscriberFile | list[PlacedEntry]]:
    """Yield the columns of a table, the file, then its people, in the sandbox.

    If a person must choose columns first, yield only the columns. Raises InvalidInput.
    """
    columns = columns_of(source)
    yield from columns
    ours = [column.ours for column in columns]
    if columns and not instructions.chosen and (not all(ours) or "email" not in ours):
        return
    read = read_people(source, instructions)
    yield replace(read, people=())
    people = iter(read.people)
    # an answer for each person would take twice as long
    while part := list(islice(people, _PEOPLE_PER_ANSWER)):
        yield part


_SUFFIXES = frozenset({".xlsx", ".ods"})


def as_table(source: Source) -> Source:
    """Return the table of a workbook as CSV, and any other file unchanged. Raises InvalidInput."""
    if source.suffix.lower() not in _SUFFIXES:
        return source
    with readable(str(source)), source.open("rb") as file:
        data = file.read()
    table = read_isolated(
        "newsletter.subscriber_files.isolated:read_workbook",
        {"data": data, "file": str(source)},
        file=str(source),
        answer=str,
        advice=say("save it as CSV UTF-8, or split it"),
    )
    digest = hashlib.sha256(data).hexdigest()
    return MemoryFile(name=source.name, data=table.encode(), sha256=digest)


def read_workbook(data: bytes, file: str) -> str:
    """Return the only sheet with content as CSV. Raises InvalidInput if there are several."""
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheets = {
                about.name: book.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
                for about in book.sheets_metadata
                if about.typ is SheetTypeEnum.WorkSheet
                and about.visible is SheetVisibleEnum.Visible
            }
    except CalamineError as error:
        message = say("cannot be read as a workbook; open it and save it again, or as CSV UTF-8")
        raise InvalidInput.at(file, message) from error
    used = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
    if len(used) == 1:
        cells = [[_text(cell) for cell in row] for rows in used.values() for row in rows]
        width = 1 + max(column for row in cells for column, cell in enumerate(row) if cell)
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(row[:width] for row in cells)
        return buffer.getvalue()
    several = say("has the sheets {names}; keep the one with the people", names=", ".join(used))
    raise InvalidInput.at(file, several if used else say("is empty"))


def _text(cell: object) -> str:
    """Return a cell as text on one line: 12 for 12.0, a date for a midnight."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    elif isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    return " ".join(str(cell).split())
