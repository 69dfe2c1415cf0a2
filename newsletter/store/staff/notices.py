"""Notices: a row for each person and event, and how far the changes of the database were read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.notices import APART, NEWS_LIVES, Notice, Occurred
from newsletter.store.database import document
from newsletter.store.repository import Repository

_KEY = "notices"
"""The key in ``meta`` of the mark."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The last changes that notices were made of: numbers of ``changed_statement`` and rows."""

    change: int = 0
    comment: int = 0
    imported_at: datetime | None = None


class Notices(Repository):
    """The notices of all staff."""

    def mark(self) -> Mark:
        """Return how far notices were made."""
        stored = self._db.value("SELECT value FROM meta WHERE key = :key", key=_KEY)
        return document(Mark, stored) if stored else Mark()

    def changed(self, mark: Mark, now: datetime, most: int) -> tuple[list[str], int]:
        """Return slugs that changed since the mark, or whose moment has come; and the new mark."""
        rows = self._db.rows(
            "SELECT slug, number FROM changed_statement WHERE number > :mark"
            " ORDER BY number LIMIT :most",
            mark=mark.change,
            most=most,
        )
        due = self._db.column("SELECT slug FROM notice_moment WHERE at <= :now", now=now)
        slugs = dict.fromkeys([*(slug for slug, _ in rows), *due])
        return [*slugs], rows[-1][1] if rows else mark.change

    def add(self, slug: str, events: Iterable[Occurred], now: datetime) -> None:
        """Add a notice for each person of each event that is news and was not told before.

        People without an account at the desk get none.
        """
        fresh = [event for event in events if event.at > now - NEWS_LIVES]
        known = {*self._db.column("SELECT address FROM credential")} if fresh else set()
        for event in fresh:
            about = {name: value for name, value in vars(event).items() if name != "people"}
            for address in sorted(known.intersection(event.people)):
                self._db.insert_new("notice", slug=slug, address=address, **about)

    def await_(self, slug: str, at: datetime | None) -> None:
        """Note when time alone leads to the next event of a statement; None if it does not."""
        self._db.change("DELETE FROM notice_moment WHERE slug = :slug", slug=slug)
        if at is not None:
            self._db.insert("notice_moment", slug=slug, at=at)

    def advance(self, mark: Mark) -> None:
        """Keep how far notices were made."""
        self._db.put("meta", "key", key=_KEY, value=mark)

    def due(self, now: datetime) -> list[str]:
        """Return the people for whom notices wait and who may be written to again."""
        return self._db.column(
            "SELECT address FROM (SELECT DISTINCT address FROM notice WHERE done_at IS NULL) AS one"
            " WHERE NOT EXISTS (SELECT 1 FROM notice WHERE notice.address = one.address"
            " AND email_id IS NOT NULL AND done_at > :lately)",
            lately=now - APART,
        )

    def of(self, address: str, email_id: int) -> list[Notice]:
        """Return the notices that an email to this person tells of, oldest first.

        An email that is sent again tells of those that it told of before, and of newer ones.
        """
        return self._db.all(
            Notice,
            "SELECT id, kind, slug, occurrence FROM notice"
            " WHERE address = :address AND (done_at IS NULL OR email_id = :email_id) ORDER BY id",
            address=address,
            email_id=email_id,
        )

    def finish(self, notices: Iterable[Notice], at: datetime, email_id: int | None) -> None:
        """Note that an email tells of these; None if they are over."""
        self._db.each(
            "UPDATE notice SET done_at = :at, email_id = :email_id WHERE id = :id",
            ({"id": notice.id, "at": at, "email_id": email_id} for notice in notices),
        )

    def drop(self, at: datetime) -> None:
        """Drop those that wait: an email may have brought them before a restore."""
        self._db.change("UPDATE notice SET done_at = :at WHERE done_at IS NULL", at=at)

    def clear(self, before: datetime) -> None:
        """Delete notices of events before this time."""
        self._db.change("DELETE FROM notice WHERE at < :before", before=before)
