"""The holds on all sending of the workspace, and the generation of its database."""

from datetime import datetime

from newsletter.domain.delivery.restore_guard import HoldKind, Mark
from newsletter.store.database import Repository
from newsletter.store.file import copies

_FORMER = "former generation "
_DOUBTED = "doubted"
"""The key in ``meta`` of the last doubt that was acted upon."""


class Hold(Repository):
    """A stop for the whole workspace, which outlives every restart. No batch is claimed in it."""

    def reasons(self) -> dict[HoldKind, str]:
        """Return why nothing may be sent; empty if sending is not held."""
        noted = self._db.rows("SELECT key, value FROM meta WHERE key IN ('doubt', 'stop')")
        return {HoldKind(key): reason for key, reason in sorted(noted)}

    def reason(self) -> str:
        """Return all reasons in one line, or ""."""
        return "; ".join(self.reasons().values())

    def put(self, kind: HoldKind, reason: str) -> None:
        """Hold everything, in place of an earlier hold of the same kind."""
        self._db.put("meta", "key", key=kind, value=reason)

    def release(self, kind: HoldKind) -> None:
        self._db.change("DELETE FROM meta WHERE key = :key", key=kind)


class Generation(Repository):
    """The progress of sending in the database. Each claim adds one."""

    def mark(self) -> Mark:
        """Return the generation, and how many attempts it has claimed."""
        [(name, claims)] = self._db.rows(
            "SELECT name, claims + (SELECT COALESCE(SUM(claims), 0) FROM worker) FROM restore_guard"
        )
        keys = self._db.column("SELECT key FROM meta WHERE key LIKE :former", former=f"{_FORMER}%")
        former = frozenset(key.removeprefix(_FORMER) for key in keys)
        return Mark(generation=name, claims=claims, former=former)

    def end(self, name: str) -> None:
        """Note that a generation is over: records of it are of before a person's release."""
        self._db.insert_new("meta", key=f"{_FORMER}{name}", value="")

    def renew(self, mark: Mark) -> None:
        self._db.change(
            "UPDATE restore_guard SET name = :name,"
            " claims = :claims - (SELECT COALESCE(SUM(claims), 0) FROM worker)",
            name=mark.generation,
            claims=mark.claims,
        )

    def doubt(self, evidence: str, at: datetime) -> None:
        """End the mail, sessions and tokens of a copied database; once for the same evidence."""
        if self._db.value("SELECT value FROM meta WHERE key = :key", key=_DOUBTED) != evidence:
            self._db.put("meta", "key", key=_DOUBTED, value=evidence)
            copies.distrust(self._db, {}, at)
