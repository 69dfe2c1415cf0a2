"""Read subscribers from CSV files or a ZIP of them, row by row, and write them."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, Any
from unicodedata import combining, normalize

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import NOTED_FIELDS, Entry, Subscriber, SuppressedEntry
from newsletter.domain.wording import say
from newsletter.subscriber_files.encodings import Member, Source, readable
from newsletter.subscriber_files.entries import EntryReader, RawEntry, parse_entry
from newsletter.subscriber_files.exports import COLUMN_NAMES, lower_case
from newsletter.subscriber_files.subscriber_file import PlacedPerson, find_encoding_fault
from newsletter.tables import load_table

OUR_COLUMNS = (
    *("email", "name", "lists", "language", "timezone", "consent_source", "consent_at"),
    *NOTED_FIELDS,
    *("tags", "paused_until", "left", "suppressed"),
)
FIRST_NAME, LAST_NAME = "first name", "last name"
"""Columns with a part of the name."""
_OTHER_COLUMNS = frozenset({FIRST_NAME, LAST_NAME, "remove_tags"})
"""Columns of an import that no export has."""
_COLUMN_OF_ALIAS: dict[str, str] = {
    alias: column
    for column, aliases in load_table("newsletter.subscriber_files", "columns.yaml").items()
    for alias in aliases
}
"""Other name of a column → our name. A space also matches ``-`` and ``_``."""


def _plain(header: str) -> str:
    """Return a header without accents: prenom for prénom."""
    return "".join(char for char in normalize("NFD", header) if not combining(char))


def column_of(header: str) -> str:
    """Return our name for a column; the header in lower case if there is none."""
    lower_header = header.strip().lower()
    spaced_header = " ".join(_plain(lower_header).replace("-", " ").replace("_", " ").split())
    for column in (spaced_header, spaced_header.replace(" ", "_")):
        if column in OUR_COLUMNS or column in _OTHER_COLUMNS:
            return column
    return _COLUMN_OF_ALIAS.get(spaced_header, lower_header)


# A spreadsheet may take these beginnings for a formula, also with full-width signs. Apostrophes
# before them belong to the pattern, so that escaping can be undone.
_FORMULA_PATTERN = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def escape_formula(cell: str) -> str:
    """Return a cell with an apostrophe before it if a spreadsheet may take it for a formula."""
    return f"'{cell}" if _FORMULA_PATTERN.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """Return the cell that ``escape_formula`` escaped; any other cell unchanged."""
    return cell[1:] if cell.startswith("'") and _FORMULA_PATTERN.match(cell) else cell


MAX_UNPACKED_BYTES = 2 << 30
"""The maximum of all unpacked files of a ZIP. A million people need a quarter of it."""
_MAX_LINE_CHARS = 1 << 20
"""A longer line is cut, and its parts are refused as broken rows."""
KNOWN_COLUMNS = _OTHER_COLUMNS.union(OUR_COLUMNS)
_WRITTEN_DATE_PATTERN = re.compile(r"(\d\d?)([./-])(\d\d?)\2(\d{4})(\D.*)?", re.ASCII)
_REASON_OF_WORD: Mapping[str, str] = {
    word: reason
    for reason, words in load_table("newsletter.subscriber_files", "reasons.yaml").items()
    for word in words
}
"""What other tools write in the column ``suppressed`` → our reason, "" for a subscriber."""
_RESTRICTING_COLUMNS = frozenset({"paused_until", "left", "suppressed"})
"""Columns by which a row asks for less email."""
IGNORED_COLUMN = "-"
"""The value of ``Instructions.chosen`` for a column that is not imported."""
_MIN_SIMILARITY = 0.8
"""A header this similar to one of our columns counts as a misspelling."""
_CONSENT_WORD_PATTERN = re.compile(
    r"status|subscri|opt.?(in|out)|bounc|complain|block|clean|suppress|consent|permission"
    r"|do.?not|active|enabled|disabled|deleted|removed"
    r"|abgemeld|abmeld|sperr|aktiv|einwillig|widerruf|geloscht"  # German
    r"|estado|suscri|baja|activo|rebot|eliminad"  # Spanish
    r"|statut|abonn|inscri|actif|bloqu|plainte|supprim"  # French
)
"""Words in the plain header of a column that may say who must not get email."""
_DELIMITER_LINE_PATTERN = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)


def members(path: Source) -> tuple[Member, ...]:
    """Return the file, or the CSV files in a ZIP. Raises InvalidInput if none can be read."""
    if path.suffix.lower() != ".zip":
        return (Member(file=str(path), name=path.name, open=lambda: path.open("rb")),)
    with readable(str(path)), _archive(path) as archive:
        tables = [
            info
            for info in archive.infolist()
            if info.filename.lower().endswith(".csv") and not info.filename.startswith("__MACOSX/")
        ]
    objection = ""
    if not tables:
        objection = say("holds no file of CSV; look at what it is")
    elif any(info.flag_bits & 1 for info in tables):  # bit 0 of PKWARE's APPNOTE 4.4.4: encrypted
        objection = say("has a password; unpack it and import its files one by one")
    elif sum(info.file_size for info in tables) > MAX_UNPACKED_BYTES:
        too_large = "unpacks to more than {limit} GiB; import its files one by one"
        objection = say(too_large, limit=MAX_UNPACKED_BYTES >> 30)
    if objection:
        raise InvalidInput.at(str(path), objection)
    return tuple(
        Member(
            file=f"{path}/{info.filename}",
            name=PurePosixPath(info.filename).name,
            open=partial(_open_unpacked, path, info),
            packed=True,
        )
        for info in tables
    )


def _archive(path: Source) -> zipfile.ZipFile:
    return zipfile.ZipFile(path if isinstance(path, Path) else path.open())


def _open_unpacked(path: Source, info: zipfile.ZipInfo) -> IO[bytes]:
    # the file stays open after the ``with``: an archive is closed with its last file
    with _archive(path) as archive:
        return archive.open(info)


def rows(member: Member, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row with content, also of the header.

    Raises InvalidInput if a row is not CSV or not in the encoding.
    """
    line = 0
    try:
        with readable(member.file), io.TextIOWrapper(member.open(), encoding, newline=None) as text:
            lines = iter(partial(text.readline, _MAX_LINE_CHARS), "")
            first = next(lines, "")
            marker = _DELIMITER_LINE_PATTERN.fullmatch(first)
            skipped_lines = 1 if marker else 0
            delimiter = marker[1] if marker else max(",;\t", key=partial(_count_columns, first))
            # strict refuses a quote that is never closed, which would swallow the rest of the file
            table = csv.reader(
                lines if marker else chain([first], lines), delimiter=delimiter, strict=True
            )
            line = skipped_lines + 1
            for row in table:
                if any(map(str.strip, row)):
                    yield line, row
                line = skipped_lines + table.line_num + 1
    except csv.Error as error:
        message = say("is not CSV here; look at the quotes")
        raise InvalidInput.at(member.file, message, line=line) from error
    except UnicodeDecodeError as error:
        raise InvalidInput([find_encoding_fault(member, encoding)]) from error


def _count_columns(header: str, delimiter: str) -> tuple[int, int]:
    """Return the number of known columns and of all columns with this delimiter."""
    names = [name.strip(' "\n').lower() for name in header.split(delimiter)]
    known = [name in COLUMN_NAMES or column_of(name) in KNOWN_COLUMNS for name in names]
    return sum(known), len(known)


AUTO_FORMAT = "auto"
"""The kind of a file whose tool its header shows."""


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """A person's instructions on how to read a file."""

    kind: str = AUTO_FORMAT
    """AUTO_FORMAT, PLAIN_FORMAT or the name of a tool."""
    lists: Sequence[str] = ()
    """The lists of all people in an export, or in a table without a column ``lists``."""
    encoding: str = ""
    """The encoding; "" to detect it."""
    without: Collection[str] = ()
    """Beginnings of the names of files that the export lacks because they would be empty."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Our column → the header in the file, for a file that is no export."""
    ignored: Sequence[str] = ()
    """The headers of columns to ignore."""
    chosen: Sequence[str] = ()
    """Our column for each column; "" to use the header, ``IGNORED_COLUMN`` to ignore it."""
    agreed: str = ""
    """The source of consent for people whose row has only the time."""
    omits_bad_rows: bool = False
    """A table is imported without its bad rows."""


def read_csv(
    member: Member, encoding: str, reader: EntryReader, instructions: Instructions
) -> Iterator[PlacedPerson]:
    """Yield the people in all rows. The reader collects the faults.

    The header has our columns or their aliases in any order. The delimiter is ``,``, ``;`` or a
    tab: the one with the most known columns, or that of Excel's first line ``sep=;``. Several names
    in a cell are separated with ``;``. A row with a reason in ``suppressed`` is a suppression, and
    also a subscriber if it has more cells than the address. A bad row that asks for less email is
    never left out.
    """
    body = rows(member, encoding)
    line, header = next(body, (1, []))
    if not header:
        reader.fault(line, "", "is empty; its first row names the columns, like email,name,lists")
        return
    columns = _columns(header, line, reader, instructions)
    if columns is None:
        return
    restricting_columns = _RESTRICTING_COLUMNS & {*columns}
    common_cells = {"lists": ";".join(instructions.lists)} if instructions.lists else {}
    dates = {
        name: partial(_write_iso, cache(partial(_is_day_first, member, encoding, number)))
        for number, name in enumerate(columns)
        if name in {"consent_at", "paused_until"}
    }
    for line, row in body:
        fault_count, asks_for_less = len(reader), restricting_columns
        if len(row) != len(columns):
            reader.fault(line, "", width_objection(row, columns))
        else:
            cells: dict[str, Any] = common_cells | {
                name: text if text[0] != "'" else unescape_formula(text).strip()
                for name, cell in zip(columns, row, strict=True)
                if name and (text := cell.strip())
            }
            cells |= {name: write(cells[name]) for name, write in dates.items() if name in cells}
            word = cells.pop("suppressed", "")
            if reason := _REASON_OF_WORD.get(_plain(word.lower()), word):
                cells["suppressed"] = reason
            asks_for_less = _RESTRICTING_COLUMNS & cells.keys()
            if instructions.agreed and "consent_at" in cells:
                cells.setdefault("consent_source", instructions.agreed)
            for person in _parse_row(cells, line, reader):
                yield PlacedPerson(f"{member.name}:{line}", person)
        reader.note_row(fault_count, can_be_omitted=not asks_for_less)


def _write_iso(is_day_first: Callable[[], bool | None], cell: str) -> str:
    """Return a date like 31/12/2026 as 2026-12-31; a cell that can be read two ways unchanged."""
    found = _WRITTEN_DATE_PATTERN.fullmatch(cell)
    if found is None or (day_first := is_day_first()) is None:
        return cell
    one, _, two, year, rest = found.groups("")
    month, day = (two, one) if day_first else (one, two)
    return f"{year}-{month:0>2}-{day:0>2}{rest}"


def _is_day_first(member: Member, encoding: str, column: int) -> bool | None:
    """Return whether all dates of a column begin with the day, not the month; None if both fit."""
    cells = (row[column].strip() for _, row in rows(member, encoding) if len(row) > column)
    found = [*filter(None, map(_WRITTEN_DATE_PATTERN.fullmatch, cells))]
    is_day = any(int(one[1]) > 12 or one[2] == "." for one in found)
    is_month = any(int(one[3]) > 12 for one in found)
    return None if is_day == is_month else is_day


def width_objection(row: Sequence[str], header: Sequence[str]) -> str:
    """Return the fault of a row that is longer or shorter than the header."""
    uneven = (
        "has {fields} fields, and the first row {columns}; look for a delimiter or a quote too many"
        " or too few"
    )
    return say(uneven, fields=len(row), columns=len(header))


def _columns(
    row: Sequence[str], line: int, reader: EntryReader, instructions: Instructions
) -> list[str] | None:
    columns = _our_columns(row, instructions)
    fault_count = len(reader)
    for number, name in enumerate(columns):
        is_twice = name in KNOWN_COLUMNS and name in columns[:number]
        twice = say("column {name!r} stands twice; keep one of them", name=name)
        if objection := twice if is_twice else why_not_ignored(name, instructions):
            reader.fault(line, "", objection)
    for name, header in instructions.headers.items():
        if name not in columns:
            absent = "has no column {header!r}, which you named for {name}"
            reader.fault(line, "", absent, header=header, name=name)
    if "email" not in columns and "email" not in instructions.headers:
        lacks = "has no column email; its first row names the columns, like email,name,lists"
        reader.fault(line, "", lacks)
    if instructions.lists and "lists" in columns:
        both = "has a column lists, and a list is chosen too: use one of them; take --list away"
        reader.fault(line, "", both)
    if len(reader) > fault_count:
        return None
    return [name if name in KNOWN_COLUMNS else "" for name in columns]


def _our_columns(row: Sequence[str], instructions: Instructions) -> list[str]:
    """Return our name for each column; the header in lower case if there is none."""
    names = {header.strip().lower(): name for name, header in instructions.headers.items()}
    if {"vorname", "name"} <= {*lower_case(row)} and "nachname" not in lower_case(row):
        names = {"name": LAST_NAME} | names
    chosen_columns = [*instructions.chosen, *[""] * len(row)]
    return [
        # a header does not count if another one was mapped to its column
        one
        or names.get(small)
        or (small if column_of(name) in instructions.headers else column_of(name))
        for one, name, small in zip(chosen_columns, row, lower_case(row), strict=False)
    ]


def ignored_columns(row: Sequence[str], instructions: Instructions) -> list[str]:
    return [
        header.strip() or f"#{number}"
        for number, (header, name) in enumerate(
            zip(row, _our_columns(row, instructions), strict=True), start=1
        )
        if name not in KNOWN_COLUMNS
    ]


def why_not_ignored(name: str, instructions: Instructions) -> str:
    """Return why a person must decide to ignore a column, or ""."""
    if not name or name in KNOWN_COLUMNS or name in lower_case(instructions.ignored):
        return ""
    near = get_close_matches(name, [*KNOWN_COLUMNS, *_COLUMN_OF_ALIAS], n=1, cutoff=_MIN_SIMILARITY)
    if near:
        misspelt = (
            "column {name!r} means nothing here; did you mean {meant}?"
            ' --ignore-column "{name}" ignores it'
        )
        return say(misspelt, name=name, meant=_COLUMN_OF_ALIAS.get(near[0], near[0]))
    doubtful = (
        "column {name!r} may say who must not be written to, and means nothing here; map it, like"
        ' --column left="…", or take those people out. --ignore-column "{name}" ignores it'
    )
    return say(doubtful, name=name) if _CONSENT_WORD_PATTERN.search(_plain(name)) else ""


def _parse_row(
    cells: dict[str, Any], line: int, reader: EntryReader
) -> Iterator[Entry | SuppressedEntry]:
    """Yield the person in the cells with content, by column."""
    if parts := [cells.pop(part) for part in (FIRST_NAME, LAST_NAME) if part in cells]:
        cells.setdefault("name", " ".join(parts))
    reason = cells.pop("suppressed", "")
    is_bare = reason and cells.keys() <= {"email"}
    for column in ("lists", "tags", "left", "remove_tags"):
        if column in cells:
            names = _split_names(cells[column])
            if not all(names):
                empty = "{cell!r} names an empty list; write them like press;supporters"
                if column in {"tags", "remove_tags"}:
                    empty = "{cell!r} names an empty tag; write them like vip;board"
                reader.fault(line, column, empty, cell=cells[column])
            cells[column] = names
    raw = RawEntry(**cells)
    return parse_entry(reader, raw, reason, lambda _: line, with_subscriber=not is_bare)


@lru_cache(maxsize=4096)
def _split_names(cell: str) -> tuple[str, ...]:
    return tuple(map(str.strip, cell.split(";")))


People = Iterable[tuple[Subscriber, str]]
"""Subscribers, each with their consent as JSON."""

_PIECE_CHARS = 1 << 16


def as_csv(people: People, suppressions: Iterable[SuppressedEntry]) -> Iterator[str]:
    """Yield a CSV file in pieces: subscribers, then ``suppressions`` of other addresses."""
    return write_table(OUR_COLUMNS, (row.values() for row in _rows(people, suppressions)))


def write_table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow(map(escape_formula, row))
        if buffer.tell() > _PIECE_CHARS:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _rows(people: People, suppressions: Iterable[SuppressedEntry]) -> Iterator[Mapping[str, str]]:
    for person, consent in people:
        consent_fields = json.loads(consent)
        row = {
            "email": person.address,
            "name": person.name,
            "lists": ";".join(person.lists),
            "language": person.language,
            "timezone": person.timezone,
            "consent_source": consent_fields.get("source") or "",
            "consent_at": consent_fields.get("at") or "",
            **person.noted,
            "tags": ";".join(person.tags),
            "paused_until": person.paused_until.isoformat() if person.paused_until else "",
            "left": ";".join(person.left),
            "suppressed": person.suppressed.value if person.suppressed else "",
        }
        if person.suppressed and not any(row[name] for name in OUR_COLUMNS[1:-1]):
            # a row with only address and reason is read as a suppression without a subscriber
            yield row | {"suppressed": ""}
        yield row
    for entry in suppressions:
        yield dict.fromkeys(OUR_COLUMNS, "") | {
            "email": entry.address,
            "suppressed": entry.reason.value,
        }
