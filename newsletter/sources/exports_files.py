"""The tables in a file that another tool exported: a CSV, or a ZIP of several, never held whole."""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.exports import COLUMN_NAMES
from newsletter.sources.text import encoding_of

MAX_UNPACKED = 2 << 30
"""Bytes that the files of a ZIP may have together; a million people need a quarter of it."""

_CHUNK = 1 << 20
# In characters: what is longer comes in pieces, and is refused as the broken rows that these are.
_MAX_LINE = 1 << 20
_DELIMITERS = ",;\t"
_DECLARED = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of CSV: the file itself, or one in a ZIP. ``file`` is how a fault names it."""

    file: str
    name: str
    open: Callable[[], IO[bytes]]
    packed: bool = False


def members(path: Path) -> tuple[Member, ...]:
    """The files of CSV in a file. Raises InvalidInput if it cannot be read or holds none."""
    if path.suffix.lower() != ".zip":
        return (Member(file=str(path), name=path.name, open=lambda: path.open("rb")),)
    with _readable(str(path)), zipfile.ZipFile(path) as archive:
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


@contextmanager
def _readable(file: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        message = f"cannot be unpacked: {error}; export it again"
        raise InvalidInput([Fault(file=file, message=message)]) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}; check its name and permissions"
        raise InvalidInput([Fault(file=file, message=message)]) from error


def encoding_in(member: Member) -> str:
    """UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _readable(member.file), member.open() as stream:
        chunk = stream.read(_CHUNK)
        by_mark = encoding_of(chunk[:3])
        if by_mark in {"utf-8-sig", "utf-16"}:
            return by_mark
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def rows(member: Member, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line it begins on; the first names the columns.

    Raises InvalidInput at what is not CSV or not text.
    """
    line = 0
    try:
        with (
            _readable(member.file),
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
        message = (
            f"holds 0x{error.object[error.start]:02x} on this line or after it, which is neither "
            "UTF-8, UTF-16 nor Windows-1252; save it as plain text in UTF-8"
        )
        raise InvalidInput([Fault(file=member.file, line=line or 1, message=message)]) from error


def _begun(lines: Iterator[str]) -> tuple[int, str, Iterable[str]]:
    """How many lines stand above the table, its delimiter, and its lines."""
    first = next(lines, "")
    declared = _DECLARED.fullmatch(first)
    if declared:
        return 1, declared[1], lines
    return 0, max(_DELIMITERS, key=lambda each: _known(first, each)), chain([first], lines)


def _known(header: str, delimiter: str) -> int:
    return sum(name.strip(' "\n').lower() in COLUMN_NAMES for name in header.split(delimiter))
