"""Who said yes to what. A row counts only under our own seal: nobody says yes by SQL."""

import hmac
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from newsletter.domain.statement import Approval, Channel
from newsletter.store import tables
from newsletter.store.chain import Chain
from newsletter.store.times import from_ms, maybe_from_ms, to_ms

_approval = tables.approval.c


class SqlApprovals:
    """Who said yes to what."""

    def __init__(self, connection: Connection, chain: Chain) -> None:
        self._connection = connection
        self._chain = chain

    def of(self, slug: str) -> list[Approval]:
        found = self._connection.execute(_of(), {"named": slug}).all()
        return [_approval_of(row) for row in found if vouched(self._chain, row)]

    def slugs(self, channels: Collection[Channel]) -> set[str]:
        named = _approval.channel.in_([one.value for one in channels])
        return set(self._connection.scalars(select(_approval.slug).where(named).distinct()))

    def add(self, approval: Approval) -> None:
        added = insert(tables.approval).values(
            slug=approval.slug,
            digest=approval.digest,
            by=approval.by,
            channel=approval.channel.value,
            at=to_ms(approval.at),
            despite=approval.despite,
            warnings=" ".join(approval.warnings),
        )
        row = self._connection.execute(added.returning(*tables.approval.c)).one()
        vouch_for(self._connection, self._chain, row)

    def revoke(
        self, slug: str, at: datetime, by: str | None = None, channel: Channel | None = None
    ) -> int:
        query = select(tables.approval).where(
            _approval.slug == slug, _approval.revoked_at.is_(None)
        )
        if by is not None:
            query = query.where(_approval.by == by)
        if channel is not None:
            query = query.where(_approval.channel == channel.value)
        found = self._connection.execute(query).all()
        counted = [row.id for row in found if vouched(self._chain, row)]
        revoked = update(tables.approval).where(_approval.id.in_(counted))
        revoked = revoked.values(revoked_at=to_ms(at)).returning(*tables.approval.c)
        for row in self._connection.execute(revoked).all():
            vouch_for(self._connection, self._chain, row)
        return len(counted)


@cache
def _of() -> Select[Any]:
    """Asked at each look, of each statement that has not gone out."""
    of = _approval.slug == bindparam("named")
    return select(tables.approval).where(of).order_by(_approval.id)


def rows(connection: Connection) -> Iterator[Row[Any]]:
    """All rows of all statements, by number."""
    yield from connection.execute(select(tables.approval).order_by(_approval.id)).yield_per(1000)


def vouched(chain: Chain, row: Row[Any]) -> bool:
    """Whether the row is what we wrote."""
    return hmac.compare_digest(row.seal, _seal(chain, row))


def vouch_for(connection: Connection, chain: Chain, row: Row[Any]) -> None:
    """Put our seal under a row as it is now."""
    sealed = update(tables.approval).where(_approval.id == row.id)
    connection.execute(sealed.values(seal=_seal(chain, row)))


def _seal(chain: Chain, row: Row[Any]) -> str:
    said = (row.slug, row.digest, row.by, row.channel, row.at, row.revoked_at)
    return chain.seal("approval", row.id, *said, row.despite, row.warnings)


def _approval_of(row: Row[Any]) -> Approval:
    return Approval(
        slug=row.slug,
        digest=row.digest,
        by=row.by,
        at=from_ms(row.at),
        channel=Channel(row.channel),
        despite=row.despite,
        warnings=tuple(row.warnings.split()),
        revoked_at=maybe_from_ms(row.revoked_at),
    )
