"""Who started what, for how many. A row counts only under our own seal, as an approval does."""

import hmac
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from newsletter.domain.campaigns.campaign import Start
from newsletter.store.file.keys import Chain
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_start = tables.start.c
_SEALED_AS = "go"
"""What a start was called when the first seals were made."""


class Starts:
    """Who started what, for how many."""

    def __init__(self, connection: Connection, chain: Chain) -> None:
        self._connection = connection
        self._chain = chain

    def of(self, slug: str) -> list[Start]:
        """Those of a statement, oldest first, also those that were taken back."""
        rows = self._connection.execute(_of(), {"named": slug}).all()
        return [_start_of(row) for row in rows if self._vouched(row)]

    def add(self, start: Start) -> None:
        added = insert(tables.start).values(
            slug=start.slug,
            content_hash=start.content_hash,
            by=start.by,
            at=to_ms(start.at),
            count=start.count,
        )
        self._vouch_for(self._connection.execute(added.returning(*_start)).one())

    def revoke(self, slug: str, at: datetime) -> int:
        """Take all of a statement back; returns how many there were."""
        return self._change(slug, revoked_at=to_ms(at))

    def find(self, slug: str, count: int) -> None:
        """Note how many would really have got it, at a start that was paused for that."""
        self._change(slug, found=count)

    def accept(self, slug: str) -> None:
        """Somebody lets it go on who was told that number: from now on it is the one."""
        for row in self._live(slug):
            if row.found:
                self._write(row, count=row.found, found=0)

    def _live(self, slug: str) -> list[Row[Any]]:
        rows = self._connection.execute(_of(), {"named": slug}).all()
        return [row for row in rows if row.revoked_at is None and self._vouched(row)]

    def _change(self, slug: str, **values: int) -> int:
        rows = self._live(slug)
        for row in rows:
            self._write(row, **values)
        return len(rows)

    def _write(self, row: Row[Any], **values: int) -> None:
        changed = update(tables.start).where(_start.id == row.id).values(**values)
        self._vouch_for(self._connection.execute(changed.returning(*_start)).one())

    def _vouched(self, row: Row[Any]) -> bool:
        return hmac.compare_digest(row.seal, self._seal(row))

    def _vouch_for(self, row: Row[Any]) -> None:
        sealed = update(tables.start).where(_start.id == row.id).values(seal=self._seal(row))
        self._connection.execute(sealed)

    def _seal(self, row: Row[Any]) -> str:
        sealed = (
            row.slug,
            row.content_hash,
            row.by,
            row.at,
            _count(row),
            row.found,
            row.revoked_at,
        )
        return self._chain.seal(_SEALED_AS, row.id, *sealed)


@cache
def _of() -> Select[Any]:
    """Asked at each look, of each statement that has not gone out."""
    return select(tables.start).where(_start.slug == bindparam("named")).order_by(_start.id)


def _count(row: Row[Any]) -> int:
    """The column: a row has a method of that name."""
    return int(row._mapping["count"])


def _start_of(row: Row[Any]) -> Start:
    return Start(
        slug=row.slug,
        content_hash=row.content_hash,
        by=row.by,
        at=from_ms(row.at),
        count=_count(row),
        found=row.found,
        revoked_at=maybe_from_ms(row.revoked_at),
    )
