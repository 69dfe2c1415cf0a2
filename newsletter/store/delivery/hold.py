"""What holds all sending back: a stop for the whole workspace."""

from functools import cache
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.store.file import copies
from newsletter.store.repository import Repository
from newsletter.store.schema import tables


@cache
def _holds() -> Select[Any]:
    key = tables.meta.c.key
    return select(key, tables.meta.c.value).where(or_(*(key == held for held in _HOLDS.values())))


class Hold(Repository):
    """A stop for the whole workspace, which outlives every restart. No batch is claimed in it."""

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


_HOLDS = {HoldKind.RESTORE_GUARD: copies.DOUBT, HoldKind.STOP: copies.STOP}
