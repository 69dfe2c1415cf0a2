"""Read an uploaded file of subscribers in a sandbox. Run as a module, this is its process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.documents.sandbox import CutOff, NotStarted, ask, work
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.subscriber_files.encodings import Uploaded
from newsletter.subscriber_files.subscribers import AUTO, read_people

LARGEST_BYTES = 5_000_000
"""The largest upload: some 100,000 people, all of whom are in memory while they are imported."""
_MODULE = "newsletter.subscriber_files.isolated"


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
    task = {"file": file, "lists": list(lists), "without": list(without)}
    try:
        found = ask(_MODULE, task, data, answer=ReadFile | ReadPerson)
    except NotStarted as error:
        message = f"was not read: {error}; try again"
        raise InvalidInput([Fault(file=file, message=message)]) from error
    except CutOff as error:
        message = f"was not read: {error}; split it into smaller files"
        raise InvalidInput([Fault(file=file, message=message)]) from error
    for one in found:
        if isinstance(one, InvalidInput):
            raise one
    whole, *people = found
    return whole, people


def handle(task: Mapping[str, Any], data: bytes) -> Iterator[Any]:
    """Yield the file, then its people; or its faults."""
    try:
        read = read_people(
            Uploaded(name=task["file"], data=data),
            kind=AUTO,
            lists=task["lists"],
            without=task["without"],
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
    except InvalidInput as error:
        yield error


if __name__ == "__main__":
    work(handle)
