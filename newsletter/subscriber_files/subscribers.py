"""Read a file of subscribers, in our format or another tool's: the whole file or nothing.

A table can be read without its bad rows, if a person has seen them and agrees.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import Entry
from newsletter.domain.wording import say
from newsletter.subscriber_files import csv_files, exports, subscriber_file
from newsletter.subscriber_files.csv_files import AUTO_FORMAT, Instructions
from newsletter.subscriber_files.encodings import NAMES, Member, Source, encoding_in, unicode_in
from newsletter.subscriber_files.entries import EntryReader, list_name_objection
from newsletter.subscriber_files.yaml_rows import read_yaml

_YAML_SUFFIXES = {".yaml", ".yml"}
_CSV_SUFFIXES = {".csv", ".tsv", ".txt"}
_ZIP_SUFFIX = ".zip"
_PREVIEW_ROWS, _PREVIEW_VALUES = 20, 3
"""The rows to read of a table whose columns a person chooses, and the values to show of each."""

PLAIN_FORMAT = "plain"
FORMAT_NAMES = (AUTO_FORMAT, PLAIN_FORMAT, *exports.EXPORT_FORMATS)
"""The kinds of files."""
Progress = Callable[[int], object]
"""A function that is called with the number of people read, every PROGRESS_STEP people."""


def _read_ours(
    path: Source, instructions: Instructions, progress: Progress
) -> subscriber_file.SubscriberFile:
    """Read a file in our format: YAML, or CSV with the same keys as columns."""
    suffix = path.suffix.lower()
    if suffix not in _YAML_SUFFIXES | _CSV_SUFFIXES:
        message = say("is no table by its name; save it as .csv, .xlsx or .ods, or as our .yaml")
        raise InvalidInput.at(str(path), message)
    sha256 = subscriber_file.sha256_of(path)
    [member] = csv_files.members(path)
    if suffix in _YAML_SUFFIXES and not instructions.encoding and not unicode_in(member):
        raise InvalidInput([subscriber_file.find_encoding_fault(member, "utf-8")])
    encoding = encoding_in(member, instructions.encoding)

    def read_entries(reader: EntryReader) -> Iterator[subscriber_file.PlacedPerson]:
        if suffix not in _YAML_SUFFIXES:
            return csv_files.read_csv(member, encoding, reader, instructions)
        return read_yaml(member, encoding, reader)

    notes = list(_encoding_notes(encoding, instructions.encoding))
    if suffix not in _YAML_SUFFIXES:
        _, header = next(csv_files.rows(member, encoding), (1, []))
        ignored = csv_files.ignored_columns(header, instructions)
        notes += [say("columns ignored: {columns}", columns=", ".join(ignored))] if ignored else []
    return subscriber_file.check_file(
        path,
        read_entries,
        kind=PLAIN_FORMAT,
        sha256=sha256,
        notes=notes,
        progress=progress,
        omits_bad_rows=instructions.omits_bad_rows,
    )


def read_people(
    path: Source, instructions: Instructions, *, progress: Progress = lambda count: None
) -> subscriber_file.SubscriberFile:
    """Read and validate a file in our format, or an export of another tool.

    Raises InvalidInput with all faults, at most MAX_FAULTS, and if the columns fit several tools.
    """
    suffix = path.suffix.lower()
    known = exports.EXPORT_FORMATS.get(instructions.kind)
    objection = next(filter(None, map(list_name_objection, instructions.lists)), "")
    if objection:
        raise InvalidInput.at("--list", objection)
    if known and suffix not in _CSV_SUFFIXES | {_ZIP_SUFFIX}:
        what = "is no export of {tool}, which is a .csv or a .zip"
        raise InvalidInput.at(str(path), say(what, tool=instructions.kind))
    may_be_export = (
        instructions.kind == AUTO_FORMAT and not instructions.headers and not instructions.chosen
    )
    if known or (may_be_export and suffix in _CSV_SUFFIXES | {_ZIP_SUFFIX}):
        export = _read_export(path, known, instructions, progress)
        if export:
            return export
    if suffix in _YAML_SUFFIXES and (instructions.lists or instructions.headers):
        beside = "names its own lists and keys, so choose none beside it; take --column away"
        if instructions.lists:
            beside = "names its own lists and keys, so choose none beside it; take --list away"
        raise InvalidInput.at(str(path), say(beside))
    return _read_ours(path, instructions, progress)


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    header: str
    values: tuple[str, ...]
    """The first values that are not empty."""
    ours: str
    """Our name for the column, or ""."""
    is_doubtful: bool
    """The column may say who must not get email, so a person must decide."""


def columns_of(path: Source) -> tuple[TableColumn, ...]:
    """Return the columns of a CSV file that is no export of a known tool; () for other files."""
    if path.suffix.lower() not in _CSV_SUFFIXES:
        return ()
    [member] = csv_files.members(path)
    preview = list(islice(csv_files.rows(member, encoding_in(member)), _PREVIEW_ROWS))
    if not preview or _recognise_tool(preview[0][1], member.file, preview[0][0]):
        return ()
    return tuple(_column(name, number, preview[1:]) for number, name in enumerate(preview[0][1]))


def _column(header: str, number: int, preview: Sequence[tuple[int, list[str]]]) -> TableColumn:
    cells = [row[number].strip() for _, row in preview if number < len(row)]
    ours = csv_files.column_of(header)
    return TableColumn(
        header=header.strip(),
        values=tuple(dict.fromkeys(filter(None, cells)))[:_PREVIEW_VALUES],
        ours=ours if ours in csv_files.KNOWN_COLUMNS else "",
        is_doubtful=bool(csv_files.why_not_ignored(ours, Instructions())),
    )


def _encoding_notes(encoding: str, given: str, file: str = "") -> Iterator[str]:
    if encoding in NAMES and not given:
        guess = "It is not UTF-8 and was read as {encoding}: look at its quotes and accents."
        if file:
            guess = (
                "{file} is not UTF-8 and was read as {encoding}: look at its quotes and accents."
            )
        yield say(guess, file=file, encoding=NAMES[encoding])


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV file that was recognised as an export."""

    member: Member
    encoding: str
    layout: exports.Layout


def _read_export(
    path: Source,
    export: exports.ExportFormat | None,
    instructions: Instructions,
    progress: Progress,
) -> subscriber_file.SubscriberFile | None:
    """Read an export. Return None if the file is no export and ``export`` is None."""
    sha256 = subscriber_file.sha256_of(path)
    present = csv_files.members(path)
    read = [_table(member, export, instructions.encoding) for member in present]
    tables = [table for table in read if table is not None]
    is_zip = path.suffix.lower() == _ZIP_SUFFIX
    if not tables:
        if not is_zip:
            return None
        message = say("holds no export of {tools}", tools=", ".join(exports.EXPORT_FORMATS))
        raise InvalidInput.at(str(path), message)
    if is_zip:
        _require_unsubscribed_files(path, present, tables, instructions.without)
    else:
        _refuse_single_file(path, tables[0].layout, instructions.without)
    others = [member.name for member, table in zip(present, read, strict=True) if table is None]

    def read_entries(reader: EntryReader) -> Iterator[subscriber_file.PlacedPerson]:
        return _read_tables(tables, path, tuple(instructions.lists), reader)

    kind, notes = tables[0].layout.export.name, _notes(tables, others, instructions.encoding)
    file = subscriber_file.check_file(
        path, read_entries, kind=kind, sha256=sha256, notes=notes, progress=progress
    )
    if not instructions.lists and any(isinstance(person, Entry) for _, person in file.people):
        message = say("names no list of ours, so choose one for its people; like --list press")
        raise InvalidInput.at(str(path), message)
    return file


def _require_unsubscribed_files(
    path: Source, present: Sequence[Member], tables: Sequence[Table], without: Collection[str]
) -> None:
    """Raise InvalidInput if a ZIP lacks a file of unsubscribed people."""
    read_names = [table.member.name.lower() for table in tables]
    present_names = [member.name.lower() for member in present]
    messages = []
    for prefix in tables[0].layout.export.required_files:
        if any(name.startswith(prefix) for name in read_names):
            continue
        unread = next((name for name in present_names if name.startswith(prefix)), "")
        if unread:
            other = (
                "{file} cannot be read as an export: its columns are others; export the audience"
                " again"
            )
            messages.append(say(other, file=unread))
        elif prefix not in without:
            absent = (
                "has no file {prefix}…: whoever is in it would stay subscribed here; export the"
                " whole audience; or say --without {prefix} if nobody was"
            )
            messages.append(say(absent, prefix=prefix))
    if messages:
        raise InvalidInput([Fault(file=str(path), message=message) for message in messages])


def _refuse_single_file(path: Source, layout: exports.Layout, without: Collection[str]) -> None:
    """Raise InvalidInput for one file of an export whose other files have unsubscribed people."""
    missing = [prefix for prefix in layout.export.required_files if prefix not in without]
    if not missing or not exports.may_add_people(layout):
        return
    files = ", ".join(f"{prefix}…csv" for prefix in missing)
    alone = (
        "is one file of a {tool} export: whoever is in {files} would stay subscribed here; import"
        " the ZIP as it was downloaded; or import those files too and say --without {names}"
    )
    names = " --without ".join(missing)
    raise InvalidInput.at(str(path), say(alone, tool=layout.export.name, files=files, names=names))


def _table(member: Member, export: exports.ExportFormat | None, given: str) -> Table | None:
    encoding = encoding_in(member, given)
    line, header = next(csv_files.rows(member, encoding), (1, []))
    tool = export or _recognise_tool(header, member.file, line)
    if tool is None or (member.packed and not tool.required.issubset(exports.lower_case(header))):
        return None
    try:
        layout = exports.find_layout(tool, header, member.name)
    except exports.UnusableCell as error:
        raise InvalidInput.at(member.file, str(error), line=line, key=error.column) from error
    return Table(member=member, encoding=encoding, layout=layout)


def _recognise_tool(header: Sequence[str], file: str, line: int) -> exports.ExportFormat | None:
    """Return the format of the tool that wrote a header, or None.

    Raises InvalidInput if the header fits several tools, or does not identify one.
    """
    names = frozenset(exports.lower_case(header))
    certain = [known for known in exports.EXPORT_FORMATS.values() if known.marks <= names]
    if len(certain) == 1:
        return certain[0]
    tools = certain or [
        known for known in exports.EXPORT_FORMATS.values() if known.required <= names
    ]
    if not tools:
        return None
    several = "could be an export by its columns ({tools}); say of which, like --format {first}"
    listed = ", ".join(known.name for known in tools)
    raise InvalidInput.at(file, say(several, tools=listed, first=tools[0].name), line=line)


def _read_tables(
    tables: Sequence[Table], path: Source, lists: tuple[str, ...], reader: EntryReader
) -> Iterator[subscriber_file.PlacedPerson]:
    for table in tables:
        member, layout = table.member, table.layout
        source = f"{layout.export.name} export {path.name}"
        body = csv_files.rows(member, table.encoding)
        next(body, None)
        for line, row in body:
            try:
                person = exports.read_person(layout, row, source=source, lists=lists)
            except exports.UnusableCell as error:
                reader.fault(line, error.column, str(error), file=member.file)
                continue
            if isinstance(person, Entry) and reader.subscribers.record(person.address, line):
                person = exports.Skip.DUPLICATE
            has_tags = any(layout.cells(row, layout.export.groups).values())
            yield subscriber_file.PlacedPerson(f"{member.name}:{line}", person, has_tags)


def _notes(tables: Sequence[Table], unread_names: Sequence[str], encoding: str) -> Iterator[str]:
    for table in tables:
        name = table.member.name
        tool = table.layout.export.name
        brand = tool if tool == "listmonk" else tool.capitalize()
        yield say("read as an export of {tool}: {file}", tool=brand, file=name)
        yield from _encoding_notes(table.encoding, encoding, name)
    ignored = dict.fromkeys(column for table in tables for column in table.layout.ignored)
    if ignored:
        yield say("columns ignored: {columns}", columns=", ".join(ignored))
    if unread_names:
        yield say("files ignored, no exports of people: {files}", files=", ".join(unread_names))
    yield from map(say, filter(None, dict.fromkeys(table.layout.export.note for table in tables)))
