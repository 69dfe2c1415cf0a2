"""The keys of a database, and the proof that the audit log was not changed.

An HMAC links each line to the one before, so that a person with access to the database alone cannot
add a line. The head file shows whether lines were removed at the end: it has the number and digest
of a line. It is written after the commit, so it may lag behind the log and is never ahead of it.
"""

import hashlib
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
    """The file with the audit log's head: one line of fixed length, overwritten in place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> AuditHead | Absence:
        """Return the stored head, or why there is none."""
        try:
            with self.path.open("rb") as file:
                line = file.read(1024)
        except FileNotFoundError:
            return Absence.MISSING
        except OSError:
            return Absence.UNREADABLE
        if not line:
            return Absence.MISSING  # the process that made it died before it could write
        found = _AUDIT_LINE_PATTERN.fullmatch(line)
        if found is None:
            return Absence.UNREADABLE
        return AuditHead(number=int(found[1]), digest=found[2].decode())

    def write(self, head: AuditHead) -> None:
        """Write the head if possible. A file that lags behind raises no alarm."""
        line = f"audit line {head.number:020d} digest {head.digest}\n".encode()
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            os.pwrite(file, line, 0)
            os.ftruncate(file, len(line))  # it may have been garbled
        except OSError:
            return
        finally:
            os.close(file)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The key of the workspace that links audit lines and seals rows."""

    key: bytes
    head: HeadFile

    def link(self, previous_digest: str, *parts: object) -> str:
        """Return the digest of the line after the one with the digest ``previous_digest``."""
        return self._mac([previous_digest, *parts])

    def seal(self, *parts: object) -> str:
        """Return the seal of a row outside the audit log."""
        return self._mac(["row", *parts])

    def _mac(self, parts: list[object]) -> str:
        message = json.dumps(parts, ensure_ascii=False).encode()
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()


_NOTED = "key "
"""The prefix of a fingerprint's key in ``meta``, before the name of the key."""


_AUDIT_PATH = "var/keys/audit"
"""A key without a stored fingerprint: the rows that it sealed show whether it is the right one."""


def _load_fingerprints(database: Backend) -> dict[str, str]:
    """Return path of a key file → its stored fingerprint."""
    with database.transaction(reads=True) as db:
        rows = db.rows('SELECT "key", value FROM meta')
    return {row[0].removeprefix(_NOTED): row[1] for row in rows if row[0].startswith(_NOTED)}


def refuse_missing_keys(database: Backend, workspace: Path) -> None:
    """Raise Refused if the file of a key with a stored fingerprint is missing.

    A new key would be a wrong key.
    """
    stored = _load_fingerprints(database)
    names = [*sorted(stored), _AUDIT_PATH] if stored else []
    missing = [name for name in names if not (workspace / name).exists()]
    if missing:
        raise Refused(
            f"missing in {workspace}: {', '.join(missing)}. The database was made with these keys:"
            " without them links in old mails lead nowhere, and those who left are not recognised."
            " Put the files back from the backup of var/keys"
        )


def check_keys(database: Backend, fingerprints: Mapping[str, str]) -> None:
    """Store the fingerprint of each key at the first start, and compare it at later starts.

    Raises Refused, with the key's name, if another key replaces it.
    """
    stored = _load_fingerprints(database)
    for name, fingerprint in fingerprints.items():
        if stored.get(name, fingerprint) != fingerprint:
            raise Refused(
                f"{name} is not the key that this database was made with, so those who left would"
                " not be recognised; put the right file back from the backup of var/keys"
            )
    if missing := fingerprints.keys() - stored:
        with database.transaction() as db:
            for name in missing:  # another process may be at its first start too
                db.insert_new("meta", key=f"{_NOTED}{name}", value=fingerprints[name])
