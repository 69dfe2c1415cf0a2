"""Files of subscribers: subscribers and suppressions, all of a file or nothing."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import LIST_NAME
from newsletter.subscriber_files.csv_files import Columns, Member, read_csv
from newsletter.subscriber_files.entries import EntryReader, Faults
from newsletter.subscriber_files.exported import read_export
from newsletter.subscriber_files.exports import FORMATS
from newsletter.subscriber_files.subscriber_file import (
    Located,
    SubscriberFile,
    check,
    digest_of,
    encoding_in,
    not_text,
)

_YAML = {".yaml", ".yml"}
_CSV = {".csv", ".tsv", ".txt"}
_ZIP = ".zip"

AUTO = "auto"
PLAIN = "plain"
KINDS = (AUTO, PLAIN, *FORMATS)
"""What a file of people can be said to be."""


def read_subscribers(
    path: Path, *, progress: Callable[[int], None], columns: Columns | None = None
) -> SubscriberFile:
    """Check a file of subscribers: YAML, or CSV with the same names as columns.

    ``progress`` is told now and then, and at the end, how many people were read. Without ``lists``
    (in CSV: an empty cell) an entry is a person in no list; an empty list is a fault. A time
    without an offset is in UTC. Raises InvalidInput naming each bad line, at most a thousand of
    them.
    """
    suffix = path.suffix.lower()
    if suffix not in _YAML | _CSV:
        message = "is neither YAML nor CSV by its name; name it like subscribers.yaml or people.csv"
        raise InvalidInput([Fault(file=str(path), message=message)])
    digest = digest_of(path)
    member = Member(file=str(path), name=path.name, open=lambda: path.open("rb"))
    encoding = encoding_in(member.file, member.open)
    if suffix in _YAML and encoding == "cp1252":
        raise InvalidInput([not_text(member.file, member.open, "utf-8")])

    def walk(faults: Faults, again: bool) -> Iterator[Located]:
        reader = EntryReader(faults, find_duplicates=not again)
        if suffix in _YAML:
            return _read_yaml(member, encoding, reader)
        return read_csv(member, encoding, reader, columns or Columns())

    counts = check(walk, path, progress)
    return SubscriberFile(
        path=path,
        kind=PLAIN,
        walk=walk,
        digest=digest,
        counts=counts,
        notes=(*_guessed(encoding), *counts.notes()),
    )


def read_people(
    path: Path,
    *,
    kind: str,
    lists: Sequence[str],
    progress: Callable[[int], None],
    columns: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> SubscriberFile:
    """Check a file of ours, or an export of another tool.

    ``kind`` is AUTO, PLAIN or the name of a tool. ``lists`` is where the people of an export go, or
    of a table without a column for that. ``columns`` names headers of a table: whoever names any
    says that it is no export. ``without`` names the files that an export lacks as nobody was in
    them. Raises InvalidInput.
    """
    mapped = dict(columns or {})
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
    if known or (kind == AUTO and not mapped and suffix in _CSV | {_ZIP}):
        export = read_export(path, known=known, lists=lists, progress=progress, without=without)
        if export:
            return export
    if suffix not in _CSV and (lists or mapped):
        option = "--list" if lists else "--column"
        message = f"names its own lists and keys; take {option} away, or write it into the file"
        raise InvalidInput([Fault(file=str(path), message=message)])
    given = Columns(mapped=mapped, lists=tuple(lists))
    return read_subscribers(path, progress=progress, columns=given)


def _read_yaml(member: Member, encoding: str, reader: EntryReader) -> Iterator[Located]:
    from newsletter.subscriber_files.yaml_rows import read_yaml  # a CSV needs no YAML

    return read_yaml(member, encoding, reader)


def _guessed(encoding: str) -> Iterator[str]:
    if encoding == "cp1252":
        yield "It is not UTF-8 and was read as Windows-1252: look at its quotes and accents."
