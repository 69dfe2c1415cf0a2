"""What is kept about statements, staff and readers, and the log of who did what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.delivery.epoch import Mark
    from newsletter.domain.statements.content import Content
    from newsletter.domain.statements.statement import Approval, Channel, Role, Statement
    from newsletter.domain.subscribers.audience import (
        Entry,
        Subscriber,
        SuppressedEntry,
        SuppressionReason,
    )
    from newsletter.domain.subscribers.segment import Segment


@dataclass(frozen=True, kw_only=True)
class StoredStatement:
    """A statement as it was last read, and the digest of what it renders to."""

    statement: Statement
    digest: str
    """Empty while it cannot be rendered."""
    fingerprint: str
    """Of the renderer that made the digest."""
    present: bool = True
    """Its source still has it."""


class Statements(Protocol):
    """Statements as they were last read, and all content that was ever rendered from them."""

    def all(self) -> list[StoredStatement]: ...

    def some(self, slugs: Collection[str]) -> list[StoredStatement]:
        """Those of these slugs that are known, by slug."""
        ...

    def touched(self, since: int | None) -> tuple[int, list[str]]:
        """What something happened to since a mark, and the mark to ask with the next time.

        That is what says something about a slug: its text, present or not, what was rendered of
        it, approvals, a set time, its campaigns but for their figures, an issue of a round-up.
        None gives the mark alone: for whoever looks at everything.
        """
        ...

    def unsettled(self) -> list[StoredStatement]:
        """Those whose newest campaign has not begun, or was cancelled, by slug."""
        ...

    def newest(self, most: int | None) -> list[StoredStatement]:
        """Those that are present, what something happened to last first: at most so many."""
        ...

    def count(self) -> int:
        """How many are present."""
        ...

    def slugs(self, beginning: str, most: int) -> list[str]:
        """At most so many that begin so: those that are present first, then the newest."""
        ...

    def get(self, slug: str) -> StoredStatement | None: ...

    def translations(self, slug: str) -> list[StoredStatement]:
        """Those that name this statement in ``translation_of``, by slug, present or not."""
        ...

    def put(self, stored: StoredStatement, at: datetime) -> None:
        """Insert it, or replace what is stored under its slug."""
        ...

    def keep_content(self, content: Content, at: datetime) -> str:
        """Store content under its digest, once, and return the digest."""
        ...

    def content(self, digest: str) -> Content | None: ...


class Approvals(Protocol):
    """Who said yes to what."""

    def of(self, slug: str) -> list[Approval]: ...

    def slugs(self, channels: Collection[Channel]) -> set[str]:
        """The statements to which a yes was ever taken down by one of these ways."""
        ...

    def add(self, approval: Approval) -> None: ...

    def revoke(
        self,
        slug: str,
        at: datetime,
        by: str | None = None,
        channel: Channel | None = None,
        *,
        actor: str,
        why: str = "",
    ) -> int:
        """Take back yeses to a statement: all, one person's, one channel's; returns how many.

        The audit log gets a line of it, by which none of them can be brought back.
        """
        ...


class Staff(Protocol):
    """Those who may act."""

    def roles(self) -> dict[str, Role]:
        """Folded address → role."""
        ...

    def put(self, address: str, role: Role, at: datetime) -> None: ...


class Schedules(Protocol):
    """Times that a member of staff set, which outrank the statement's own ``send_at``."""

    def get(self, slug: str) -> datetime | None: ...

    def put(self, slug: str, at: datetime | None) -> None: ...


class Readers(Protocol):
    """Subscribers, their subscriptions, and suppressions, which outrank everything."""

    def upsert(self, entries: Iterable[Entry], at: datetime) -> tuple[int, int]:
        """Add or update subscribers; returns (new, known).

        Never re-subscribes: a subscription that ended stays ended, and one that an entry says was
        left elsewhere begins as ended, where none is known. What an entry leaves open stays as it
        is; its tags are added and none is taken away; of two pauses the longer one stands; consent
        that is known stays.
        """
        ...

    def join(self, entry: Entry, at: datetime) -> int:
        """Write down whoever confirmed that they want these lists; returns the subscriber's id.

        Whoever left or paused comes back: only they themselves can say so, and they did. What the
        entry leaves open stays; its consent stands in place of an older one.
        """
        ...

    def lift(self, address: str) -> SuppressionReason | None:
        """End a suppression, as its person asks; returns its reason.

        None where there is none to end: what staff entered only staff can take back.
        """
        ...

    def release(self, address: str) -> None:
        """End a suppression, whatever its reason, as staff decide."""
        ...

    def move(self, subscriber_id: int, address: str) -> bool:
        """Give a subscriber another address; False where it is somebody else's, or nobody's id."""
        ...

    def suppress(self, entries: Iterable[SuppressedEntry], at: datetime, origin: str) -> int:
        """Suppress addresses; returns how many were not suppressed before.

        A reason stays, unless one comes that replaces it.
        """
        ...

    def end_subscriptions(
        self, subscriber_id: int, lists: Sequence[str], at: datetime, campaign_id: int
    ) -> int:
        """End the subscriptions to these lists, as a campaign's link asks; returns how many."""
        ...

    def left_through(self, campaign_id: int) -> int:
        """How many people left by a link of this campaign."""
        ...

    def get(self, subscriber_id: int) -> Subscriber | None: ...

    def find(self, address: str) -> Subscriber | None: ...

    def all(self, list_name: str = "") -> Iterator[tuple[Subscriber, str]]:
        """Every subscriber, or whoever is in a list or left it, with the consent as JSON, by id."""
        ...

    def some(self, *, list_name: str, query: str, most: int | None) -> list[Subscriber]:
        """The newest so many of a list, or of all, whose address or name holds the query."""
        ...

    def count(self, *, list_name: str, query: str) -> int:
        """How many those are in all."""
        ...

    def suppressions(self, *, strangers: bool = False) -> Iterator[SuppressedEntry]:
        """Suppressed addresses that are known; of ``strangers`` alone those of no subscriber."""
        ...

    def erased(self) -> int:
        """How many suppressions have no address any more, as the person was erased."""
        ...

    def forget(self, address: str, at: datetime) -> bool:
        """Erase a person, keeping only the keyed hash that blocks the address.

        What was told of somebody else and quotes the address is found by ``Traces``.
        """
        ...

    def suppressed(self, address: str) -> SuppressionReason | None: ...

    def lists(self) -> dict[str, int]:
        """List → number of confirmed, unsuppressed subscribers."""
        ...

    def audience(self, lists: Sequence[str], segment: Segment | None = None) -> int:
        """How many would get a campaign to these lists now, or of them to a segment."""
        ...

    def reachable(self, lists: Sequence[str], segment: Segment | None = None) -> Iterator[str]:
        """The addresses of those who would get it, oldest first."""
        ...

    def excluded(self, lists: Sequence[str]) -> list[tuple[str, str]]:
        """(address, reason) of those on these lists who would not get it."""
        ...


class HoldKind(Enum):
    """Why a whole workspace is on hold."""

    STOP = "stop"
    """A person stopped everything; what stands in the books is right."""
    DOUBT = "doubt"
    """The database may be older than what went out, so the books have to be compared first."""


class Hold(Protocol):
    """A stop for the whole workspace, which outlives every restart. No batch is claimed in it."""

    def reasons(self) -> dict[HoldKind, str]:
        """Why nothing may be sent; empty where it may."""
        ...

    def reason(self) -> str:
        """All reasons in one line; empty where there is none."""
        ...

    def put(self, kind: HoldKind, reason: str) -> None:
        """Hold everything; a reason of the same kind is replaced."""
        ...

    def release(self, kind: HoldKind) -> None: ...


class Epoch(Protocol):
    """How far sending has come, as the database says. Each claim adds one."""

    def mark(self) -> Mark: ...

    def renew(self, mark: Mark) -> None: ...

    def doubt(self, evidence: str, at: datetime) -> bool:
        """Give no number again that may have been given since this database was as it is.

        Links of mails that went out have such numbers. Does so once for the same evidence; tells
        whether it did.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Entered:
    """One line of the audit log."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class AuditHead:
    """A line of the audit log, by which the whole log before it is known."""

    number: int
    """From one; 0 of an empty log."""
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class Audit(Protocol):
    """Who did what: append-only, each line bound to the one before it under our own key."""

    def enter(
        self, *, at: datetime, actor: str, action: str, subject: str, detail: str
    ) -> None: ...

    def all(self) -> list[Entered]:
        """Oldest first."""
        ...

    def newest(self, most: int | None) -> list[Entered]:
        """The last so many, newest first."""
        ...

    def count(self) -> int: ...

    def note_gap(self, *, at: datetime, actor: str) -> None:
        """Write down which line is known outside the database and is not in the log, if one is."""
        ...

    def verify(self) -> AuditHead:
        """Check the chain, what is known of it outside, and the approvals; returns its last line.

        Raises Defect naming the first thing that is not what was written.
        """
        ...

    def digest(self, number: int) -> str:
        """That of the line with this number; empty where there is none."""
        ...
