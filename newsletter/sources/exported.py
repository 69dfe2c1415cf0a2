"""An export of another tool, read as often as it is asked for and never held whole."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from newsletter.domain.audience import Entry, SuppressedEntry, fold
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.entries import PROGRESS_STEP
from newsletter.sources.exports import FORMATS, ExportFormat, marked, possible
from newsletter.sources.exports_files import Member, encoding_in, members, rows
from newsletter.sources.exports_rows import Layout, Skip, Unusable, groups, layout, person, small
from newsletter.sources.exports_tally import Person, Tally


@dataclass(frozen=True, kw_only=True)
class Table:
    """One file of CSV that is understood."""

    member: Member
    encoding: str
    layout: Layout


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """What an export says of people. Each time they are asked for, the file is read again.

    Raises InvalidInput, after the last of them, if it was changed meanwhile.
    """

    path: Path
    tables: tuple[Table, ...]
    lists: tuple[str, ...]
    tally: Tally
    notes: tuple[str, ...]
    """What was understood, guessed and left aside, in sentences."""

    @property
    def entries(self) -> Iterator[Entry]:
        """Who is to be added."""
        return (found for found in self._people() if isinstance(found, Entry))

    @property
    def suppressed(self) -> Iterator[SuppressedEntry]:
        """Who is never to be written to."""
        if not self.tally.suppressed:
            return iter(())
        return (found for found in self._people() if isinstance(found, SuppressedEntry))

    @property
    def skipped(self) -> dict[str, int]:
        """How many are not taken over, by why."""
        return {skip.value: count for skip, count in self.tally.skipped.items()}

    def _people(self) -> Iterator[Person]:
        again = Tally()
        for place, found, _grouped in _walk(self.tables, self.path, self.lists, again):
            again.add(found, place)
            yield found
        again.finish(str(self.path))
        if not again.agrees(self.tally):
            message = "changed while it was read; import it again"
            raise InvalidInput([Fault(file=str(self.path), message=message)])


def read_export(
    path: Path, *, known: ExportFormat | None, lists: Sequence[str], progress: Callable[[int], None]
) -> ExportFile | None:
    """Read and check an export; nothing if it is none and no format was asked for.

    ``lists`` is where its people go. Raises InvalidInput naming each bad line, at most a thousand
    of them; also if the columns could be those of several tools.
    """
    present = members(path)
    found = [_table(member, known) for member in present]
    tables = [table for table in found if table is not None]
    if not tables and path.suffix.lower() == ".zip":
        message = f"holds no export of {', '.join(FORMATS)}"
        raise InvalidInput([Fault(file=str(path), message=message)])
    if not tables:
        return None
    tally = _checked(tables, path, tuple(lists), progress)
    if tally.entries and not lists:
        message = "names no list of ours; say where its people go, like --list press"
        raise InvalidInput([Fault(file=str(path), message=message)])
    left = [member.name for member, table in zip(present, found, strict=True) if table is None]
    return ExportFile(
        path=path,
        tables=tuple(tables),
        lists=tuple(lists),
        tally=tally,
        notes=(*_notes(tables, left), *tally.notes()),
    )


def _table(member: Member, known: ExportFormat | None) -> Table | None:
    encoding = encoding_in(member)
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


def _checked(
    tables: Sequence[Table], path: Path, lists: tuple[str, ...], progress: Callable[[int], None]
) -> Tally:
    tally = Tally()
    read = 0
    for read, (place, found, grouped) in enumerate(_walk(tables, path, lists, tally), start=1):
        tally.add(found, place)
        tally.grouped += grouped
        if read % PROGRESS_STEP == 0:
            progress(read)
    progress(read)
    tally.finish(str(path))
    return tally


def _walk(
    tables: Iterable[Table], path: Path, lists: tuple[str, ...], tally: Tally
) -> Iterator[tuple[str, Person, bool]]:
    """Each person with the place they stand at and whether they have tags there."""
    seen: set[bytes] = set()
    for table in tables:
        at = table.layout
        source = f"{at.known.name} export {path.name}"
        body = rows(table.member, table.encoding)
        next(body, None)
        for line, row in body:
            try:
                found = _first(person(at, row, source=source, lists=lists), seen)
            except Unusable as error:
                fault = Fault(
                    file=table.member.file, line=line, key=error.column, message=str(error)
                )
                tally.fault(fault)
            else:
                yield f"{table.member.name}:{line}", found, groups(at, row)


def _first(found: Person, seen: set[bytes]) -> Person:
    if not isinstance(found, Entry):
        return found
    # A short digest instead of the address: a million of them must fit beside everything else.
    key = blake2b(fold(found.address).encode(), digest_size=12).digest()
    if key in seen:
        return Skip.TWICE
    seen.add(key)
    return found


def _notes(tables: Sequence[Table], left: Sequence[str]) -> Iterator[str]:
    for table in tables:
        name = table.member.name
        yield f"{name}: read as an export of {table.layout.known.name}"
        if table.encoding == "cp1252":
            yield f"{name}: is not UTF-8 and was read as Windows-1252: look at its accents"
    aside = dict.fromkeys(column for table in tables for column in table.layout.aside)
    if aside:
        yield f"columns left aside: {', '.join(aside)}"
    if left:
        yield f"files left aside, no exports of people: {', '.join(left)}"
    yield from filter(None, dict.fromkeys(table.layout.known.caution for table in tables))
