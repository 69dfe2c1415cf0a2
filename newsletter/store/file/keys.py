"""The keys of a database, and the proof that the audit log is unchanged.

An HMAC binds each line to the line before. Access to the database alone is not enough to add one.
The head file has the number and digest of one of the last lines: if the log ends earlier, lines
were removed. It is written after the commit, so it may lag behind the log, and is never ahead.
"""

import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.errors import Refused
from newsletter.domain.staff.audit import AuditHead
from newsletter.store.database import Backend

_AUDIT_LINE_PATTERN = re.compile(rb"audit line (\d{20}) digest ([0-9a-f]{64})\n")


class HeadFile:
    """The file with the head of the audit log: one line of fixed length, overwritten in place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> AuditHead | Absence:
        try:
            with self.path.open("rb") as file:
                line = file.read(1024)
        except FileNotFoundError:
            return Absence.MISSING
        except OSError:
            return Absence.UNREADABLE
        if not line:
            return Absence.MISSING  # the process that created it died before writing
        found = _AUDIT_LINE_PATTERN.fullmatch(line)
        if found is None:
            return Absence.UNREADABLE
        return AuditHead(number=int(found[1]), digest=found[2].decode())

    def write(self, head: AuditHead) -> None:
        """Write the head if possible. A lagging file raises no alarm."""
        line = f"audit line {head.number:020d} digest {head.digest}\n".encode()
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            os.pwrite(file, line, 0)
            os.ftruncate(file, len(line))  # the file may have been damaged
        except OSError:
            return
        finally:
            os.close(file)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The MACs of audit lines and sealed rows, under a key of the workspace."""

    key: bytes
    head: HeadFile

    def link(self, previous_digest: str, *parts: object) -> str:
        """Return the digest of a line with these parts that follows ``previous_digest``."""
        return self._mac([previous_digest, *parts])

    def seal(self, *parts: object) -> str:
        """Return the seal of a row outside the audit log."""
        return self._mac(["row", *parts])

    def _mac(self, parts: list[object]) -> str:
        message = json.dumps(parts, ensure_ascii=False).encode()
        return hmac.digest(self.key, message, "sha256").hex()


_FINGERPRINT_PREFIX = "key "
"""The prefix of a fingerprint's key in ``meta``; the place of the key follows."""
_AUDIT_PATH = "var/keys/audit"
"""The key of ``Chain``, which has no stored fingerprint: sealed rows show a wrong key."""


def _load_fingerprints(database: Backend) -> dict[str, str]:
    """Return the place of a key, as in ``fingerprints_in`` → its stored fingerprint."""
    with database.transaction(is_read_only=True) as db:
        rows = db.rows('SELECT "key", value FROM meta')
    return {
        row[0].removeprefix(_FINGERPRINT_PREFIX): row[1]
        for row in rows
        if row[0].startswith(_FINGERPRINT_PREFIX)
    }


def refuse_missing_keys(database: Backend, workspace: Path) -> None:
    """Raise Refused if the database has fingerprints and the file of a key is missing."""
    stored = _load_fingerprints(database)
    names = {_AUDIT_PATH, *(place.partition(":")[0] for place in stored)} if stored else ()
    missing = [name for name in sorted(names) if not (workspace / name).exists()]
    if missing:
        raise Refused(
            f"missing in {workspace}: {', '.join(missing)}. The database was made with these keys:"
            " without them links in old mails lead nowhere, and those who left are not recognised."
            " Put the files back from the backup of var/keys"
        )


def check_keys(database: Backend, fingerprints: Mapping[str, str]) -> None:
    """Compare ``fingerprints`` (place of a key → fingerprint) with the stored ones.

    Unknown fingerprints are stored. Raises Refused for a key that differs or is missing: two
    machines may each have got another key.
    """
    stored = _load_fingerprints(database)
    for place in sorted(stored.keys() | fingerprints):
        found = fingerprints.get(place, "")
        if stored.get(place, found) != found:
            raise Refused(
                f"{place} is not the key that this database was made with, so links in mails would"
                " lead nowhere, or those who left would not be recognised; put the right file back,"
                " from another machine or the backup of var/keys"
            )
    if missing := fingerprints.keys() - stored:
        with database.transaction() as db:
            for place in missing:
                db.insert_new(
                    "meta", key=f"{_FINGERPRINT_PREFIX}{place}", value=fingerprints[place]
                )
        check_keys(database, fingerprints)  # another process may have stored others


def forget_later_keys(database: Backend) -> None:
    """Delete the fingerprints of added keys, so that those which exist are stored again."""
    with database.transaction() as db:
        db.change(f"DELETE FROM meta WHERE \"key\" LIKE '{_FINGERPRINT_PREFIX}%:%'")
