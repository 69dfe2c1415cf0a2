"""Read an uploaded file of subscribers in a sandbox."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from tempfile import TemporaryFile

from newsletter.documents.sandbox import READERS, CutOff, cut_off, stream
from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import UploadedFile
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.encodings import Uploaded
from newsletter.subscriber_files.subscriber_file import Placed, Spool, SubscriberFile
from newsletter.subscriber_files.subscribers import TableColumn, columns_of, read_people
from newsletter.subscriber_files.workbooks import as_table

LARGEST_BYTES = 32_000_000
"""The largest upload: a ZIP of some 500,000 people, or a table of as many."""
_WITHIN = timedelta(minutes=5)
_MAX_ANSWER_BYTES = 256_000_000
_AT_ONCE = 250


@dataclass(frozen=True, kw_only=True)
class ReadUpload:
    """The contents of a file."""

    columns: tuple[TableColumn, ...] = ()
    """The columns of a table."""
    file: SubscriberFile | None = None
    """None if a person has to name the columns, and with an error."""
    error: InvalidInput | None = None


def read_upload(upload: UploadedFile) -> ReadUpload:
    """Run ``read_people`` in a sandbox; the people are in a file without a name."""
    columns: list[TableColumn] = []
    file: SubscriberFile | None = None
    error: InvalidInput | None = None
    people = Spool[Placed](TemporaryFile())  # noqa: SIM115 - the spool closes it
    try:
        source = as_table(Uploaded(name=upload.file, data=upload.body))
    except InvalidInput as unreadable:
        return ReadUpload(error=unreadable)
    said = Instructions(
        lists=upload.lists, without=upload.without, chosen=upload.columns, agreed=upload.agreed
    )
    try:
        for one in stream(
            "newsletter.subscriber_files.isolated:read_here",
            {"source": source, "said": said},
            answer=TableColumn | SubscriberFile | list[Placed],
            within=_WITHIN,
            gate=READERS,
            largest=_MAX_ANSWER_BYTES,
        ):
            if isinstance(one, InvalidInput):
                error = one
            elif isinstance(one, TableColumn):
                columns.append(one)
            elif isinstance(one, SubscriberFile):
                file = replace(one, people=people)
            else:
                for found in one:
                    people.add(found)
    except CutOff as cut:
        error = cut_off(cut, file=upload.file, advice="split it into smaller files")
    return ReadUpload(columns=tuple(columns), file=None if error else file, error=error)


def read_here(
    source: Uploaded, said: Instructions
) -> Iterator[TableColumn | SubscriberFile | list[Placed]]:
    """Yield the columns of a table, the file, then its people. Raises InvalidInput.

    If some columns are unknown, and a person has not chosen what they are: only the columns.
    """
    columns = columns_of(source)
    yield from columns
    ours = [column.ours for column in columns]
    if columns and not said.chosen and (not all(ours) or "email" not in ours):
        return
    read = read_people(source, said)
    yield replace(read, people=())
    people = iter(read.people)
    # one answer for each of them would take twice as long
    while some := list(islice(people, _AT_ONCE)):
        yield some
