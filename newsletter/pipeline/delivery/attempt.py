"""One attempt to hand over a batch or an email: to which provider, when, and by which four steps.

claim → note → call → record. A first transaction claims it. A second one writes down what is about
to leave, once its bytes are made, and then it is noted outside the database too. No transaction is
open while bytes are made or a call is under way. Once a byte has left only a full, understood
answer counts; all else is unknown. Whoever died before the second transaction had committed handed
nothing over.

When something may leave is for the pool of providers to say: each has its rate limiter, and what
the first provably does not take goes to the second.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, ClaimedBatch, Outcome, UnknownBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.delivery.rate_limit import (
    Cause,
    Limits,
    RateLimit,
    Wait,
    fails_for_long,
    fails_over,
)
from newsletter.domain.errors import InvalidInput, ProviderUnreachable, StoreUnavailable
from newsletter.domain.ports import GuardFile, Links, Provider
from newsletter.store.sql import Store, Transaction

Held = TypeVar("Held")
Done = TypeVar("Done")

_log = logging.getLogger("newsletter.run")
_RECORDS = "its records"
"""In place of a domain: none is written with a blank."""


@dataclass(frozen=True, kw_only=True)
class RateLimiter:
    """When the next batch may leave at one provider, for one sending domain."""

    provider: str
    domain: str
    limits: Limits

    def wait(self, tx: Transaction, now: datetime) -> Wait | None:
        """Why nothing may leave now, and until when; None where something may."""
        return self._kept(tx).at(now, self.limits).wait(now, self.limits)

    def current(self, tx: Transaction, now: datetime) -> RateLimit:
        """The rate limit at this moment; a row that a wrong clock wrote is put right."""
        kept = self._kept(tx)
        rate_limit = kept.at(now, self.limits)
        if kept.is_ahead(now, self.limits):
            _log.warning(
                "the clock was changed: the pace of %s for %s is of a later time; nothing waits"
                " longer than until %s for it",
                self.provider,
                self.domain,
                max(rate_limit.free_at, rate_limit.blocked_until).isoformat(timespec="seconds"),
            )
            tx.rate_limits.put(self.provider, self.domain, rate_limit)
        return rate_limit

    def take(self, tx: Transaction, rate_limit: RateLimit, messages: int, now: datetime) -> None:
        """Write down that so many messages are about to leave."""
        tx.rate_limits.put(self.provider, self.domain, rate_limit.take(messages, now, self.limits))

    def blocked(self, tx: Transaction, now: datetime) -> Wait | None:
        """Why not even what goes ahead of all may leave now; None where it may."""
        return _beyond_turns(self.wait(tx, now))

    def take_ahead(self, tx: Transaction, messages: int, now: datetime) -> None:
        """Take a turn now, before all who wait for theirs; the rate makes up for it afterwards.

        Raises ProviderUnreachable while nothing may leave for another reason than the rate.
        """
        rate_limit = self.current(tx, now)
        wait = _beyond_turns(rate_limit.wait(now, self.limits))
        if wait is not None:
            until = wait.until.isoformat(timespec="seconds")
            raise ProviderUnreachable(
                f"nothing leaves through {self.provider} until {until}: {wait.reason}"
            )
        self.take(tx, rate_limit, messages, now)

    def allowance(self, rate_limit: RateLimit, now: datetime, most: int) -> int:
        """How many messages the next batch may have; 0 while nothing may leave."""
        if rate_limit.wait(now, self.limits) is not None:
            return 0
        allowance = rate_limit.allowance(self.limits)
        return most if allowance is None else min(most, allowance)

    @property
    def of_records(self) -> "RateLimiter":
        """Those at the provider's records, which are limited apart from its mails."""
        return replace(self, domain=_RECORDS)

    def silence(self, tx: Transaction, now: datetime) -> datetime | None:
        """Until when the provider is to be left alone by its own word; None where it is not."""
        until = self._kept(tx).at(now, self.limits).blocked_until
        return until if until > now else None

    def be_silent(self, tx: Transaction, until: datetime, reason: str) -> None:
        """The provider asked to be left alone until then."""
        rate_limit = self._kept(tx).block(until, Cause.BLOCKED, reason)
        tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def settle(
        self,
        tx: Transaction,
        answer: Answer,
        messages: int,
        *,
        taken_at: datetime,
        until: datetime,
        watched: bool = False,
    ) -> RateLimit:
        """Book the answer: what did not leave is given back, and a refusal blocks ``until``.

        ``watched``: a second provider waits for this one to fail for long.
        """
        kept = self._kept(tx)
        rate_limit = kept.heard(answer.outcome.verdict, taken_at) if watched else kept
        if back := answer.not_handed_over(messages):
            rate_limit = rate_limit.give_back(back, self.limits.day(taken_at))
        for outcome in (answer.outcome, *answer.exceptions.values()):
            if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA}:
                cause = Cause.QUOTA if outcome.verdict is Verdict.QUOTA else Cause.BLOCKED
                rate_limit = rate_limit.block(until, cause, outcome.reason)
                break
        if rate_limit is not kept:
            tx.rate_limits.put(self.provider, self.domain, rate_limit)
        return rate_limit

    def _kept(self, tx: Transaction) -> RateLimit:
        return tx.rate_limits.get(self.provider, self.domain)


def _beyond_turns(wait: Wait | None) -> Wait | None:
    """A wait that is no mere turn of others."""
    return None if wait is None or wait.cause is Cause.TURN else wait


@dataclass(frozen=True, kw_only=True)
class PooledProvider:
    """A provider and its rate limiter."""

    provider: Provider
    limiter: RateLimiter
    account: str = ""
    """Names the account at the provider. What another one knows or lacks says nothing of it."""

    @property
    def name(self) -> str:
        return self.limiter.provider


@dataclass(frozen=True, kw_only=True)
class ProviderPool:
    """The first provider, and the second, if there is one.

    A campaign begins at the first. What was provably not handed over goes to the second once the
    first refuses our settings, or has taken nothing for ``after``; what is unknown never does.
    """

    first: PooledProvider
    second: PooledProvider | None = None
    after: timedelta = timedelta(minutes=10)

    @property
    def all(self) -> tuple[PooledProvider, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def accounts(self) -> dict[str, str]:
        """The account at each provider, by its name."""
        return {line.name: line.account for line in self.all}

    def of(self, batch: ClaimedBatch | UnknownBatch) -> PooledProvider:
        """The one that this batch goes to, or went to."""
        return next(line for line in self.all if line.name == batch.provider)

    def waits(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Why nothing may leave now, by the carrier of a campaign; "" is the first provider."""
        waits = {line.name: line.limiter.wait(tx, now) for line in self.all}
        return {"": waits[self.first.name], **waits}

    def blocks(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """By the line's name, why not even what goes ahead of all may leave there now."""
        return {line.name: line.limiter.blocked(tx, now) for line in self.all}

    def rate_limits(self, tx: Transaction, now: datetime) -> dict[str, RateLimit]:
        """The rate limit of each at this moment."""
        return {line.name: line.limiter.current(tx, now) for line in self.all}

    def fail_over_all(self, tx: Transaction, now: datetime) -> None:
        """No campaign waits any longer for a first provider that has taken nothing for long."""
        rate_limit = self.first.limiter.current(tx, now)
        if self.second is None or not fails_for_long(rate_limit, now, self.after):
            return
        wait = rate_limit.wait(now, self.first.limiter.limits)
        # a wait for the rate or the day's quota is no outage
        if wait is None or wait.cause is not Cause.BLOCKED or "" not in tx.campaigns.carriers():
            return
        for campaign in tx.campaigns.going():
            self._fail_over(tx, self.second, campaign, wait.reason, now)

    def allowance(self, rate_limits: Mapping[str, RateLimit], now: datetime) -> dict[str, int]:
        """How many messages the next batch may have at each; 0 while nothing may leave there."""
        return {
            line.name: line.limiter.allowance(
                rate_limits[line.name], now, line.provider.capabilities.max_recipients
            )
            for line in self.all
        }

    def settle(
        self,
        tx: Transaction,
        claimed: ClaimedBatch,
        answer: Answer,
        *,
        taken_at: datetime,
        until: datetime,
    ) -> bool:
        """Book the answer at its rate limit; tells whether the batch goes to the second one."""
        verdict = answer.outcome.verdict
        if self.second is None and not answer.not_handed_over(len(claimed.members)):
            return False  # the usual end, and nothing of it changes the rate limit
        line = self.of(claimed)
        watched = self.second is not None and line is self.first
        rate_limit = line.limiter.settle(
            tx,
            answer,
            len(claimed.members),
            taken_at=taken_at,
            until=until,
            watched=watched,
        )
        if self.second is None or line is self.second:
            return False
        if not fails_over(verdict, rate_limit, taken_at, self.after):
            return False
        self._fail_over(tx, self.second, claimed.campaign, answer.outcome.reason, taken_at)
        return True

    def _fail_over(
        self, tx: Transaction, second: PooledProvider, campaign: Campaign, why: str, now: datetime
    ) -> None:
        # threads learn of the outage at the same time: the first of them fails over and says so
        if not tx.campaigns.hand_on(campaign.id, second.name):
            return  # an answer that was under way when it failed over
        detail = f"campaign {campaign.id} from {self.first.name} to {second.name}: {why}"
        tx.audit.enter("scheduler", "fail over", campaign.slug, detail)
        _log.warning("failed over: %s", detail)


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
    lease: timedelta
    attempt_ids: Callable[[], str]
    jitter: Callable[[], float]

    def attempt(self) -> Done | None:
        """Hand over the next that is due; None where nothing is, or nothing may leave now."""
        attempt = Attempt(
            id=self.attempt_ids(),
            at=self.store.clock.now(),
            # from before the claim, so that it is over no later than the lease
            not_after=NotAfter.after(self.lease, self.store.clock),
        )
        # a claim that a power cut undoes was of no use yet: what is about to leave is noted to last
        with self.store.begin(lasting=False) as tx:
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
            # within the transaction: where the database was exchanged, nothing of this stays in it
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
        """Take the next that may leave now, with its turn; None where there is none.

        It does not last by itself: nobody may act upon it before something lasting is written.
        """

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
