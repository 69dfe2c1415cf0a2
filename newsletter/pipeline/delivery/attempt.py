"""One attempt to send a batch or an email: claim → note → call → record.

The first transaction claims the batch. The second one notes the hash of the bytes that are about to
leave; then the guard file notes it outside the database. No transaction is open while bytes are
built or a call is under way. After the first byte only a complete, understood answer counts;
anything else is unknown. A process that dies before the second transaction commits has sent
nothing.

The pool of providers decides when a batch may leave. Each provider has its own rate limiter. A
batch that the first provider provably did not take goes to the second one.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from newsletter.domain.campaigns.campaign import Campaign
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
from newsletter.domain.delivery.rate_limit import (
    SHARE_LASTS,
    Cause,
    Limits,
    RateLimit,
    Wait,
    fails_for_long,
    fails_over,
)
from newsletter.domain.errors import InvalidInput, ProviderUnreachable, StoreUnavailable
from newsletter.domain.ports import Links, Provider
from newsletter.store.delivery.limits import Share
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store, Transaction

Held = TypeVar("Held")
Done = TypeVar("Done")

_log = logging.getLogger("newsletter.run")
_UNKNOWN_IN_A_ROW = 3
"""After so many calls without an understood answer, the next ones wait, longer each time."""
_RECORDS = "its records"
"""The key of a limit on record look-ups, in place of a domain. No domain has a space in it."""


class QuotaContended(Exception):
    """Claims at the same time would exceed the quota of the day."""


@dataclass(frozen=True, kw_only=True)
class RateLimiter:
    """The limit on sending through one provider for one sending domain."""

    provider: str
    domain: str
    limits: Limits
    _share: Share = field(default_factory=Share, init=False, repr=False, compare=False)

    def wait(self, tx: Transaction, now: datetime) -> Wait | None:
        """Return why and until when nothing may leave; None if a batch may leave now."""
        return self._kept(tx).at(now, self.limits).wait(now, self.limits)

    def current(self, tx: Transaction, now: datetime, *, is_locked: bool = False) -> RateLimit:
        """Return the rate limit at this moment. Correct a row that a wrong clock wrote."""
        kept = tx.rate_limits.get(self.provider, self.domain, is_locked=is_locked)
        rate_limit = kept.at(now, self.limits)
        if not kept.is_ahead(now, self.limits):
            return rate_limit
        if not is_locked:
            return self.current(tx, now, is_locked=True)
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
        """Count messages that are about to leave."""
        tx.rate_limits.put(self.provider, self.domain, rate_limit.take(messages, now, self.limits))

    def reserve(self, store: Store, most: int) -> int:
        """Take messages for a batch from the share of this process; 0 while none may leave."""
        if self.limits.rate is None:
            return most
        share = self._share
        with share.lock:
            if share.left < most:
                self._fill_share(store, most)
            reserved = min(most, share.left)
            share.messages -= reserved
        return reserved

    def _fill_share(self, store: Store, batch: int) -> None:
        """Take a turn for the missing messages, if one may begin now."""
        share, left = self._share, self._share.left
        not_after = NotAfter.after(SHARE_LASTS, store.clock)
        with store.send(lasting=False) as tx:
            size = self.limits.share(batch, len(tx.workers.all()))
            rate_limit = self.current(tx, tx.now, is_locked=True)
            if rate_limit.wait(tx.now, self.limits) is not None:
                return
            taken = rate_limit.turn(size - left, tx.now, self.limits)
            tx.rate_limits.put(self.provider, self.domain, taken)
        share.size = share.messages = size
        share.not_after = not_after

    def put_back(self, messages: int) -> None:
        """Put reserved messages that were not claimed back into the share."""
        with self._share.lock:
            self._share.messages = min(self._share.messages + messages, self._share.size)

    def count(self, tx: Transaction, messages: int, now: datetime) -> None:
        """Count messages of a share, beside other transactions. Raises QuotaContended."""
        quota, day = self.limits.daily_quota, self.limits.day(now)
        if quota is not None and not tx.rate_limits.count(
            self.provider, self.domain, messages, day=day, quota=quota
        ):
            raise QuotaContended

    def blocked(self, tx: Transaction, now: datetime) -> Wait | None:
        """Return why even an urgent email must wait; None if it may leave now.

        The rate alone does not hold an urgent email back.
        """
        wait = self.wait(tx, now)
        return None if wait is None or wait.cause is Cause.TURN else wait

    def take_ahead(self, tx: Transaction, messages: int, now: datetime) -> None:
        """Count messages that leave ahead of the queue. Later batches wait for the rate instead.

        Raises ProviderUnreachable if more than the rate holds them back.
        """
        rate_limit = self.current(tx, now)
        wait = self.blocked(tx, now)
        if wait is not None:
            until = wait.until.isoformat(timespec="seconds")
            raise ProviderUnreachable(
                f"nothing leaves through {self.provider} until {until}: {wait.reason}"
            )
        self.take(tx, rate_limit, messages, now)

    def allowance(
        self, rate_limit: RateLimit, now: datetime, most: int, *, has_turn: bool = False
    ) -> int:
        """Return how many messages the next batch may have; 0 while nothing may leave."""
        wait = rate_limit.wait(now, self.limits)
        if wait is not None and not (has_turn and wait.cause is Cause.TURN):
            return 0
        room, left = self.limits.room(most), rate_limit.left(self.limits)
        return room if left is None else min(room, left)

    @property
    def of_records(self) -> "RateLimiter":
        """The limiter of look-ups in the provider's records, apart from that of its mails."""
        return replace(self, domain=_RECORDS)

    def silence(self, tx: Transaction, now: datetime) -> datetime | None:
        """Return until when the provider asked for no calls; None if calls are allowed."""
        until = self._kept(tx).at(now, self.limits).blocked_until
        return until if until > now else None

    def be_silent(self, tx: Transaction, until: datetime, reason: str) -> None:
        """Book that the provider asked for no calls until then."""
        rate_limit = self._kept(tx).block(until, Cause.BLOCKED, reason)
        tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def settle(
        self,
        tx: Transaction,
        answer: Answer,
        *,
        taken_at: datetime,
        until: datetime,
        watched: bool = False,
    ) -> RateLimit:
        """Book what the answer says about the provider: a refusal blocks ``until`` then.

        ``watched``: a second provider takes over when this one has failed for long.
        """
        kept = self._kept(tx)
        rate_limit = kept.heard(answer.outcome.verdict, taken_at) if watched else kept
        for outcome in (answer.outcome, *answer.exceptions.values()):
            if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA}:
                cause = Cause.QUOTA if outcome.verdict is Verdict.QUOTA else Cause.BLOCKED
                rate_limit = rate_limit.block(until, cause, outcome.reason)
                break
        if rate_limit is not kept:
            tx.rate_limits.put(self.provider, self.domain, rate_limit)
        return rate_limit

    def give_back(self, tx: Transaction, messages: int, taken_at: datetime) -> None:
        """Give back the usage of messages that did not leave.

        Only an attempt that still holds its claim may: its mails may have left under its key by
        another's hand.
        """
        if messages:
            rate_limit = self._kept(tx).give_back(messages, self.limits.day(taken_at))
            tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def _kept(self, tx: Transaction) -> RateLimit:
        return tx.rate_limits.get(self.provider, self.domain)


@dataclass(frozen=True, kw_only=True)
class PooledProvider:
    """A provider and its rate limiter."""

    provider: Provider
    limiter: RateLimiter
    account: str = ""
    """The account at the provider. Records of another account prove nothing about this one."""

    @property
    def name(self) -> str:
        return self.limiter.provider


@dataclass(frozen=True, kw_only=True)
class ProviderPool:
    """The first provider, and the second one if the settings name one.

    A campaign begins at the first provider. It moves to the second one if the first refuses our
    settings or has accepted nothing for ``after``. Only messages that provably did not leave
    move; unknown ones never do.
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

    def is_watched(self, pooled: PooledProvider) -> bool:
        """Whether the second provider takes over when this one has failed for long."""
        return self.second is not None and pooled is self.first

    def of(self, batch: ClaimedBatch | UnknownBatch) -> PooledProvider:
        return next(each for each in self.all if each.name == batch.provider)

    def waits(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why nothing may leave now, by provider; "" is the first provider."""
        waits = {each.name: each.limiter.wait(tx, now) for each in self.all}
        return {"": waits[self.first.name], **waits}

    def blocks(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why even an urgent email must wait, by provider."""
        return {each.name: each.limiter.blocked(tx, now) for each in self.all}

    def rate_limits(self, tx: Transaction, now: datetime) -> dict[str, RateLimit]:
        return {each.name: each.limiter.current(tx, now) for each in self.all}

    def fail_over_all(self, tx: Transaction, now: datetime) -> None:
        """Move every campaign to the second provider if the first one has failed for long."""
        rate_limit = self.first.limiter.current(tx, now)
        if self.second is None or not fails_for_long(rate_limit, now, self.after):
            return
        wait = rate_limit.wait(now, self.first.limiter.limits)
        # a wait for the rate or the day's quota is no outage
        if wait is None or wait.cause is not Cause.BLOCKED or "" not in tx.campaigns.carriers():
            return
        for campaign in tx.campaigns.going():
            self._fail_over(tx, self.second, campaign, wait.reason)

    def allowance(self, rate_limits: Mapping[str, RateLimit], now: datetime) -> dict[str, int]:
        """Return how many messages the next batch may have, by provider; 0 while it must wait."""
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
        taken_at: datetime,
        until: datetime,
    ) -> bool:
        """Book the answer at its rate limit; return whether the second provider takes over."""
        if self.second is None and not answer.not_handed_over(len(claimed.members)):
            return False  # the usual case: the rate limit does not change
        pooled = self.of(claimed)
        watched = self.is_watched(pooled)
        rate_limit = pooled.limiter.settle(
            tx, answer, taken_at=taken_at, until=until, watched=watched
        )
        if self.second is None or pooled is self.second:
            return False
        if not fails_over(answer.outcome.verdict, rate_limit, taken_at, self.after):
            return False
        self._fail_over(tx, self.second, claimed.campaign, answer.outcome.reason)
        return True

    def _fail_over(
        self, tx: Transaction, second: PooledProvider, campaign: Campaign, why: str
    ) -> None:
        # several threads may find the outage at the same time: the first one fails over and logs it
        if not tx.campaigns.hand_on(campaign.id, second.name):
            return
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
    """One try to send a batch or an email."""

    id: str
    """Unique over all attempts."""
    at: datetime
    not_after: NotAfter
    """The end of the lease. No byte leaves later: another worker may have claimed the batch."""


@dataclass(frozen=True, kw_only=True)
class Attempts(ABC, Generic[Held, Done]):
    """Sends one batch or email per call. Any number of threads may share an instance.

    ``lease`` must be longer than the longest call. ``attempt_ids`` returns a new id each time,
    ``jitter`` a number in 0…1. ``owner`` is the number of this process, where several send.
    ``waits`` sleeps for a moment while the database is not there, and returns False if the process
    is to end instead.
    """

    store: Store
    guard_file: GuardFile
    pool: ProviderPool
    links: Links
    lease: timedelta
    attempt_ids: Callable[[], str]
    jitter: Callable[[], float]
    owner: int | None = None
    waits: Callable[[], bool] = lambda: False
    _in_a_row: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    """The calls whose outcome is unknown since the last other one, by provider."""

    @property
    def is_shared(self) -> bool:
        """Claims of several processes may be made at the same time.

        Not with a second provider, which each claim looks after.
        """
        return self.owner is not None and self.pool.second is None

    def attempt(self) -> Done | None:
        """Send the next batch or email. Return None if nothing is due or nothing may leave now."""
        # computed before the claim, so that it ends no later than the lease
        not_after = NotAfter.after(self.lease, self.store.clock)
        # a power cut may undo the claim, because nothing leaves before the note, which is durable
        attempt, held = self.hold(not_after)
        if held is None:
            return None
        answer = self._answer(held, attempt)
        while True:
            try:
                return self.record(held, answer, attempt)
            except StoreUnavailable:
                # after the lease, others may have found out what became of it
                if attempt.not_after.left() <= timedelta(0) or not self.waits():
                    raise

    def _answer(self, held: Held, attempt: Attempt) -> Answer:
        """Return the provider's answer, or our own if nothing leaves."""
        try:
            prepared = self.prepare(held, attempt)
        except InvalidInput as error:  # from a template of the workspace or the provider's limits
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=str(error)))
        if isinstance(prepared, Answer):
            return prepared
        if not self._note(held, hashlib.sha256(prepared.body).hexdigest()):
            return _LOST
        provider, began_at = self.pooled(held).provider, self.store.clock.now()
        answer = provider.hand_over(replace(prepared, not_after=attempt.not_after))
        return replace(answer, took=self.store.clock.now() - began_at)

    def _note(self, held: Held, body_hash: str) -> bool:
        """Note the bytes before they leave, in the database and in the guard file.

        Return whether it may leave. Raises StoreUnavailable if the guard file cannot be written.
        """
        with self.store.begin() if self.owner is None else self.store.send() as tx:
            number = self.intend(tx, held, body_hash)
            if number is None:
                return False
            # inside the transaction, so that an exchanged database keeps nothing of this attempt
            self.guard_file.follow(number)
        try:
            self.guard_file.note(number)
        except StoreUnavailable as error:
            with self.store.begin() as tx:
                self.put_back(tx, held, str(error))
            raise
        return True

    def slow_down(self, tx: Transaction, pooled: PooledProvider, outcome: Outcome) -> None:
        """Let an outage make few batches and emails unknown, not all that wait."""
        name, is_unknown = pooled.name, outcome.verdict is Verdict.UNKNOWN
        self._in_a_row[name] = calls = self._in_a_row.get(name, 0) + 1 if is_unknown else 0
        if calls > _UNKNOWN_IN_A_ROW:
            wait = backoff(calls - _UNKNOWN_IN_A_ROW, jitter=self.jitter())
            # to the limit alone it is a refusal, so that what was never sent may fail over
            refusal = Answer(outcome=replace(outcome, verdict=Verdict.RETRY))
            watched, now = self.pool.is_watched(pooled), self.store.clock.now()
            pooled.limiter.settle(tx, refusal, taken_at=now, until=now + wait, watched=watched)

    # --- the steps that batches and emails take differently

    def hold(self, not_after: NotAfter) -> tuple[Attempt, Held | None]:
        """Claim the next batch or email, in the transaction of the only writer."""
        with self.store.begin(lasting=False) as tx:
            attempt = self.begun(tx, not_after)
            return attempt, self.claim(tx, attempt)

    def begun(self, tx: Transaction, not_after: NotAfter) -> Attempt:
        # the time of the claim: one from before would count the messages on a day that is over
        return Attempt(id=self.attempt_ids(), at=tx.now, not_after=not_after)

    @abstractmethod
    def claim(self, tx: Transaction, attempt: Attempt) -> Held | None:
        """Claim what may leave next and count it at the rate limit; None if nothing may leave.

        A power cut may undo the claim: act on it only after a durable transaction.
        """

    @abstractmethod
    def pooled(self, held: Held) -> PooledProvider:
        """Return the provider that gets it."""

    @abstractmethod
    def prepare(self, held: Held, attempt: Attempt) -> PreparedRequest | Answer:
        """Build the request, or return an answer if nothing may leave.

        Raises InvalidInput if the provider cannot express the message.
        """

    @abstractmethod
    def intend(self, tx: Transaction, held: Held, body_hash: str) -> int | None:
        """Note the bytes before they leave; return the claim number, None if the claim is lost."""

    @abstractmethod
    def put_back(self, tx: Transaction, held: Held, reason: str) -> None:
        """Queue it again: nothing has left."""

    @abstractmethod
    def record(self, held: Held, answer: Answer, attempt: Attempt) -> Done:
        """Book the answer."""
