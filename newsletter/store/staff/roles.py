"""The staff: who may act, and as what."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.staff.role import Role
from newsletter.store.repository import Repository
from newsletter.store.schema import tables


class Staff(Repository):
    """Those who may act."""

    def roles(self) -> dict[str, Role]:
        """Folded address → role."""
        rows = self._connection.execute(select(tables.staff).order_by(tables.staff.c.address)).all()
        return {row.address: row.role for row in rows}

    def role(self, address: str) -> Role | None:
        """That of one person; None where they are not among the staff."""
        theirs = tables.staff.c.address == address
        return self._connection.scalar(select(tables.staff.c.role).where(theirs))

    def names(self) -> dict[str, str]:
        """Folded address → what colleagues call them; those who never said it are left out."""
        named = select(tables.staff.c.address, tables.staff.c.name).where(tables.staff.c.name != "")
        return {row.address: row.name for row in self._connection.execute(named).all()}

    def rename(self, address: str, name: str) -> None:
        self._connection.execute(
            update(tables.staff).where(tables.staff.c.address == address).values(name=name)
        )

    def put(self, address: str, role: Role, at: datetime) -> None:
        self._connection.execute(
            insert(tables.staff)
            .values(address=address, role=role, added_at=at)
            .on_conflict_do_update(index_elements=["address"], set_={"role": role})
        )

    def remove(self, address: str) -> bool:
        """They may do nothing any more; tells whether they could."""
        gone = delete(tables.staff).where(tables.staff.c.address == address)
        return self._connection.execute(gone).rowcount == 1

    def admins(self) -> int:
        """How many admins there are."""
        query = select(func.count()).where(tables.staff.c.role == Role.ADMIN)
        return self._number(query)
