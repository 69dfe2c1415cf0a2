"""Notices to staff and channels: a row for each recipient and event."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.notices import (
    MAX_EVENT_AGE,
    MIN_EMAIL_INTERVAL,
    Channel,
    Notice,
    NoticeEvent,
)
from newsletter.store.database import Repository, from_json

_NOTICES_KEY = "notices"
"""The key in ``meta`` of ``Mark``."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Up to where changes, comments and imports were turned into notices."""

    change_id: int = 0
    comment_id: int = 0
    imported_at: datetime | None = None


class Notices(Repository):
    """The notices of all staff and channels."""

    def load_mark(self) -> Mark:
        stored = self._db.value("SELECT value FROM meta WHERE key = :key", key=_NOTICES_KEY)
        return from_json(Mark, stored) if stored else Mark()

    def find_changed(self, mark: Mark, now: datetime, limit: int) -> tuple[list[str], int]:
        """Return slugs that changed since the mark or have a due event, and the new change id."""
        rows = self._db.rows(
            "SELECT slug, number FROM changed_statement WHERE number > :mark"
            " ORDER BY number LIMIT :limit",
            mark=mark.change_id,
            limit=limit,
        )
        due = self._db.column("SELECT slug FROM notice_moment WHERE at <= :now", now=now)
        slugs = dict.fromkeys([*(slug for slug, _ in rows), *due])
        return [*slugs], rows[-1][1] if rows else mark.change_id

    def add(
        self,
        slug: str,
        events: Collection[NoticeEvent],
        now: datetime,
        channels: Iterable[Channel] = (),
    ) -> None:
        """Add notices of the events to their people and to the channels of their kinds.

        Events that are old or already have notices get none, nor do people without an account.
        """
        seen_query = "SELECT kind, occurrence FROM notice WHERE slug = :slug"
        if not events:
            return
        seen = {*self._db.rows(seen_query, slug=slug)}
        members = {*self._db.column("SELECT address FROM credential")}
        for event in events:
            if event.at <= now - MAX_EVENT_AGE or (event.kind.value, event.occurrence) in seen:
                continue
            about = {name: value for name, value in vars(event).items() if name != "people"}
            heard = [channel.address for channel in channels if event.kind in channel.kinds]
            for address in [*sorted(members.intersection(event.people)), *heard]:
                self._db.insert("notice", slug=slug, address=address, **about)

    def set_next_event(self, slug: str, at: datetime | None) -> None:
        """Store when time alone causes the statement's next event; None if it causes none."""
        self._db.change("DELETE FROM notice_moment WHERE slug = :slug", slug=slug)
        if at is not None:
            self._db.insert("notice_moment", slug=slug, at=at)

    def store_mark(self, mark: Mark) -> None:
        self._db.put("meta", "key", key=_NOTICES_KEY, value=mark)

    def find_due_addresses(self, now: datetime) -> list[str]:
        """Return the addresses with waiting notices and no message within ``INTERVAL``.

        A message that a wrong clock dated far ahead delays none.
        """
        return self._db.column(
            "SELECT address FROM (SELECT DISTINCT address FROM notice WHERE done_at IS NULL) AS one"
            " WHERE NOT EXISTS (SELECT 1 FROM notice WHERE notice.address = one.address"
            " AND message_id IS NOT NULL AND done_at > :lately AND done_at < :soon)",
            lately=now - MIN_EMAIL_INTERVAL,
            soon=now + MIN_EMAIL_INTERVAL,
        )

    def list_for_email(self, address: str, message_id: int) -> list[Notice]:
        """Return the notices for an email to this person, oldest first.

        An email that is retried keeps its notices and gets newer ones.
        """
        return self._db.all(
            Notice,
            "SELECT id, kind, slug, occurrence FROM notice"
            " WHERE address = :address AND (done_at IS NULL OR message_id = :id) ORDER BY id",
            address=address,
            id=message_id,
        )

    def was_announced(self, undone: Notice, address: str) -> bool:
        """Return whether the person's last message about a start said that it was scheduled."""
        about = {"slug": undone.slug, "address": address, "id": undone.id}
        found = self._db.value(
            "SELECT kind = 'scheduled' FROM notice WHERE slug = :slug AND address = :address"
            " AND kind IN ('scheduled', 'undone or canceled') AND message_id IS NOT NULL"
            " AND id < :id ORDER BY id DESC LIMIT 1",
            **about,
        )
        return bool(found)

    def list_for_post(self, channel: Channel, post_id: int) -> list[Notice]:
        """Return the notices for a post to a channel, oldest first.

        A post that is retried has the same notices as before, because it has the same id.
        """
        query = "SELECT id, kind, slug, occurrence FROM notice WHERE address = :address"
        return self._db.all(
            Notice, f"{query} AND message_id = :id ORDER BY id", address=channel.address, id=post_id
        ) or self._db.all(
            Notice, f"{query} AND done_at IS NULL ORDER BY id", address=channel.address
        )

    def finish(self, notices: Iterable[Notice], at: datetime, message_id: int | None) -> None:
        """Store the message with these notices; None if their events are over."""
        self._db.change_each(
            "UPDATE notice SET done_at = :at, message_id = :message_id WHERE id = :id",
            ({"id": notice.id, "at": at, "message_id": message_id} for notice in notices),
        )

    def clear(self, before: datetime) -> None:
        """Delete the notices and the posts to channels that were made before this time."""
        self._db.change("DELETE FROM notice WHERE at < :before", before=before)
        self._db.change("DELETE FROM post WHERE made_at < :before", before=before)
