"""The holds on all sending of the workspace."""

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.store.database import Repository
from newsletter.store.file import copies

_KEYS = {HoldKind.RESTORE_GUARD: copies.DOUBT, HoldKind.STOP: copies.STOP}


class Hold(Repository):
    """A stop for the whole workspace, which outlives every restart. No batch is claimed in it."""

    def reasons(self) -> dict[HoldKind, str]:
        """Return why nothing may be sent; empty if sending is not held."""
        noted = dict(
            self._db.rows(
                "SELECT key, value FROM meta WHERE key IN (:doubt, :stop)",
                doubt=copies.DOUBT,
                stop=copies.STOP,
            )
        )
        return {kind: noted[key] for kind, key in _KEYS.items() if key in noted}

    def reason(self) -> str:
        """Return all reasons in one line, or ""."""
        return "; ".join(self.reasons().values())

    def put(self, kind: HoldKind, reason: str) -> None:
        """Hold everything, in place of an earlier hold of the same kind."""
        self._db.change(
            "INSERT INTO meta (key, value) VALUES (:key, :reason)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key=_KEYS[kind],
            reason=reason,
        )

    def release(self, kind: HoldKind) -> None:
        """End the hold of this kind."""
        self._db.change("DELETE FROM meta WHERE key = :key", key=_KEYS[kind])
