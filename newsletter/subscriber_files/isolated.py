"""Read an uploaded file of subscribers in a sandbox."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from tempfile import TemporaryFile

from newsletter.documents.sandbox import READERS, CutOff, cut_off, stream
from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, UploadedFile
from newsletter.subscriber_files.encodings import Uploaded
from newsletter.subscriber_files.subscriber_file import Spool
from newsletter.subscriber_files.subscribers import AUTO, TableColumn, columns_of, read_people
from newsletter.subscriber_files.workbooks import as_table

LARGEST_BYTES = 32_000_000
"""The largest upload: a ZIP of some 500,000 people, or a table of as many."""
_WITHIN = timedelta(minutes=5)
_MAX_ANSWER_BYTES = 256_000_000
_AT_ONCE = 250


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


@dataclass(frozen=True, kw_only=True)
class ReadPeople:
    """Some people of the file: one answer for each of them would take twice as long."""

    people: tuple[ReadPerson, ...]


@dataclass(frozen=True, kw_only=True)
class ReadUpload:
    """The contents of a file."""

    columns: tuple[TableColumn, ...]
    """The columns of a table."""
    file: ReadFile | None
    """None if a person has to name the columns, and with an error."""
    people: Iterable[ReadPerson]
    error: InvalidInput | None = None


def read_upload(upload: UploadedFile) -> ReadUpload:
    """Run ``read_people`` in a sandbox; the people are in a file without a name."""
    columns: list[TableColumn] = []
    file: ReadFile | None = None
    error: InvalidInput | None = None
    people = Spool[ReadPerson](TemporaryFile())  # noqa: SIM115 - the spool closes it
    try:
        source = as_table(Uploaded(name=upload.file, data=upload.body))
    except InvalidInput as unreadable:
        return ReadUpload(columns=(), file=None, people=(), error=unreadable)
    arguments = {
        "source": source,
        "lists": upload.lists,
        "without": upload.without,
        "chosen": upload.columns,
        "agreed": upload.agreed,
    }
    try:
        for one in stream(
            "newsletter.subscriber_files.isolated:read_here",
            arguments,
            answer=TableColumn | ReadFile | ReadPeople,
            within=_WITHIN,
            gate=READERS,
            largest=_MAX_ANSWER_BYTES,
        ):
            if isinstance(one, InvalidInput):
                error = one
            elif isinstance(one, TableColumn):
                columns.append(one)
            elif isinstance(one, ReadFile):
                file = one
            else:
                for person in one.people:
                    people.add(person)
    except CutOff as cut:
        error = cut_off(cut, file=upload.file, advice="split it into smaller files")
    people.flush()
    return ReadUpload(
        columns=tuple(columns), file=None if error else file, people=people, error=error
    )


def read_here(
    *,
    source: Uploaded,
    lists: Sequence[str],
    without: Sequence[str],
    chosen: Sequence[str],
    agreed: str,
) -> Iterator[TableColumn | ReadFile | ReadPeople]:
    """Yield the columns of a table, the file, then its people. Raises InvalidInput.

    If some columns are unknown, and a person has not chosen what they are: only the columns.
    """
    columns = columns_of(source)
    yield from columns
    ours = [column.ours for column in columns]
    if columns and not chosen and (not all(ours) or "email" not in ours):
        return
    read = read_people(
        source,
        kind=AUTO,
        lists=lists,
        without=without,
        chosen=chosen,
        agreed=agreed,
        progress=lambda count: None,
    )
    yield ReadFile(
        kind=read.kind,
        digest=read.digest,
        notes=read.notes,
        lists=read.counts.lists,
        people=read.counts.people,
    )
    people = (ReadPerson(place=place, person=person) for place, person in read.people)
    while some := tuple(islice(people, _AT_ONCE)):
        yield ReadPeople(people=some)
