"""Imports: each has a number, and can be undone as long as nothing happened since."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from newsletter.domain.subscribers.audience import UNDOABLE, Brought, ImportRecord, Undone
from newsletter.store.repository import Repository
from newsletter.store.schema import import_tables
from newsletter.store.schema.columns import fields_of, to_ms
from newsletter.store.subscribers import undoing

_import = import_tables.import_.c


class Imports(Repository):
    """What was imported, by number."""

    def add(
        self, brought: Brought, *, at: datetime, by: str, file: str, kind: str, sha256: str
    ) -> int:
        """Enter an import; returns its number, which is given once.

        What was kept of imports that are too old to be undone is deleted.
        """
        row = {
            "at": at,
            "by": by,
            "file": file,
            "kind": kind,
            "sha256": sha256,
            "new": brought.new,
            "known": brought.known,
            "changed": brought.changed,
            "joined": sum(brought.joined.values()),
            "ended": brought.ended,
            "suppressed": brought.suppressed,
            "skipped": brought.skipped,
        }
        old = select(_import.id).where(_import.at < at - UNDOABLE)
        change = import_tables.import_change
        self._connection.execute(delete(change).where(change.c.import_id.in_(old)))
        adding = insert(import_tables.import_).values(row).returning(_import.id)
        return int(self._connection.execute(adding).scalar_one())

    def get(self, number: int) -> ImportRecord | None:
        """The import of this number."""
        return self._first(ImportRecord, _records().where(_import.id == number))

    def newest(self, most: int | None) -> list[ImportRecord]:
        """The newest so many, or all, newest first."""
        return self._list(ImportRecord, _records().order_by(_import.id.desc()).limit(most))

    def count(self) -> int:
        """How many there are."""
        return self._number(text("SELECT count(*) FROM import"))

    def undo(self, record: ImportRecord, at: datetime, by: str) -> Undone:
        """Take back what an import did to people of whom nothing else happened since."""
        undone = undoing.undo(self._connection, record.id, to_ms(record.at))
        self._connection.execute(
            update(import_tables.import_)
            .where(_import.id == record.id)
            .values(undone_at=at, undone_by=by)
        )
        return undone


def _records() -> Any:
    return select(*fields_of(ImportRecord, import_tables.import_))
