"""Read an uploaded file of subscribers in a sandbox."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.documents.sandbox import read_apart
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.subscriber_files.encodings import Uploaded
from newsletter.subscriber_files.subscribers import AUTO, read_people

LARGEST_BYTES = 5_000_000
"""The largest upload: some 100,000 people, all of whom are in memory while they are imported."""


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """The file as a whole."""

    kind: str
    digest: str
    notes: tuple[str, ...]
    lists: Mapping[str, str]
    """List → the place that names it first."""
    people: int


@dataclass(frozen=True, kw_only=True)
class ReadPerson:
    """A person to add or to suppress, with the place in the file."""

    place: str
    person: Entry | SuppressedEntry


def read_upload(
    data: bytes, *, file: str, lists: Sequence[str], without: Sequence[str]
) -> tuple[ReadFile, list[ReadPerson]]:
    """Run ``read_people`` in a sandbox. Raises InvalidInput."""
    reader = "newsletter.subscriber_files.isolated:read_here"
    arguments = {"data": data, "file": file, "lists": list(lists), "without": list(without)}
    advice = "split it into smaller files"
    found = read_apart(reader, arguments, file=file, answer=ReadFile | ReadPerson, advice=advice)
    whole, *people = found
    return whole, people


def read_here(
    *, data: bytes, file: str, lists: Sequence[str], without: Sequence[str]
) -> Iterator[ReadFile | ReadPerson]:
    """Yield the file, then its people. Raises InvalidInput."""
    read = read_people(
        Uploaded(name=file, data=data),
        kind=AUTO,
        lists=lists,
        without=without,
        progress=lambda count: None,
    )
    yield ReadFile(
        kind=read.kind,
        digest=read.digest,
        notes=read.notes,
        lists=read.counts.lists,
        people=read.counts.people,
    )
    for place, person in read.people:
        yield ReadPerson(place=place, person=person)
