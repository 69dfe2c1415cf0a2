"""A file of subscribers, validated as a whole before any of it is used. Its people are never all in
memory."""

import codecs
import hashlib
import io
import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Generic, NamedTuple, TypeVar
from weakref import finalize

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import (
    MAX_EXAMPLES,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.formats.text import first_control
from newsletter.subscriber_files import encodings
from newsletter.subscriber_files.entries import EntryReader
from newsletter.subscriber_files.exports import Skip

CHANGED = "changed while it was read; import it again"
_NOT = {
    "utf-8": "not UTF-8",
    "utf-8-sig": "not UTF-8",
    "utf-16": "not UTF-16",
    "utf-16-le": "not UTF-16",
    "utf-16-be": "not UTF-16",
    **{encoding: f"neither UTF-8, UTF-16 nor {name}" for encoding, name in encodings.NAMES.items()},
}


def not_text(member: encodings.Member, encoding: str) -> Fault:
    """Return the fault of the first byte that is invalid in an encoding."""
    place = _Place()
    decoder = codecs.getincrementaldecoder(encoding)()
    with encodings.readable(member.file), member.open() as stream:
        for chunk in chain(iter(partial(stream.read, encodings.CHUNK_BYTES), b""), [b""]):
            before = decoder.getstate()
            try:
                place.advance(decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                # decoded again up to the bad byte, to count its line
                decoder.setstate(before)
                good = len(chunk) - (len(error.object) - error.start)
                # below 0 if the bad byte is from the chunk before
                place.advance(decoder.decode(chunk[: max(good, 0)]))
                octet = f"0x{error.object[error.start]:02x}"
                what = _NOT.get(encoding, f"not {encoding}")
                message = f"holds {octet} here, which is {what}; save the file as UTF-8"
                return place.fault(member.file, message)
    return Fault(file=member.file, message=CHANGED)


def control_in(member: encodings.Member, encoding: str) -> Fault | None:
    """Return the fault of the first control character except tabs, or None. Raises
    UnicodeDecodeError."""
    place = _Place()
    with encodings.readable(member.file), io.TextIOWrapper(member.open(), encoding) as text:
        for piece in iter(partial(text.read, encodings.CHUNK_BYTES), ""):
            found = first_control(piece)
            if found:
                at, name = found
                place.advance(piece[:at])
                return place.fault(member.file, f"holds {name}, which is invisible; take it out")
            place.advance(piece)
    return None


class _Place:
    """Counts lines and columns of a text that is read in pieces."""

    def __init__(self) -> None:
        self._line = self._column = 1
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)

    def advance(self, piece: str, *, final: bool = False) -> None:
        text = self._line_ends.decode(piece, final=final)
        ends = text.count("\n")
        self._line += ends
        self._column = len(text) - text.rfind("\n") if ends else self._column + len(text)

    def fault(self, file: str, message: str) -> Fault:
        self.advance("", final=True)
        return Fault(file=file, line=self._line, column=self._column, message=message)


Person = Entry | SuppressedEntry | Skip

_SUPPRESSED = {
    SuppressionReason.MANUAL: "shut out by the staff",
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.COMPLAINED: "complained",
    SuppressionReason.ERASED: "erased",
}


PlacedEntry = tuple[str, Entry | SuppressedEntry]
"""The place in the file, and the person to add or to suppress."""


class PlacedPerson(NamedTuple):
    """A person in a file: to add, to suppress or to skip."""

    place: str
    """The file's name and the line."""
    person: Person
    has_tags: bool = False
    """Whether the other tool had tags or labels for the person. They are not imported."""


@dataclass(kw_only=True)
class EntryCounts:
    """Counts the people of a file by kind."""

    entries: int = 0
    tagged: int = 0
    """The number of people with tags or labels in the other tool."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    suppressed: Counter[SuppressionReason] = field(default_factory=Counter)
    lists: dict[str, str] = field(default_factory=dict)
    """List → the first place that names it."""
    _first: dict[Skip | SuppressionReason, list[str]] = field(default_factory=dict)

    def add(self, found: PlacedPerson) -> None:
        self.tagged += found.has_tags
        person = found.person
        if isinstance(person, Entry):
            self.entries += 1
            for name in (*person.lists, *person.left):
                if name not in self.lists:
                    self.lists[name] = found.place
            return
        if isinstance(person, Skip):
            self.skipped[person] += 1
            first = self._first.setdefault(person, [])
        else:
            self.suppressed[person.reason] += 1
            first = self._first.setdefault(person.reason, [])
        if len(first) < MAX_EXAMPLES:
            first.append(found.place)

    @property
    def people(self) -> int:
        """Return the number of people to add or to suppress."""
        return self.entries + self.suppressed.total()

    def notes(self) -> Iterator[str]:
        """Yield sentences about suppressed and skipped people and ignored tags."""
        if self.tagged:
            yield f"tags ignored (people: {self.tagged:,}): all go to the lists that you name"
        for reason, count in self.suppressed.items():
            first = ", ".join(self._first[reason])
            yield f"to be suppressed: {count:,} {_SUPPRESSED[reason]}, first at {first}"
        for skip, count in self.skipped.items():
            yield f"skipped: {count:,} {skip.value}, first at {', '.join(self._first[skip])}"


PROGRESS_STEP = 1000
_PAUSE_SECONDS = 0.02
_SPOOLED_AT_ONCE = 100
T = TypeVar("T")


class Spool(Generic[T]):
    """Values in a temporary file that can be read several times. The file is closed with this
    object."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting: list[T] = []
        finalize(self, self._file.close)

    def add(self, value: T) -> None:
        self._waiting.append(value)
        if len(self._waiting) == _SPOOLED_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        pickle.dump(self._waiting, self._file)
        self._waiting.clear()

    def __iter__(self) -> Iterator[T]:
        self._flush()
        end, place = self._file.tell(), 0
        while place < end:
            self._file.seek(place)
            values = pickle.load(self._file)  # noqa: S301 - nobody else can write into it
            place = self._file.tell()
            self._file.seek(end)
            yield from values


def with_pauses(people: Iterable[T], progress: Callable[[int], object]) -> Iterator[T]:
    """Yield the people, with pauses in which other processes can write to SQLite. ``progress`` gets
    the number so far."""
    for number, one in enumerate(people, start=1):
        progress(number)
        if number % PROGRESS_STEP == 0:
            # who waits for SQLite's lock asks again after a while: it must be free then
            time.sleep(_PAUSE_SECONDS)
        yield one


@dataclass(frozen=True, kw_only=True)
class SubscriberFile:
    """The people of a valid file, and facts about the file."""

    name: str
    """The file's name without its folder."""
    kind: str
    """The tool that wrote it, or ``plain``."""
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    notes: tuple[str, ...]
    """Sentences on how the file was read, and what was ignored."""
    lists: Mapping[str, str]
    """List → the first place that names it."""
    skipped: Mapping[str, int]
    """Reason → number of people who are not imported."""
    count: int
    """The number of people to add or to suppress."""
    bad_rows: int = 0
    """The number of bad rows, which are left out."""
    left_out: tuple[Fault, ...] = ()
    """The faults of these rows, at most 1,000."""
    people: Iterable[PlacedEntry] = ()
    """The people to add, then those to suppress."""


def _new_file(source: encodings.Source) -> IO[bytes]:
    """Return a temporary file on disk; for an upload, which is in memory, one in memory."""
    return TemporaryFile() if isinstance(source, Path) else io.BytesIO()


def check_file(
    path: encodings.Source,
    read_entries: Callable[[EntryReader], Iterator[PlacedPerson]],
    *,
    kind: str,
    digest: str,
    notes: Iterable[str],
    progress: Callable[[int], object],
    omits_bad_rows: bool = False,
) -> SubscriberFile:
    """Read and validate a whole file. Raises InvalidInput with each bad line, at most 1,000.

    ``read_entries`` yields the people and adds faults to the reader. ``digest`` is that of the file
    before it was read. ``progress`` gets the number of people read, every 1,000 people and at the
    end.
    """
    counts, read = EntryCounts(), 0
    reader = EntryReader(str(path), omits_bad_rows=omits_bad_rows)
    people, suppressed = Spool[PlacedEntry](_new_file(path)), Spool[PlacedEntry](_new_file(path))
    for read, found in enumerate(read_entries(reader), start=1):
        counts.add(found)
        if not isinstance(found.person, Skip):
            spool = people if isinstance(found.person, Entry) else suppressed
            spool.add((found.place, found.person))
        if read % PROGRESS_STEP == 0:
            progress(read)
    if read % PROGRESS_STEP:
        progress(read)
    left_out = reader.finish()
    if digest_of(path) != digest:
        raise InvalidInput([Fault(file=str(path), message=CHANGED)])
    for entry in suppressed:
        people.add(entry)
    return SubscriberFile(
        name=path.name,
        kind=kind,
        digest=digest,
        notes=(*notes, *counts.notes()),
        lists=counts.lists,
        skipped={skip.value: many for skip, many in counts.skipped.items()},
        count=counts.people,
        bad_rows=reader.bad_rows,
        left_out=left_out,
        people=people,
    )


def digest_of(path: encodings.Source) -> str:
    """Return the SHA-256 of a file's bytes. Raises InvalidInput if it cannot be read."""
    if isinstance(path, encodings.MemoryFile) and path.digest:
        return path.digest
    with encodings.readable(str(path)), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
