"""Files of people: subscribers and suppressions, all of a file or nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.domain.audience import LIST_NAME, Entry, SuppressedEntry
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.entries import Book
from newsletter.sources.exported import ExportFile, read_export
from newsletter.sources.exports import FORMATS
from newsletter.sources.subscribers_csv import read_csv
from newsletter.sources.subscribers_yaml import read_yaml
from newsletter.sources.text import decode, decode_utf8, encoding_note, encoding_of

_YAML = {".yaml", ".yml"}
_CSV = {".csv", ".tsv", ".txt"}
_ZIP = ".zip"

AUTO = "auto"
PLAIN = "plain"
KINDS = (AUTO, PLAIN, *FORMATS)
"""What a file of people can be said to be."""


@dataclass(frozen=True, kw_only=True)
class SubscribersFile:
    """What a file says of people."""

    entries: Sequence[Entry]
    suppressed: Sequence[SuppressedEntry]
    notes: tuple[str, ...] = ()
    """What was guessed, in sentences."""


def read_subscribers(path: Path, *, progress: Callable[[int], None]) -> SubscribersFile:
    """Read a file of subscribers: YAML, or CSV with the same names as columns.

    ``progress`` is told now and then, and at the end, how many entries were read. Without ``lists``
    (in CSV: an empty cell) an entry is a person in no list; an empty list is a fault. A time of
    consent without an offset is in UTC. Raises InvalidInput naming each bad line, at most a
    thousand of them.
    """
    file = str(path)
    kind = path.suffix.lower()
    if kind not in _YAML | _CSV:
        message = "is neither YAML nor CSV by its name; name it like subscribers.yaml or people.csv"
        raise InvalidInput([Fault(file=file, message=message)])
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}; check its name and permissions"
        raise InvalidInput([Fault(file=file, message=message)]) from error
    book = Book(file=file, progress=progress)
    notes = _read(data, kind, book)
    book.finish()
    return SubscribersFile(entries=book.entries, suppressed=book.suppressed, notes=notes)


def read_people(
    path: Path, *, kind: str, lists: Sequence[str], progress: Callable[[int], None]
) -> SubscribersFile | ExportFile:
    """Read a file of ours, or an export of another tool.

    ``kind`` is AUTO, PLAIN or the name of a tool. ``lists`` is where the people of an export go; a
    file of ours names its own. Raises InvalidInput.
    """
    suffix = path.suffix.lower()
    known = FORMATS.get(kind)
    for name in lists:
        if not re.fullmatch(LIST_NAME, name):
            message = f"{name!r} is not the name of a list; write one like press or press-us"
            raise InvalidInput([Fault(file="--list", message=message)])
    if known and suffix not in _CSV | {_ZIP}:
        raise InvalidInput(
            [Fault(file=str(path), message=f"is no export of {kind}, which is a .csv or a .zip")]
        )
    if known or (kind == AUTO and suffix in _CSV | {_ZIP}):
        export = read_export(path, known=known, lists=lists, progress=progress)
        if export:
            return export
    if lists:
        message = "names its own lists; take --list away, or write them into the file"
        raise InvalidInput([Fault(file=str(path), message=message)])
    return read_subscribers(path, progress=progress)


def _read(data: bytes, kind: str, book: Book) -> tuple[str, ...]:
    if kind in _CSV:
        read_csv(decode(data, file=book.file), book)
        return tuple(filter(None, [encoding_note(data)]))
    utf16 = encoding_of(data) == "utf-16"
    read_yaml(decode(data, file=book.file) if utf16 else decode_utf8(data, file=book.file), book)
    return ()
