"""An export of another tool: which tool it is, and who stands in it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import Entry
from newsletter.subscriber_files.csv_files import Member, members, rows
from newsletter.subscriber_files.entries import DuplicateCheck, Faults
from newsletter.subscriber_files.exports import (
    FORMATS,
    ExportFormat,
    Layout,
    Skip,
    Unusable,
    groups,
    layout,
    marked,
    person,
    possible,
    small,
)
from newsletter.subscriber_files.subscriber_file import (
    Located,
    Person,
    SubscriberFile,
    check,
    digest_of,
    encoding_in,
)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One file of CSV that is understood."""

    member: Member
    encoding: str
    layout: Layout


def read_export(
    path: Path,
    *,
    known: ExportFormat | None,
    lists: Sequence[str],
    progress: Callable[[int], None],
    without: Collection[str] = (),
) -> SubscriberFile | None:
    """Check an export; nothing if it is none and no format was asked for.

    ``lists`` is where its people go. Raises InvalidInput naming each bad line, at most a thousand
    of them; also if the columns could be those of several tools.
    """
    digest = digest_of(path)
    present = members(path)
    found = [_table(member, known) for member in present]
    tables = [table for table in found if table is not None]
    if not tables and path.suffix.lower() == ".zip":
        message = f"holds no export of {', '.join(FORMATS)}"
        raise InvalidInput([Fault(file=str(path), message=message)])
    if not tables:
        return None
    if path.suffix.lower() == ".zip":
        _refuse_missing(path, present, tables, without)

    def walk(faults: Faults, again: bool) -> Iterator[Located]:
        # Whoever stands in it twice is skipped, not a fault: each reading has to find them anew.
        return _walk(tables, path, tuple(lists), faults)

    counts = check(walk, path, progress)
    if counts.entries and not lists:
        message = "names no list of ours; say where its people go, like --list press"
        raise InvalidInput([Fault(file=str(path), message=message)])
    left = [member.name for member, table in zip(present, found, strict=True) if table is None]
    return SubscriberFile(
        path=path,
        kind=tables[0].layout.known.name,
        walk=walk,
        digest=digest,
        counts=counts,
        notes=(*_notes(tables, left), *counts.notes()),
    )


def _refuse_missing(
    path: Path, present: Sequence[Member], tables: Sequence[Table], without: Collection[str]
) -> None:
    """Whoever unsubscribed there is in a file of its own: without it they would stay subscribed."""
    read = [table.member.name.lower() for table in tables]
    there = [member.name.lower() for member in present]
    faults = []
    for begins in tables[0].layout.known.must:
        if any(name.startswith(begins) for name in read):
            continue
        unread = next((name for name in there if name.startswith(begins)), "")
        if unread:
            message = f"{unread} cannot be read as an export: its columns are others"
            faults.append(Fault(file=str(path), message=f"{message}; export the audience again"))
        elif begins not in without:
            message = (
                f"has no file {begins}…: whoever is in it would stay subscribed here; export the"
                f" whole audience, or say --without {begins} if nobody was"
            )
            faults.append(Fault(file=str(path), message=message))
    if faults:
        raise InvalidInput(faults)


def _table(member: Member, known: ExportFormat | None) -> Table | None:
    encoding = encoding_in(member.file, member.open)
    line, header = next(rows(member, encoding), (1, []))
    asked = known or recognised(header, member.file, line)
    if asked is None or (member.packed and not asked.needs.issubset(small(header))):
        return None
    try:
        found = layout(asked, header, member.name)
    except Unusable as error:
        fault = Fault(file=member.file, line=line, key=error.column, message=str(error))
        raise InvalidInput([fault]) from error
    return Table(member=member, encoding=encoding, layout=found)


def recognised(header: Sequence[str], file: str, line: int) -> ExportFormat | None:
    """The tool that wrote a header; nothing if it is none that we know.

    Raises InvalidInput if it could be several, or one that lacks what it is known by.
    """
    names = small(header)
    sure = marked(names)
    if len(sure) == 1:
        return sure[0]
    may = sure or possible(names)
    if not may:
        return None
    could = " or ".join(known.name for known in may)
    message = f"could be an export of {could} by its columns; say which, like "
    message += f"--format {may[0].name}"
    raise InvalidInput([Fault(file=file, line=line, message=message)])


def _walk(
    tables: Iterable[Table], path: Path, lists: tuple[str, ...], faults: Faults
) -> Iterator[Located]:
    seen = DuplicateCheck()
    for table in tables:
        at = table.layout
        source = f"{at.known.name} export {path.name}"
        body = rows(table.member, table.encoding)
        next(body, None)
        for line, row in body:
            try:
                found = _first(person(at, row, source=source, lists=lists), line, seen)
            except Unusable as error:
                file, key = table.member.file, error.column
                faults.add(Fault(file=file, line=line, key=key, message=str(error)))
            else:
                yield Located(f"{table.member.name}:{line}", found, groups(at, row))


def _first(found: Person, line: int, seen: DuplicateCheck) -> Person:
    return Skip.TWICE if isinstance(found, Entry) and seen.note(found.address, line) else found


def _notes(tables: Sequence[Table], left: Sequence[str]) -> Iterator[str]:
    for table in tables:
        name = table.member.name
        yield f"{name}: read as an export of {table.layout.known.name}"
        if table.encoding == "cp1252":
            yield f"{name}: is not UTF-8 and was read as Windows-1252: look at its accents"
    aside = dict.fromkeys(column for table in tables for column in table.layout.aside)
    if aside:
        yield f"columns ignored: {', '.join(aside)}"
    if left:
        yield f"files ignored, no exports of people: {', '.join(left)}"
    yield from filter(None, dict.fromkeys(table.layout.known.caution for table in tables))
