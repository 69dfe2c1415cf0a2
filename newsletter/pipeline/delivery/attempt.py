"""One attempt to send a batch or a transactional email: claim and note → call → record.

One transaction claims the batch, builds the request and notes its hash. Then the guard file records
the claim outside the database. A process that dies before that has sent nothing. No transaction is
open while the call is under way. After the first byte only a complete, understood answer counts;
any other outcome is unknown. The transaction that records it claims the next batch.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Generic, TypeVar

from newsletter.credentials.links import SignedLinks
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict, backoff
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.errors import InvalidInput, StoreUnavailable
from newsletter.domain.wording import say
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store, Transaction

Claim = TypeVar("Claim")
AttemptResult = TypeVar("AttemptResult")
Built = TypeVar("Built")

_log = logging.getLogger("newsletter.run")
_MAX_UNKNOWN_IN_A_ROW = 3
"""After more unknown outcomes in a row, the next call is delayed."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt to send a batch or an email."""

    id: str
    """Unique over all attempts."""
    at: datetime
    not_after: NotAfter
    """The end of the lease. Later another worker may have claimed the batch."""


@dataclass(frozen=True, kw_only=True)
class Started(Generic[Claim]):
    """An attempt that was claimed and noted."""

    attempt: Attempt
    claim: Claim
    request: PreparedRequest | Answer
    """The request to send, or an answer if nothing may be sent."""
    number: int
    """The number of all attempts in this database so far; 0 if nothing may be sent."""


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
    unbuilt_text: ClassVar[str] = say(
        "its emails cannot be built ({error}): see the log, then resume it, or cancel it"
    )
    """The reason of an email that cannot be built."""
    _unknowns: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    """The number of unknown outcomes in a row, by provider name."""

    def attempts(self) -> Iterator[AttemptResult]:
        """Send the next batch or email, and the batches that records claim."""
        started = self.claim_next()
        while started is not None:
            result, started = self._record(started, self._answer(started))
            yield result

    def _record(
        self, started: Started[Claim], answer: Answer
    ) -> tuple[AttemptResult, Started[Claim] | None]:
        """Record the outcome, also if the database is unavailable for a while."""
        may_claim = True
        while True:
            try:
                return self.record(started.claim, answer, started.attempt, may_claim=may_claim)
            except StoreUnavailable:
                # after the lease another process may have settled it
                if started.attempt.not_after.left() <= timedelta(0) or not self.waits():
                    raise
            except Exception:
                if not may_claim:
                    raise
            may_claim = False  # an error of the next claim must not undo the record

    def _answer(self, started: Started[Claim]) -> Answer:
        """Return the provider's answer, or the local one if no request may be sent.

        Raises StoreUnavailable if the guard file cannot be written.
        """
        claim, request = started.claim, started.request
        if isinstance(request, Answer):
            return request
        try:
            self.guard_file.store_claim(started.number)
        except StoreUnavailable as error:
            unsent = Answer(outcome=Outcome(verdict=Verdict.LATE, reason=str(error)))
            self.record(claim, unsent, started.attempt, may_claim=False)
            raise
        provider, began_at = self.provider_for(claim).provider, self.store.clock.now()
        answer = provider.send(replace(request, not_after=started.attempt.not_after))
        return replace(answer, duration=self.store.clock.now() - began_at)

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

    def claim_next(self) -> Started[Claim] | None:
        """Claim the next batch or email, in the exclusive write transaction."""
        with self.store.begin() as tx:
            return self.begin(tx)

    def begin(self, tx: Transaction) -> Started[Claim] | None:
        """Begin an attempt with a claim; None if none is due or none may be sent now."""
        attempt = self.new_attempt(tx)
        claim = self.claim(tx, attempt)
        return None if claim is None else self.start(tx, attempt, claim)

    def start(self, tx: Transaction, attempt: Attempt, claim: Claim) -> Started[Claim]:
        """Build the request, and note it in the transaction of the claim."""
        number, request = 0, self.build(lambda: self.prepare(tx, claim, attempt))
        if isinstance(request, PreparedRequest):
            number = self.record_start(tx, claim, hashlib.sha256(request.body).hexdigest())
            # inside the transaction: a replaced database raises here and stores nothing
            self.guard_file.follow(number)
        return Started(attempt=attempt, claim=claim, request=request, number=number)

    def build(self, make: Callable[[], Built]) -> Built | Answer:
        """Return what ``make`` returns. If it fails, return an answer with the reason.

        Else this email would stop all others. Errors of the database are raised.
        """
        try:
            return make()
        except InvalidInput as error:
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=str(error)))
        except self.store.database.driver_errors:
            raise
        except Exception as error:
            _log.exception("an email cannot be built")
            reason = say(self.unbuilt_text, error=str(error) or type(error).__name__)
            outcome = Outcome(verdict=Verdict.CONFIGURATION, reason=reason)
            return Answer(outcome=outcome, is_our_fault=True)

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
    def prepare(self, tx: Transaction, claim: Claim, attempt: Attempt) -> PreparedRequest | Answer:
        """Return the request, or an answer if nothing may be sent.

        Raises InvalidInput if the provider cannot send such a message.
        """

    @abstractmethod
    def record_start(self, tx: Transaction, claim: Claim, body_hash: str) -> int:
        """Note the request. Return the number of the claim."""

    @abstractmethod
    def record(
        self, claim: Claim, answer: Answer, attempt: Attempt, *, may_claim: bool
    ) -> tuple[AttemptResult, Started[Claim] | None]:
        """Record the outcome. If it ``may_claim`` and sending goes on, claim the next batch."""
