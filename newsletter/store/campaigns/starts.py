"""The starts of statements and their numbers of readers. A row counts only under our own seal."""

from datetime import datetime

from newsletter.domain.campaigns.campaign import Start
from newsletter.store.database import Database, Repository
from newsletter.store.file.keys import Chain
from newsletter.store.staff.audit import Row, SealedRows, value_of

_START = 'id, slug, content_hash, "by", at, count, found, revoked_at, seal'


class Starts(Repository):
    """The starts of statements, with the person and the number of readers."""

    def __init__(self, db: Database, chain: Chain) -> None:
        super().__init__(db)
        self._rows = SealedRows(db, chain, "start", _START)

    def of(self, slug: str) -> list[Start]:
        """Return the starts of a statement, oldest first, also those that were taken back."""
        return [value_of(Start, row) for row in self._rows.of(slug)]

    def add(self, start: Start) -> None:
        """Add a start under our seal."""
        self._rows.add(**vars(start))

    def revoke(self, slug: str, at: datetime) -> int:
        """Take all starts of a statement back; return how many there were."""
        live = self._live(slug)
        for row in live:
            self._rows.change(row["id"], revoked_at=at)
        return len(live)

    def find(self, slug: str, count: int) -> None:
        """Note how many would really have got it, at a start that was paused for that."""
        for row in self._live(slug):
            self._rows.change(row["id"], found=count)

    def _live(self, slug: str) -> list[Row]:
        return [row for row in self._rows.of(slug) if row["revoked_at"] is None]
