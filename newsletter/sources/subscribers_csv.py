"""Subscribers from CSV as spreadsheets write it, a row at a time."""

from collections.abc import Iterator, Sequence

from newsletter.sources.book import Book
from newsletter.sources.cells import COLUMNS, SEVERAL, unguarded
from newsletter.sources.csv_files import Member, rows
from newsletter.sources.entries import Raw, subscriber, suppression, unknown_key
from newsletter.sources.tally import Located

_FIRST_ROW = "its first row names the columns, like email,name,lists"


def read_csv(member: Member, encoding: str, book: Book) -> Iterator[Located]:
    """Read all rows; what is wrong goes into the book.

    The first row names the columns, in any order; the delimiter is ``,`` ``;`` or a tab, whichever
    makes sense of that row. Names are parted by ``;``. A line ``sep=;`` above it, as Excel writes,
    is understood. A row with a reason in ``suppressed`` is a suppression; if anything else stands
    in it, then it is a subscriber as well.
    """
    body = rows(member, encoding)
    line, header = next(body, (1, []))
    if not header:
        book.fault(line, "", f"is empty; {_FIRST_ROW}")
        return
    columns = _columns(header, line, book)
    if columns is None:
        return
    for line, row in body:
        place = f"{member.name}:{line}"
        if len(row) != len(columns):
            what = f"has {len(row)} fields, and the first row {len(columns)}"
            book.fault(line, "", f"{what}; look for a delimiter or a quote too many or too few")
        else:
            cells = {name: _value(cell) for name, cell in zip(columns, row, strict=True) if cell}
            yield from _people(cells, place, line, book)


def _columns(row: Sequence[str], line: int, book: Book) -> list[str] | None:
    columns = [name.strip().lower() for name in row]
    before = len(book)
    for number, name in enumerate(columns):
        if name not in COLUMNS:
            place = f"column {name!r}" if name else f"column {number + 1}, which has no name,"
            book.fault(line, "", f"{place} {unknown_key(name, COLUMNS)}")
        elif name in columns[:number]:
            book.fault(line, "", f"column {name!r} stands twice; keep one of them")
    if "email" not in columns:
        book.fault(line, "", f"has no column email; {_FIRST_ROW}")
    return columns if len(book) == before else None


def _value(cell: str) -> str:
    value = cell.strip()
    return unguarded(value).strip() if value.startswith("'") else value


def _people(cells: dict[str, str], place: str, line: int, book: Book) -> Iterator[Located]:
    email = cells.get("email", "")
    reason = cells.pop("suppressed", "")
    gone = suppression(book, email, reason, line, "suppressed") if reason else None
    if reason and (gone is None or not any(cells[name] for name in cells if name != "email")):
        person = None
    else:
        lists, tags, left = (_names(cells.pop(name, ""), name, line, book) for name in SEVERAL)
        raw = Raw(lists=lists, tags=tags, left=left, **cells)
        person = subscriber(book, raw, lambda _: line)
    for found in (person, gone):
        if found:
            yield Located(place, found)


def _names(cell: str, column: str, line: int, book: Book) -> tuple[str, ...]:
    if not cell:
        return ()
    names = [name.strip() for name in cell.split(";")]
    if not all(names):
        example = "vip;board" if column == "tags" else "press;supporters"
        what = "an empty tag" if column == "tags" else "an empty list"
        book.fault(line, column, f"{cell!r} names {what}; write them like {example}")
    return tuple(filter(None, names))
