"""claim → note → call → record: one attempt to hand something over, be it a batch or a letter.

A first transaction claims it. A second one writes down what is about to leave, once its bytes are
made, and then it is noted outside the database too. No transaction is open while bytes are made or
a call is under way. Once a byte has left only a full, understood answer counts; all else is
unknown. Whoever died before the second transaction had committed handed nothing over.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.errors import InvalidInput, StoreUnavailable
from newsletter.domain.ports import GuardFile, Links
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.store.sql import Store, Transaction

Held = TypeVar("Held")
Done = TypeVar("Done")

_LOST = Answer(
    outcome=Outcome(
        verdict=Verdict.LATE, reason="it was stopped or taken over just before it would have left"
    )
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A try to hand something over."""

    id: str
    """A name that no try had before."""
    at: datetime
    not_after: NotAfter
    """Nothing of it leaves later: by then somebody else may have taken it over."""


@dataclass(frozen=True, kw_only=True)
class Attempts(ABC, Generic[Held, Done]):
    """Hands over one thing at a time. Any number of threads may share it.

    ``lease`` has to be longer than the longest call; ``attempt_ids`` gives a new name each time,
    ``jitter`` a number in 0…1.
    """

    store: Store
    guard_file: GuardFile
    pool: ProviderPool
    links: Links
    clock: Clock
    lease: timedelta
    attempt_ids: Callable[[], str]
    jitter: Callable[[], float]

    def attempt(self) -> Done | None:
        """Hand over the next that is due; None where nothing is, or nothing may leave now."""
        attempt = Attempt(
            id=self.attempt_ids(),
            at=self.clock.now(),
            not_after=NotAfter.after(self.lease, self.clock),
        )
        with self.store.begin() as tx:
            held = self.claim(tx, attempt)
        if held is None:
            return None
        return self.record(held, self._answer(held, attempt), attempt)

    def _answer(self, held: Held, attempt: Attempt) -> Answer:
        """The provider's, or ours where nothing leaves."""
        try:
            prepared = self.prepare(held, attempt)
        except InvalidInput as error:  # a template of the workspace, or a provider that cannot
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=str(error)))
        if isinstance(prepared, Answer):
            return prepared
        if not self._note(held, hashlib.sha256(prepared.body).hexdigest()):
            return _LOST
        # of a claim that has gone stale nothing leaves: who left meanwhile is asked again then
        provider = self.line(held).provider
        return provider.hand_over(replace(prepared, not_after=attempt.not_after))

    def _note(self, held: Held, body_hash: str) -> bool:
        """Write down what leaves, also outside, before it does; where that cannot be, nothing does.

        Tells whether it may leave still.
        """
        with self.store.begin() as tx:
            number = self.intend(tx, held, body_hash)
            if number is None:
                return False
            self.guard_file.follow(number)
        try:
            self.guard_file.note(number)
        except StoreUnavailable as error:
            with self.store.begin() as tx:
                self.put_back(tx, held, str(error))
            raise
        return True

    # --- what differs

    @abstractmethod
    def claim(self, tx: Transaction, attempt: Attempt) -> Held | None:
        """Take the next that may leave now, with its turn; None where there is none."""

    @abstractmethod
    def line(self, held: Held) -> PooledProvider:
        """Where it goes."""

    @abstractmethod
    def prepare(self, held: Held, attempt: Attempt) -> PreparedRequest | Answer:
        """Its bytes, or why nothing of it leaves. Raises InvalidInput for what cannot be said."""

    @abstractmethod
    def intend(self, tx: Transaction, held: Held, body_hash: str) -> int | None:
        """Write down what is about to leave, and count it; None where it may not leave any more."""

    @abstractmethod
    def put_back(self, tx: Transaction, held: Held, reason: str) -> None:
        """It was not handed over, and is due again."""

    @abstractmethod
    def record(self, held: Held, answer: Answer, attempt: Attempt) -> Done:
        """Write down what came of it."""
