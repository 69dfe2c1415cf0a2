"""Batches: claimed, handed over and booked as one. Each change is guarded by the fence."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    Update,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import (
    Booking,
    ClaimedBatch,
    Later,
    Outage,
    Outcome,
    Verdict,
    Waiting,
)
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.store.delivery import batch_splitting, claiming
from newsletter.store.repository import AddressRepository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_batch = tables.batch.c
_campaign = tables.campaign.c


class Batches(AddressRepository):
    """The unit of work."""

    def claim(
        self,
        *,
        at: datetime,
        lease: timedelta,
        attempt_id: str,
        allowance: Mapping[str, int | None] = MappingProxyType({}),
    ) -> ClaimedBatch | None:
        """Take one queued batch of a campaign that is sending, of urgent ones first; none on hold.

        Checks suppressions and subscriptions again, in the same transaction, and books those who
        left. A batch in which nobody is left is done and is not returned.

        ``allowance`` holds how many members a batch may have at each provider, the first one first;
        None is no limit. Those beyond it become a queued batch of their own.
        """
        while (found := claiming.next_queued(self._connection, at, allowance)) is not None:
            batch_id, provider = found
            claimed = claiming.claim(
                self._connection,
                batch_id,
                self._hash,
                provider=provider,
                at=at,
                lease=lease,
                attempt_id=attempt_id,
            )
            if claimed.members:
                return batch_splitting.shorten(self._connection, claimed, allowance.get(provider))
            emptied = {"state": BatchState.DONE.value, "settled_at": to_ms(at)}
            batch_splitting.change(self._connection, claimed, emptied)
        return None

    def intend(self, batch_id: int, *, fence: int, body_hash: str, account: str = "") -> int | None:
        """Write down what is about to leave, and to which account at its provider.

        Returns how many attempts, of batches and emails, there ever were in this database; None
        where it is not claimed by this fence any more, or its campaign is not sending any more.
        """
        values = {"batch": batch_id, "held": fence, "hash": body_hash, "to": account}
        held = self._connection.execute(_intend(), values).rowcount == 1
        return claiming.count(self._connection) if held else None

    def settle(self, claimed: ClaimedBatch, *, booking: Booking, at: datetime) -> bool:
        """Book the answer if the fence still holds; tells whether it did.

        Those to be tried again leave for a queued batch of their own, which counts the tries so
        far. Where the campaign was cancelled in the meantime, that batch is cancelled instead.
        """
        # before the answer is booked, which is for all who are still pending
        if booking.again and not self._set_aside(claimed, booking, at):
            return False
        state = _DELIVERY_STATES[booking.outcome.verdict]
        others = {
            number: outcome
            for number, outcome in booking.exceptions.items()
            # a row each only for what the batch's own columns cannot say; an id names one message
            if _DELIVERY_STATES[outcome.verdict] is not state or outcome.provider_id
        }
        tally = _tally(others)
        settled = self._connection.execute(
            _settle(state, frozenset(tally)),
            {
                "batch": claimed.id,
                "held": claimed.fence,
                "why": booking.outcome.reason,
                "theirs": booking.outcome.provider_id,
                "at": to_ms(at),
                "others": len(others),
                **{f"{other.value} too": number for other, number in tally.items()},
            },
        )
        if settled.rowcount != 1:
            return False
        rows = {
            number: (_DELIVERY_STATES[outcome.verdict], outcome.reason, outcome.provider_id)
            for number, outcome in others.items()
        }
        claiming.add_rows(self._connection, claimed.id, claimed.campaign.id, rows, at)
        return True

    def _set_aside(self, claimed: ClaimedBatch, booking: Booking, at: datetime) -> bool:
        reason = next(iter(booking.again.values())).reason
        return batch_splitting.set_aside(
            self._connection,
            claimed,
            booking.again.keys(),
            reason=reason,
            not_before=at + booking.wait,
        )

    def requeue(self, claimed: ClaimedBatch, *, not_before: datetime, reason: str) -> bool:
        """Put a batch back that was provably not handed over, if the fence still holds.

        Where its campaign was cancelled in the meantime, the batch is cancelled instead.
        """
        cancelled = batch_splitting.is_cancelled(claimed.campaign.id)
        more = case((cancelled, _batch.pending), else_=0)
        values = {
            "state": case((cancelled, BatchState.DONE.value), else_=BatchState.QUEUED.value),
            "cancelled": _batch.cancelled + more,
            "pending": _batch.pending - more,
            "not_before": to_ms(not_before),
            "reason": reason,
            "lease_until": None,
        }
        return batch_splitting.change(self._connection, claimed, values)

    def split(self, claimed: ClaimedBatch) -> bool:
        """Replace a batch by two halves of it, if the fence still holds."""
        if self._connection.scalar(select(batch_splitting.is_cancelled(claimed.campaign.id))):
            return self.requeue(claimed, not_before=_AT_ONCE, reason="split")
        return batch_splitting.halve(self._connection, claimed)

    def abandon(self, *, at: datetime) -> int:
        """Turn every claimed batch into unknown: whoever held them is dead. Returns how many.

        Of one that was not intended yet nothing has left: it goes back into the queue. Whoever held
        an unknown one is dead too.
        """
        self._connection.execute(_let_go())
        # first: the next statement takes whatever is still claimed for unknown
        self._connection.execute(_put_back())
        return self._connection.execute(_abandon(), {"at": to_ms(at)}).rowcount

    def is_open(self, campaign_id: int) -> bool:
        """Whether any batch of the campaign is queued or claimed."""
        return self._connection.scalar(_open(), {"campaign": campaign_id}) is not None

    def later(self, campaign_id: int, now: datetime) -> Later | None:
        """Who waits for an hour that has not come; None where nobody does."""
        row = self._connection.execute(
            select(
                func.min(_batch.not_before).label("next_at"),
                func.max(_batch.not_before).label("last_at"),
                func.sum(_batch.pending).label("readers"),
            ).where(
                _batch.campaign_id == campaign_id,
                claiming.is_open(),
                _batch.state == BatchState.QUEUED.value,
                _batch.attempts == 0,
                ~claiming.is_due(to_ms(now)),
            )
        ).one()
        if row.next_at is None:
            return None
        return Later(
            next_at=from_ms(row.next_at), last_at=from_ms(row.last_at), readers=int(row.readers)
        )

    def handed_over(self, campaign_id: int, since: datetime) -> int:
        """How many deliveries of a campaign were settled since then."""
        settled = _batch.accepted + _batch.rejected + _batch.unknown
        people = select(func.coalesce(func.sum(settled), 0)).where(
            _batch.campaign_id == campaign_id, _batch.settled_at >= to_ms(since)
        )
        return self._number(people)

    def outage(self, campaign_id: int) -> Outage | None:
        """What of it was tried in vain and waits for another try; None where nothing is."""
        row = self._connection.execute(
            select(
                func.coalesce(func.sum(_batch.pending), 0).label("people"),
                func.max(_batch.attempts).label("tries"),
                func.max(_batch.reason).label("reason"),
                func.min(_batch.not_before).label("next_at"),
            ).where(
                _batch.campaign_id == campaign_id,
                _batch.state == BatchState.QUEUED.value,
                _batch.attempts > 0,
                _batch.reason != "",
            )
        ).one()
        if not row.people:
            return None
        next_at = maybe_from_ms(row.next_at)
        return Outage(people=row.people, tries=row.tries, reason=row.reason, next_at=next_at)

    def waiting(self) -> Waiting:
        """What campaigns that are sending still have to hand over."""
        queued = _batch.state == BatchState.QUEUED.value
        claimed = _batch.state == BatchState.CLAIMED.value
        row = self._connection.execute(
            select(
                func.count().filter(queued).label("queued"),
                func.count().filter(claimed).label("claimed"),
                func.min(_batch.not_before).filter(queued).label("next_at"),
                func.coalesce(func.max(_batch.attempts).filter(queued), 0).label("attempts"),
                func.coalesce(func.max(_batch.reason).filter(queued), "").label("reason"),
            )
            .join_from(tables.batch, tables.campaign, _campaign.id == _batch.campaign_id)
            .where(
                claiming.is_open(),
                (_campaign.state == CampaignState.SENDING.value) | claimed,
            )
        ).one()
        return Waiting(
            queued=row.queued,
            claimed=row.claimed,
            next_at=maybe_from_ms(row.next_at),
            most_attempts=row.attempts,
            reason=row.reason,
        )


_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERY_STATES = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.REJECTED: DeliveryState.REJECTED,
    Verdict.UNKNOWN: DeliveryState.UNKNOWN,
}


@cache
def _intend() -> Update:
    return (
        update(tables.batch)
        .where(
            _batch.id == bindparam("batch"),
            _batch.fence == bindparam("held"),
            _batch.state == BatchState.CLAIMED.value,
            # a pause or a cancellation since the claim is still heeded: nothing has left yet
            exists().where(
                _campaign.id == _batch.campaign_id, _campaign.state == CampaignState.SENDING.value
            ),
            claiming.is_free(),
        )
        .values(body_hash=bindparam("hash"), account=bindparam("to"))
    )


@cache
def _settle(state: DeliveryState, others: frozenset[DeliveryState]) -> Update:
    """Book all for ``state`` but for some in other states, whose numbers are parameters."""
    left = BatchState.UNKNOWN if state is DeliveryState.UNKNOWN else BatchState.DONE
    counted: dict[str, Any] = {"pending": 0}
    counted[state.value] = _batch[state.value] + _batch.pending - bindparam("others")
    for other in others:
        before = counted.get(other.value, _batch[other.value])
        counted[other.value] = before + bindparam(f"{other.value} too", type_=Integer)
    return batch_splitting.held().values(
        state=left.value,
        reason=bindparam("why"),
        provider_id=bindparam("theirs"),
        settled_at=bindparam("at"),
        lease_until=None,
        **counted,
    )


@cache
def _let_go() -> Update:
    return (
        update(tables.batch).where(claiming.is_unknown()).values(lease_until=None, call_until=None)
    )


@cache
def _put_back() -> Update:
    cancelled = batch_splitting.is_cancelled(_batch.campaign_id)
    more = case((cancelled, _batch.pending), else_=0)
    return (
        update(tables.batch)
        .where(claiming.is_open(), _batch.state == BatchState.CLAIMED.value, _batch.body_hash == "")
        .values(
            state=case((cancelled, BatchState.DONE.value), else_=BatchState.QUEUED.value),
            fence=_batch.fence + 1,
            cancelled=_batch.cancelled + more,
            pending=_batch.pending - more,
            lease_until=None,
        )
    )


@cache
def _abandon() -> Update:
    return (
        update(tables.batch)
        .where(claiming.is_open(), _batch.state == BatchState.CLAIMED.value)
        .values(
            state=BatchState.UNKNOWN.value,
            fence=_batch.fence + 1,
            unknown=_batch.unknown + _batch.pending,
            pending=0,
            lease_until=None,
            reason="the process ended while the call was under way",
            settled_at=bindparam("at"),
        )
    )


@cache
def _open() -> Select[tuple[int]]:
    return (
        select(_batch.id)
        .where(_batch.campaign_id == bindparam("campaign"), claiming.is_open())
        .limit(1)
    )


def _tally(outcomes: Mapping[int, Outcome]) -> dict[DeliveryState, int]:
    tally: dict[DeliveryState, int] = {}
    for outcome in outcomes.values():
        state = _DELIVERY_STATES[outcome.verdict]
        tally[state] = tally.get(state, 0) + 1
    return tally
