"""The passkeys of the staff: public keys alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from newsletter.domain.staff.passkey import Passkey
from newsletter.store.schema import accounts
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_passkey = accounts.passkey.c


class Passkeys:
    """By what their devices call them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, address: str) -> list[Passkey]:
        """Those of one person, the newest first."""
        mine = select(accounts.passkey).where(_passkey.address == address)
        query = mine.order_by(_passkey.made_at.desc(), _passkey.id)
        return [_read(row) for row in self._connection.execute(query)]

    def add(self, passkey: Passkey) -> bool:
        """Keep one. False where somebody has it already."""
        known = select(_passkey.id).where(_passkey.id == passkey.id)
        if self._connection.execute(known).one_or_none() is not None:
            return False
        self._connection.execute(
            insert(accounts.passkey).values(
                id=passkey.id,
                address=passkey.address,
                party=passkey.party,
                name=passkey.name,
                public=passkey.public,
                signatures=passkey.signatures,
                made_at=to_ms(passkey.made_at),
                used_at=None if passkey.used_at is None else to_ms(passkey.used_at),
            )
        )
        return True

    def use(self, id: bytes, count: int, at: datetime) -> None:
        """It signed, and its device counted so many."""
        used = update(accounts.passkey).where(_passkey.id == id)
        self._connection.execute(used.values(signatures=count, used_at=to_ms(at)))

    def remove(self, id: bytes) -> bool:
        """Take one away; tells whether there was one."""
        gone = delete(accounts.passkey).where(_passkey.id == id)
        return self._connection.execute(gone).rowcount == 1


def _read(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        address=row.address,
        party=row.party,
        name=row.name,
        public=row.public,
        signatures=row.signatures,
        made_at=from_ms(row.made_at),
        used_at=maybe_from_ms(row.used_at),
    )
