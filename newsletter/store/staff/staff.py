"""Those who may act."""

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.statements.statement import Role
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms


class Staff:
    """Those who may act."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def roles(self) -> dict[str, Role]:
        """Folded address → role."""
        rows = self._connection.execute(select(tables.staff).order_by(tables.staff.c.address)).all()
        return {row.address: Role(row.role) for row in rows}

    def put(self, address: str, role: Role, at: datetime) -> None:
        self._connection.execute(
            insert(tables.staff)
            .values(address=address, role=role.value, added_at=to_ms(at))
            .on_conflict_do_update(index_elements=["address"], set_={"role": role.value})
        )
