"""Staff decisions: sealed approvals and starts, requests for changes, and comments."""

from datetime import datetime

from newsletter.domain.campaigns.campaign import Start
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.statements.comment import ChangeRequest, Comment
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.domain.subscribers.address import mailbox
from newsletter.store.database import Database, Repository
from newsletter.store.file.keys import Chain
from newsletter.store.staff.audit import (
    REVOCATIONS_OF,
    REVOKE_ACTION,
    TEXT_TAKEN_BACK,
    Audit,
    Row,
    SealedRows,
    from_sealed_row,
    is_restored,
    revoked_ids,
    sealed_approvals,
)


class Approvals(Repository):
    def __init__(self, db: Database, chain: Chain, audit: Audit) -> None:
        super().__init__(db)
        self._rows = sealed_approvals(db, chain)
        self._audit = audit

    def list_for(self, slug: str) -> list[Approval]:
        """Return the approvals of a statement, also revoked ones, oldest first."""
        return [from_sealed_row(Approval, row) for row in self._find_sound(slug)]

    def withdrawn(self, slug: str) -> list[Approval]:
        """Return the approvals that were revoked because the text was taken back, oldest first."""
        lines = self._db.of_statement(AuditEntry, REVOCATIONS_OF, slug, key="subject")
        back = revoked_ids(line for line in lines if line.values.get("reason") == TEXT_TAKEN_BACK)
        rows = self._rows.list_for(slug) if back else ()
        return [from_sealed_row(Approval, row) for row in rows if row["id"] in back]

    def find_slugs(self, channel: Channel) -> set[str]:
        """Return the statements that were ever approved through this channel."""
        return set(
            self._db.column(
                "SELECT DISTINCT slug FROM approval WHERE channel = :channel", channel=channel
            )
        )

    def find_unsent_slugs(self, person: str) -> list[str]:
        """Return the slugs of unsent statements that the person approved, except in a file."""
        return self._db.column(
            """
            SELECT DISTINCT slug FROM approval
            WHERE "by" = :person AND revoked_at IS NULL AND channel <> :file
                AND NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.slug = approval.slug
                    AND campaign.content_hash = approval.content_hash
                    AND campaign.started_at IS NOT NULL)
            ORDER BY slug
            """,
            person=person,
            file=Channel.FRONT_MATTER,
        )

    def add(self, approval: Approval) -> None:
        self._rows.add(mailbox=mailbox(approval.by), **vars(approval))

    def revoke(
        self,
        slug: str,
        at: datetime,
        by: str | None = None,
        channel: Channel | None = None,
        *,
        actor: str,
        reason: str = "",
    ) -> int:
        """Revoke a statement's approvals, all or of one person or channel; return their number.

        A line of the audit log names them, so that restored rows do not count.
        """
        numbers = [
            row["id"]
            for row in self._find_sound(slug)
            if row["revoked_at"] is None
            and by in {None, row["by"]}
            and (channel is None or row["channel"] == channel.value)
        ]
        if not numbers:
            return 0
        for number in numbers:
            self._rows.change(number, revoked_at=at)
        self._audit.enter(actor, REVOKE_ACTION, slug, approvals=numbers, reason=reason)
        return len(numbers)

    def _find_sound(self, slug: str) -> list[Row]:
        """Return the rows with a valid seal that were not restored after their revocation."""
        found = self._rows.list_for(slug)
        # the old row has a valid seal too: only the audit log says that it was revoked
        revoked = set()
        if found:
            lines = self._db.of_statement(AuditEntry, REVOCATIONS_OF, slug, key="subject")
            revoked = revoked_ids(lines)
        return [row for row in found if not is_restored(row, revoked)]


_START_COLUMNS = 'id, slug, content_hash, "by", at, count, count_at_stop, revoked_at, seal'


class Starts(Repository):
    """The starts of statements, each with the person and the number of readers."""

    def __init__(self, db: Database, chain: Chain) -> None:
        super().__init__(db)
        self._rows = SealedRows(db, chain, "start", _START_COLUMNS)

    def list_for(self, slug: str) -> list[Start]:
        """Return the starts of a statement, also revoked ones, oldest first."""
        return [from_sealed_row(Start, row) for row in self._rows.list_for(slug)]

    def add(self, start: Start) -> None:
        self._rows.add(**vars(start))

    def revoke(self, slug: str, at: datetime, *, version: str = "") -> int:
        """Revoke a statement's starts, all or of one content hash; return their number."""
        live = [row for row in self._live(slug) if version in {"", row["content_hash"]}]
        for row in live:
            self._rows.change(row["id"], revoked_at=at)
        return len(live)

    def revoke_by(self, person: str, at: datetime) -> None:
        query = 'SELECT id FROM start WHERE "by" = :person AND revoked_at IS NULL'
        for number in self._db.column(query, person=person):
            self._rows.change(number, revoked_at=at)

    def record_count(self, slug: str, count: int) -> None:
        """Store the real number of readers, because of which a start paused."""
        for row in self._live(slug):
            self._rows.change(row["id"], count_at_stop=count)

    def _live(self, slug: str) -> list[Row]:
        return [row for row in self._rows.list_for(slug) if row["revoked_at"] is None]


class ChangeRequests(Repository):
    def list_for(self, slug: str) -> list[ChangeRequest]:
        """Return the requests about a statement, oldest first."""
        return self._db.of_statement(
            ChangeRequest,
            'SELECT slug, content_hash, "by", at, reason, closed_at FROM returned'
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY id",
            slug,
        )

    def add(self, request: ChangeRequest) -> None:
        self._db.insert("returned", **vars(request))

    def close(self, slug: str, at: datetime) -> None:
        """Close the open requests, because the text was changed or submitted again."""
        self._db.update("returned", {"slug": slug, "closed_at": None}, closed_at=at)


_COMMENT = 'SELECT id, slug, "by", at, words, content_hash FROM comment'


class Comments(Repository):
    def add(self, comment: Comment) -> None:
        values = {name: value for name, value in vars(comment).items() if name != "id"}
        self._db.insert("comment", **values)

    def list_for(self, slug: str, limit: int) -> list[Comment]:
        """Return the newest comments on a statement, oldest first."""
        newest = self._db.all(
            Comment,
            f"{_COMMENT} WHERE slug = :slug ORDER BY id DESC LIMIT :limit",
            slug=slug,
            limit=limit,
        )
        return newest[::-1]

    def list_newest(self, limit: int) -> list[Comment]:
        """Return the newest comments on all statements, newest first."""
        return self._db.all(Comment, f"{_COMMENT} ORDER BY id DESC LIMIT :limit", limit=limit)

    def get(self, comment_id: int) -> Comment | None:
        return self._db.first(Comment, f"{_COMMENT} WHERE id = :comment_id", comment_id=comment_id)

    def list_after(self, comment_id: int) -> list[Comment]:
        """Return the comments after the one with this id, oldest first."""
        return self._db.all(
            Comment, f"{_COMMENT} WHERE id > :comment_id ORDER BY id", comment_id=comment_id
        )
