"""batch → provider → outcomes: claim a batch, send it, record an outcome for each reader.

``AttemptRunner.attempts`` takes the steps. Most of the CPU of a batch of 1,000 is for its readers,
in this order; the rest is for one commit and the call:

- ``claim``, in the transaction that records the batch before: 0.7 µs to read each row, in
  ``newsletter/store/delivery/claiming.py``, and 0.3 to compare its hash;
- ``prepare``: 0.4 µs to sign link and id (up to 1.4 if few ids are neighbours), 0.5 for the body;
- ``record_start``, in the transaction of the claim: one row for all readers;
- the call;
- ``record``: one row for all readers if the provider accepts each. The commit waits for the disk.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import (
    Answer,
    BatchOutcomes,
    ClaimedBatch,
    Outcome,
    Verdict,
    backoff,
)
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.statements.content import Content
from newsletter.domain.wording import Sentence, say
from newsletter.pipeline.delivery.attempt import Attempt, AttemptRunner, Started
from newsletter.pipeline.delivery.provider_pool import PooledProvider
from newsletter.pipeline.delivery.rate_limiter import QuotaContended
from newsletter.pipeline.ledger import approved_content
from newsletter.pipeline.outgoing import build_batch, confirm_by_events, finish
from newsletter.store.sql import Transaction

_KNOWN_VERDICTS = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})
_FINAL_VERDICTS = _KNOWN_VERDICTS | {Verdict.UNKNOWN}
_BACKOFF_VERDICTS = frozenset({Verdict.RETRY, Verdict.QUOTA})
_MAX_CACHED_CONTENTS = 4
_SETTINGS_CHANGED = say(
    "what the settings of the provider make of a message changed after the approval;"
    " put them back, or cancel and approve a correction"
)
"""The reason for a pause if the provider's settings would change the approved message."""


@dataclass(frozen=True, kw_only=True)
class DispatchResult:
    batch: ClaimedBatch
    attempt_id: str
    answer: Answer
    wait: timedelta
    """The time until the batch is tried again; zero if it is not, or after a fail-over."""
    recorded: bool
    """The outcome was stored. It is not if another worker has claimed the batch since."""


@dataclass(frozen=True, kw_only=True)
class Dispatcher(AttemptRunner[ClaimedBatch, DispatchResult]):
    """Sends one batch per call."""

    delivery_settings_hash: str = ""
    """A hash of the provider settings that change the bytes of a message."""
    _contents: dict[str, Content] = field(default_factory=dict, init=False, repr=False)
    """Verified contents, by content hash."""

    @property
    def claims_concurrently(self) -> bool:
        """Return whether several processes may claim at the same time.

        With a second provider they may not: each claim checks for a fail-over.
        """
        return self.owner is not None and self.pool.second is None

    def dispatch(self) -> DispatchResult | None:
        """Send the next batch that is due. Return None if none is due or none may be sent now."""
        return next(self.dispatch_all(), None)

    def dispatch_all(self) -> Iterator[DispatchResult]:
        """Send one batch, and while sending goes on all others that are due."""
        is_idle = False
        while not is_idle:
            if self.pool.second is not None:
                with self.store.begin() as tx:
                    self.pool.fail_over_all(tx, tx.now)
            is_idle = True
            for result in self.attempts():
                yield result
                is_idle = not self.goes_on()
        with self.store.read() as tx:  # a campaign whose last readers left has no batch to end it
            empty_ids = [n for n in tx.campaigns.find_sending_ids() if not tx.batches.is_open(n)]
        for campaign in empty_ids:
            with self.store.begin() as tx:
                finish(tx, campaign)

    def claim_next(self) -> Started[ClaimedBatch] | None:
        """Claim the next batch, in parallel with other processes if they share the sending."""
        if self.claims_concurrently:
            with suppress(QuotaContended):
                return self._claim_concurrently()
        return super().claim_next()

    def _claim_concurrently(self) -> Started[ClaimedBatch] | None:
        pooled, limiter = self.pool.first, self.pool.first.limiter
        max_messages = limiter.limits.batch_limit(pooled.provider.capabilities.max_recipients)
        reserved, messages = limiter.reserve(self.store, max_messages), 0
        try:
            with self.store.begin_sending() as tx:
                attempt = self.new_attempt(tx)
                rate_limit = limiter.current(tx, attempt.at)
                allowance = limiter.allowance(rate_limit, attempt.at, reserved, has_turn=True)
                claim = self._claim(tx, attempt, {pooled.name: allowance})
                started = None if claim is None else self.start(tx, attempt, claim)
                if claim is not None:  # last, because other processes wait for this row
                    limiter.count(tx, len(claim.members), attempt.at)
            messages = len(claim.members) if claim else 0
        finally:
            limiter.return_unused(reserved - messages)
        return started

    def claim(self, tx: Transaction, attempt: Attempt) -> ClaimedBatch | None:
        """Claim the next batch, without readers who have unsubscribed since the freeze."""
        rate_limits = self.pool.rate_limits(tx, attempt.at)
        claim = self._claim(tx, attempt, self.pool.allowance(rate_limits, attempt.at))
        if claim is not None:
            pooled = self.provider_for(claim)
            pooled.limiter.take(tx, rate_limits[pooled.name], len(claim.members), attempt.at)
        return claim

    def _claim(
        self, tx: Transaction, attempt: Attempt, allowance: Mapping[str, int]
    ) -> ClaimedBatch | None:
        return tx.batches.claim(
            at=attempt.at,
            lease=self.lease,
            attempt_id=attempt.id,
            allowance=allowance,
            owner=self.owner,
        )

    def _content(self, tx: Transaction, batch: ClaimedBatch) -> Content:
        content_hash = batch.campaign.content_hash
        known = self._contents.get(content_hash)
        if known is not None:
            return known
        content = approved_content(tx, batch.campaign)
        if len(self._contents) >= _MAX_CACHED_CONTENTS:
            self._contents.clear()
        self._contents[content_hash] = content
        return content

    def provider_for(self, claim: ClaimedBatch) -> PooledProvider:
        return self.pool.provider_for(claim)

    def prepare(
        self, tx: Transaction, claim: ClaimedBatch, attempt: Attempt
    ) -> PreparedRequest | Answer:
        content = self._content(tx, claim)
        if content.delivery_settings_hash != self.delivery_settings_hash:
            outcome = Outcome(verdict=Verdict.CONFIGURATION, reason=_SETTINGS_CHANGED)
            return Answer(outcome=outcome, is_our_fault=True)
        batch = build_batch(
            tx,
            claim.campaign,
            content,
            claim.members,
            attempt_id=attempt.id,
            at=claim.at,
            links=self.links,
        )
        return self.provider_for(claim).provider.prepare(batch)

    def record_start(self, tx: Transaction, claim: ClaimedBatch, body_hash: str) -> int:
        """Record the account and the hash of the request: a replay must send the same bytes."""
        account = self.provider_for(claim).account
        return tx.batches.record_start(
            claim.id, body_hash=body_hash, account=account, owner=self.owner
        )

    def record(
        self, batch: ClaimedBatch, answer: Answer, attempt: Attempt, *, may_claim: bool
    ) -> tuple[DispatchResult, Started[ClaimedBatch] | None]:
        """Record the outcome of each reader, and apply the answer to the rate limit."""
        pooled = self.provider_for(batch)
        if answer.outcome.verdict is Verdict.SPLIT and len(batch.members) == 1:
            # this is the message that the provider rejects
            answer = replace(answer, outcome=replace(answer.outcome, verdict=Verdict.REJECTED))
        outcomes = (answer.outcome, *answer.exceptions.values())
        wait, now = timedelta(0), self.store.clock.now()
        if any(outcome.verdict in _BACKOFF_VERDICTS for outcome in outcomes):
            wait = backoff(batch.attempts, jitter=self.jitter(), retry_after=answer.retry_after)
        # other outcomes change the campaign, the rate limit or other batches: one writer at a time
        is_plain = all(outcome.verdict in _KNOWN_VERDICTS for outcome in outcomes)
        is_concurrent = self.claims_concurrently and is_plain
        next_claim = None
        with self.store.begin_sending() if is_concurrent else self.store.begin() as tx:
            # first: a campaign that fails over is not paused, and its batch does not wait
            failed_over = self.pool.settle(
                tx, batch, answer, claimed_at=attempt.at, until=now + wait
            )
            if failed_over:
                wait = timedelta(0)
            recorded = self._record_outcomes(tx, batch, answer, wait, may_pause=not failed_over)
            if recorded:
                not_sent = answer.count_not_sent(len(batch.members))
                pooled.limiter.give_back(tx, not_sent, attempt.at)
            self.slow_down(tx, pooled, answer.outcome)
            if not is_plain:
                # an event may have arrived before the answer
                confirm_by_events(tx, batch.campaign.id)
            if not is_concurrent:
                finish(tx, batch.campaign.id)
                if may_claim and self.pool.second is None and self.goes_on():
                    next_claim = self.begin(tx)
            is_last = is_concurrent and not tx.batches.is_open(batch.campaign.id)
        if is_last:
            with self.store.begin() as tx:
                finish(tx, batch.campaign.id)
        return DispatchResult(
            batch=batch, attempt_id=attempt.id, answer=answer, wait=wait, recorded=recorded
        ), next_claim

    def _record_outcomes(
        self,
        tx: Transaction,
        batch: ClaimedBatch,
        answer: Answer,
        wait: timedelta,
        *,
        may_pause: bool,
    ) -> bool:
        now, outcome = self.store.clock.now(), answer.outcome
        if outcome.verdict is Verdict.CONFIGURATION and may_pause:
            why = outcome.reason
            if not isinstance(why, Sentence):  # the provider's
                refusal = (
                    "{name} refuses: {why}. Nothing is lost: the operator has to correct that, then"
                    " the sending can go on"
                )
                why = say(refusal, name=batch.provider, why=why.rstrip("."))
            tx.campaigns.change_state(
                batch.campaign.id,
                CampaignState.PAUSED,
                expect={CampaignState.SENDING},
                at=now,
                reason=why,
            )
        outcomes = _split_outcomes(batch, answer, wait)
        # if no reader has a final outcome, the batch keeps its number of attempts: waits grow
        if len(outcomes.to_retry) < len(batch.members):
            return tx.batches.settle(batch, outcomes=outcomes, at=now)
        if outcome.verdict is Verdict.SPLIT:
            return tx.batches.split(batch)
        reason = next(iter(outcomes.to_retry.values())).reason
        return tx.batches.requeue(batch, not_before=now + wait, reason=reason)


def _split_outcomes(batch: ClaimedBatch, answer: Answer, wait: timedelta) -> BatchOutcomes:
    """Return the outcomes in the form in which a batch is stored.

    The batch is UNKNOWN if a member is, else ACCEPTED. Any other outcome is stored by member.
    """
    exceptions, outcome = answer.exceptions, answer.outcome
    is_accepted = outcome.verdict is Verdict.ACCEPTED
    if is_accepted and not exceptions:  # nearly always
        return BatchOutcomes(outcome=outcome, exceptions={})
    member_ids = [member_id for member_id, _ in batch.members]
    others = {
        member_id: exceptions[member_id] for member_id in member_ids if member_id in exceptions
    }
    unknown = [other for other in others.values() if other.verdict is Verdict.UNKNOWN]
    if outcome.verdict is not Verdict.UNKNOWN and (unknown or not is_accepted):
        others = dict.fromkeys(member_ids, outcome) | others
        outcome = unknown[0] if unknown else Outcome(verdict=Verdict.ACCEPTED)
    return BatchOutcomes(
        outcome=outcome,
        exceptions={n: each for n, each in others.items() if each.verdict in _KNOWN_VERDICTS},
        to_retry={n: each for n, each in others.items() if each.verdict not in _FINAL_VERDICTS},
        wait=wait,
    )
