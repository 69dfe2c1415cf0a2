"""Imports, and undoing them for people to whom nothing else has happened since.

An undo is a few statements over a temporary table, so memory does not grow with the import.
"""

from collections.abc import Sequence
from datetime import datetime

from newsletter.domain.subscribers import audience
from newsletter.domain.subscribers.search import Origin
from newsletter.store.database import NO_LIMIT, Repository
from newsletter.store.subscribers import importing

_SELECT_IMPORTS = """
    SELECT id, at, "by", file, kind, sha256, new, known, changed, joined, ended, suppressed,
        skipped, finished_at, undone_at, undone_by
    FROM import
"""
_FREE_PEOPLE = "SELECT id FROM undo_person WHERE why = ''"
"""A query of the people for whom the import is undone."""


class Imports(Repository):
    """Imports by id."""

    def begin(self, *, at: datetime, by: str, file: str, kind: str, sha256: str) -> int:
        """Add an import; return its id. The undo data of old imports is deleted."""
        self._db.change(
            "DELETE FROM import_change WHERE import_id IN"
            " (SELECT id FROM import WHERE at < :too_old)",
            too_old=at - audience.UNDO_PERIOD,
        )
        return self._db.insert(
            "import", returning="id", at=at, by=by, file=file, kind=kind, sha256=sha256
        )

    def rehearse(self, people: Sequence[importing.PackedPerson]) -> audience.ImportResult:
        """Return the changes that an import of these people would make."""
        with importing.staged_people(self._db, people):
            return importing.count_changes(self._db)

    def import_people(
        self, import_id: int, people: Sequence[importing.PackedPerson], at: datetime
    ) -> audience.ImportResult:
        """Add or update the people of a part of a file; return the changes.

        Suppressed people are left out. Else the rules are those of ``Readers.upsert``.
        """
        with importing.staged_people(self._db, people):
            result = importing.count_changes(self._db, import_id)
            importing.import_people(self._db, at, Origin.IMPORT, import_id)
        return result

    def store_progress(
        self, result: audience.ImportResult, *, finished_at: datetime | None = None
    ) -> bool:
        """Store the counts of an import so far; return False if it was undone since."""
        return self._db.update(
            "import",
            {"id": result.number, "undone_at": None},
            new=result.new,
            known=result.known,
            changed=result.changed,
            joined=sum(result.joined.values()),
            ended=result.ended,
            suppressed=result.suppressed,
            skipped=result.skipped,
            finished_at=finished_at,
        )

    def add_upload(self, upload: audience.UploadedFile, at: datetime) -> int:
        """Store an uploaded file until its import; return its id."""
        return self._db.insert("upload", returning="id", at=at, **vars(upload))

    def get_upload(self, upload_id: int) -> audience.UploadedFile | None:
        return self._db.first(
            audience.UploadedFile,
            'SELECT "by", file, lists, without, agreed, columns, omits_bad_rows, body FROM upload'
            " WHERE id = :upload_id",
            upload_id=upload_id,
        )

    def list_uploads(self) -> list[int]:
        return self._db.column("SELECT id FROM upload ORDER BY id")

    def configure_upload(
        self, upload_id: int, columns: Sequence[str], *, omits_bad_rows: bool
    ) -> None:
        """Store a person's choices for an uploaded table."""
        choices = {"columns": list(columns), "omits_bad_rows": omits_bad_rows}
        self._db.update("upload", {"id": upload_id}, **choices)

    def delete_upload(self, upload_id: int) -> bool:
        """Delete an uploaded file; return False if it did not exist."""
        return self._db.changes("DELETE FROM upload WHERE id = :upload_id", upload_id=upload_id)

    def delete_uploads(self, until: datetime) -> int:
        """Delete the files that were uploaded until then; return their number."""
        return self._db.change("DELETE FROM upload WHERE at <= :until", until=until)

    def get(self, import_id: int) -> audience.ImportRecord | None:
        return self._db.first(
            audience.ImportRecord, f"{_SELECT_IMPORTS} WHERE id = :import_id", import_id=import_id
        )

    def list_newest(self, limit: int | None) -> list[audience.ImportRecord]:
        """Return the newest imports, or all, newest first."""
        return self._db.all(
            audience.ImportRecord,
            f"{_SELECT_IMPORTS} ORDER BY id DESC LIMIT :limit",
            limit=NO_LIMIT if limit is None else limit,
        )

    def list_finished(self, since: datetime, until: datetime) -> list[audience.ImportRecord]:
        """Return the imports that were finished between these moments, oldest first."""
        return self._db.all(
            audience.ImportRecord,
            f"{_SELECT_IMPORTS} WHERE finished_at > :since AND finished_at <= :until"
            " ORDER BY finished_at",
            since=since,
            until=until,
        )

    def count(self) -> int:
        return self._db.number("SELECT COUNT(*) FROM import")

    def undo(
        self, record: audience.ImportRecord, at: datetime, by: str
    ) -> audience.ImportUndoResult:
        """Undo an import for people to whom nothing else has happened since."""
        self._mark_people(record)
        ended, restored, removed = self._remove_imported(record.id)
        people = dict(self._db.rows("SELECT why, COUNT(*) FROM undo_person GROUP BY why"))
        [(left_count, suppressed_count)] = self._db.rows(
            f"""
            SELECT
                (SELECT COUNT(*) FROM subscriber
                    WHERE import_id = :number AND id IN ({_FREE_PEOPLE})),
                (SELECT COUNT(*) FROM suppression WHERE import_id = :number)
            """,
            number=record.id,
        )
        self._db.change("DELETE FROM undo_person")
        self._db.update("import", {"id": record.id}, undone_at=at, undone_by=by)
        return audience.ImportUndoResult(
            removed=removed,
            restored=restored,
            ended=ended,
            **{why: people.get(why, 0) for why in ("acted", "later", "sent")},
            left=left_count,
            suppressed=suppressed_count,
            departures=record.ended,
        )

    def _mark_people(self, record: audience.ImportRecord) -> None:
        """Fill ``undo_person`` with the people of an import, and why they are kept; '' if not."""
        self._db.change(
            "CREATE TEMPORARY TABLE IF NOT EXISTS undo_person"
            " (id INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT"
        )
        self._db.change("DELETE FROM undo_person")
        self._db.change(
            """
            INSERT INTO undo_person (id, why)
            SELECT id, CASE
                WHEN acted_after >= :number OR EXISTS (
                    SELECT 1 FROM transactional_email WHERE subscriber_id = subscriber.id
                ) THEN 'acted'
                -- later imports that were undone do not count
                WHEN last_import > :number AND EXISTS (
                    SELECT 1 FROM import AS later
                    WHERE later.id > :number AND later.id <= subscriber.last_import
                        AND later.undone_at IS NULL
                ) THEN 'later'
                WHEN id IN (
                    SELECT CAST(member.value AS BIGINT)
                    FROM batch CROSS JOIN json_each(batch.members) AS member
                    WHERE batch.attempts > 0
                        AND (batch.claimed_at IS NULL OR batch.claimed_at >= :at)
                    UNION ALL
                    SELECT subscriber_id FROM delivery WHERE at >= :at
                ) THEN 'sent'
                ELSE ''
            END
            FROM subscriber
            WHERE id IN (
                SELECT id FROM subscriber WHERE import_id = :number
                UNION ALL
                SELECT subscriber_id FROM import_change WHERE import_id = :number
                UNION ALL
                SELECT subscriber_id FROM subscription
                WHERE import_id = :number AND state <> 'ended'
                UNION ALL
                SELECT subscriber_id FROM tag WHERE import_id = :number)
            """,
            number=record.id,
            at=record.at,
        )

    def _remove_imported(self, import_id: int) -> tuple[int, int, int]:
        """Return the numbers of ended subscriptions, restored people, and removed people."""
        db = self._db
        # an undo never subscribes people again
        ended = db.change(
            "DELETE FROM subscription WHERE import_id = :import_id AND state <> 'ended'"
            f" AND subscriber_id IN ({_FREE_PEOPLE})",
            import_id=import_id,
        )
        db.change(
            f"DELETE FROM tag WHERE import_id = :import_id AND subscriber_id IN ({_FREE_PEOPLE})",
            import_id=import_id,
        )
        db.change(
            "INSERT INTO tag (name, subscriber_id) SELECT lost.value, before.subscriber_id"
            " FROM import_change AS before CROSS JOIN json_each(before.removed_tags) AS lost"
            f" WHERE before.import_id = :import_id AND before.subscriber_id IN ({_FREE_PEOPLE})"
            " ON CONFLICT DO NOTHING",
            import_id=import_id,
        )
        # last_import changes too, so that the triggers see no act of the person
        restored = db.change(
            f"""
            UPDATE subscriber
            SET {", ".join(f"{name} = before.{name}" for name in importing.OPTIONAL_COLUMNS)},
                consent = before.consent,
                paused_until = before.paused_until, last_import = before.last_import
            FROM import_change AS before
            WHERE before.import_id = :import_id AND before.subscriber_id = subscriber.id
                AND subscriber.id IN ({_FREE_PEOPLE})
            """,
            import_id=import_id,
        )
        removed = db.change(
            f"DELETE FROM subscriber WHERE import_id = :import_id AND id IN ({_FREE_PEOPLE})"
            " AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscriber_id = subscriber.id)",
            import_id=import_id,
        )
        db.change("DELETE FROM import_change WHERE import_id = :import_id", import_id=import_id)
        db.change(
            "DELETE FROM list WHERE import_id = :import_id"
            " AND NOT EXISTS (SELECT 1 FROM subscription WHERE list_id = list.id)",
            import_id=import_id,
        )
        return ended, restored, removed
