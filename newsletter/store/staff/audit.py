"""The audit log, whose lines form a chain of HMACs, and rows with a seal under the same key."""

import hmac
import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar, cast

from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import AuditEntry, AuditHead, AuditSearch
from newsletter.domain.wording import pack, say
from newsletter.store.database import NO_LIMIT, Condition, Database, Repository, as_stored, from_row
from newsletter.store.file.keys import Chain
from newsletter.store.subscribers.eligibility import contains_any, spellings

T = TypeVar("T")

REVOKE_ACTION = "revoke"
"""The action of a line about revoked approvals."""
TEXT_TAKEN_BACK = say("its text was taken back")
"""The reason of a revocation because the text was taken back."""


_APPROVAL_COLUMNS = (
    'id, slug, content_hash, "by", channel, at, not_before, despite, warnings, revoked_at, seal'
)
Row = dict[str, Any]
"""Column → stored value."""


class SealedRows:
    """The rows of a table about statements, each with a MAC over its other ``columns``.

    A row without a valid seal is ignored, because newsletter did not write it.
    """

    def __init__(self, db: Database, chain: Chain, table: str, columns: str) -> None:
        self._db = db
        self._chain = chain
        self._table = table
        self._select = f"SELECT {columns} FROM {table}"

    def all(self) -> list[Row]:
        """Return the rows of all statements, oldest first, also without a valid seal."""
        return self._db.mappings(f"{self._select} ORDER BY id")

    def list_for(self, slug: str) -> list[Row]:
        """Return the sealed rows of a statement, oldest first."""
        query = f"{self._select} WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY id"
        rows: list[Row] = self._db.of_statement(dict, query, slug)
        return [row for row in rows if self.is_sound(row)]

    def is_sound(self, row: Row) -> bool:
        return hmac.compare_digest(row["seal"], self._seal(row))

    def add(self, **values: object) -> None:
        self._put_seal(self._db.insert(self._table, returning="id", **values))

    def change(self, row_id: int, **values: object) -> None:
        """Change columns of a row and renew its seal."""
        self._db.update(self._table, {"id": row_id}, **values)
        self._put_seal(row_id)

    def _put_seal(self, row_id: int) -> None:
        [row] = self._db.mappings(f"{self._select} WHERE id = :id", id=row_id)
        self._db.update(self._table, {"id": row_id}, seal=self._seal(row))

    def _seal(self, row: Row) -> str:
        values = (value for name, value in row.items() if name != "seal")
        return self._chain.seal(self._table, *values)


def sealed_approvals(db: Database, chain: Chain) -> SealedRows:
    return SealedRows(db, chain, "approval", _APPROVAL_COLUMNS)


def from_sealed_row(kind: type[T], row: Row) -> T:
    """Return an instance of a domain class from a sealed row."""
    return from_row(kind, {name: each for name, each in row.items() if name not in {"id", "seal"}})


def is_restored(row: Row, revoked: Collection[int]) -> bool:
    """Return whether somebody restored the row as it was before its revocation."""
    return row["revoked_at"] is None and row["id"] in revoked


_SELECT = "SELECT number, at, actor, action, subject, detail, digest FROM audit"
_SELECT_REVOCATIONS = f"{_SELECT} WHERE action = 'revoke'"
REVOCATIONS_OF = f"{_SELECT_REVOCATIONS} AND subject IN (SELECT value FROM json_each(:slugs))"


def revocations(db: Database) -> list[AuditEntry]:
    """Return the audit lines about revoked approvals, of all statements."""
    return db.all(AuditEntry, _SELECT_REVOCATIONS)


def revoked_ids(lines: Iterable[AuditEntry]) -> set[int]:
    """Return the ids of the approvals that these audit lines revoke."""
    return {
        number for line in lines for number in cast("list[int]", line.values.get("approvals", ()))
    }


_APPROVE_ACTION, _GAP_ACTION = "approve", "gap"
_LOG_NAME = "audit log"
_NO_FILTER = AuditSearch()


class Audit(Repository):
    """The audit log. A changed or removed line breaks the chain of the lines after it.

    Lines that were removed at the end show by the head file.
    """

    def __init__(self, db: Database, chain: Chain, now: datetime, channel: str) -> None:
        super().__init__(db)
        self._chain = chain
        self._now = now
        self._channel = channel
        self.last_entered: AuditHead | None = None
        """The last line of this transaction; None if it added none."""

    def enter(self, actor: str, action: str, subject: str, **values: object) -> None:
        """Add a line: an act, and its values. Those that are empty are left out."""
        values["channel"] = self._channel
        given = {name: pack(one) for name, one in values.items() if one not in ("", (), None)}
        detail = json.dumps(given, ensure_ascii=False)
        lines = self._db.rows("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
        number, digest = (lines[0][0] + 1, lines[0][1]) if lines else (1, "")
        at = cast("int", as_stored(self._now))
        digest = self._chain.link(digest, number, at, actor, action, subject, detail)
        self._db.insert(
            "audit",
            number=number,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=detail,
            digest=digest,
        )
        self.last_entered = AuditHead(number=number, digest=digest)

    def list_newest(
        self, limit: int | None, before: int | None = None, search: AuditSearch = _NO_FILTER
    ) -> list[AuditEntry]:
        """Return matching lines, or all; with ``before``, of lower numbers. Newest first."""
        period = {"since": search.since or 0, "until": search.until or NO_LIMIT}
        which = Condition("at >= :since AND at < :until", period)
        if search.actors:
            actors = "actor IN (SELECT value FROM json_each(:actors))"
            which &= Condition(actors, {"actors": search.actors})
        if search.action:
            which &= Condition("action = :action", {"action": search.action})
        for no, word in enumerate(search.words.split()):
            which &= contains_any("lower(subject || ' ' || detail)", spellings(word), f"word_{no}")
        return self._db.all(
            AuditEntry,
            f"{_SELECT} WHERE number < :before AND {which} ORDER BY number DESC LIMIT :limit",
            which,
            before=NO_LIMIT if before is None else before,
            limit=NO_LIMIT if limit is None else limit,
        )

    def list_distinct(self, column: Literal["actor", "action"]) -> list[str]:
        """Return each value of a column once. The column's index has them sorted."""
        return self._db.column(f"SELECT DISTINCT {column} FROM audit ORDER BY {column}")

    def about(self, subject: str, *, skip: int = 0, limit: int) -> list[AuditEntry]:
        """Return the lines about a subject, newest first."""
        return self._db.all(
            AuditEntry,
            f"{_SELECT} WHERE subject = :subject ORDER BY number DESC LIMIT :limit OFFSET :skip",
            subject=subject,
            limit=limit,
            skip=skip,
        )

    def last(self, subject: str) -> dict[str, AuditEntry]:
        """Return action → the last line about a subject, without the scheduler's lines."""
        lines = self._db.all(
            AuditEntry,
            f"{_SELECT} WHERE number IN (SELECT MAX(number) FROM audit WHERE subject = :subject"
            " AND actor <> 'scheduler' GROUP BY action)",
            subject=subject,
        )
        return {line.action: line for line in lines}

    def count(self) -> int:
        return self._db.value("SELECT MAX(number) FROM audit") or 0

    def new_head(self) -> AuditHead | None:
        """Return the content of the head file after this commit; None if it stays.

        If the log does not continue from the head file, the file stays, so that the gap is found.
        """
        has_gap = self.last_entered is not None and self._find_missing_head() is not None
        return None if has_gap else self.last_entered

    def note_gap(self, *, actor: str) -> None:
        """Add a line about the gap if the log lacks the line in the head file."""
        if head := self._find_missing_head():
            self.enter(actor=actor, action=_GAP_ACTION, subject=_LOG_NAME, head=str(head))

    def _find_missing_head(self) -> AuditHead | None:
        """Return the line in the head file if the log has neither it nor a line about its gap."""
        head = self._chain.head.read()
        if isinstance(head, Absence) or self.digest(head.number) == head.digest:
            return None
        notes = self._db.all(AuditEntry, f"{_SELECT} WHERE action = :gap", gap=_GAP_ACTION)
        return None if str(head) in [note.values.get("head") for note in notes] else head

    def verify(self) -> AuditHead:
        """Check the chain, the head file and the approvals; return the last line.

        Raises Defect for the first changed row.
        """
        head, approvals = AuditHead(number=0, digest=""), set()
        lines = self._db.stream(AuditEntry, f"{_SELECT} ORDER BY number")
        for number, row in enumerate(lines, start=1):
            *parts, digest = map(as_stored, vars(row).values())
            if row.number != number or digest != self._chain.link(head.digest, *parts):
                changed = (
                    "line {number} of the audit log is not what was written; it or a line before it"
                    " was changed or removed, or var/keys/audit is another key"
                )
                raise Defect(say(changed, number=number))
            head = AuditHead(number=number, digest=row.digest)
            if row.action == _APPROVE_ACTION:
                approvals.add((row.subject, row.actor, row.values.get("version")))
        self._compare_outside()
        self._compare_approvals(approvals)
        return head

    def digest(self, number: int) -> str:
        return (
            self._db.value("SELECT digest FROM audit WHERE number = :number", number=number) or ""
        )

    def _compare_outside(self) -> None:
        file = self._chain.head.path
        if self._chain.head.read() is Absence.UNREADABLE:
            unread = "{file} cannot be read: nothing proves that the audit log is complete"
            raise Defect(say(unread, file=str(file)))
        if head := self._find_missing_head():
            cut = (
                "line {number} of the audit log is not what {file} knows: lines were cut off at the"
                " end, or an older database was put back"
            )
            raise Defect(say(cut, number=head.number, file=str(file)))

    def _compare_approvals(self, logged: set[tuple[str, str, object]]) -> None:
        revoked = revoked_ids(revocations(self._db))
        approvals = sealed_approvals(self._db, self._chain)
        for row in approvals.all():
            named = say("the approval {id}, of {slug} by {by},", **row)
            if not approvals.is_sound(row):
                raise Defect(say("{it} is not what was written; it counts for nothing", it=named))
            if is_restored(row, revoked):
                old = "{it} was taken back, and an older row was put in its place"
                raise Defect(say(old, it=named))
            approval = (row["slug"], row["by"], row["content_hash"])
            if row["revoked_at"] is None and approval not in logged:
                raise Defect(say("{it} has no line in the audit log", it=named))
