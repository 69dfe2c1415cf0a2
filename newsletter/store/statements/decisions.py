"""What staff decide and say: approvals under our own seal, what was sent back, and comments."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from newsletter.domain.statements.comment import Comment, Returned
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.store.file.keys import Chain
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import fields_of, from_ms, maybe_from_ms, to_ms
from newsletter.store.staff.audit import REVOKE, Audit, brought_back, taken_back, vouch_for, vouched

_approval = tables.approval.c


class Approvals:
    """Who approved what."""

    def __init__(self, connection: Connection, chain: Chain, audit: Audit) -> None:
        self._connection = connection
        self._chain = chain
        self._audit = audit

    def of(self, slug: str) -> list[Approval]:
        return [_approval_of(row) for row in self._sound(slug)]

    def slugs(self, channels: Collection[Channel]) -> set[str]:
        """The statements of which an approval was ever taken down by one of these ways."""
        named = _approval.channel.in_([channel.value for channel in channels])
        return set(self._connection.scalars(select(_approval.slug).where(named).distinct()))

    def add(self, approval: Approval) -> None:
        added = insert(tables.approval).values(
            slug=approval.slug,
            content_hash=approval.content_hash,
            by=approval.by,
            channel=approval.channel.value,
            at=to_ms(approval.at),
            not_before=approval.not_before and to_ms(approval.not_before),
            despite=approval.despite,
            warnings=" ".join(approval.warnings),
        )
        row = self._connection.execute(added.returning(*tables.approval.c)).one()
        vouch_for(self._connection, self._chain, row)

    def revoke(
        self,
        slug: str,
        at: datetime,
        by: str | None = None,
        channel: Channel | None = None,
        *,
        actor: str,
        why: str = "",
    ) -> int:
        """Take back approvals of a statement: all, one person's, one channel's; returns how many.

        The audit log gets a line of it, by which none of them can be brought back.
        """
        numbers = [
            row.id
            for row in self._sound(slug)
            if row.revoked_at is None
            and by in {None, row.by}
            and (channel is None or row.channel == channel.value)
        ]
        if not numbers:
            return 0
        revoked = update(tables.approval).where(_approval.id.in_(numbers))
        revoked = revoked.values(revoked_at=to_ms(at)).returning(*tables.approval.c)
        for row in self._connection.execute(revoked).all():
            vouch_for(self._connection, self._chain, row)
        listed = ", ".join(map(str, numbers))
        detail = f"approval{'s' * (len(numbers) > 1)} {listed} taken back" + (
            f": {why}" * bool(why)
        )
        self._audit.enter(actor, REVOKE, slug, detail)
        return len(numbers)

    def _sound(self, slug: str) -> list[Row[Any]]:
        """The rows that are what we wrote last."""
        found = self._connection.execute(_of(), {"named": slug}).all()
        # a seal holds for an older row too: only the log tells that it was taken back since
        back = taken_back(self._connection, slug) if found else set()
        return [row for row in found if vouched(self._chain, row) and not brought_back(row, back)]


@cache
def _of() -> Select[Any]:
    """Asked at each look, of each statement that has not gone out."""
    of = _approval.slug == bindparam("named")
    return select(tables.approval).where(of).order_by(_approval.id)


def _approval_of(row: Row[Any]) -> Approval:
    return Approval(
        slug=row.slug,
        content_hash=row.content_hash,
        by=row.by,
        at=from_ms(row.at),
        channel=Channel(row.channel),
        not_before=maybe_from_ms(row.not_before),
        despite=row.despite,
        warnings=tuple(row.warnings.split()),
        revoked_at=maybe_from_ms(row.revoked_at),
    )


_returned = tables.returned.c


class Returns(Repository):
    """What approvers sent back, and why."""

    def of(self, slug: str) -> list[Returned]:
        """Of a statement, oldest first."""
        named = select(*fields_of(Returned, tables.returned)).where(_returned.slug == slug)
        return self._list(Returned, named.order_by(_returned.id))

    def add(self, returned: Returned) -> None:
        self._connection.execute(insert(tables.returned).values(vars(returned)))

    def close(self, slug: str, at: datetime) -> int:
        """It was handed in again, whatever changed; returns how many were open."""
        open_ones = (_returned.slug == slug) & _returned.closed_at.is_(None)
        closed = update(tables.returned).where(open_ones).values(closed_at=at)
        return self._connection.execute(closed).rowcount


_comment = tables.comment.c


class Comments(Repository):
    """What staff say to each other about a statement."""

    def add(self, comment: Comment) -> None:
        self._connection.execute(insert(tables.comment).values(vars(comment)))

    def of(self, slug: str, most: int) -> list[Comment]:
        """The last so many, oldest first."""
        newest = (
            select(*fields_of(Comment, tables.comment))
            .where(_comment.slug == slug)
            .order_by(_comment.id.desc())
            .limit(most)
        )
        rows = self._connection.execute(newest).mappings().all()
        return [Comment(**row) for row in reversed(rows)]

    def count(self, slug: str) -> int:
        counted = select(func.count()).where(_comment.slug == slug)
        return self._number(counted)
