"""Notices to staff and channels, posts to channels, and failing checks of the sender's health."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.campaigns.notices import (
    MAX_EVENT_AGE,
    MIN_EMAIL_INTERVAL,
    Channel,
    FailingCheck,
    Notice,
    NoticeEvent,
)
from newsletter.domain.delivery.transactional import ChannelPost, MessageState
from newsletter.domain.wording import say, stored_words
from newsletter.store.database import Repository, from_json, one_of

_NOTICES_KEY = "notices"
"""The key in ``meta`` of ``Mark``."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Up to where changes, comments and imports were turned into notices."""

    change_id: int = 0
    comment_id: int = 0
    imported_at: datetime | None = None


class Notices(Repository):
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
            values = {name: value for name, value in vars(event).items() if name != "people"}
            heard = [channel.address for channel in channels if event.kind in channel.kinds]
            for address in [*sorted(members.intersection(event.people)), *heard]:
                self._db.insert("notice", slug=slug, address=address, **values)

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


_LOST_AFTER = timedelta(minutes=5)
"""The age at which a call without an outcome counts as lost with its process."""
_WRONG_CLOCK = timedelta(hours=2)
"""A post with a longer wait is due, and a call from later is lost: a wrong clock set the time."""
_POST = "id, channel, made_at, state, attempts, called_at, reason"
_IS_OPEN = "state IN ('waiting', 'calling')"
"""Word for word as in the partial index of open posts."""
_MIN_FAILURES = 2
"""The failures in a row after which a check counts as failing."""


class ChannelPosts(Repository):
    def add(self, channel: str, at: datetime) -> None:
        """Queue a post. Its text is composed when it is sent."""
        self._db.insert("post", channel=channel, made_at=at, not_before=at)

    def find_open_channels(self) -> list[str]:
        return self._db.column(f"SELECT channel FROM post WHERE {_IS_OPEN}")

    def claim(self, channels: Collection[str], now: datetime) -> ChannelPost | None:
        """Claim the next due post for one of these channels; None if there is none.

        Attempts for a channel begin at least a minute apart.
        """
        self._db.change(
            "UPDATE post SET state = 'unknown', reason = :reason"
            " WHERE state = 'calling' AND NOT called_at BETWEEN :lost AND :too_far",
            reason=say("the process ended during the call"),
            lost=now - _LOST_AFTER,
            too_far=now + _WRONG_CLOCK,
        )
        is_channel = one_of("post.channel", channels, "channel")
        return self._db.first(
            ChannelPost,
            f"""
            UPDATE post SET state = 'calling', attempts = attempts + 1, called_at = :now
            WHERE id = (
                SELECT id FROM post
                WHERE state = 'waiting' AND (not_before <= :now OR not_before > :too_far)
                    AND {is_channel} AND NOT EXISTS (
                        SELECT 1 FROM post AS other WHERE other.channel = post.channel
                        AND other.called_at > :lately AND other.called_at <= :now)
                ORDER BY not_before, id LIMIT 1)
            RETURNING {_POST}
            """,
            is_channel,
            now=now,
            too_far=now + _WRONG_CLOCK,
            lately=now - MIN_EMAIL_INTERVAL,
        )

    def settle(
        self, post: ChannelPost, state: MessageState, reason: str, not_before: datetime
    ) -> None:
        """Record the outcome of an attempt. A waiting post is sent again at ``not_before``."""
        claim_key = {"id": post.id, "state": MessageState.CALLING, "called_at": post.called_at}
        self._db.update("post", claim_key, state=state, reason=reason, not_before=not_before)

    def get(self, post_id: int) -> ChannelPost | None:
        return self._db.first(ChannelPost, f"SELECT {_POST} FROM post WHERE id = :id", id=post_id)

    def requeue(self, post_id: int, at: datetime) -> None:
        """Queue a finished post again."""
        state = MessageState.WAITING
        self._db.update("post", {"id": post_id}, state=state, attempts=0, not_before=at)

    def list_newest(self, limit: int) -> list[ChannelPost]:
        return self._db.all(
            ChannelPost, f"SELECT {_POST} FROM post ORDER BY id DESC LIMIT :limit", limit=limit
        )

    def list_notices(self, limit: int) -> list[tuple[int, str, str]]:
        """Return (id of the post, event, slug) of each notice in the newest posts."""
        return self._db.rows(
            "SELECT post.id, notice.kind, notice.slug FROM"
            " (SELECT id, channel FROM post ORDER BY id DESC LIMIT :limit) AS post"
            " JOIN notice ON notice.address = '#' || post.channel"
            " AND notice.message_id = post.id ORDER BY notice.id",
            limit=limit,
        )


class FailingChecks(Repository):
    """The failing checks of the sender's health."""

    def store_failing(self, failing: Mapping[str, str], now: datetime) -> None:
        """Store the failing checks (name → finding), and delete all others."""
        self._db.change(
            "DELETE FROM failing_check WHERE what NOT IN (SELECT value FROM json_each(:failing))",
            failing=[*failing],
        )
        for what, detail in failing.items():
            self._db.change(
                "INSERT INTO failing_check (what, detail, since) VALUES (:what, :detail, :now)"
                " ON CONFLICT (what) DO UPDATE SET detail = excluded.detail,"
                " seen = failing_check.seen + 1",
                what=what,
                detail=stored_words(detail),
                now=now,
            )

    def list_without_notice(self) -> list[FailingCheck]:
        """Return the checks that failed twice in a row and have no notice yet."""
        return self._db.all(
            FailingCheck,
            "SELECT what, detail, since FROM failing_check WHERE told = 0 AND seen >= :seen",
            seen=_MIN_FAILURES,
        )

    def note_notified(self, checks: Iterable[str]) -> None:
        """Note that notices about these checks were created."""
        self._db.change(
            "UPDATE failing_check SET told = 1"
            " WHERE what IN (SELECT value FROM json_each(:checks))",
            checks=[*checks],
        )

    def all(self) -> list[FailingCheck]:
        return self._db.all(
            FailingCheck, "SELECT what, detail, since FROM failing_check ORDER BY what"
        )
