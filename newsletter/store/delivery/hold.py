"""Why nothing may be sent: books in doubt, or a person said so."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, delete, or_, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.store.file import copies
from newsletter.store.schema import tables


@cache
def _holds() -> Select[Any]:
    key = tables.meta.c.key
    return select(key, tables.meta.c.value).where(or_(*(key == one for one in _HOLDS.values())))


class Hold:
    """A stop for the whole workspace, which outlives every restart. No batch is claimed in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reasons(self) -> dict[HoldKind, str]:
        """Why nothing may be sent; empty where it may."""
        noted = {row.key: row.value for row in self._connection.execute(_holds()).all()}
        return {kind: noted[key] for kind, key in _HOLDS.items() if key in noted}

    def reason(self) -> str:
        """All reasons in one line; empty where there is none."""
        return "; ".join(self.reasons().values())

    def put(self, kind: HoldKind, reason: str) -> None:
        """Hold everything; a reason of the same kind is replaced."""
        statement = insert(tables.meta).values(key=_HOLDS[kind], value=reason)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_={"value": reason})
        )

    def release(self, kind: HoldKind) -> None:
        self._connection.execute(delete(tables.meta).where(tables.meta.c.key == _HOLDS[kind]))


_HOLDS = {HoldKind.DOUBT: copies.DOUBT, HoldKind.STOP: copies.STOP}
