"""The starts of statements and their numbers of readers. A row counts only under our own seal."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import Start
from newsletter.store.database import Database, Repository, instant
from newsletter.store.file.keys import Chain

_START = 'id, slug, content_hash, "by", at, count, found, revoked_at, seal'


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A start as it is stored, times in milliseconds: the seal is over these values."""

    id: int
    slug: str
    content_hash: str
    by: str
    at: int
    count: int
    found: int
    revoked_at: int | None
    seal: str


class Starts(Repository):
    """The starts of statements, with the person and the number of readers."""

    def __init__(self, db: Database, chain: Chain) -> None:
        super().__init__(db)
        self._chain = chain

    def of(self, slug: str) -> list[Start]:
        """Return the starts of a statement, oldest first, also those that were taken back."""
        return [_start_of(row) for row in self._sound(slug)]

    def add(self, start: Start) -> None:
        """Add a start under our seal."""
        [row] = self._db.all(
            _Row,
            'INSERT INTO start (slug, content_hash, "by", at, count)'
            f" VALUES (:slug, :content_hash, :by, :at, :count) RETURNING {_START}",
            slug=start.slug,
            content_hash=start.content_hash,
            by=start.by,
            at=start.at,
            count=start.count,
        )
        self._vouch_for(row)

    def revoke(self, slug: str, at: datetime) -> int:
        """Take all starts of a statement back; return how many there were."""
        live = self._live(slug)
        for row in live:
            self._write(row, "revoked_at = :at", at=at)
        return len(live)

    def find(self, slug: str, count: int) -> None:
        """Note how many would really have got it, at a start that was paused for that."""
        for row in self._live(slug):
            self._write(row, "found = :count", count=count)

    def accept(self, slug: str) -> None:
        """Take the number that was found for the right one: a person let it go on."""
        for row in self._live(slug):
            if row.found:
                self._write(row, "count = found, found = 0")

    def _sound(self, slug: str) -> list[_Row]:
        rows = self._db.of_statement(self._query, slug)
        return [row for row in rows if hmac.compare_digest(row.seal, self._seal(row))]

    def _query(self, slugs: Sequence[str]) -> list[_Row]:
        return self._db.all(
            _Row,
            f"SELECT {_START} FROM start"
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY id",
            slugs=slugs,
        )

    def _live(self, slug: str) -> list[_Row]:
        return [row for row in self._sound(slug) if row.revoked_at is None]

    def _write(self, row: _Row, assignments: str, **values: object) -> None:
        [changed] = self._db.all(
            _Row,
            f"UPDATE start SET {assignments} WHERE id = :id RETURNING {_START}",
            id=row.id,
            **values,
        )
        self._vouch_for(changed)

    def _vouch_for(self, row: _Row) -> None:
        self._db.update("start", {"id": row.id}, seal=self._seal(row))

    def _seal(self, row: _Row) -> str:
        sealed = (row.slug, row.content_hash, row.by, row.at, row.count, row.found, row.revoked_at)
        return self._chain.seal("start", row.id, *sealed)


def _start_of(row: _Row) -> Start:
    return Start(
        slug=row.slug,
        content_hash=row.content_hash,
        by=row.by,
        at=instant(row.at),
        count=row.count,
        found=row.found,
        revoked_at=None if row.revoked_at is None else instant(row.revoked_at),
    )
