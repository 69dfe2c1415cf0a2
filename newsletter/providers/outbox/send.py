"""The built-in provider: each message becomes a file and a line of a journal.

The Message-ID names the file, so that sending the same delivery again changes nothing.
"""

import errno
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery import provider
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import mime_template
from newsletter.domain.errors import ClaimOver, InvalidInput
from newsletter.domain.statements.content import Recipient
from newsletter.providers.outbox.options import Options

MAX_RECIPIENTS = 1000
JOURNAL_NAME = "journal.jsonl"
_SYNCS_AT_ONCE = 8
_CHUNK_BYTES = 1 << 16
_FILE_NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_PERMANENT_ERRNOS = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
        *(errno.ENAMETOOLONG, errno.ELOOP),
    }
)


def probes(_: Options, __: str) -> tuple[provider.Finding, ...]:
    detail = "outbox: messages become files on this machine; no reader gets any"
    return (provider.passed("provider", detail),)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A message to write to the folder."""

    path: Path
    message: bytes
    message_id: str
    line: bytes
    """The message's line in the journal."""

    @property
    def draft(self) -> Path:
        """The path of the incomplete file, which a retry overwrites."""
        return self.path.with_suffix(".draft")


class Outbox:
    """Writes each message to a folder."""

    name = "outbox"

    def __init__(self, options: Options, *, directory: Path) -> None:
        self.capabilities = provider.Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            replay=provider.Replay.SAFE,
        )
        self._directory = directory
        self._lock = threading.Lock()

    def prepare(self, batch: OutgoingBatch) -> provider.PreparedRequest:
        """Return the batch with the bytes of all its messages. Raises InvalidInput."""
        names = {recipient.message_id for recipient in batch.recipients}
        if len(names) < len(batch.recipients):
            raise InvalidInput.at("message", "two messages have the same", key="Message-ID")
        template = mime_template(batch.content)
        messages = [template.fill(recipient, batch.at) for recipient in batch.recipients]
        return provider.PreparedRequest(batch=batch, body=b"".join(messages))

    def send(self, prepared: provider.PreparedRequest) -> Answer:
        """Write all messages of the batch, or none. After an error the new files are removed."""
        # one batch at a time, because each appends to the journal and repairs its end
        with self._lock:
            try:
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._write(_entries(prepared, self._directory), prepared.not_after)
            except ClaimOver as error:
                return Answer(outcome=Outcome(verdict=Verdict.LATE, reason=str(error)))
            except OSError as error:
                return Answer(outcome=_failure_outcome(error, self._directory))
        return Answer(outcome=Outcome(verdict=Verdict.ACCEPTED, reason="kept in the outbox"))

    def look_up(self, batch: OutgoingBatch) -> provider.LookupResult:
        """Return no records, because it is safe to send the batch again."""
        return provider.LookupResult(reason="the outbox is handed the batch again instead")

    def close(self) -> None:
        """Do nothing, because no file is open between batches."""

    def _write(self, entries: Sequence[_Entry], not_after: NotAfter | None) -> None:
        fresh = [entry for entry in entries if not entry.path.exists()]
        repeated = {entry.message_id for entry in entries} - {entry.message_id for entry in fresh}
        try:
            # all drafts are durable before the first is renamed, so that no file is incomplete;
            # simultaneous syncs cost less
            with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
                list(pool.map(_write_draft, fresh))
            # as late as possible, before the first message counts as sent
            if not_after is not None and not_after.left() <= timedelta(0):
                raise ClaimOver("the disk took so long that the claim is over; nothing was kept")
            for entry in fresh:
                entry.draft.rename(entry.path)
            # a rename is durable once the folder is flushed
            handle = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            _journal(self._directory / JOURNAL_NAME, entries, existing_ids=repeated)
        except (OSError, ClaimOver):
            for entry in fresh:
                for path in (entry.draft, entry.path):
                    with suppress(OSError):
                        path.unlink(missing_ok=True)
            raise


def _entries(prepared: provider.PreparedRequest, directory: Path) -> list[_Entry]:
    batch = prepared.batch
    end = mime_template(batch.content).end
    messages = prepared.body.split(end)[:-1]
    return [
        _entry(batch, recipient, message + end, directory)
        for recipient, message in zip(batch.recipients, messages, strict=True)
    ]


def _entry(batch: OutgoingBatch, recipient: Recipient, message: bytes, directory: Path) -> _Entry:
    fields = {name.lower(): value for name, value in batch.content.headers}
    message_id = recipient.merge(fields.get("message-id", recipient.message_id)).strip("<> ")
    line = {
        "id": message_id,
        "campaign": batch.campaign,
        "to": recipient.address,
        "subject": recipient.merge(batch.content.subject),
        "digest": batch.content_hash,
        "at": batch.at.astimezone(UTC).isoformat(),
    }
    name = recipient.message_id
    if not _FILE_NAME_PATTERN.fullmatch(name):  # safe and unique, also where case is ignored
        name = hashlib.sha256(name.encode()).hexdigest()[:40]
    return _Entry(
        path=directory / f"{name}.eml",
        message=message,
        message_id=message_id,
        line=json.dumps(line, ensure_ascii=False).encode() + b"\n",
    )


def make_outbox(options: Options, workspace: Path) -> Outbox:
    """Return the outbox of these options. A relative path is relative to the workspace."""
    return Outbox(options, directory=workspace / options.path)


def _write_draft(entry: _Entry) -> None:
    with entry.draft.open("wb") as file:
        file.write(entry.message)
        file.flush()
        os.fsync(file.fileno())


def _journal(path: Path, entries: Iterable[_Entry], *, existing_ids: set[str]) -> None:
    """Append the missing lines. ``existing_ids`` are of messages that had a file before."""
    with path.open("a+b", buffering=0) as journal:
        size = journal.seek(0, os.SEEK_END)
        if size and os.pread(journal.fileno(), 1, size - 1) != b"\n":
            size = _end_of_last_line(journal.fileno(), size)  # a crash left an incomplete line
            journal.truncate(size)
        written = _find_journalled_ids(path, existing_ids) if existing_ids else set()
        missing = b"".join([entry.line for entry in entries if entry.message_id not in written])
        try:
            while missing:
                missing = missing[journal.write(missing) :]
            os.fsync(journal.fileno())
        except OSError:
            with suppress(OSError):
                journal.truncate(size)
            raise


def _end_of_last_line(file: int, end: int) -> int:
    """Return the offset after the last line break before ``end``."""
    while end:
        chunk_start = max(end - _CHUNK_BYTES, 0)
        newline_at = os.pread(file, end - chunk_start, chunk_start).rfind(b"\n")
        if newline_at >= 0:
            return chunk_start + newline_at + 1
        end = chunk_start
    return 0


def _find_journalled_ids(path: Path, message_ids: set[str]) -> set[str]:
    found = set()
    with path.open("rb") as lines:
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                identity = str(json.loads(line)["id"])
                if identity in message_ids:
                    found.add(identity)
    return found


def _failure_outcome(error: OSError, directory: Path) -> Outcome:
    is_permanent = error.errno in _PERMANENT_ERRNOS
    advice = "make the folder writable" if is_permanent else "it is tried again; is the disk full?"
    return Outcome(
        verdict=Verdict.CONFIGURATION if is_permanent else Verdict.RETRY,
        reason=f"{directory}: {error.strerror or error}; nothing of the batch was kept: {advice}",
    )
