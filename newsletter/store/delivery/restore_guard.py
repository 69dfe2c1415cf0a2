"""The holds on all sending of the workspace, and the generation of its database."""

from dataclasses import replace
from datetime import datetime

from newsletter.domain.delivery.restore_guard import HoldKind, Mark
from newsletter.domain.wording import read_words, stored_words
from newsletter.store.database import Repository, as_stored
from newsletter.store.file import copies

_FORMER = "former generation "
_DOUBTED_KEY = "doubted"
"""The key in ``meta`` of the last evidence for which ``invalidate_copy`` ended things."""


class Hold(Repository):
    """The stops of all sending, which restarts do not end. Nothing is claimed meanwhile."""

    def reasons(self) -> dict[HoldKind, str]:
        """Return kind of hold → reason; {} if sending is not stopped."""
        rows = self._db.rows("SELECT key, value FROM meta WHERE key IN ('doubt', 'stop')")
        return {HoldKind(key): read_words(reason) for key, reason in sorted(rows)}

    def put(self, kind: HoldKind, reason: str) -> None:
        """Stop all sending, in place of an earlier hold of the same kind."""
        self._db.put("meta", "key", key=kind, value=stored_words(reason))

    def release(self, kind: HoldKind) -> None:
        self._db.change("DELETE FROM meta WHERE key = :key", key=kind)


class Generation(Repository):
    """The generation of the database, and the number of its claims."""

    def mark(self) -> Mark:
        """Return the generation, and the number of claims."""
        [mark] = self._db.all(
            Mark,
            "SELECT name AS generation, beat_at, timeline, timeline_claims, timeline_beat_at,"
            " claims + (SELECT COALESCE(SUM(claims), 0) FROM worker) AS claims FROM restore_guard",
        )
        # not LIKE: SQLite plans it again for each value
        where = f"substr(key, 1, {len(_FORMER)}) = '{_FORMER}'"
        rows = self._db.rows(f"SELECT key, value FROM meta WHERE {where}")
        return replace(mark, former={key.removeprefix(_FORMER): int(at) for key, at in rows})

    def note_timeline(self, timeline: str, claims: int, sends_from: datetime) -> None:
        """Store a new timeline and its mark. Nothing is claimed until ``sends_from``."""
        self._db.change(
            """
            UPDATE restore_guard SET timeline = :timeline, timeline_claims = :claims,
                timeline_beat_at = beat_at,
                sends_from = CASE WHEN timeline = '' THEN 0 ELSE :sends_from END
            WHERE timeline <> :timeline
            """,
            timeline=timeline,
            claims=claims,
            sends_from=sends_from,
        )

    def end(self, name: str, at: datetime) -> None:
        """Store until when the release of a hold covers what this former generation sent."""
        self._db.put("meta", "key", key=f"{_FORMER}{name}", value=str(as_stored(at)))

    def renew(self, mark: Mark) -> None:
        self._db.change(
            "UPDATE restore_guard SET name = :name,"
            " claims = :claims - (SELECT COALESCE(SUM(claims), 0) FROM worker)",
            name=mark.generation,
            claims=mark.claims,
        )

    def invalidate_copy(self, evidence: str, at: datetime) -> None:
        """End the emails, sessions and tokens of a copied database, once for each evidence."""
        if self._db.value("SELECT value FROM meta WHERE key = :key", key=_DOUBTED_KEY) != evidence:
            self._db.put("meta", "key", key=_DOUBTED_KEY, value=evidence)
            copies.invalidate(self._db, {}, at)
