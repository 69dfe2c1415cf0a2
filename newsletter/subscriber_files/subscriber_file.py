"""A file of subscribers: validated as a whole before use, with its people in a temporary file."""

import codecs
import hashlib
import io
import pickle
import re
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
from newsletter.domain.subscribers import audience
from newsletter.domain.wording import say
from newsletter.formats.text import FLAW_PATTERN, MARKED_BYTE_PATTERN, describe_flaw
from newsletter.subscriber_files import encodings
from newsletter.subscriber_files.entries import EntryReader
from newsletter.subscriber_files.exports import Skip

FILE_CHANGED_REASON = say("changed while it was read; import it again")
_MARK = "newsletter.marked"


def find_encoding_fault(member: encodings.Member, encoding: str) -> Fault:
    """Return the fault of the first byte that is invalid in an encoding."""
    return _find(member, encoding, MARKED_BYTE_PATTERN) or Fault(
        file=member.file, message=FILE_CHANGED_REASON
    )


def find_text_fault(member: encodings.Member, encoding: str) -> Fault | None:
    """Return the fault of the first invalid byte or control character except tabs, or None."""
    return _find(member, encoding, FLAW_PATTERN)


def _find(member: encodings.Member, encoding: str, pattern: re.Pattern[str]) -> Fault | None:
    def read_mark(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - nothing is encoded here
        return chr(0xDC00 + error.object[error.start]), error.start + 1

    codecs.register_error(_MARK, read_mark)
    line = column = 1
    with encodings.readable(member.file), io.TextIOWrapper(member.open(), encoding, _MARK) as text:
        for piece in iter(partial(text.readline, encodings.CHUNK_BYTES), ""):
            if flaw := pattern.search(piece):
                message = _describe_flaw(flaw[0], encoding)
                at = column + flaw.start()
                return Fault(file=member.file, line=line, column=at, message=message)
            line, column = (line + 1, 1) if piece.endswith("\n") else (line, column + len(piece))
    return None


def _describe_flaw(flaw: str, encoding: str) -> str:
    if encoding not in encodings.NAMES or not MARKED_BYTE_PATTERN.fullmatch(flaw):
        return describe_flaw(flaw, re.sub("-(sig|le|be)$", "", encoding).upper())
    wrong = "holds 0x{octet} here, which is neither Unicode nor {name}; save the file as UTF-8"
    return say(wrong, octet=f"{ord(flaw) - 0xDC00:02x}", name=encodings.NAMES[encoding])


PersonEntry = audience.Entry | audience.SuppressedEntry | Skip

_REASON_IN_WORDS = {
    audience.SuppressionReason.MANUAL: say("shut out by the staff"),
    audience.SuppressionReason.BOUNCED: say("bounced"),
    audience.SuppressionReason.UNSUBSCRIBED: say("unsubscribed"),
    audience.SuppressionReason.COMPLAINED: say("complained"),
    audience.SuppressionReason.ERASED: say("erased"),
}


PlacedEntry = tuple[str, audience.Entry | audience.SuppressedEntry]
"""(position in the file, person to add or to suppress)."""


class PlacedPerson(NamedTuple):
    """A person in a file: to add, to suppress or to skip."""

    place: str
    """The position: file name and line."""
    person: PersonEntry
    has_tags: bool = False
    """The person had tags or labels in the other tool. They are not imported."""


@dataclass(kw_only=True)
class EntryCounts:
    entries: int = 0
    with_tags: int = 0
    """The number of people with tags or labels in the other tool."""
    no_list: int = 0
    """The number of people for whom the file names no list. Known ones keep theirs."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    suppressed: Counter[audience.SuppressionReason] = field(default_factory=Counter)
    lists: dict[str, str] = field(default_factory=dict)
    """Name of a list → the first position in the file that names it."""
    _examples: dict[Skip | audience.SuppressionReason, list[str]] = field(default_factory=dict)

    def add(self, placed: PlacedPerson) -> None:
        self.with_tags += placed.has_tags
        person = placed.person
        if isinstance(person, audience.Entry):
            self.entries += 1
            self.no_list += not (person.lists or person.left)
            for name in (*person.lists, *person.left):
                if name not in self.lists:
                    self.lists[name] = placed.place
            return
        if isinstance(person, Skip):
            self.skipped[person] += 1
            examples = self._examples.setdefault(person, [])
        else:
            self.suppressed[person.reason] += 1
            examples = self._examples.setdefault(person.reason, [])
        if len(examples) < audience.MAX_EXAMPLES:
            examples.append(placed.place)

    @property
    def people(self) -> int:
        """Return the number of people to add or to suppress."""
        return self.entries + self.suppressed.total()

    def notes(self) -> Iterator[str]:
        """Yield sentences about suppressed and skipped people and ignored tags."""
        if self.with_tags:
            ignored = "tags ignored (people: {count:,}): all go to the lists that you name"
            yield say(ignored, count=self.with_tags)
        if self.no_list:
            listless = "no list is named for {count:,}: who is new gets no email until you name one"
            yield say(listless, count=self.no_list)
        for reason, count in self.suppressed.items():
            why, places = _REASON_IN_WORDS[reason], ", ".join(self._examples[reason])
            shut = "to be suppressed: {count:,} {why}, first at {places}"
            yield say(shut, count=count, why=why, places=places)
        for skip, count in self.skipped.items():
            places = ", ".join(self._examples[skip])
            skipped = "skipped: {count:,} {why}, first at {places}"
            yield say(skipped, count=count, why=say(skip.value), places=places)


PROGRESS_STEP = 1000
_PAUSE_SECONDS = 0.02
_SPOOLED_AT_ONCE, _SORTED_AT_ONCE = 100, 5_000
T = TypeVar("T")


class Spool(Generic[T]):
    """Values in a temporary file that can be read several times, after those in ``before``.

    With ``key``, which returns a hash, more than ``_SORTED_AT_ONCE`` values come in its order.
    Those whose hashes have the same first byte are in memory together. The file is closed when
    this object is deleted.
    """

    def __init__(
        self,
        file: IO[bytes],
        before: Iterable[T] = (),
        key: Callable[[T], bytes] | None = None,
    ) -> None:
        self._file, self._before, self._key = file, before, key
        self._waiting: list[T] = []
        self._places: dict[int, list[int]] = {}
        """First byte of a hash → positions in the file."""
        finalize(self, self._file.close)

    def add(self, value: T) -> None:
        self._waiting.append(value)
        if len(self._waiting) == (_SORTED_AT_ONCE if self._key else _SPOOLED_AT_ONCE):
            self._flush()

    def _flush(self) -> None:
        groups: dict[int, list[T]] = {}
        for value in self._waiting:
            groups.setdefault(self._key(value)[0] if self._key else 0, []).append(value)
        self._file.seek(0, io.SEEK_END)
        for first_byte, values in groups.items():
            self._places.setdefault(first_byte, []).append(self._file.tell())
            pickle.dump(values, self._file)
        self._waiting.clear()

    def __iter__(self) -> Iterator[T]:
        yield from self._before
        if not self._places:
            yield from self._waiting
            return
        self._flush()
        for _, places in sorted(self._places.items()):
            values = chain.from_iterable(map(self._load, places))
            yield from sorted(values, key=self._key) if self._key else values

    def _load(self, place: int) -> list[T]:
        self._file.seek(place)
        values: list[T] = pickle.load(self._file)  # noqa: S301 - only this object writes into it
        return values


def pause_after(progress: Callable[[int], object]) -> Callable[[int], None]:
    """Return a function that calls ``progress`` after a part of an import, then pauses.

    A process that waits for SQLite's lock asks again at intervals.
    """

    def pause(count: int) -> None:
        progress(count)
        time.sleep(_PAUSE_SECONDS)

    return pause


@dataclass(frozen=True, kw_only=True)
class SubscriberFile:
    """The people of a valid file, and facts about the file."""

    name: str
    """The name of the file, without its folder."""
    kind: str
    """The tool that wrote the file, or ``plain``."""
    sha256: str
    """SHA-256 of the file, in hexadecimal."""
    notes: tuple[str, ...]
    """Sentences on how the file was read, and on ignored parts of it."""
    lists: Mapping[str, str]
    """Name of a list → the first position in the file that names it."""
    skipped: Mapping[str, int]
    """Reason → number of people who are not imported."""
    count: int
    """The number of people to add or to suppress."""
    bad_rows: int = 0
    """The number of bad rows, which are left out."""
    left_out: tuple[Fault, ...] = ()
    """The faults of these rows, at most MAX_FAULTS."""
    people: Iterable[PlacedEntry] = ()
    """The people to suppress, then those to add: a suppressed person never gets email between."""


def _new_file(source: encodings.Source) -> IO[bytes]:
    """Return a temporary file on disk; for an upload, one in memory."""
    return TemporaryFile() if isinstance(source, Path) else io.BytesIO()


def check_file(
    path: encodings.Source,
    read_entries: Callable[[EntryReader], Iterator[PlacedPerson]],
    *,
    kind: str,
    sha256: str,
    notes: Iterable[str],
    progress: Callable[[int], object],
    omits_bad_rows: bool = False,
) -> SubscriberFile:
    """Read and validate a whole file, whose hash was ``sha256``. Raises InvalidInput."""
    counts, row_count = EntryCounts(), 0
    reader = EntryReader(str(path), omits_bad_rows=omits_bad_rows)
    suppressed = Spool[PlacedEntry](_new_file(path))
    people = Spool[PlacedEntry](_new_file(path), before=suppressed)
    for row_count, placed in enumerate(read_entries(reader), start=1):
        counts.add(placed)
        if not isinstance(placed.person, Skip):
            spool = people if isinstance(placed.person, audience.Entry) else suppressed
            spool.add((placed.place, placed.person))
        if row_count % PROGRESS_STEP == 0:
            progress(row_count)
    if row_count % PROGRESS_STEP:
        progress(row_count)
    left_out = reader.finish()
    if sha256_of(path) != sha256:
        raise InvalidInput.at(str(path), FILE_CHANGED_REASON)
    return SubscriberFile(
        name=path.name,
        kind=kind,
        sha256=sha256,
        notes=(*notes, *counts.notes()),
        lists=counts.lists,
        skipped={skip.value: count for skip, count in counts.skipped.items()},
        count=counts.people,
        bad_rows=reader.bad_rows,
        left_out=left_out,
        people=people,
    )


def sha256_of(path: encodings.Source) -> str:
    """Return the SHA-256 of a file. Raises InvalidInput if it cannot be read."""
    if isinstance(path, encodings.MemoryFile) and path.sha256:
        return path.sha256
    with encodings.readable(str(path)), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
