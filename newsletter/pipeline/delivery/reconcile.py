"""unknown → accepted, rejected or queued again, by proof alone.

While the provider knows the attempt's idempotency key, the same bytes are sent again under it. Then
the provider's records are searched. Three complete searches without a hit, far enough apart by the
provider's clock, prove that it has no message. Otherwise an event or a person settles the batch.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from newsletter.credentials.links import SignedLinks
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import (
    Answer,
    DeliveryState,
    Outcome,
    OutgoingBatch,
    UnknownBatch,
    Verdict,
    backoff,
)
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay
from newsletter.domain.delivery.worker import DEAD_AFTER
from newsletter.domain.errors import Defect
from newsletter.pipeline.delivery.provider_pool import ProviderPool
from newsletter.pipeline.ledger import approved_content
from newsletter.pipeline.outgoing import build_batch, confirm_by_events, finish, reassess
from newsletter.pipeline.subscribers.membership import welcome
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class RecoveryResult:
    """The numbers of batches and emails that became unknown when a process died."""

    unknown: int
    """The number of batches."""
    emails: int = 0
    """The number of transactional emails. They stay unknown and are never sent again."""
    strays: int = 0
    """The number of unknown deliveries at accounts that are not configured any more."""


def recover(
    *,
    store: Store,
    accounts: Mapping[str, str],
    shares_sending: bool = False,
    leaving: int | None = None,
) -> RecoveryResult:
    """Mark the claimed batches of dead processes as unknown.

    ``accounts`` are the configured accounts by provider name. If several processes share the
    sending, those without a recent heartbeat are dead, and the one with the id ``leaving``.
    Otherwise the caller's file lock proves that all others are dead.
    """
    with store.begin() as tx:
        dead = tx.workers.silent(tx.now - DEAD_AFTER if shares_sending else _END_OF_TIME)
        tx.workers.remove(dead if leaving is None else [*dead, leaving])
        unknown = tx.batches.abandon(at=store.clock.now(), shares_sending=shares_sending)
        # before a campaign ends: events may prove outcomes that the dead process did not record
        for campaign_id in tx.unknowns.campaigns():
            confirm_by_events(tx, campaign_id)
        for campaign_id in tx.campaigns.find_sending_ids():
            finish(tx, campaign_id)
        return RecoveryResult(
            unknown=unknown,
            emails=tx.emails.abandon(store.clock.now()),
            strays=tx.unknowns.count_strays(accounts),
        )


_log = logging.getLogger("newsletter.run")
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
FIRST_LOOKUP_AFTER = timedelta(seconds=5)
"""The time from an attempt to the first look-up. Records seldom show a message sooner."""
_LOOKUP_GROWTH = 4
_MAX_LOOKUP_AGE = timedelta(days=3)
"""Records are not searched for an older attempt."""
_CLOCK_SKEW = timedelta(minutes=1)
"""A wall clock that went back further is or was wrong."""
_MAX_UNREADABLE_DELAY = timedelta(minutes=10)
"""The longest delay between look-ups while the records cannot be read."""
_KEY_EXPIRY_MARGIN = timedelta(minutes=2)
"""The time for a call, and for a provider's clock that is ahead."""
_PAUSED_DELAY = timedelta(seconds=30)
_PROVING_LOOKS = 3
"""The first only marks a time after the attempt. One of the others may meet a copy that lags."""
_SETTLED = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})


class Step(Enum):
    """The next step for an unknown batch."""

    REPLAY = "replay"
    """Send the same bytes again: the provider accepts each idempotency key or message id once."""
    LOOK_UP = "look up"
    """Search the provider's records."""
    WAIT = "wait"
    """The time for a step has not come, or the campaign is paused."""
    LEAVE = "leave"
    """Leave the batch to an event or a person."""


def decide(claim: UnknownBatch, capabilities: Capabilities, now: datetime) -> Step:
    age = now - claim.attempt_at
    state = claim.campaign.state
    has_addresses = len(claim.without_address) < len(claim.members)
    is_searchable = capabilities.records_delay is not None and has_addresses
    if _may_be_replayed(claim, capabilities, now):
        is_sending = state in {CampaignState.SENDING, CampaignState.ATTENTION}
        # a second replay proves less than the records
        if is_sending and not (is_searchable and claim.tries):
            return Step.REPLAY
        if state is CampaignState.PAUSED and not is_searchable:
            return Step.WAIT
    max_age = min(_MAX_LOOKUP_AGE, capabilities.records_kept or _MAX_LOOKUP_AGE)
    if not is_searchable or not -_CLOCK_SKEW <= age <= max_age:
        return Step.LEAVE
    return Step.LOOK_UP if age >= FIRST_LOOKUP_AFTER else Step.WAIT


def _may_be_replayed(claim: UnknownBatch, capabilities: Capabilities, now: datetime) -> bool:
    """Return whether a replay reaches no reader twice, and no one who may not get the email now."""
    if capabilities.replay is Replay.SAFE:
        return len(claim.left) < len(claim.members)
    # under a key the same bytes must be sent, which contain all members
    if capabilities.replay is not Replay.KEYED or claim.left:
        return False
    age = now - claim.attempt_at
    # if the wall clock went back, the provider may not know the key any more
    went_back = age < timedelta(0) or claim.seen_at - now > _CLOCK_SKEW
    return not went_back and age < capabilities.key_lifetime - _KEY_EXPIRY_MARGIN


@dataclass(frozen=True, kw_only=True)
class ReconcileResult:
    """The result of one step for one unknown batch. The numbers count deliveries."""

    batch: UnknownBatch
    step: Step
    known: int = 0
    """Accepted or rejected."""
    queued: int = 0
    """Queued again: the provider provably does not have them."""
    unknown: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class _LookupOutcome:
    """The result of a replay or a look-up, to be stored."""

    known: dict[int, Outcome]
    """The proven outcomes, by subscriber id."""
    other_state: DeliveryState
    """The state of all other members: ACCEPTED, UNKNOWN, or PENDING if provably not sent."""
    until: datetime | None = None
    """The time of the next step; None for never."""
    tries: int = 0
    silent_at: datetime | None = None
    silent_looks: int = 0
    reason: str = ""
    retry_after: timedelta | None = None
    """The wait that the provider asked for; None if it asked for none."""
    undecided: frozenset[int] = frozenset()
    """The members that stay unknown, though all others are settled."""


def _look_up_later(claim: UnknownBatch, until: datetime | None) -> _LookupOutcome:
    """Return the outcome of a step that proves nothing. The next step is at ``until``."""
    return _LookupOutcome(
        known={},
        other_state=DeliveryState.UNKNOWN,
        until=until,
        tries=claim.tries,
        silent_at=claim.silent_at,
        silent_looks=claim.silent_looks,
    )


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """Takes one step for one unknown batch per call.

    ``lease`` must be longer than the longest call. ``jitter`` returns a number from 0 to 1.
    """

    store: Store
    pool: ProviderPool
    links: SignedLinks
    lease: timedelta
    jitter: Callable[[], float]

    def reconcile(self) -> ReconcileResult | None:
        """Take the next step for the next batch that is due. Return None if none is due."""
        not_after = NotAfter.after(self.lease, self.store.clock)
        with self.store.read() as tx:  # an idle call must not take the write lock
            if tx.unknowns.next_at(self.pool.accounts) is None:
                return None
        with self.store.begin() as tx:
            now = tx.now
            claim = tx.unknowns.claim(at=now, lease=self.lease, accounts=self.pool.accounts)
            if claim is None:
                return None
            capabilities = self.pool.provider_for(claim).provider.capabilities
            step = decide(claim, capabilities, now)
            try:
                omitted = claim.left if step is Step.REPLAY else frozenset[int]()
                batch = self._batch(tx, claim, omit=omitted)
            except Defect as error:  # only a person can decide; the other batches go on
                tx.unknowns.plan_lookup(claim, until=None, tries=claim.tries)
                people = len(claim.members)
                return ReconcileResult(
                    batch=claim, step=Step.LEAVE, unknown=people, reason=str(error)
                )
            prepared = self._rebuild(claim, batch, not_after) if step is Step.REPLAY else None
            if step is Step.REPLAY and prepared is None:
                step = Step.LEAVE if capabilities.records_delay is None else Step.LOOK_UP
            limiter, wait_until = self.pool.provider_for(claim).limiter, None
            if step is Step.LOOK_UP:
                wait_until = limiter.for_records.calls_blocked_until(tx, now)
            elif step is Step.REPLAY:
                messages = len(batch.recipients)
                wait_until = limiter.count_replay(tx, messages, now, attempt_at=claim.attempt_at)
                if wait_until is None:
                    # a person cannot resolve the batch while this call may be under way
                    tx.unknowns.record_replay(claim, until=not_after.until)
        if wait_until is not None:
            return self._record(Step.WAIT, claim, _look_up_later(claim, wait_until))
        return self._record(step, claim, self._take_step(step, claim, batch, prepared))

    def _batch(
        self, tx: Transaction, claim: UnknownBatch, *, omit: frozenset[int]
    ) -> OutgoingBatch:
        return build_batch(
            tx,
            claim.campaign,
            approved_content(tx, claim.campaign),
            [member for member in claim.members if member[1] and member[0] not in omit],
            attempt_id=claim.attempt_id,
            at=claim.attempt_at,
            links=self.links,
        )

    def _rebuild(
        self, claim: UnknownBatch, batch: OutgoingBatch, not_after: NotAfter
    ) -> PreparedRequest | None:
        """Return the request of the attempt, or None if it cannot be replayed.

        It cannot if it is invalid now, or if a KEYED replay would have other bytes.
        """
        provider = self.pool.provider_for(claim).provider
        try:
            prepared = provider.prepare(batch)
        except Exception:  # a fault of this batch must not stop all others
            _log.exception("the request of attempt %s cannot be built again", claim.attempt_id)
            return None
        # a provider may take other bytes under a known key for a new message
        is_named = provider.capabilities.replay is Replay.SAFE
        is_same = is_named or hashlib.sha256(prepared.body).hexdigest() == claim.body_hash
        return replace(prepared, not_after=not_after) if is_same else None

    def _take_step(
        self, step: Step, claim: UnknownBatch, batch: OutgoingBatch, request: PreparedRequest | None
    ) -> _LookupOutcome:
        provider = self.pool.provider_for(claim).provider
        if request is not None:
            return self._read_replay(claim, batch, provider.send(request))
        if step is Step.LOOK_UP:
            return self._read_records(claim, provider.look_up(batch))
        wait = _PAUSED_DELAY if claim.campaign.state is CampaignState.PAUSED else FIRST_LOOKUP_AFTER
        return _look_up_later(claim, self.store.clock.now() + wait if step is Step.WAIT else None)

    def _read_replay(
        self, claim: UnknownBatch, batch: OutgoingBatch, answer: Answer
    ) -> _LookupOutcome:
        """Return what the answer to a replay proves about the attempt.

        Rate limits, wrong API keys and size limits prove nothing: a provider or a proxy may check
        them before the idempotency key.
        """
        member_ids = [recipient.subscriber_id for recipient in batch.recipients]
        outcomes = {n: answer.exceptions.get(n, answer.outcome) for n in member_ids}
        known = {n: outcome for n, outcome in outcomes.items() if outcome.verdict in _SETTLED}
        # members who left were not in the replay, so its answer proves nothing about them
        if answer.outcome.verdict is Verdict.ACCEPTED and len(known) == len(claim.members):
            known = {n: outcome for n, outcome in known.items() if n in answer.exceptions}
            return _LookupOutcome(known=known, other_state=DeliveryState.ACCEPTED)
        wait = backoff(claim.tries + 1, jitter=self.jitter(), retry_after=answer.retry_after)
        return _LookupOutcome(
            known=known,
            other_state=DeliveryState.UNKNOWN,
            until=self.store.clock.now() + wait,
            tries=claim.tries + 1,
            reason=answer.outcome.reason,
            retry_after=answer.retry_after,
        )

    def _read_records(self, claim: UnknownBatch, result: LookupResult) -> _LookupOutcome:
        ids = dict(result.found)
        if result.all_or_none and ids:
            ids |= dict.fromkeys(claim.without_address, next(iter(ids.values())))
        known = {
            member_id: Outcome(
                verdict=Verdict.ACCEPTED, reason="found there", provider_id=ids[member_id]
            )
            for member_id, _ in claim.members
            if member_id in ids
        }
        records_delay = (
            self.pool.provider_for(claim).provider.capabilities.records_delay or FIRST_LOOKUP_AFTER
        )
        # the provider's clock counts: the local one may be wrong
        at = result.read_at or self.store.clock.now()
        silent_at, looks = (None, 0) if known else (claim.silent_at, claim.silent_looks)
        if silent_at is None or at - silent_at >= records_delay:
            silent_at, looks = at, looks + 1
        if result.is_complete and looks == _PROVING_LOOKS:
            # records cannot show a member whose address is unknown
            undecided = frozenset() if result.all_or_none else claim.without_address
            return _LookupOutcome(known={}, other_state=DeliveryState.PENDING, undecided=undecided)
        longest = max(records_delay, _MAX_UNREADABLE_DELAY)
        # a higher power would overflow a timedelta
        delay = min(FIRST_LOOKUP_AFTER * _LOOKUP_GROWTH ** min(claim.tries + 1, 10), longest)
        # look again as soon as a silent look-up counts
        left = silent_at + records_delay - at
        wait = min(delay, max(left, FIRST_LOOKUP_AFTER)) if result.is_complete else delay
        return _LookupOutcome(
            known=known,
            other_state=DeliveryState.UNKNOWN,
            until=self.store.clock.now() + max(wait, result.retry_after or wait),
            tries=claim.tries + 1,
            silent_at=silent_at if result.is_complete else None,
            silent_looks=looks if result.is_complete else 0,
            reason=result.reason,
            retry_after=result.retry_after,
        )

    def _record(self, step: Step, claim: UnknownBatch, outcome: _LookupOutcome) -> ReconcileResult:
        with self.store.begin() as tx:
            is_recorded = tx.unknowns.settle(
                claim,
                outcomes=outcome.known,
                other_state=outcome.other_state,
                at=self.store.clock.now(),
                undecided=outcome.undecided,
            )
            if outcome.other_state is DeliveryState.UNKNOWN or outcome.undecided:
                tx.unknowns.plan_lookup(
                    claim,
                    until=outcome.until,
                    tries=outcome.tries,
                    silent_at=outcome.silent_at,
                    silent_looks=outcome.silent_looks,
                )
            if (wait := outcome.retry_after) is not None:
                limiter = self.pool.provider_for(claim).limiter
                limiter = limiter if step is Step.REPLAY else limiter.for_records
                limiter.block_calls(tx, self.store.clock.now() + wait, outcome.reason)
            reassess(tx, claim.campaign.id)
            if is_recorded and outcome.other_state is DeliveryState.PENDING:
                _welcome_instead(tx, claim, outcome.undecided)
        others = len(claim.members) - len(outcome.known) - len(outcome.undecided)
        state = outcome.other_state
        return ReconcileResult(
            batch=claim,
            step=step,
            known=len(outcome.known) + (others if state is DeliveryState.ACCEPTED else 0),
            queued=others if state is DeliveryState.PENDING else 0,
            unknown=len(outcome.undecided) + (others if state is DeliveryState.UNKNOWN else 0),
            reason=outcome.reason if is_recorded else "somebody settled the batch by hand first",
        )


def _welcome_instead(tx: Transaction, claim: UnknownBatch, undecided: frozenset[int]) -> None:
    """Queue the email that replaced a welcome email for readers who provably have not got it."""
    campaign = tx.campaigns.get_without_counts(claim.campaign.id)
    if campaign.welcome and campaign.state is CampaignState.CANCELLED and not campaign.ended_by:
        for member_id in {number for number, _ in claim.members} - undecided:
            welcome(tx, member_id, campaign.lists)
