"""A file of subscribers that can be read repeatedly and is never held whole.

It knows its encoding and the number of people of each kind.
"""

import codecs
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import (
    EXAMPLES,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.formats.text import first_control
from newsletter.subscriber_files.encodings import NAMES
from newsletter.subscriber_files.entries import EntryReader
from newsletter.subscriber_files.exports import Skip
from newsletter.subscriber_files.members import Member, readable

CHANGED = "changed while it was read; import it again"

_CHUNK = 1 << 18
_NOT = {
    "utf-8": "not UTF-8",
    "utf-8-sig": "not UTF-8",
    "utf-16": "not UTF-16",
    "utf-16-le": "not UTF-16",
    "utf-16-be": "not UTF-16",
    **{encoding: f"neither UTF-8, UTF-16 nor {name}" for encoding, name in NAMES.items()},
}


def not_text(member: Member, encoding: str) -> Fault:
    """The first byte that means nothing in an encoding, with its line and column."""
    place = _Place()
    decoder = codecs.getincrementaldecoder(encoding)()
    with readable(member.file), member.open() as stream:
        for chunk in chain(iter(partial(stream.read, _CHUNK), b""), [b""]):
            before = decoder.getstate()
            try:
                place.pass_by(decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                # Decoded again up to the bad byte: the error counts bytes, people count lines.
                decoder.setstate(before)
                good = len(chunk) - (len(error.object) - error.start)
                # below 0 where the bad byte was left over from the chunk before
                place.pass_by(decoder.decode(chunk[: max(good, 0)]))
                octet = f"0x{error.object[error.start]:02x}"
                what = _NOT.get(encoding, f"not {encoding}")
                message = f"holds {octet} here, which is {what}; save the file as UTF-8"
                return place.fault(member.file, message)
    return Fault(file=member.file, message=CHANGED)


def control_in(member: Member, encoding: str) -> Fault | None:
    """The first control character of a text, with its line and column; tabs are none.

    Raises UnicodeDecodeError.
    """
    place = _Place()
    with readable(member.file), io.TextIOWrapper(member.open(), encoding) as text:
        for piece in iter(partial(text.read, _CHUNK), ""):
            found = first_control(piece)
            if found:
                at, name = found
                place.pass_by(piece[:at])
                return place.fault(member.file, f"holds {name}, which is invisible; take it out")
            place.pass_by(piece)
    return None


class _Place:
    """A position in a text that comes in pieces."""

    def __init__(self) -> None:
        self._line = self._column = 1
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)

    def pass_by(self, piece: str, *, final: bool = False) -> None:
        text = self._line_ends.decode(piece, final=final)
        ends = text.count("\n")
        self._line += ends
        self._column = len(text) - text.rfind("\n") if ends else self._column + len(text)

    def fault(self, file: str, message: str) -> Fault:
        self.pass_by("", final=True)
        return Fault(file=file, line=self._line, column=self._column, message=message)


Person = Entry | SuppressedEntry | Skip

_SUPPRESSED = {
    SuppressionReason.MANUAL: "shut out by the staff",
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.COMPLAINED: "complained",
    SuppressionReason.ERASED: "erased",
}


class Located(NamedTuple):
    """A person of a file."""

    place: str
    """The file's name and the line."""
    person: Person
    grouped: bool = False
    """The person has tags or labels of the other tool, which are ignored."""


@dataclass(kw_only=True)
class EntryCounts:
    """Counts people without keeping them."""

    entries: int = 0
    grouped: int = 0
    """The number of people with tags or labels of the other tool."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    suppressed: Counter[SuppressionReason] = field(default_factory=Counter)
    lists: dict[str, str] = field(default_factory=dict)
    """List → the place that names it first."""
    _first: dict[Skip | SuppressionReason, list[str]] = field(default_factory=dict)

    def add(self, found: Located) -> None:
        """Count a person."""
        self.grouped += found.grouped
        person = found.person
        if isinstance(person, Entry):
            self.entries += 1
            for name in (*person.lists, *person.left):
                if name not in self.lists:
                    self.lists[name] = found.place
            return
        if isinstance(person, Skip):
            self.skipped[person] += 1
        else:
            self.suppressed[person.reason] += 1
        first = self._first.setdefault(person if isinstance(person, Skip) else person.reason, [])
        if len(first) < EXAMPLES:
            first.append(found.place)

    @property
    def people(self) -> int:
        """The number of people to add or suppress."""
        return self.entries + self.suppressed.total()

    def notes(self) -> Iterator[str]:
        """Yield sentences about the people who are not simply added."""
        if self.grouped:
            yield f"tags ignored, of {self.grouped:,} people: everybody goes to --list"
        for reason, count in self.suppressed.items():
            yield f"to be suppressed: {count:,} {_SUPPRESSED[reason]}, {self._places(reason)}"
        for skip, count in self.skipped.items():
            yield f"skipped: {count:,} {skip.value}, {self._places(skip)}"

    def _places(self, what: Skip | SuppressionReason) -> str:
        return f"first at {', '.join(self._first[what])}"


PROGRESS_STEP = 1000

Walk = Callable[[EntryReader], Iterator[Located]]
"""Reads the whole file; the faults are with the reader."""


@dataclass(frozen=True, kw_only=True)
class SubscriberFile:
    """The people in a file. Each iteration reads the file again.

    Raises InvalidInput, after the last person, if the file changed in between.
    """

    path: Path
    kind: str
    """The name of the tool that wrote it, or of none."""
    walk: Walk
    digest: str
    """SHA-256 of its bytes, in hexadecimal figures."""
    counts: EntryCounts
    notes: tuple[str, ...]
    """Sentences about parts that were understood, guessed or ignored."""

    @property
    def people(self) -> Iterator[tuple[str, Entry | SuppressedEntry]]:
        """Yield the people to add or suppress, each with the place in the file."""
        return (
            (found.place, found.person)
            for found in self._entries()
            if isinstance(found.person, Entry | SuppressedEntry)
        )

    @property
    def entries(self) -> Iterator[Entry]:
        """Yield the people to add."""
        return (person for _, person in self.people if isinstance(person, Entry))

    @property
    def suppressed(self) -> Iterator[SuppressedEntry]:
        """Yield the people to suppress."""
        if not self.counts.suppressed:
            return iter(())
        return (person for _, person in self.people if isinstance(person, SuppressedEntry))

    @property
    def skipped(self) -> dict[str, int]:
        """Return the number of people who are not imported, by reason."""
        return {skip.value: count for skip, count in self.counts.skipped.items()}

    def _entries(self) -> Iterator[Located]:
        reader = EntryReader(str(self.path), again=True)
        yield from self.walk(reader)
        if digest_of(self.path) != self.digest:
            raise InvalidInput([Fault(file=str(self.path), message=CHANGED)])
        reader.finish()


def checked(
    path: Path,
    walk: Walk,
    *,
    kind: str,
    digest: str,
    notes: Iterable[str],
    progress: Callable[[int], None],
) -> SubscriberFile:
    """Read a whole file. Raises InvalidInput with each bad line, at most a thousand of them.

    ``digest`` is the file's hash before the first byte was read. ``progress`` gets the number of
    people read so far, now and then and at the end.
    """
    counts = EntryCounts()
    reader = EntryReader(str(path))
    read = 0
    for read, found in enumerate(walk(reader), start=1):
        counts.add(found)
        if read % PROGRESS_STEP == 0:
            progress(read)
    if read % PROGRESS_STEP:
        progress(read)
    reader.finish()
    return SubscriberFile(
        path=path,
        kind=kind,
        walk=walk,
        digest=digest,
        counts=counts,
        notes=(*notes, *counts.notes()),
    )


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises InvalidInput if it cannot be read."""
    with readable(str(path)), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
