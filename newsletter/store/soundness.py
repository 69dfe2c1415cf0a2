"""Checks stored rows for damage, because old disks change bits.

Addresses and contents are compared with their hashes, approvals with their seals. The time is
limited, and the report says how many rows were checked.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from newsletter.store.campaigns.campaigns import Digests
from newsletter.store.database import Database
from newsletter.store.delivery.claiming import verified
from newsletter.store.file.keys import Chain
from newsletter.store.staff.audit import is_restored, revocations, revoked_ids, sealed_approvals
from newsletter.store.statements.drafts import Drafts
from newsletter.store.statements.statements import Statements

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """An address in hexadecimal digits, because a damaged one may be no valid text."""

    id: int
    address: str
    address_hash: bytes


@dataclass(frozen=True, kw_only=True)
class IntegrityReport:
    """The result of checking one kind of row."""

    what: str
    looked_at: int
    total: int
    damaged: tuple[str, ...] = ()
    """The first damaged rows, like "subscriber 7"."""


@dataclass(frozen=True)
class IntegrityCheck:
    """The check of all kinds of rows, each for at most ``seconds``."""

    db: Database
    hash_address: Callable[[str], bytes]
    chain: Chain
    seconds: float

    def all(self) -> list[IntegrityReport]:
        return [
            self._check("approvals", "approval", self._approvals()),
            self._check("addresses", "subscriber", self._addresses()),
            self._check("contents", "content", self._contents()),
            self._check("statements", "statement", self._statements()),
            self._check("versions", "version", self._drafts()),
            self._check("issues", "issue", self._issues()),
        ]

    def _check(self, what: str, table: str, names: Iterator[str]) -> IntegrityReport:
        of = self.db.value(f"SELECT COUNT(*) FROM {table}")
        until, looked_at, damaged_names = time.monotonic() + self.seconds, 0, []
        for name in names:
            looked_at += 1
            if name:
                damaged_names.append(name)
            if time.monotonic() > until:
                break
        return IntegrityReport(
            what=what, looked_at=looked_at, total=of or 0, damaged=tuple(damaged_names[:_SHOWN])
        )

    def _approvals(self) -> Iterator[str]:
        """Yield the name of each damaged approval, and "" for each sound one."""
        revoked = revoked_ids(revocations(self.db))
        approvals = sealed_approvals(self.db, self.chain)
        for row in approvals.all():
            is_sound = approvals.is_sound(row) and not is_restored(row, revoked)
            yield "" if is_sound else f"approval {row['id']} of {row['slug']}"

    def _addresses(self) -> Iterator[str]:
        for row in self.db.stream(
            _Stored, "SELECT id, hex(address) AS address, address_hash FROM subscriber ORDER BY id"
        ):
            address = verified(bytes.fromhex(row.address), row.address_hash, self.hash_address)
            yield f"subscriber {row.id}" if address is None else ""

    def _contents(self) -> Iterator[str]:
        digests = self.db.column("SELECT content_hash FROM content ORDER BY created_at DESC")
        for digest in digests:
            found = Statements(self.db).get_content(digest)
            is_sound = found is not None and found.content_hash() == digest
            yield "" if is_sound else f"content {digest[:12]}"

    def _statements(self) -> Iterator[str]:
        for slug in Statements(self.db).all_slugs():
            yield "" if Statements(self.db).get(slug) else f"statement {slug}"

    def _drafts(self) -> Iterator[str]:
        for number, key in self.db.rows("SELECT number, draft FROM version ORDER BY number DESC"):
            is_sound = Drafts(self.db).get_version(key, number) is not None
            yield "" if is_sound else f"version {number} of the text {key}"

    def _issues(self) -> Iterator[str]:
        for issue in Digests(self.db).list_issues():
            yield issue.slug if issue.statement is None and issue.parts else ""
