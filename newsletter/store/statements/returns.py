"""What approvers sent back, and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from newsletter.domain.statements.comment import Returned
from newsletter.store.schema import deciding
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_returned = deciding.returned.c


class Returns:
    """What approvers sent back, and why."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, slug: str) -> list[Returned]:
        """Of a statement, oldest first."""
        named = select(deciding.returned).where(_returned.slug == slug).order_by(_returned.id)
        return [_returned_of(row) for row in self._connection.execute(named).all()]

    def add(self, one: Returned) -> None:
        self._connection.execute(
            insert(deciding.returned).values(
                slug=one.slug,
                digest=one.content_hash,
                by=one.by,
                at=to_ms(one.at),
                reason=one.reason,
            )
        )

    def close(self, slug: str, at: datetime) -> int:
        """It was handed in again, whatever changed; returns how many were open."""
        open_ones = (_returned.slug == slug) & _returned.closed_at.is_(None)
        closed = update(deciding.returned).where(open_ones).values(closed_at=to_ms(at))
        return self._connection.execute(closed).rowcount


def _returned_of(row: Row[Any]) -> Returned:
    return Returned(
        slug=row.slug,
        content_hash=row.digest,
        by=row.by,
        at=from_ms(row.at),
        reason=row.reason,
        closed_at=maybe_from_ms(row.closed_at),
    )
