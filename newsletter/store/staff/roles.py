"""The staff: who may act, and as what."""

from datetime import datetime

from newsletter.domain.staff.role import Role
from newsletter.store.database import Repository


class Staff(Repository):
    """The people who may act."""

    def roles(self) -> dict[str, Role]:
        """Return the role of each person, by folded address."""
        return self._db.cached(self._roles)

    def _roles(self) -> dict[str, Role]:
        rows = self._db.rows("SELECT address, role FROM staff ORDER BY address")
        return {address: Role(role) for address, role in rows}

    def role(self, address: str) -> Role | None:
        """Return the role of a person, or None if the address is not among the staff."""
        role = self._db.value("SELECT role FROM staff WHERE address = :address", address=address)
        return None if role is None else Role(role)

    def names(self) -> dict[str, str]:
        """Return the name that colleagues use, by folded address, of each person with one."""
        return self._db.cached(self._names)

    def _names(self) -> dict[str, str]:
        return dict(self._db.rows("SELECT address, name FROM staff WHERE name <> ''"))

    def rename(self, address: str, name: str) -> None:
        """Change the name that colleagues use."""
        self._db.update("staff", {"address": address}, name=name)

    def languages(self) -> dict[str, str]:
        """Return the language of the desk that each person chose, by folded address."""
        return dict(self._db.rows("SELECT address, language FROM staff WHERE language <> ''"))

    def speak(self, address: str, language: str) -> None:
        """Choose a person's language of the desk; "" leaves it to the browser."""
        self._db.update("staff", {"address": address}, language=language)

    def put(self, address: str, role: Role, at: datetime) -> None:
        """Add a person, or change the role of one."""
        self._db.change(
            "INSERT INTO staff (address, role, added_at) VALUES (:address, :role, :at)"
            " ON CONFLICT (address) DO UPDATE SET role = excluded.role",
            address=address,
            role=role,
            at=at,
        )

    def remove(self, address: str) -> bool:
        """Remove a person; return whether there was one."""
        return self._db.changes("DELETE FROM staff WHERE address = :address", address=address)

    def admins(self) -> int:
        """Return how many admins there are."""
        return self._db.number("SELECT COUNT(*) FROM staff WHERE role = 'admin'")
