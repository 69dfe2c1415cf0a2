"""Unknown batches, which the provider may or may not have accepted, until their outcome."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from newsletter.domain.delivery.batch import (
    BatchState,
    DeliveryState,
    Outcome,
    Resolution,
    UnknownBatch,
)
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.database import MEMBER, Condition, Database, Repository, as_instant, from_row
from newsletter.store.delivery import batch_splitting, claiming
from newsletter.store.delivery.claiming import IS_UNKNOWN, NO_HOLD
from newsletter.store.subscribers.eligibility import eligible

_NEVER_MS = 1 << 52
"""Milliseconds, later than any time: no look-up is planned, as only a person can decide."""
_MAX_LOOKUP_WAIT = timedelta(minutes=1)
"""A look-up planned for later is due at once, because a wrong clock planned it."""


_UNPROVED_COLUMNS = {
    BatchState.UNKNOWN: "unknown",
    BatchState.QUEUED: "pending",  # an earlier attempt may have arrived
    BatchState.GIVEN_UP: "cancelled",
}
"""The column that counts the readers without proof of acceptance."""


@dataclass(frozen=True, kw_only=True)
class UnprovedDelivery:
    """A delivery without proof that the provider accepted it."""

    batch_id: int
    state: BatchState
    subscriber_id: int


def may_hold(subscriber_id: str) -> str:
    """Return the condition for the batches of :campaign_id that may hold this subscriber.

    Members are sorted. If readers have local hours, the id ranges of many batches overlap.
    """
    return (
        f"batch.campaign_id = :campaign_id AND {subscriber_id} BETWEEN batch.first AND batch.last"
    )


def list_unproved(db: Database, campaign_id: int, subscribers: Condition) -> list[UnprovedDelivery]:
    """Return the unproved deliveries of a campaign to these subscribers, by batch.

    ``subscribers`` is a condition on MEMBER, the subscriber's id.
    """
    return db.all(
        UnprovedDelivery,
        f"""
        SELECT batch.id AS batch_id, batch.state, {MEMBER} AS subscriber_id
        FROM batch CROSS JOIN json_each(batch.members) AS member
        WHERE batch.campaign_id = :campaign_id AND batch.state IN ('unknown', 'queued', 'given up')
            AND {subscribers} AND NOT EXISTS (
                SELECT 1 FROM delivery
                WHERE campaign_id = :campaign_id AND subscriber_id = {MEMBER})
        ORDER BY batch.id
        """,
        subscribers,
        campaign_id=campaign_id,
    )


class Unknowns(Repository):
    """The unknown batches: the provider may or may not have accepted them."""

    def claim(
        self, *, at: datetime, lease: timedelta, accounts: Mapping[str, str]
    ) -> UnknownBatch | None:
        """Claim the next unknown batch that is due for a look-up or replay.

        Only batches that went to one of these accounts (provider → account): other accounts know
        neither their keys nor their messages.
        """
        ours, is_due = claiming.attempted_at(accounts), claiming.due(at)
        batch_id = self._db.value(
            f"SELECT id FROM batch WHERE {IS_UNKNOWN} AND {ours} AND not_before < :never"
            f" AND ({is_due} OR settled_at > :put_back) AND COALESCE(lease_until, 0) <= :at"
            f" AND {NO_HOLD} ORDER BY not_before, id LIMIT 1",
            ours,
            is_due,
            at=at,
            put_back=at + _MAX_LOOKUP_WAIT,
            never=_NEVER_MS,
        )
        if batch_id is None:
            return None
        [row] = self._db.mappings(
            "UPDATE batch SET fence = fence + 1, lease_until = :until WHERE id = :id"
            " RETURNING id, fence, provider, attempt_id, claimed_at AS attempt_at,"
            " settled_at AS seen_at, body_hash, tries, silent_at, silent_looks,"
            " campaign_id, members, ignores_lists, last_change",
            id=batch_id,
            until=at + lease,
        )
        columns = {name: row.pop(name) for name in ("campaign_id", "members", "last_change")}
        campaign = Campaigns(self._db).get_without_counts(columns["campaign_id"])
        lists = None if row.pop("ignores_lists") else campaign.lists
        members = self._members(lists, **columns)
        return from_row(
            UnknownBatch,
            row,
            campaign=campaign,
            members=sorted((number, address or "") for number, address, _ in members),
            left=frozenset(number for number, _, may in members if not may),
        )

    def _members(
        self, lists: tuple[str, ...] | None, *, campaign_id: int, members: str, last_change: int
    ) -> list[tuple[int, str | None, bool]]:
        """Return (id, address, whether it may still get the email) of each unknown member.

        The address is that of the attempt, even if it changed since; None if only its hash is left.
        """
        may = eligible(lists)
        return self._db.rows(
            f"""
            SELECT {MEMBER},
                CASE WHEN former.number IS NULL THEN subscriber.address ELSE former.address END,
                COALESCE({may} AND (former.number IS NULL
                    OR former.address_hash = subscriber.address_hash), FALSE)
            FROM json_each(:members) AS member
                LEFT JOIN subscriber ON subscriber.id = {MEMBER}
                LEFT JOIN address_history AS former ON former.number = (
                    SELECT MIN(number) FROM address_history
                    WHERE subscriber_id = {MEMBER} AND number > :last_change)
            WHERE NOT EXISTS (
                SELECT 1 FROM delivery
                WHERE campaign_id = :campaign_id AND subscriber_id = {MEMBER})
            """,
            may,
            members=members,
            last_change=last_change,
            campaign_id=campaign_id,
        )

    def record_replay(self, batch: UnknownBatch, *, until: datetime) -> None:
        """Record that the batch is about to be replayed by a call that ends before ``until``."""
        batch_splitting.update_if_claimed(self._db, batch, "call_until = :until", until=until)

    def calls_until(self, campaign_id: int, at: datetime) -> datetime | None:
        """Return until when a replay of a campaign's batch may be under way, or None."""
        return self._db.moment(
            f"SELECT MAX(call_until) FROM batch WHERE {IS_UNKNOWN}"
            " AND campaign_id = :campaign_id AND call_until > :at",
            campaign_id=campaign_id,
            at=at,
        )

    def count_strays(self, accounts: Mapping[str, str], campaign_id: int | None = None) -> int:
        """Return the number of unknown deliveries that went to other accounts than these."""
        ours = claiming.attempted_at(accounts)
        return self._db.number(
            f"SELECT COALESCE(SUM(unknown), 0) FROM batch WHERE {IS_UNKNOWN} AND NOT {ours}"
            " AND campaign_id = COALESCE(:campaign_id, campaign_id)",
            ours,
            campaign_id=campaign_id,
        )

    def settle(
        self,
        batch: UnknownBatch,
        *,
        outcomes: Mapping[int, Outcome],
        other_state: DeliveryState,
        at: datetime,
        undecided: Collection[int] = (),
    ) -> bool:
        """Record the outcomes that were found; return False if the fence has changed.

        ``outcomes`` has only ACCEPTED and REJECTED. ``other_state`` is the state of the other
        members: PENDING queues them again, or cancels them with their campaign. Members in
        ``undecided`` stay unknown, in the batch.
        """
        if undecided:
            rest = [number for number, _ in batch.members if number not in {*outcomes, *undecided}]
            if rest and not batch_splitting.move_out(
                self._db, batch, rest, not_before=as_instant(0)
            ):
                return False
            return self.settle(batch, outcomes=outcomes, other_state=DeliveryState.UNKNOWN, at=at)
        people = len(batch.members) - len(outcomes)
        if other_state is DeliveryState.PENDING and batch_splitting.is_cancelled(
            self._db, batch.campaign.id
        ):
            other_state = DeliveryState.CANCELLED
        state = _STATES.get(other_state, BatchState.DONE) if people else BatchState.DONE
        tally = Counter(claiming.state_after(outcome) for outcome in outcomes.values())
        tally[other_state] += people
        if not batch_splitting.update_if_claimed(
            self._db,
            batch,
            """
            state = :state, settled_at = :at, call_until = NULL,
            unknown = unknown - :gone, accepted = accepted + :accepted,
            rejected = rejected + :rejected, cancelled = cancelled + :cancelled,
            pending = pending + :pending,
            not_before = CASE WHEN :state = 'queued' THEN 0 ELSE not_before END
            """,
            state=state,
            at=at,
            gone=tally.total() - tally[DeliveryState.UNKNOWN],
            accepted=tally[DeliveryState.ACCEPTED],
            rejected=tally[DeliveryState.REJECTED],
            cancelled=tally[DeliveryState.CANCELLED],
            pending=tally[DeliveryState.PENDING],
        ):
            return False
        rows = {
            number: (claiming.state_after(outcome), outcome.reason, outcome.provider_id)
            for number, outcome in outcomes.items()
        }
        claiming.add_rows(self._db, batch.id, batch.campaign.id, rows, at)
        return True

    def plan_lookup(
        self,
        batch: UnknownBatch,
        *,
        until: datetime | None,
        tries: int,
        silent_at: datetime | None = None,
        silent_looks: int = 0,
    ) -> None:
        """Plan the next look-up; with None there is none, as only a person can decide."""
        batch_splitting.update_if_claimed(
            self._db,
            batch,
            "not_before = :not_before, tries = :tries, silent_at = :silent_at,"
            " silent_looks = :silent_looks, lease_until = NULL",
            not_before=_NEVER_MS if until is None else until,
            tries=tries,
            silent_at=silent_at,
            silent_looks=silent_looks,
        )

    def campaigns(self) -> list[int]:
        """Return the ids of campaigns with deliveries that an event may still settle."""
        return self._db.column(
            f"SELECT campaign_id FROM batch WHERE {IS_UNKNOWN}"
            f" UNION SELECT campaign_id FROM batch WHERE {claiming.IS_OPEN}"
        )

    def call_period(self, campaign_id: int) -> tuple[datetime, datetime] | None:
        """Return when the first and the last call with an unknown outcome began, or None."""
        [(first, last)] = self._db.rows(
            f"SELECT MIN(claimed_at), MAX(claimed_at) FROM batch WHERE {IS_UNKNOWN}"
            " AND campaign_id = :campaign_id",
            campaign_id=campaign_id,
        )
        return None if first is None else (as_instant(first), as_instant(last))

    def fingerprint(self, campaign_id: int) -> str:
        """Return a hash of the unknown deliveries. It changes if others become unknown."""
        attempts = f"SELECT attempt_id, unknown FROM batch WHERE {IS_UNKNOWN} AND campaign_id = :id"
        found = self._db.rows(f"{attempts} ORDER BY attempt_id", id=campaign_id)
        return sha256(repr(found).encode()).hexdigest()[:16]

    def providers(self, campaign_id: int) -> list[str]:
        """Return the names of the providers to which unknown batches went."""
        return self._db.column(
            f"SELECT DISTINCT provider FROM batch WHERE {IS_UNKNOWN}"
            " AND campaign_id = :campaign_id ORDER BY provider",
            campaign_id=campaign_id,
        )

    def next_at(self, accounts: Mapping[str, str]) -> datetime | None:
        """Return when the next look-up is due, or None."""
        ours = claiming.attempted_at(accounts)
        return self._db.moment(
            f"SELECT MIN(not_before) FROM batch WHERE {IS_UNKNOWN} AND {ours}"
            " AND not_before < :never",
            ours,
            never=_NEVER_MS,
        )

    def decide(self, campaign_id: int, to: Resolution, at: datetime) -> int:
        """Record a decision about all unknown deliveries of a campaign; return their number."""
        people = self._db.number(
            "SELECT COALESCE(SUM(unknown), 0) FROM batch"
            " WHERE campaign_id = :campaign_id AND state = 'unknown'",
            campaign_id=campaign_id,
        )
        state, column = _EFFECT_OF_RESOLUTION[to]
        self._db.change(
            f"""
            UPDATE batch SET state = :state, {column} = {column} + unknown, unknown = 0,
                fence = fence + 1, -- a claim of the batch is lost
                not_before = 0, settled_at = :at
            WHERE campaign_id = :campaign_id AND state = 'unknown'
            """,
            campaign_id=campaign_id,
            state=state,
            at=at,
        )
        return people

    def confirm(
        self, campaign_id: int, provider_ids: Mapping[int, str], *, at: datetime, reason: str
    ) -> int:
        """Record deliveries as accepted if they are unknown, given up or queued again.

        ``provider_ids`` is subscriber id → the provider's id, or "". Return the number of changed
        deliveries. A batch without open deliveries is done.
        """
        may_be_confirmed = Condition(
            f"{MEMBER} IN (SELECT CAST(value AS BIGINT) FROM json_each(:wanted))"
            " AND batch.id IN (SELECT batch.id FROM json_each(:wanted) AS member"
            f" JOIN batch ON {may_hold(MEMBER)})",
            {"wanted": list(provider_ids)},
        )
        found = list_unproved(self._db, campaign_id, may_be_confirmed)
        for (batch_id, state), members in groupby(found, key=attrgetter("batch_id", "state")):
            ids_by_batch = {
                one.subscriber_id: (DeliveryState.ACCEPTED, reason, provider_ids[one.subscriber_id])
                for one in members
            }
            claiming.add_rows(self._db, batch_id, campaign_id, ids_by_batch, at)
            self._accept(batch_id, _UNPROVED_COLUMNS[state], len(ids_by_batch), at)
        return len(found)

    def _accept(self, batch_id: int, column: str, people: int, at: datetime) -> None:
        """Move members of a batch to accepted. The batch is done if the column is empty then."""
        self._db.change(
            f"""
            UPDATE batch SET {column} = {column} - :people, accepted = accepted + :people,
                fence = fence + 1, -- a claim of the batch is lost
                lease_until = NULL,
                state = CASE WHEN {column} = :people THEN 'done' ELSE state END,
                settled_at = CASE WHEN {column} = :people THEN :at ELSE settled_at END
            WHERE id = :id
            """,
            id=batch_id,
            people=people,
            at=at,
        )


_STATES = {DeliveryState.PENDING: BatchState.QUEUED, DeliveryState.UNKNOWN: BatchState.UNKNOWN}
_EFFECT_OF_RESOLUTION = {
    Resolution.ACCEPTED: (BatchState.DONE, "accepted"),
    Resolution.RESEND: (BatchState.QUEUED, "pending"),
    Resolution.GIVE_UP: (BatchState.GIVEN_UP, "cancelled"),
}
