"""Subscribers from CSV as spreadsheets write it, a row at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.subscriber_files.csv_files import (
    COLUMNS,
    FIRST_NAME,
    LAST_NAME,
    SEVERAL,
    Member,
    column_of,
    rows,
    unguarded,
)
from newsletter.subscriber_files.entries import Raw, subscriber, suppression, unknown_key
from newsletter.subscriber_files.entry_counts import Located
from newsletter.subscriber_files.entry_reader import EntryReader

_FIRST_ROW = "its first row names the columns, like email,name,lists"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a person says of a file's columns."""

    mapped: Mapping[str, str] = field(default_factory=dict)
    """Column of ours → its header in the file."""
    lists: tuple[str, ...] = ()
    """Where everybody goes; only for a file that has no column lists."""


def read_csv(
    member: Member, encoding: str, reader: EntryReader, said: Columns
) -> Iterator[Located]:
    """Read all rows; what is wrong is noted.

    The first row names the columns, in any order, as we do or as spreadsheets do; the delimiter is
    ``,`` ``;`` or a tab, whichever makes sense of that row. Names are parted by ``;``. A line
    ``sep=;`` above it, as Excel writes, is understood. A row with a reason in ``suppressed`` is a
    suppression; if anything else stands in it, then it is a subscriber as well.
    """
    body = rows(member, encoding)
    line, header = next(body, (1, []))
    if not header:
        reader.fault(line, "", f"is empty; {_FIRST_ROW}")
        return
    columns = _columns(header, line, reader, said)
    if columns is None:
        return
    everybody = {"lists": ";".join(said.lists)} if said.lists else {}
    for line, row in body:
        place = f"{member.name}:{line}"
        if len(row) != len(columns):
            what = f"has {len(row)} fields, and the first row {len(columns)}"
            reader.fault(line, "", f"{what}; look for a delimiter or a quote too many or too few")
        else:
            filled = zip(columns, row, strict=True)
            cells = everybody | {name: _value(cell) for name, cell in filled if cell}
            yield from _entries(_with_name(cells), place, line, reader)


def _columns(row: Sequence[str], line: int, reader: EntryReader, said: Columns) -> list[str] | None:
    ours = {header.strip().lower(): name for name, header in said.mapped.items()}
    columns = [ours.get(name.strip().lower()) or _unmapped(name, said) for name in row]
    before = len(reader)
    for number, name in enumerate(columns):
        if name not in (*COLUMNS, FIRST_NAME, LAST_NAME):
            place = f"column {name!r}" if name else f"column {number + 1}, which has no name,"
            reader.fault(line, "", f"{place} {unknown_key(name, COLUMNS)}")
        elif name in columns[:number]:
            reader.fault(line, "", f"column {name!r} stands twice; keep one of them")
    for name, header in said.mapped.items():
        if name not in columns:
            reader.fault(line, "", f"has no column {header!r}, which --column {name} names")
    if "email" not in columns and "email" not in said.mapped:
        reader.fault(line, "", f"has no column email; {_FIRST_ROW}")
    if said.lists and "lists" in columns:
        reader.fault(line, "", "has a column lists; take --list away, or remove that column")
    return columns if len(reader) == before else None


def _unmapped(header: str, said: Columns) -> str:
    """What a header means that nobody mapped; not what another one was mapped to."""
    found = column_of(header)
    return header.strip().lower() if found in said.mapped else found


def _with_name(cells: dict[str, str]) -> dict[str, str]:
    """Parts of a name are the name, where no other one is given."""
    parts = [cells.pop(part, "") for part in (FIRST_NAME, LAST_NAME)]
    whole = " ".join(filter(None, parts))
    return cells | {"name": whole} if whole and not cells.get("name") else cells


def _value(cell: str) -> str:
    value = cell.strip()
    return unguarded(value).strip() if value.startswith("'") else value


def _entries(
    cells: dict[str, str], place: str, line: int, reader: EntryReader
) -> Iterator[Located]:
    email = cells.get("email", "")
    reason = cells.pop("suppressed", "")
    gone = suppression(reader, email, reason, line, "suppressed") if reason else None
    if reason and (gone is None or not any(cells[name] for name in cells if name != "email")):
        person = None
    else:
        lists, tags, left = (_names(cells.pop(name, ""), name, line, reader) for name in SEVERAL)
        raw = Raw(lists=lists, tags=tags, left=left, **cells)
        person = subscriber(reader, raw, lambda _: line)
    for found in (person, gone):
        if found:
            yield Located(place, found)


def _names(cell: str, column: str, line: int, reader: EntryReader) -> tuple[str, ...]:
    if not cell:
        return ()
    names = [name.strip() for name in cell.split(";")]
    if not all(names):
        example = "vip;board" if column == "tags" else "press;supporters"
        what = "an empty tag" if column == "tags" else "an empty list"
        reader.fault(line, column, f"{cell!r} names {what}; write them like {example}")
    return tuple(filter(None, names))
