"""Files of CSV, alone or several in a ZIP, row by row and never held whole."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.subscriber_files.exports import COLUMN_NAMES
from newsletter.subscriber_files.streams import Opener, not_text, readable

COLUMNS = (
    "email",
    "name",
    "lists",
    "language",
    "timezone",
    "consent_source",
    "consent_at",
    "place",
    "tags",
    "paused_until",
    "left",
    "suppressed",
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
"""What spreadsheets call columns of ours; a blank stands for ``-`` and ``_`` too."""


def column_of(header: str) -> str:
    """The column that a header means, or the header in small letters where it means none."""
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

# In characters: what is longer comes in pieces, and is refused as the broken rows that these are.
_MAX_LINE = 1 << 20
_DELIMITERS = ",;\t"
_NAMES = COLUMN_NAMES.union(COLUMNS)
_OURS = frozenset({*COLUMNS, FIRST_NAME, LAST_NAME})
_DECLARED = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of CSV: the file itself, or one in a ZIP. ``file`` is how a fault names it."""

    file: str
    name: str
    open: Opener
    packed: bool = False


def members(path: Path) -> tuple[Member, ...]:
    """The files of CSV in a file. Raises InvalidInput if it cannot be read or holds none."""
    if path.suffix.lower() != ".zip":
        return (Member(file=str(path), name=path.name, open=lambda: path.open("rb")),)
    with readable(str(path)), zipfile.ZipFile(path) as archive:
        tables = [info for info in archive.infolist() if _is_table(info.filename)]
    objection = _objection(tables)
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


def _objection(tables: list[zipfile.ZipInfo]) -> str:
    if not tables:
        return "holds no file of CSV; look at what it is"
    if any(info.flag_bits & 1 for info in tables):
        return "has a password; unpack it and import its files one by one"
    if sum(info.file_size for info in tables) > MAX_UNPACKED:
        return f"unpacks to more than {MAX_UNPACKED >> 30} GiB; import its files one by one"
    return ""


def _unpacked(path: Path, info: zipfile.ZipInfo) -> IO[bytes]:
    # What was opened in an archive outlives it: the file is closed with the last of them.
    with zipfile.ZipFile(path) as archive:
        return archive.open(info)


def rows(member: Member, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line it begins on; the first names the columns.

    Raises InvalidInput at what is not CSV or not text.
    """
    line = 0
    try:
        with (
            readable(member.file),
            io.TextIOWrapper(member.open(), encoding, newline=None) as text,
        ):
            skipped, delimiter, lines = _begun(iter(partial(text.readline, _MAX_LINE), ""))
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
        raise InvalidInput([not_text(member.file, member.open, encoding)]) from error


def _begun(lines: Iterator[str]) -> tuple[int, str, Iterable[str]]:
    """How many lines stand above the table, its delimiter, and its lines."""
    first = next(lines, "")
    declared = _DECLARED.fullmatch(first)
    if declared:
        return 1, declared[1], lines
    return 0, max(_DELIMITERS, key=lambda each: _known(first, each)), chain([first], lines)


def _known(header: str, delimiter: str) -> tuple[int, int]:
    """How many columns it makes that mean something, and how many in all."""
    names = [name.strip(' "\n').lower() for name in header.split(delimiter)]
    known = sum(name in _NAMES or column_of(name) in _OURS for name in names)
    return known, len(names)
