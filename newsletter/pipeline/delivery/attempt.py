"""One attempt to send a batch or a transactional email: claim → note → call → record.

The first transaction claims the batch. The second one notes the hash of the request, and the guard
file records the claim outside the database. A process that dies before that has sent nothing. No
transaction is open while the request is built or the call is under way. After the first byte only
a complete, understood answer counts; any other outcome is unknown. The transaction that records it
claims the next batch.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from newsletter.credentials.links import SignedLinks
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import (
    Answer,
    ClaimedBatch,
    Outcome,
    UnknownBatch,
    Verdict,
    backoff,
)
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.delivery.rate_limit import Cause, RateLimit, Wait, fails_for_long, fails_over
from newsletter.domain.errors import InvalidInput, StoreUnavailable
from newsletter.domain.ports import Provider
from newsletter.domain.wording import say
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store, Transaction

Claim = TypeVar("Claim")
AttemptResult = TypeVar("AttemptResult")

_log = logging.getLogger("newsletter.run")
_MAX_UNKNOWN_IN_A_ROW = 3
"""After more unknown outcomes in a row, the next call is delayed."""


@dataclass(frozen=True, kw_only=True)
class PooledProvider:
    """A provider and its rate limiter."""

    provider: Provider
    limiter: RateLimiter
    account: str = ""
    """The name of the account at the provider. Records of another account prove nothing."""

    @property
    def name(self) -> str:
        return self.limiter.provider


@dataclass(frozen=True, kw_only=True)
class ProviderPool:
    """The first provider, and the second one if the settings name one.

    A campaign begins at the first provider. Its queued batches fail over to the second one if the
    first refuses the settings or has accepted nothing for ``after``. Unknown batches never move.
    """

    first: PooledProvider
    second: PooledProvider | None = None
    after: timedelta = timedelta(minutes=10)

    @property
    def all(self) -> tuple[PooledProvider, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def accounts(self) -> dict[str, str]:
        return {each.name: each.account for each in self.all}

    def has_fallback(self, pooled: PooledProvider) -> bool:
        """Return whether another provider takes over if this one keeps failing."""
        return self.second is not None and pooled is self.first

    def provider_for(self, batch: ClaimedBatch | UnknownBatch) -> PooledProvider:
        return next(each for each in self.all if each.name == batch.provider)

    def waits(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why and until when batches wait, by provider name; "" is the first provider."""
        waits = {each.name: each.limiter.wait(tx, now) for each in self.all}
        return {"": waits[self.first.name], **waits}

    def blocks(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why and until when transactional emails wait, by provider name."""
        return {each.name: each.limiter.find_block(tx, now) for each in self.all}

    def rate_limits(self, tx: Transaction, now: datetime) -> dict[str, RateLimit]:
        return {each.name: each.limiter.current(tx, now) for each in self.all}

    def fail_over_all(self, tx: Transaction, now: datetime) -> None:
        """If the first provider has failed for ``after``, move all campaigns to the second."""
        rate_limit = self.first.limiter.current(tx, now)
        if self.second is None or not fails_for_long(rate_limit, now, self.after):
            return
        wait = rate_limit.wait(now, self.first.limiter.limits)
        # a wait for the rate or the daily quota is no outage
        if (
            wait is None
            or wait.cause is not Cause.BLOCKED
            or "" not in tx.campaigns.find_fallback_providers()
        ):
            return
        for campaign in tx.campaigns.list_open():
            if campaign.state is CampaignState.SENDING:
                self._fail_over(tx, self.second, campaign, wait.reason)

    def allowance(self, rate_limits: Mapping[str, RateLimit], now: datetime) -> dict[str, int]:
        """Return the maximum size of the next batch by provider name; 0 while it must wait."""
        return {
            each.name: each.limiter.allowance(
                rate_limits[each.name], now, each.provider.capabilities.max_recipients
            )
            for each in self.all
        }

    def settle(
        self,
        tx: Transaction,
        claimed: ClaimedBatch,
        answer: Answer,
        *,
        claimed_at: datetime,
        until: datetime,
    ) -> bool:
        """Apply an answer to the rate limit. Return whether the campaign failed over."""
        if self.second is None and not answer.count_not_sent(len(claimed.members)):
            return False  # the rate limit does not change
        pooled = self.provider_for(claimed)
        has_fallback = self.has_fallback(pooled)
        rate_limit = pooled.limiter.settle(
            tx, answer, claimed_at=claimed_at, until=until, has_fallback=has_fallback
        )
        if self.second is None or pooled is self.second:
            return False
        if not fails_over(answer.outcome.verdict, rate_limit, claimed_at, self.after):
            return False
        self._fail_over(tx, self.second, claimed.campaign, answer.outcome.reason)
        return True

    def _fail_over(
        self, tx: Transaction, second: PooledProvider, campaign: Campaign, reason: str
    ) -> None:
        # several threads may notice the outage: the first one fails over
        if not tx.campaigns.assign_provider(campaign.id, second.name):
            return
        values = {"first": self.first.name, "second": second.name, "reason": reason}
        tx.audit.enter("scheduler", "fail over", campaign.slug, campaign=campaign.id, **values)
        detail = "failed over: campaign %d from %s to %s: %s"
        _log.warning(detail, campaign.id, *values.values())


_CLAIM_LOST = Answer(
    outcome=Outcome(
        verdict=Verdict.LATE,
        reason=say("it was stopped or taken over just before it would have left"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt to send a batch or an email."""

    id: str
    """Unique over all attempts."""
    at: datetime
    not_after: NotAfter
    """The end of the lease. Later another worker may have claimed the batch."""


@dataclass(frozen=True, kw_only=True)
class AttemptRunner(ABC, Generic[Claim, AttemptResult]):
    """Sends one batch or email per call. Threads may share an instance.

    ``lease`` must be longer than the longest call. ``attempt_ids`` returns a new id at each call,
    ``jitter`` a number from 0 to 1. ``owner`` is the worker id of this process if several send.
    ``goes_on`` returns whether a batch may follow the one that was sent. While the database is
    unavailable, ``waits`` sleeps for a moment; it returns False if the process must end.
    """

    store: Store
    guard_file: GuardFile
    pool: ProviderPool
    links: SignedLinks
    lease: timedelta
    attempt_ids: Callable[[], str]
    jitter: Callable[[], float]
    owner: int | None = None
    goes_on: Callable[[], bool] = lambda: False
    waits: Callable[[], bool] = lambda: False
    _unknowns: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    """The number of unknown outcomes in a row, by provider name."""

    @property
    def claims_concurrently(self) -> bool:
        """Return whether several processes may claim at the same time.

        With a second provider they may not: each claim checks for a fail-over.
        """
        return self.owner is not None and self.pool.second is None

    def attempts(self) -> Iterator[AttemptResult]:
        """Send the next batch or email, and the batches that records claim."""
        next_claim = self.claim_next()
        while next_claim is not None:
            attempt, claim = next_claim
            result, next_claim = self._record(claim, self._answer(claim, attempt), attempt)
            yield result

    def _record(
        self, claim: Claim, answer: Answer, attempt: Attempt
    ) -> tuple[AttemptResult, tuple[Attempt, Claim] | None]:
        """Record the outcome, also if the database is unavailable for a while."""
        may_claim = True
        while True:
            try:
                return self.record(claim, answer, attempt, may_claim=may_claim)
            except StoreUnavailable:
                # after the lease another process may have settled it
                if attempt.not_after.left() <= timedelta(0) or not self.waits():
                    raise
            except Exception:
                if not may_claim:
                    raise
            may_claim = False  # an error of the next claim must not undo the record

    def _answer(self, claim: Claim, attempt: Attempt) -> Answer:
        """Return the provider's answer, or a local one if no request was sent."""
        try:
            prepared = self.prepare(claim, attempt)
        except InvalidInput as error:
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=str(error)))
        if isinstance(prepared, Answer):
            return prepared
        if not self._note(claim, hashlib.sha256(prepared.body).hexdigest()):
            return _CLAIM_LOST
        provider, began_at = self.provider_for(claim).provider, self.store.clock.now()
        answer = provider.send(replace(prepared, not_after=attempt.not_after))
        return replace(answer, duration=self.store.clock.now() - began_at)

    def _note(self, claim: Claim, body_hash: str) -> bool:
        """Note the request in the database and in the guard file, before it is sent.

        Return whether the claim is still valid. Raises StoreUnavailable if the guard file cannot be
        written.
        """
        with self.store.begin() if self.owner is None else self.store.send() as tx:
            claim_number = self.record_start(tx, claim, body_hash)
            if claim_number is None:
                return False
            # inside the transaction: a replaced database raises here and stores nothing
            self.guard_file.follow(claim_number)
        try:
            self.guard_file.store_claim(claim_number)
        except StoreUnavailable as error:
            with self.store.begin() as tx:
                self.requeue(tx, claim, str(error))
            raise
        return True

    def slow_down(self, tx: Transaction, pooled: PooledProvider, outcome: Outcome) -> None:
        """Delay the next call after several unknown outcomes in a row."""
        name, is_unknown = pooled.name, outcome.verdict is Verdict.UNKNOWN
        self._unknowns[name] = in_row = self._unknowns.get(name, 0) + 1 if is_unknown else 0
        if in_row > _MAX_UNKNOWN_IN_A_ROW:
            wait = backoff(in_row - _MAX_UNKNOWN_IN_A_ROW, jitter=self.jitter())
            # the rate limiter gets a refusal, so that queued batches may fail over
            refusal = Answer(outcome=replace(outcome, verdict=Verdict.RETRY))
            has_fallback, now = self.pool.has_fallback(pooled), self.store.clock.now()
            pooled.limiter.settle(
                tx, refusal, claimed_at=now, until=now + wait, has_fallback=has_fallback
            )

    # --- steps that differ for batches and emails

    def claim_next(self) -> tuple[Attempt, Claim] | None:
        """Claim the next batch or email, in the exclusive write transaction."""
        # the claim need not survive a power cut: nothing is sent before the note, which does
        with self.store.begin(is_durable=False) as tx:
            return self.begin(tx)

    def begin(self, tx: Transaction) -> tuple[Attempt, Claim] | None:
        """Begin an attempt with a claim; None if none is due or none may be sent now."""
        attempt = self.new_attempt(tx)
        claim = self.claim(tx, attempt)
        return None if claim is None else (attempt, claim)

    def new_attempt(self, tx: Transaction) -> Attempt:
        until, uptime = tx.now + self.lease, tx.uptime + self.lease
        not_after = NotAfter(clock=self.store.clock, until=until, uptime=uptime)
        return Attempt(id=self.attempt_ids(), at=tx.now, not_after=not_after)

    @abstractmethod
    def claim(self, tx: Transaction, attempt: Attempt) -> Claim | None:
        """Claim the next batch or email and count its messages; None if none may be sent now."""

    @abstractmethod
    def provider_for(self, claim: Claim) -> PooledProvider:
        """Return the provider that sends the claimed batch or email."""

    @abstractmethod
    def prepare(self, claim: Claim, attempt: Attempt) -> PreparedRequest | Answer:
        """Return the request, or an answer if nothing may be sent.

        Raises InvalidInput if the provider cannot send such a message.
        """

    @abstractmethod
    def record_start(self, tx: Transaction, claim: Claim, body_hash: str) -> int | None:
        """Note the request. Return the number of the claim; None if the claim is lost."""

    @abstractmethod
    def requeue(self, tx: Transaction, claim: Claim, reason: str) -> None:
        """Queue the batch or email again, after an attempt that sent nothing."""

    @abstractmethod
    def record(
        self, claim: Claim, answer: Answer, attempt: Attempt, *, may_claim: bool
    ) -> tuple[AttemptResult, tuple[Attempt, Claim] | None]:
        """Record the outcome. If it ``may_claim`` and sending goes on, claim the next batch."""
