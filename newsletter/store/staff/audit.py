"""Who did what: append-only, each line bound to the one before it under our own key; and seals."""

import hmac
import re
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, desc, func, insert, select, update

from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import AuditHead, Entered
from newsletter.store.file.keys import Chain
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, to_ms

_approval = tables.approval.c
_audit = tables.audit.c
REVOKE = "revoke"
"""What the log calls it."""
_TAKEN_BACK = re.compile(r"approvals? ([0-9]{1,18}(?:, [0-9]{1,18})*) taken back")


def rows(connection: Connection) -> Iterator[Row[Any]]:
    """All rows of all statements, by number."""
    yield from connection.execute(select(tables.approval).order_by(_approval.id)).yield_per(1000)


def vouched(chain: Chain, row: Row[Any]) -> bool:
    """Whether the row is what we wrote."""
    return hmac.compare_digest(row.seal, _seal(chain, row))


def brought_back(row: Row[Any], taken: Collection[int]) -> bool:
    """Whether it counts, and is one of those that were taken back."""
    return row.revoked_at is None and row.id in taken


def taken_back(connection: Connection, slug: str | None = None) -> set[int]:
    """The numbers of approvals that the log says were taken back, of all statements or of one."""
    lines = select(_audit.detail).where(_audit.action == REVOKE)
    if slug is not None:
        lines = lines.where(_audit.subject == slug)
    found = map(_TAKEN_BACK.match, connection.scalars(lines))
    return {int(number) for one in found if one for number in one[1].split(", ")}


def vouch_for(connection: Connection, chain: Chain, row: Row[Any]) -> None:
    """Put our seal under a row as it is now."""
    sealed = update(tables.approval).where(_approval.id == row.id)
    connection.execute(sealed.values(seal=_seal(chain, row)))


def _seal(chain: Chain, row: Row[Any]) -> str:
    sealed = (row.slug, row.content_hash, row.by, row.channel, row.at, row.revoked_at)
    return chain.seal("approval", row.id, *sealed, row.not_before, row.despite, row.warnings)


_CHUNK = 1000
_APPROVE, _GAP = "approve", "gap"
_LOG = "audit log"


class Audit:
    """Whoever changes or removes a line breaks the chain for all that follow.

    Whoever cuts lines off at the end falls behind the head file.
    """

    def __init__(self, connection: Connection, chain: Chain, now: datetime) -> None:
        self._connection = connection
        self._chain = chain
        self._now = now
        self._entered: AuditHead | None = None

    def enter(self, actor: str, action: str, subject: str, detail: str = "") -> None:
        last = self._last()
        number, before = (last.number + 1, last.digest) if last else (1, "")
        values = {"at": to_ms(self._now), "actor": actor, "action": action, "subject": subject}
        digest = self._chain.link(before, number, values["at"], actor, action, subject, detail)
        self._connection.execute(
            insert(tables.audit), {"number": number, "detail": detail, "digest": digest, **values}
        )
        self._entered = AuditHead(number=number, digest=digest)

    def all(self) -> list[Entered]:
        """Oldest first."""
        return [_entered(row) for row in self._rows()]

    def newest(self, most: int | None) -> list[Entered]:
        """The last so many, newest first."""
        newest = select(tables.audit).order_by(_audit.number.desc()).limit(most)
        return [_entered(row) for row in self._connection.execute(newest).all()]

    def about(self, subject: str, *, skip: int = 0, most: int) -> list[Entered]:
        """The last so many that speak of this, newest first."""
        newest = (
            select(tables.audit)
            .where(_audit.subject == subject)
            .order_by(_audit.number.desc())
            .limit(most)
            .offset(skip)
        )
        return [_entered(row) for row in self._connection.execute(newest).all()]

    def page(self, before: int | None, most: int) -> list[Entered]:
        """So many lines before one, or the last ones, the newest first."""
        query = select(tables.audit).order_by(_audit.number.desc()).limit(most)
        if before is not None:
            query = query.where(_audit.number < before)
        return [_entered(row) for row in self._connection.execute(query).all()]

    def count(self) -> int:
        return self._connection.scalar(select(func.max(_audit.number))) or 0

    # --- what lies outside

    def to_remember(self) -> AuditHead | None:
        """What the head file is to say once this transaction is committed; None: what it says.

        It goes on only where the log continues what it knows: else the gap has to be found.
        """
        known = self._chain.head.read()
        if self._entered is None or (not isinstance(known, Absence) and self._lacks(known)):
            return None
        return self._entered

    def note_gap(self, *, actor: str) -> None:
        """Write down which line is known outside the database and is not in the log, if one is."""
        known = self._chain.head.read()
        if not isinstance(known, Absence) and self._lacks(known):
            self.enter(actor=actor, action=_GAP, subject=_LOG, detail=str(known))

    def _lacks(self, head: AuditHead) -> bool:
        """Neither is the line there, nor has anybody written down that it is gone."""
        if self.digest(head.number) == head.digest:
            return False
        noted = select(func.count()).where(_audit.action == _GAP, _audit.detail == str(head))
        return not self._connection.scalar(noted)

    # --- whether it is what was written

    def verify(self) -> AuditHead:
        """Check the chain, what is known of it outside, and the approvals; returns its last line.

        Raises Defect naming the first thing that is not what was written.
        """
        head, given = AuditHead(number=0, digest=""), set()
        for number, row in enumerate(self._rows(), start=1):
            self._check(head, number, row)
            head = AuditHead(number=number, digest=row.digest)
            if row.action == _APPROVE:
                # the detail of an approval begins with its content hash
                given.add((row.subject, row.actor, row.detail.partition(" ")[0]))
        self._compare_outside()
        self._compare_approvals(given)
        return head

    def digest(self, number: int) -> str:
        """That of the line with this number; empty where there is none."""
        return self._connection.scalar(_digest(), {"line": number}) or ""

    def _check(self, head: AuditHead, number: int, row: Row[Any]) -> None:
        """Raise Defect unless the line follows the one before it, under the key."""
        parts = (number, *_said(row))
        if row.number == number and row.digest == self._chain.link(head.digest, *parts):
            return
        raise Defect(
            f"line {number} of the audit log is not what was written;"
            " it or a line before it was changed or removed, or var/keys/audit is another key"
        )

    def _compare_outside(self) -> None:
        known, file = self._chain.head.read(), self._chain.head.path
        if known is Absence.UNREADABLE:
            raise Defect(f"{file} cannot be read: nothing proves that the audit log is complete")
        if not isinstance(known, Absence) and self._lacks(known):
            raise Defect(
                f"line {known.number} of the audit log is not what {file} knows: lines were cut off"
                " at the end, or an older database was put back"
            )

    def _compare_approvals(self, given: set[tuple[str, str, str]]) -> None:
        taken = taken_back(self._connection)
        for row in rows(self._connection):
            named = f"the approval {row.id}, of {row.slug} by {row.by},"
            if not vouched(self._chain, row):
                raise Defect(f"{named} is not what was written; it counts for nothing")
            if brought_back(row, taken):
                raise Defect(f"{named} was taken back, and an older row was put in its place")
            if row.revoked_at is None and (row.slug, row.by, row.content_hash) not in given:
                raise Defect(f"{named} has no line in the audit log")

    def _last(self) -> Row[Any] | None:
        return self._connection.execute(_last()).one_or_none()

    def _rows(self) -> Iterator[Row[Any]]:
        query = select(tables.audit).order_by(_audit.number)
        yield from self._connection.execute(query).yield_per(_CHUNK)


@cache
def _digest() -> Select[tuple[str]]:
    return select(_audit.digest).where(_audit.number == bindparam("line"))


@cache
def _last() -> Select[Any]:
    return select(tables.audit).order_by(desc(_audit.number)).limit(1)


def _said(row: Row[Any]) -> tuple[Any, ...]:
    return (row.at, row.actor, row.action, row.subject, row.detail)


def _entered(row: Row[tuple[object, ...]]) -> Entered:
    return Entered(
        number=row.number,
        at=from_ms(row.at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        digest=row.digest,
    )
