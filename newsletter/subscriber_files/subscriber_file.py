"""A file of subscribers that can be read again and again, and is never held whole."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.subscriber_files.entry_counts import EntryCounts, Located
from newsletter.subscriber_files.entry_reader import Faults
from newsletter.subscriber_files.streams import CHANGED, readable

PROGRESS_STEP = 1000

Walk = Callable[[Faults, bool], Iterator[Located]]
"""Reads the whole file, and notes its faults; says whether it was read before."""


@dataclass(frozen=True, kw_only=True)
class SubscriberFile:
    """What a file says of people. Each time they are asked for, the file is read again.

    Raises InvalidInput, after the last of them, if it was changed meanwhile.
    """

    path: Path
    kind: str
    """The name of the tool that wrote it, or of none."""
    walk: Walk
    digest: str
    """SHA-256 of its bytes, in hexadecimal figures."""
    counts: EntryCounts
    notes: tuple[str, ...]
    """What was understood, guessed and left aside, in sentences."""

    @property
    def people(self) -> Iterator[tuple[str, Entry | SuppressedEntry]]:
        """Who is to be added, or never to be written to, each with the place where they stand."""
        return (
            (found.place, found.person)
            for found in self._entries()
            if isinstance(found.person, Entry | SuppressedEntry)
        )

    @property
    def entries(self) -> Iterator[Entry]:
        """Who is to be added."""
        return (person for _, person in self.people if isinstance(person, Entry))

    @property
    def suppressed(self) -> Iterator[SuppressedEntry]:
        """Who is never to be written to."""
        if not self.counts.suppressed:
            return iter(())
        return (person for _, person in self.people if isinstance(person, SuppressedEntry))

    @property
    def skipped(self) -> dict[str, int]:
        """How many are not taken over, by why."""
        return {skip.value: count for skip, count in self.counts.skipped.items()}

    def _entries(self) -> Iterator[Located]:
        faults = Faults(str(self.path))
        yield from self.walk(faults, True)
        if digest_of(self.path) != self.digest:
            raise InvalidInput([Fault(file=str(self.path), message=CHANGED)])
        faults.finish()


def check(walk: Walk, path: Path, progress: Callable[[int], None]) -> EntryCounts:
    """Read a file whole. Raises InvalidInput naming each bad line, at most a thousand of them.

    ``progress`` is told now and then, and at the end, how many people were read.
    """
    counts = EntryCounts()
    faults = Faults(str(path))
    read = 0
    for read, found in enumerate(walk(faults, False), start=1):
        counts.add(found)
        if read % PROGRESS_STEP == 0:
            progress(read)
    if read % PROGRESS_STEP:
        progress(read)
    faults.finish()
    return counts


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises InvalidInput if it cannot be read."""
    with readable(str(path)), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
