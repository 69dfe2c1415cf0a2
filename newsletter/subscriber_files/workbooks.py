"""Read the table of a workbook as CSV."""

import csv
import hashlib
import io
from datetime import datetime, time

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from newsletter.documents.sandbox import read_isolated
from newsletter.domain.errors import InvalidInput
from newsletter.domain.wording import say
from newsletter.subscriber_files.encodings import MemoryFile, Source, readable

_SUFFIXES = frozenset({".xlsx", ".ods"})


def as_table(source: Source) -> Source:
    """Return the table of a workbook as CSV, and any other file unchanged. Raises InvalidInput."""
    if source.suffix.lower() not in _SUFFIXES:
        return source
    with readable(str(source)), source.open("rb") as file:
        data = file.read()
    table = read_isolated(
        "newsletter.subscriber_files.workbooks:read_workbook",
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
