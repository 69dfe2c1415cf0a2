"""Posts to channels, and the failing checks of the sender's health."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from newsletter.domain.campaigns.notices import MIN_EMAIL_INTERVAL, FailingCheck
from newsletter.domain.delivery.transactional import ChannelPost, MessageState
from newsletter.domain.wording import say, stored_words
from newsletter.store.database import Repository, one_of

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
    """The posts of all channels."""

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
