"""Subscribers from CSV as spreadsheets write it, or several files of it in a ZIP, row by row."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.subscriber_files.entries import EntryReader, Raw, subscriber, suppression
from newsletter.subscriber_files.exports import COLUMN_NAMES
from newsletter.subscriber_files.members import Member, readable
from newsletter.subscriber_files.subscriber_file import Located, not_text

COLUMNS = (
    *("email", "name", "lists", "language", "timezone", "consent_source", "consent_at", "place"),
    *("tags", "paused_until", "left", "suppressed"),
)
FIRST_NAME, LAST_NAME = "first name", "last name"
"""Columns that are parts of a name."""
_ALIASES = {
    **dict.fromkeys(("e mail", "email address", "e mail address", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("full name", "fullname", "contact name", "display name"), "name"),
    **dict.fromkeys(("firstname", "given name", "forename"), FIRST_NAME),
    **dict.fromkeys(("lastname", "surname", "family name"), LAST_NAME),
    **dict.fromkeys(("list", "mailing list", "mailing lists"), "lists"),
    "lang": "language",
    "tag": "tags",
}
"""Header of a spreadsheet → our column; a space also matches ``-`` and ``_``."""


def column_of(header: str) -> str:
    """Return the column that a header means, or the header in small letters."""
    plain = header.strip().lower()
    if plain in COLUMNS:
        return plain
    spaced = " ".join(plain.replace("-", " ").replace("_", " ").split())
    if spaced.replace(" ", "_") in COLUMNS:
        return spaced.replace(" ", "_")
    if spaced in (FIRST_NAME, LAST_NAME):
        return spaced
    return _ALIASES.get(spaced, plain)


SEVERAL = ("lists", "tags", "left")
"""Columns that hold any number of names, parted by ``;``."""

# What a spreadsheet may take for a formula, the wide signs of East Asian keyboards too, below any
# number of apostrophes: so that each cell has one guarded form, and each guarded form one cell.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def guarded(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula: with an apostrophe in front if it might.

    So is a cell that begins with apostrophes and goes on like a formula; no other apostrophe means
    anything, and ``'t Hooft`` stays as it is.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell that ``guarded`` was given; what it would not have written stays as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


MAX_UNPACKED = 2 << 30
"""Bytes that the files of a ZIP may have together; a million people need a quarter of it."""

# In characters. A longer line comes in pieces, which are refused as broken rows.
_MAX_LINE = 1 << 20
_DELIMITERS = ",;\t"
_NAMES = COLUMN_NAMES.union(COLUMNS)
_OURS = frozenset({*COLUMNS, FIRST_NAME, LAST_NAME})
_IGNORED = ""
"""The name of an ignored column."""
_ALIKE = 0.8
"""The similarity from which a header counts as a misspelt column."""
_CONSENT_WORDS = re.compile(
    r"status|subscri|opt.?(in|out)|bounc|complain|block|clean|suppress|consent|permission"
    r"|do.?not|active|enabled|disabled|deleted|removed"
)
"""Words in a header beneath which stands who must not be written to."""
_DECLARED = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)


def members(path: Path) -> tuple[Member, ...]:
    """The files of CSV in a file. Raises InvalidInput if it cannot be read or holds none."""
    if path.suffix.lower() != ".zip":
        return (Member(file=str(path), name=path.name, open=lambda: path.open("rb")),)
    with readable(str(path)), zipfile.ZipFile(path) as archive:
        tables = [info for info in archive.infolist() if _is_table(info.filename)]
    objection = ""
    if not tables:
        objection = "holds no file of CSV; look at what it is"
    elif any(info.flag_bits & 1 for info in tables):  # bit 0 of PKWARE's APPNOTE 4.4.4: encrypted
        objection = "has a password; unpack it and import its files one by one"
    elif sum(info.file_size for info in tables) > MAX_UNPACKED:
        objection = f"unpacks to more than {MAX_UNPACKED >> 30} GiB; import its files one by one"
    if objection:
        raise InvalidInput([Fault(file=str(path), message=objection)])
    return tuple(
        Member(
            file=f"{path}/{info.filename}",
            name=PurePosixPath(info.filename).name,
            open=partial(_unpacked, path, info),
            packed=True,
        )
        for info in tables
    )


def _is_table(name: str) -> bool:
    return name.lower().endswith(".csv") and not name.startswith("__MACOSX/")


def _unpacked(path: Path, info: zipfile.ZipInfo) -> IO[bytes]:
    # an opened member keeps the archive open: the file closes with the last member
    with zipfile.ZipFile(path) as archive:
        return archive.open(info)


def rows(member: Member, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the line on which it begins; the first names the
    columns.

    Raises InvalidInput for content that is not CSV or not text.
    """
    line = 0
    try:
        with (
            readable(member.file),
            io.TextIOWrapper(member.open(), encoding, newline=None) as text,
        ):
            skipped, delimiter, lines = _begun(iter(partial(text.readline, _MAX_LINE), ""))
            # Else a quote that is never closed would swallow the rest of the file in silence.
            table = csv.reader(lines, delimiter=delimiter, strict=True)
            line = skipped + 1
            for row in table:
                if any(map(str.strip, row)):
                    yield line, row
                line = skipped + table.line_num + 1
    except csv.Error as error:
        message = f"is not CSV: {error}; look at its quotes"
        raise InvalidInput([Fault(file=member.file, line=line, message=message)]) from error
    except UnicodeDecodeError as error:
        raise InvalidInput([not_text(member, encoding)]) from error


def _begun(lines: Iterator[str]) -> tuple[int, str, Iterable[str]]:
    """Return the number of lines above the table, its delimiter, and its lines."""
    first = next(lines, "")
    declared = _DECLARED.fullmatch(first)
    if declared:
        return 1, declared[1], lines
    return 0, max(_DELIMITERS, key=lambda each: _known(first, each)), chain([first], lines)


def _known(header: str, delimiter: str) -> tuple[int, int]:
    """Return the number of known columns and of all columns."""
    names = [name.strip(' "\n').lower() for name in header.split(delimiter)]
    known = sum(name in _NAMES or column_of(name) in _OURS for name in names)
    return known, len(names)


_FIRST_ROW = "its first row names the columns, like email,name,lists"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """A person's instructions about the columns of a file."""

    mapped: Mapping[str, str] = field(default_factory=dict)
    """Column of ours → its header in the file."""
    lists: tuple[str, ...] = ()
    """The lists of all people; only for a file without a column for lists."""
    ignored: frozenset[str] = frozenset()
    """Headers, in small letters, that a person says to ignore."""


def read_csv(
    member: Member, encoding: str, reader: EntryReader, given: Columns
) -> Iterator[Located]:
    """Yield the people of all rows; faults are noted.

    The first row names the columns in any order, by our names or those of spreadsheets. The
    delimiter is ``,`` ``;`` or a tab, whichever fits that row. Names of lists are separated by
    ``;``. A line ``sep=;`` above it, as Excel writes, is understood. A row with a reason in
    ``suppressed`` is a suppression; with other values it is a subscriber as well.
    """
    body = rows(member, encoding)
    line, header = next(body, (1, []))
    if not header:
        reader.fault(line, "", f"is empty; {_FIRST_ROW}")
        return
    columns = _columns(header, line, reader, given)
    if columns is None:
        return
    everybody = {"lists": ";".join(given.lists)} if given.lists else {}
    for line, row in body:
        place = f"{member.name}:{line}"
        if len(row) != len(columns):
            what = f"has {len(row)} fields, and the first row {len(columns)}"
            reader.fault(line, "", f"{what}; look for a delimiter or a quote too many or too few")
        else:
            filled = zip(columns, row, strict=True)
            cells = everybody | {
                name: unguarded(cell.strip()).strip() for name, cell in filled if cell and name
            }
            yield from _entries(_with_name(cells), place, line, reader)


def _columns(
    row: Sequence[str], line: int, reader: EntryReader, given: Columns
) -> list[str] | None:
    ours = {header.strip().lower(): name for name, header in given.mapped.items()}
    columns = [ours.get(name.strip().lower()) or _unmapped(name, given) for name in row]
    before = len(reader)
    for number, name in enumerate(columns):
        twice = name in _OURS and name in columns[:number]
        objection = "stands twice; keep one of them" if twice else _doubtful(name, given)
        if objection:
            reader.fault(line, "", f"column {name!r} {objection}")
    for name, header in given.mapped.items():
        if name not in columns:
            reader.fault(line, "", f"has no column {header!r}, which --column {name} names")
    if "email" not in columns and "email" not in given.mapped:
        reader.fault(line, "", f"has no column email; {_FIRST_ROW}")
    if given.lists and "lists" in columns:
        reader.fault(line, "", "has a column lists; take --list away, or remove that column")
    understood = [name if name in _OURS else _IGNORED for name in columns]
    return understood if len(reader) == before else None


def ignored_columns(row: Sequence[str], given: Columns) -> list[str]:
    """The columns of a header that mean nothing here, as the file writes them."""
    mapped = {header.strip().lower() for header in given.mapped.values()}
    return [
        header.strip() or f"column {number}, which has no name"
        for number, header in enumerate(row, start=1)
        if header.strip().lower() not in mapped and _unmapped(header, given) not in _OURS
    ]


def _doubtful(name: str, given: Columns) -> str:
    """Return why an unknown column cannot be ignored, or ""."""
    if not name or name in _OURS or name in given.ignored:
        return ""
    near = get_close_matches(name, [*_OURS, *_ALIASES], n=1, cutoff=_ALIKE)
    if near:
        meant = _ALIASES.get(near[0], near[0])
        return f"means nothing here; did you mean {meant}? {_ignoring(name)}"
    if _CONSENT_WORDS.search(name):
        return (
            "may say who must not be written to, and means nothing here; map it, like"
            f' --column left="…", or take those people out. {_ignoring(name)}'
        )
    return ""


def _ignoring(name: str) -> str:
    return f'--ignore-column "{name}" ignores it'


def _unmapped(header: str, given: Columns) -> str:
    """Return the column that a header means, unless it or its column was mapped."""
    found = column_of(header)
    return header.strip().lower() if found in given.mapped else found


def _with_name(cells: dict[str, str]) -> dict[str, str]:
    """Parts of a name are the name, where no other one is given."""
    parts = [cells.pop(part, "") for part in (FIRST_NAME, LAST_NAME)]
    whole = " ".join(filter(None, parts))
    return cells | {"name": whole} if whole and not cells.get("name") else cells


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
