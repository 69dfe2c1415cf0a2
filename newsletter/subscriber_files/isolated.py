"""Read uploaded files of subscribers in a sandbox."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from tempfile import TemporaryFile

from newsletter.documents import sandbox
from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.address import fold, fold_or_empty
from newsletter.domain.subscribers.audience import UploadedFile
from newsletter.domain.wording import say
from newsletter.subscriber_files.csv_files import Instructions, members
from newsletter.subscriber_files.encodings import CHUNK_BYTES, MemoryFile, readable, unicode_in
from newsletter.subscriber_files.subscriber_file import PlacedEntry, Spool, SubscriberFile
from newsletter.subscriber_files.subscribers import TableColumn, columns_of, read_people
from newsletter.subscriber_files.workbooks import as_table

MAX_UPLOAD_BYTES = 32_000_000
"""The maximum size of an upload: some 500,000 people as a ZIP or a workbook."""
_READ_TIMEOUT = timedelta(minutes=5)
_MAX_ANSWER_BYTES = 256_000_000
_PEOPLE_PER_ANSWER = 250
_BREAK_PATTERN = re.compile(r"[\s\"(),:;<>\[\]{}|]+")


@dataclass(frozen=True, kw_only=True)
class ReadUpload:
    columns: tuple[TableColumn, ...] = ()
    file: SubscriberFile | None = None
    """The file; None after an error, or if a person must choose the columns first."""
    error: InvalidInput | None = None


def read_upload(upload: UploadedFile) -> ReadUpload:
    """Read an upload in a sandbox, and spool its people to a temporary file."""
    columns: list[TableColumn] = []
    file: SubscriberFile | None = None
    error: InvalidInput | None = None
    people = Spool[PlacedEntry](TemporaryFile())  # noqa: SIM115 - the spool closes it
    try:
        source = as_table(MemoryFile(name=upload.file, data=upload.body))
    except InvalidInput as unreadable:
        return ReadUpload(error=unreadable)
    instructions = Instructions(
        lists=upload.lists,
        without=upload.without,
        chosen=upload.columns,
        agreed=upload.agreed,
        omits_bad_rows=upload.omits_bad_rows,
    )
    try:
        for part in sandbox.stream(
            "newsletter.subscriber_files.isolated:read_here",
            {"source": source, "instructions": instructions},
            answer=TableColumn | SubscriberFile | list[PlacedEntry],
            timeout=_READ_TIMEOUT,
            gate=sandbox.READER_FILE_GATE,
            max_bytes=_MAX_ANSWER_BYTES,
        ):
            if isinstance(part, InvalidInput):
                error = part
            elif isinstance(part, TableColumn):
                columns.append(part)
            elif isinstance(part, SubscriberFile):
                file = replace(part, people=people)
            else:
                for entry in part:
                    people.add(entry)
    except sandbox.CutOff as cut:
        error = sandbox.cut_off(cut, file=upload.file, advice=say("split it into smaller files"))
    return ReadUpload(columns=tuple(columns), file=None if error else file, error=error)


def names_address(upload: UploadedFile, address: str) -> bool:
    """Return whether an upload names an address. One that cannot be read names none."""
    try:
        return sandbox.read_isolated(
            "newsletter.subscriber_files.isolated:find_here",
            {
                "source": as_table(MemoryFile(name=upload.file, data=upload.body)),
                "address": address,
            },
            file=upload.file,
            answer=bool,
            timeout=_READ_TIMEOUT,
        )
    except InvalidInput:
        return False


def find_here(source: MemoryFile, address: str) -> bool:
    """Return whether a file names an address, in the sandbox. Raises InvalidInput."""
    wanted = fold(address)
    for member in members(source):
        encoding = unicode_in(member) or "latin-1"
        with readable(member.file), io.TextIOWrapper(member.open(), encoding, "replace") as text:
            for piece in iter(partial(text.readline, CHUNK_BYTES), ""):
                words = (word.strip("'") for word in _BREAK_PATTERN.split(piece) if "@" in word)
                if any(fold_or_empty(word) == wanted for word in words):
                    return True
    return False


def read_here(
    source: MemoryFile, instructions: Instructions
) -> Iterator[TableColumn | SubscriberFile | list[PlacedEntry]]:
    """Yield the columns of a table, the file, then its people, in the sandbox.

    If a person must choose columns first, yield only the columns. Raises InvalidInput.
    """
    columns = columns_of(source)
    yield from columns
    ours = [column.ours for column in columns]
    if columns and not instructions.chosen and (not all(ours) or "email" not in ours):
        return
    read = read_people(source, instructions)
    yield replace(read, people=())
    people = iter(read.people)
    # an answer for each person would take twice as long
    while part := list(islice(people, _PEOPLE_PER_ANSWER)):
        yield part
