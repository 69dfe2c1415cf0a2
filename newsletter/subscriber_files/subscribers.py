"""Files of people: ours, or exports of other tools; all of a file or nothing."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import Entry
from newsletter.subscriber_files import csv_files, exports
from newsletter.subscriber_files.csv_files import AUTO, Instructions
from newsletter.subscriber_files.encodings import NAMES, Member, Source, encoding_in, unicode_in
from newsletter.subscriber_files.entries import EntryReader, list_objection
from newsletter.subscriber_files.subscriber_file import (
    Located,
    SubscriberFile,
    checked,
    digest_of,
    not_text,
)

_YAML = {".yaml", ".yml"}
_CSV = {".csv", ".tsv", ".txt"}
_ZIP = ".zip"
_FIRST_ROWS, _SHOWN_VALUES = 20, 3
"""Of a table whose columns a person looks at."""

PLAIN = "plain"
KINDS = (AUTO, PLAIN, *exports.FORMATS)
"""The kinds of files of people."""
Progress = Callable[[int], object]
"""Gets the number of people read so far, now and then and at the end."""


def _read_ours(path: Source, said: Instructions, progress: Progress) -> SubscriberFile:
    """Check a file of subscribers: YAML, or CSV with the same names as columns.

    An entry without ``lists`` (in CSV: an empty cell) is a person on no list; an empty list is a
    fault. A time without an offset is in UTC.
    """
    suffix = path.suffix.lower()
    if suffix not in _YAML | _CSV:
        message = "is neither YAML nor CSV by its name; name it like subscribers.yaml or people.csv"
        raise InvalidInput([Fault(file=str(path), message=message)])
    digest = digest_of(path)
    [member] = csv_files.members(path)
    if suffix in _YAML and not said.encoding and not unicode_in(member):
        raise InvalidInput([not_text(member, "utf-8")])
    found = encoding_in(member, said.encoding)

    def walk(reader: EntryReader) -> Iterator[Located]:
        if suffix not in _YAML:
            return csv_files.read_csv(member, found, reader, said)
        from newsletter.subscriber_files.yaml_rows import read_yaml  # a CSV needs no YAML

        return read_yaml(member, found, reader)

    notes = list(_encoding_notes(found, said.encoding))
    if suffix not in _YAML:
        _, header = next(csv_files.rows(member, found), (1, []))
        aside = csv_files.ignored_columns(header, said)
        notes += [f"columns ignored: {', '.join(aside)}"] if aside else []
    return checked(path, walk, kind=PLAIN, digest=digest, notes=notes, progress=progress)


def read_people(
    path: Source, said: Instructions, *, progress: Progress = lambda count: None
) -> SubscriberFile:
    """Check a file of ours, or an export of another tool.

    Raises InvalidInput naming each bad line, at most a thousand of them; also if the columns could
    be those of several tools.
    """
    suffix = path.suffix.lower()
    known = exports.FORMATS.get(said.kind)
    objection = next(filter(None, map(list_objection, said.lists)), "")
    if objection:
        raise InvalidInput([Fault(file="--list", message=objection)])
    if known and suffix not in _CSV | {_ZIP}:
        message = f"is no export of {said.kind}, which is a .csv or a .zip"
        raise InvalidInput([Fault(file=str(path), message=message)])
    may_be_export = said.kind == AUTO and not said.mapped and not said.chosen
    if known or (may_be_export and suffix in _CSV | {_ZIP}):
        export = _read_export(path, known, said, progress)
        if export:
            return export
    if suffix not in _CSV and (said.lists or said.mapped):
        option = "--list" if said.lists else "--column"
        message = f"names its own lists and keys; take {option} away, or write it into the file"
        raise InvalidInput([Fault(file=str(path), message=message)])
    return _read_ours(path, said, progress)


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column of a table."""

    header: str
    values: tuple[str, ...]
    """The first that are not empty."""
    ours: str
    """Our column by its header, or ""."""
    is_doubtful: bool
    """It may say who must not get email, so that a person has to say what it is."""


def columns_of(path: Source) -> tuple[TableColumn, ...]:
    """Return the columns of a table; none of an export, a ZIP or YAML. Raises InvalidInput."""
    if path.suffix.lower() not in _CSV:
        return ()
    [member] = csv_files.members(path)
    first = list(islice(csv_files.rows(member, encoding_in(member)), _FIRST_ROWS))
    if not first or _recognised(first[0][1], member.file, first[0][0]):
        return ()
    return tuple(_column(name, number, first[1:]) for number, name in enumerate(first[0][1]))


def _column(header: str, number: int, first: Sequence[tuple[int, list[str]]]) -> TableColumn:
    cells = [row[number].strip() for _, row in first if number < len(row)]
    ours = csv_files.column_of(header)
    return TableColumn(
        header=header.strip(),
        values=tuple(dict.fromkeys(filter(None, cells)))[:_SHOWN_VALUES],
        ours=ours if ours in csv_files.OURS else "",
        is_doubtful=bool(csv_files.doubt(ours, Instructions())),
    )


def _encoding_notes(encoding: str, given: str) -> Iterator[str]:
    if encoding in NAMES and not given:
        yield f"It is not UTF-8 and was read as {NAMES[encoding]}: look at its quotes and accents."


@dataclass(frozen=True, kw_only=True)
class Table:
    """One file of CSV that is understood."""

    member: Member
    encoding: str
    layout: exports.Layout


def _read_export(
    path: Source, known: exports.ExportFormat | None, said: Instructions, progress: Progress
) -> SubscriberFile | None:
    """Check an export; nothing if it is none and no format was asked for."""
    digest = digest_of(path)
    present = csv_files.members(path)
    found = [_table(member, known, said.encoding) for member in present]
    tables = [table for table in found if table is not None]
    packed = path.suffix.lower() == _ZIP
    if not tables:
        if not packed:
            return None
        message = f"holds no export of {', '.join(exports.FORMATS)}"
        raise InvalidInput([Fault(file=str(path), message=message)])
    if packed:
        _refuse_missing(path, present, tables, said.without)
    else:
        _refuse_alone(path, tables[0].layout, said.without)
    left = [member.name for member, table in zip(present, found, strict=True) if table is None]

    def walk(reader: EntryReader) -> Iterator[Located]:
        return _people(tables, path, tuple(said.lists), reader)

    kind, notes = tables[0].layout.known.name, _notes(tables, left, said.encoding)
    read = checked(path, walk, kind=kind, digest=digest, notes=notes, progress=progress)
    if not said.lists and any(isinstance(person, Entry) for _, person in read.people):
        message = "names no list of ours; say where its people go, like --list press"
        raise InvalidInput([Fault(file=str(path), message=message)])
    return read


def _refuse_missing(
    path: Source, present: Sequence[Member], tables: Sequence[Table], without: Collection[str]
) -> None:
    """Note each missing file of people who unsubscribed: they would stay subscribed."""
    read = [table.member.name.lower() for table in tables]
    there = [member.name.lower() for member in present]
    messages = []
    for begins in tables[0].layout.known.must:
        if any(name.startswith(begins) for name in read):
            continue
        unread = next((name for name in there if name.startswith(begins)), "")
        if unread:
            messages.append(
                f"{unread} cannot be read as an export: its columns are others; export the"
                " audience again"
            )
        elif begins not in without:
            messages.append(
                f"has no file {begins}…: whoever is in it would stay subscribed here; export the"
                f" whole audience, or say --without {begins} if nobody was"
            )
    if messages:
        raise InvalidInput([Fault(file=str(path), message=message) for message in messages])


def _refuse_alone(path: Source, at: exports.Layout, without: Collection[str]) -> None:
    """One file of several says nothing of those who left, who are in the others."""
    missing = [begins for begins in at.known.must if begins not in without]
    if not missing or not exports.may_add_people(at):
        return
    files = " and ".join(f"{begins}…csv" for begins in missing)
    flags = " ".join(f"--without {begins}" for begins in missing)
    message = (
        f"is one file of a {at.known.name} export: whoever is in {files} would stay subscribed"
        f" here; import the ZIP as it was downloaded, or import those files too and say {flags}"
    )
    raise InvalidInput([Fault(file=str(path), message=message)])


def _table(member: Member, known: exports.ExportFormat | None, given: str) -> Table | None:
    encoding = encoding_in(member, given)
    line, header = next(csv_files.rows(member, encoding), (1, []))
    asked = known or _recognised(header, member.file, line)
    if asked is None or (member.packed and not asked.required.issubset(exports.lower_case(header))):
        return None
    try:
        found = exports.layout(asked, header, member.name)
    except exports.Unusable as error:
        fault = Fault(file=member.file, line=line, key=error.column, message=str(error))
        raise InvalidInput([fault]) from error
    return Table(member=member, encoding=encoding, layout=found)


def _recognised(header: Sequence[str], file: str, line: int) -> exports.ExportFormat | None:
    """The tool that wrote a header; nothing if it is none that we know.

    Raises InvalidInput if it could be several, or one that lacks what it is known by.
    """
    names = frozenset(exports.lower_case(header))
    sure = [known for known in exports.FORMATS.values() if known.marks <= names]
    if len(sure) == 1:
        return sure[0]
    may = sure or [known for known in exports.FORMATS.values() if known.required <= names]
    if not may:
        return None
    could = " or ".join(known.name for known in may)
    message = (
        f"could be an export of {could} by its columns; say which, like --format {may[0].name}"
    )
    raise InvalidInput([Fault(file=file, line=line, message=message)])


def _people(
    tables: Sequence[Table], path: Source, lists: tuple[str, ...], reader: EntryReader
) -> Iterator[Located]:
    for table in tables:
        member, at = table.member, table.layout
        source = f"{at.known.name} export {path.name}"
        body = csv_files.rows(member, table.encoding)
        next(body, None)
        for line, row in body:
            try:
                found = exports.person(at, row, source=source, lists=lists)
            except exports.Unusable as error:
                reader.fault(line, error.column, str(error), file=member.file)
                continue
            # a duplicate is skipped and no fault
            if isinstance(found, Entry) and reader.subscribers.note(found.address, line):
                found = exports.Skip.TWICE
            has_tags = any(at.cells(row, at.known.groups).values())
            yield Located(f"{member.name}:{line}", found, has_tags)


def _notes(tables: Sequence[Table], left: Sequence[str], given: str) -> Iterator[str]:
    for table in tables:
        name = table.member.name
        yield f"read as an export of {table.layout.known.name}: {name}"
        yield from (f"{name}: {note}" for note in _encoding_notes(table.encoding, given))
    aside = dict.fromkeys(column for table in tables for column in table.layout.ignored)
    if aside:
        yield f"columns ignored: {', '.join(aside)}"
    if left:
        yield f"files ignored, no exports of people: {', '.join(left)}"
    yield from filter(None, dict.fromkeys(table.layout.known.caution for table in tables))
