"""A campaign on its way, for the store's suite: after each step the books must balance."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.batch import BatchOutcomes, ClaimedBatch, Outcome, Verdict
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.statements.content import Content, Sender
from newsletter.domain.subscribers.audience import Audience, Entry
from newsletter.store.sql import Store, Transaction
from tests.fakes import NOON

LEASE = timedelta(minutes=2)
PRESS = Audience(lists=("press",))

ACCEPTED = Outcome(verdict=Verdict.ACCEPTED, provider_id="call-1")
REJECTED = Outcome(verdict=Verdict.REJECTED, reason="no such mailbox")
BUSY = Outcome(verdict=Verdict.RETRY, reason="busy")
UNKNOWN = Outcome(verdict=Verdict.UNKNOWN, reason="timed out")


def content(subject: str = "Forum resigns") -> Content:
    return Content(
        subject=subject,
        html="<p>It has.</p>",
        text="It has.",
        language="en",
        sender=Sender(name="Forum", address="news@forum.example"),
        headers=(("List-Id", "<press.forum.example>"),),
        lists=("press",),
        corrects="",
        send_at="",
        embargo_until="",
        template_version="1",
    )


def entries(count: int, *lists: str, start: int = 1) -> list[Entry]:
    return [
        Entry(address=f"reader{number}@example.org", lists=lists or ("press",))
        for number in range(start, start + count)
    ]


def add_campaign(
    tx: Transaction,
    slug: str = "resignation",
    *,
    lists: Sequence[str] = ("press",),
    release_at: datetime = NOON,
    provider: str = "recording",
    welcome: bool = False,
) -> int:
    """A scheduled campaign; returns its id."""
    return tx.campaigns.add(
        Campaign(
            id=0,
            slug=slug,
            content_hash=tx.statements.store_content(content(slug), NOON),
            state=CampaignState.SCHEDULED,
            release_at=release_at,
            approved_by=("ed@forum.example",),
            lists=tuple(lists),
            provider=provider,
            welcome=welcome,
        ),
        NOON,
    )


class Books:
    """One campaign that is sending. ``step`` is a transaction after which its books balance.

    ``beside`` a paused campaign to the same readers, which no step may change.
    """

    other = 0
    _rows_of_other: Sequence[object] = ((), ())

    def __init__(
        self,
        store: Store,
        people: Iterable[Entry] | int,
        *,
        batch_size: int = 10,
        slug: str = "resignation",
        provider: str = "recording",
        lists: Sequence[str] = ("press",),
        beside: bool = True,
    ) -> None:
        self.store = store
        with store.begin() as tx:
            tx.readers.upsert(entries(people) if isinstance(people, int) else people, NOON)
            self.id = add_campaign(tx, slug, provider=provider, lists=lists)
            self.move(CampaignState.SENDING, tx)
            self.size = tx.audiences.freeze(self.id, Audience(lists=tuple(lists)), batch_size)
            if beside:
                self.other = self._add_other(tx, f"{slug}-other")
        self._rows_of_other = self._load_other()
        self.check()

    def _add_other(self, tx: Transaction, slug: str) -> int:
        """Add a campaign whose batches are queued, refused and cancelled, and some refusals."""
        other = add_campaign(tx, slug)
        tx.campaigns.change_state(other, CampaignState.PAUSED, expect=list(CampaignState), at=NOON)
        for no, fate in enumerate(("pending", "rejected", "cancelled")):
            tx.db.change(
                "INSERT INTO batch (campaign_id, no, members, state, size, attempts, reason,"
                " not_before, settled_at, pending, rejected, cancelled)"
                f" SELECT {other}, 3 * no + {no}, members, :state, size, 1, 'busy', 1, :at,"
                f" size * {fate == 'pending':d}, size * {fate == 'rejected':d},"
                f" size * {fate == 'cancelled':d} FROM batch WHERE campaign_id = {self.id}",
                state="queued" if fate == "pending" else "done",
                at=NOON,
            )
        tx.db.change(
            "INSERT INTO delivery SELECT campaign_id, first, id, 'rejected', '', '', 0 FROM batch"
            " WHERE campaign_id = :other AND rejected > 0",
            other=other,
        )
        return other

    def _load_other(self) -> Sequence[object]:
        with self.store.read() as tx:
            return tuple(
                tuple(tx.db.rows(f"SELECT * FROM {ordered}", id=self.other))
                for ordered in (
                    "batch WHERE campaign_id = :id ORDER BY no",
                    "delivery WHERE campaign_id = :id ORDER BY subscriber_id",
                )
            )

    @contextmanager
    def step(self, *, is_shared: bool = False) -> Iterator[Transaction]:
        with self.store.begin_sending() if is_shared else self.store.begin() as tx:
            yield tx
        self.check()

    def check(self) -> None:
        """Each reader of the frozen audience is in exactly one state; no other campaign changed."""
        assert self._load_other() == self._rows_of_other
        counts = self.counts()
        assert counts.audience == self.size
        assert all(number >= 0 for number in vars(counts).values())

    def campaign(self) -> Campaign:
        with self.store.read() as tx:
            found = tx.campaigns.get(self.id)
        assert found is not None
        return found

    def counts(self) -> Counts:
        return self.campaign().counts

    def move(self, to: CampaignState, tx: Transaction | None = None) -> None:
        if tx is None:
            with self.step() as tx:
                self.move(to, tx)
            return
        assert tx.campaigns.change_state(self.id, to, expect=list(CampaignState), at=NOON)

    def claim(
        self, at: datetime = NOON, attempt_id: str = "a1", *, intends: bool = True
    ) -> ClaimedBatch:
        claimed = self.try_claim(at, attempt_id, intends=intends)
        assert claimed is not None, "there is nothing to claim"
        return claimed

    def try_claim(
        self, at: datetime = NOON, attempt_id: str = "a1", *, intends: bool = True
    ) -> ClaimedBatch | None:
        """Claim the next batch and, but where it is not ``intends``, write down that it leaves."""
        with self.step(is_shared=True) as tx:
            claimed = tx.batches.claim(at=at, lease=LEASE, attempt_id=attempt_id)
            if claimed is not None and intends:
                tx.batches.record_start(claimed.id, body_hash="bytes")
        return claimed

    def intend(self, claimed: ClaimedBatch) -> int:
        """Return the number of attempts so far."""
        with self.step(is_shared=True) as tx:
            return tx.batches.record_start(claimed.id, body_hash="bytes")

    def settled(self, outcome: Outcome = ACCEPTED, **others: Outcome) -> "Books":
        """The same books, after the next batch was claimed and settled."""
        self.settle(self.claim(), outcome, **others)
        return self

    def settle(self, claimed: ClaimedBatch, outcome: Outcome = ACCEPTED, **others: Outcome) -> bool:
        """Book it; ``n3=REJECTED`` is an exception for the subscriber 3, who may be BUSY too."""
        differ = {int(name[1:]): each for name, each in others.items()}
        if outcome is REJECTED:  # which is each reader's own
            differ = dict.fromkeys(ids(claimed), REJECTED) | differ
            outcome = ACCEPTED
        outcomes = BatchOutcomes(
            outcome=outcome,
            exceptions={n: each for n, each in differ.items() if each is not BUSY},
            to_retry={n: each for n, each in differ.items() if each is BUSY},
            wait=timedelta(seconds=30),
        )
        with self.step(is_shared=True) as tx:
            return tx.batches.settle(claimed, outcomes=outcomes, at=NOON)

    def requeue(self, claimed: ClaimedBatch, *, seconds: float = 0) -> bool:
        with self.step() as tx:
            return tx.batches.requeue(
                claimed, not_before=NOON + timedelta(seconds=seconds), reason="busy"
            )

    def split(self, claimed: ClaimedBatch) -> bool:
        with self.step() as tx:
            return tx.batches.split(claimed)

    def abandon(self) -> int:
        with self.step() as tx:
            return tx.batches.abandon(at=NOON)

    def drain(self) -> list[list[int]]:
        """Claim and accept all that is queued; returns the members of each batch."""
        taken = []
        while (claimed := self.try_claim()) is not None:
            taken.append(ids(claimed))
            assert self.settle(claimed)
        return taken


def ids(claimed: ClaimedBatch) -> list[int]:
    return [number for number, _ in claimed.members]


def audited(store: Any, action: str = "") -> list[AuditEntry]:
    """Return the lines of the audit log, which is whole, or those of one action, oldest first."""
    with store.read() as tx:
        tx.audit.verify()
        return [one for one in tx.audit.list_newest(None)[::-1] if action in {"", one.action}]
