"""Links that were made for one person, to open an account or to get into it again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from newsletter.domain.staff.account import Invitation, LinkKind
from newsletter.domain.statements.statement import Role
from newsletter.store.schema import accounts
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_invitation = accounts.invitation.c
_UNUSED = (_invitation.used_at.is_(None), _invitation.withdrawn_at.is_(None))


class Invitations:
    """They are found by the hash of their word alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, invitation: Invitation, hash: bytes) -> int:
        """Keep one, and withdraw all that the same person had; returns its number."""
        self.withdraw_of(invitation.address, invitation.made_at)
        added = self._connection.execute(
            insert(accounts.invitation)
            .values(
                hash=hash,
                kind=invitation.kind.value,
                address=invitation.address,
                role=invitation.role.value,
                by=invitation.by,
                made_at=to_ms(invitation.made_at),
                expires_at=to_ms(invitation.expires_at),
            )
            .returning(_invitation.id)
        )
        return int(added.scalar_one())

    def find(self, hash: bytes) -> Invitation | None:
        """The one whose word has this hash, also if it is over."""
        return self._one(_invitation.hash == hash)

    def get(self, number: int) -> Invitation | None:
        return self._one(_invitation.id == number)

    def open(self, now: datetime) -> list[Invitation]:
        """Those that still do something, the newest first."""
        query = (
            select(accounts.invitation)
            .where(*_UNUSED, _invitation.expires_at > to_ms(now))
            .order_by(_invitation.id.desc())
        )
        return [_invitation_of(row) for row in self._connection.execute(query)]

    def use(self, number: int, at: datetime) -> bool:
        """Use one. False where it was used or withdrawn, or is too old."""
        return self._end(
            _invitation.id == number, _invitation.expires_at > to_ms(at), used_at=to_ms(at)
        )

    def withdraw(self, number: int, at: datetime) -> bool:
        """Take one back. False where it was used or withdrawn."""
        return self._end(_invitation.id == number, withdrawn_at=to_ms(at))

    def withdraw_of(self, address: str, at: datetime) -> None:
        """Take back all that somebody has."""
        self._end(_invitation.address == address, withdrawn_at=to_ms(at))

    def withdraw_all(self, at: datetime) -> None:
        """Take back all there are."""
        self._end(withdrawn_at=to_ms(at))

    def _end(self, *which: Any, **values: int) -> bool:
        ended = update(accounts.invitation).where(*_UNUSED, *which).values(**values)
        return self._connection.execute(ended).rowcount > 0

    def _one(self, which: Any) -> Invitation | None:
        query = select(accounts.invitation).where(which)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _invitation_of(row)


def _invitation_of(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        kind=LinkKind(row.kind),
        address=row.address,
        role=Role(row.role),
        by=row.by,
        made_at=from_ms(row.made_at),
        expires_at=from_ms(row.expires_at),
        used_at=maybe_from_ms(row.used_at),
        withdrawn_at=maybe_from_ms(row.withdrawn_at),
    )
