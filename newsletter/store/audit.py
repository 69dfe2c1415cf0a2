"""Who did what: append-only, each line bound to the one before it by a hash."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection, Row, desc, func, insert, select

from newsletter.domain.errors import Defect
from newsletter.ports import Entered
from newsletter.store import tables
from newsletter.store.times import from_ms, to_ms

_audit = tables.audit.c


class SqlAudit:
    """Whoever changes or removes a line breaks the chain for all that follow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enter(self, *, at: datetime, actor: str, action: str, subject: str, detail: str) -> None:
        last = self._connection.execute(
            select(_audit.number, _audit.digest).order_by(desc(_audit.number)).limit(1)
        ).one_or_none()
        number, before = (last.number + 1, last.digest) if last else (1, "")
        values = {"at": to_ms(at), "actor": actor, "action": action, "subject": subject}
        digest = _link(before, number, values["at"], actor, action, subject, detail)
        self._connection.execute(
            insert(tables.audit).values(number=number, detail=detail, digest=digest, **values)
        )

    def all(self) -> list[Entered]:
        rows = self._connection.execute(select(tables.audit).order_by(_audit.number)).all()
        return [_entered(row) for row in rows]

    def newest(self, most: int | None) -> list[Entered]:
        newest = select(tables.audit).order_by(_audit.number.desc()).limit(most)
        return [_entered(row) for row in self._connection.execute(newest).all()]

    def count(self) -> int:
        return self._connection.scalar(select(func.max(_audit.number))) or 0

    def verify(self) -> int:
        before = ""
        lines = self.all()
        for place, line in enumerate(lines, start=1):
            at = to_ms(line.at)
            expected = _link(before, place, at, line.actor, line.action, line.subject, line.detail)
            if line.number != place or line.digest != expected:
                raise Defect(
                    f"line {place} of the audit log is not what was written;"
                    " it or a line before it was changed or removed"
                )
            before = line.digest
        return len(lines)


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


def _link(before: str, *parts: object) -> str:
    return hashlib.sha256(json.dumps([before, *parts], ensure_ascii=False).encode()).hexdigest()
