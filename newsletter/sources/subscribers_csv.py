"""Subscribers from CSV as spreadsheets write it."""

import csv
import io
import re
from collections.abc import Sequence

from newsletter.sources.entries import Book, Raw, add_subscriber, unknown_key

COLUMNS = ("email", "name", "lists", "language", "timezone", "consent_source", "consent_at")
_DELIMITERS = ",;\t"
_DECLARED = re.compile(r"sep=(.)\n", re.IGNORECASE)


def read_csv(text: str, book: Book) -> None:
    """Read all rows into the book.

    The first row names the columns, in any order; the delimiter is ``,`` ``;`` or a tab, whichever
    makes sense of that row. Lists are parted by ``;``. A line ``sep=;`` above it, as Excel writes,
    is understood.
    """
    text, skipped, delimiter = _declared(text)
    delimiter = delimiter or _delimiter(text.partition("\n")[0])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    line = 1 + skipped
    try:
        for row in rows:
            if any(map(str.strip, row)):
                if columns is None:
                    columns = _columns(row, line, book)
                    if columns is None:
                        return
                else:
                    _row(row, columns, line, book)
            line = rows.line_num + 1 + skipped
    except csv.Error as error:
        book.fault(rows.line_num + skipped, "", f"is not CSV: {error}; look at its quotes")
    if columns is None:
        book.fault(1, "", f"is empty; its first row must be {','.join(COLUMNS)}")


def _declared(text: str) -> tuple[str, int, str]:
    found = _DECLARED.match(text)
    return (text[found.end() :], 1, found[1]) if found else (text, 0, "")


def _delimiter(header: str) -> str:
    def known(delimiter: str) -> int:
        names = [name.strip(' "').lower() for name in header.split(delimiter)]
        return sum(name in COLUMNS for name in names)

    return max(_DELIMITERS, key=known)


def _columns(row: Sequence[str], line: int, book: Book) -> list[str] | None:
    columns = [name.strip().lower() for name in row]
    before = len(book.faults)
    for number, name in enumerate(columns):
        if name not in COLUMNS:
            place = f"column {name!r}" if name else f"column {number + 1}, which has no name,"
            book.fault(line, "", f"{place} {unknown_key(name, COLUMNS)}")
        elif name in columns[:number]:
            book.fault(line, "", f"column {name!r} stands twice; keep one of them")
    if "email" not in columns:
        book.fault(line, "", f"has no column email; the first row must be {','.join(COLUMNS)}")
    return columns if len(book.faults) == before else None


def _row(row: Sequence[str], columns: Sequence[str], line: int, book: Book) -> None:
    book.count()
    if len(row) != len(columns):
        what = f"has {len(row)} fields, and the first row {len(columns)}"
        book.fault(line, "", f"{what}; look for a delimiter or a quote too many or too few")
        return
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=True)}
    lists = cells.pop("lists", "")
    names = [name.strip() for name in lists.split(";")] if lists else []
    if lists and not all(names):
        book.fault(
            line, "lists", f"{lists!r} names an empty list; write them like press;supporters"
        )
    raw = Raw(lists=tuple(filter(None, names)), **cells)
    add_subscriber(book, raw, lambda _: line)
