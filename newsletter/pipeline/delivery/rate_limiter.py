"""The limit on sending through one provider: when messages may leave, and how many."""

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.delivery.rate_limit import RESERVED_FOR, Cause, Limits, RateLimit, Wait
from newsletter.domain.errors import ProviderUnreachable
from newsletter.store.sql import Store, Transaction

_log = logging.getLogger("newsletter.run")
_RECORDS = "its records"
"""The key of a limit on record look-ups, in place of a domain. No domain has a space in it."""


class QuotaContended(Exception):
    """Claims at the same time would exceed the quota of the day."""


class Share:
    """Messages for which this process has taken turns, and which it may send until the end."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.size = self.messages = 0
        self.not_after: NotAfter | None = None

    @property
    def left(self) -> int:
        is_open = self.not_after is not None and self.not_after.left() > timedelta(0)
        return self.messages if is_open else 0


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
        not_after = NotAfter.after(RESERVED_FOR, store.clock)
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

    def count_day(self, tx: Transaction, now: datetime) -> None:
        """Count what left today without a quota, when workers count nothing."""
        if self.limits.daily_quota is not None:
            rate_limit = self.current(tx, now)
            midnight = self.limits.end_of(rate_limit.day - timedelta(days=1))
            left = tx.batches.left_since(self.provider, midnight)
            counted = replace(rate_limit, used=max(left, rate_limit.used))
            tx.rate_limits.put(self.provider, self.domain, counted)

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
        """Return the limiter of look-ups in the provider's records."""
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
