"""The rate limiter of one provider: when messages may be sent, and how many."""

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.delivery.rate_limit import RESERVATION_TIME, Cause, Limits, RateLimit, Wait
from newsletter.domain.errors import ProviderUnreachable
from newsletter.store.sql import Store, Transaction

_log = logging.getLogger("newsletter.run")
_RECORDS_DOMAIN = "its records"
"""The key of the limit on look-ups in records, in place of a domain."""


class QuotaContended(Exception):
    """Concurrent claims would exceed the daily quota."""


class Reservation:
    """Messages that this process has reserved and may send until ``not_after``."""

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
    """The rate limit of one provider for one sending domain."""

    provider: str
    domain: str
    limits: Limits
    _reservation: Reservation = field(
        default_factory=Reservation, init=False, repr=False, compare=False
    )

    def wait(self, tx: Transaction, now: datetime) -> Wait | None:
        """Return why and until when batches must wait; None if one may be sent now."""
        return self._load(tx).at(now, self.limits).wait(now, self.limits)

    def current(self, tx: Transaction, now: datetime, *, is_locked: bool = False) -> RateLimit:
        """Return the rate limit now. A stored time that a wrong clock wrote is corrected."""
        stored = tx.rate_limits.get(self.provider, self.domain, is_locked=is_locked)
        rate_limit = stored.at(now, self.limits)
        if not stored.is_ahead(now, self.limits):
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
        """Count messages that are about to be sent, if a rate or a quota is set."""
        if self.limits.rate is None and self.limits.daily_quota is None:
            return
        tx.rate_limits.put(self.provider, self.domain, rate_limit.take(messages, now, self.limits))

    def reserve(self, store: Store, max_messages: int) -> int:
        """Reserve up to ``max_messages`` for a batch. Return how many; 0 if the batch must wait."""
        if self.limits.rate is None:
            return max_messages
        reservation = self._reservation
        with reservation.lock:
            if reservation.left < max_messages:
                self._refill_reservation(store, max_messages)
            reserved = min(max_messages, reservation.left)
            reservation.messages -= reserved
        return reserved

    def _refill_reservation(self, store: Store, batch: int) -> None:
        """Fill the reservation of this process, if the rate allows it now."""
        reservation, left = self._reservation, self._reservation.left
        not_after = NotAfter.after(RESERVATION_TIME, store.clock)
        with store.begin_sending(is_durable=False) as tx:
            size = self.limits.reservation_size(batch, len(tx.workers.all()))
            rate_limit = self.current(tx, tx.now, is_locked=True)
            if rate_limit.wait(tx.now, self.limits) is not None:
                return
            new_limit = rate_limit.reserve(size - left, tx.now, self.limits)
            tx.rate_limits.put(self.provider, self.domain, new_limit)
        reservation.size = reservation.messages = size
        reservation.not_after = not_after

    def return_unused(self, messages: int) -> None:
        """Put messages that no batch used back into the reservation."""
        with self._reservation.lock:
            self._reservation.messages = min(
                self._reservation.messages + messages, self._reservation.size
            )

    def count(self, tx: Transaction, messages: int, now: datetime) -> None:
        """Count reserved messages in the daily quota. Raises QuotaContended."""
        quota, day = self.limits.daily_quota, self.limits.day(now)
        if quota is not None and not tx.rate_limits.count(
            self.provider, self.domain, messages, day=day, quota=quota
        ):
            raise QuotaContended

    def count_day(self, tx: Transaction, now: datetime) -> None:
        """Count the messages that were sent today, if a daily quota is set: it may be new."""
        if self.limits.daily_quota is not None:
            rate_limit = self.current(tx, now)
            midnight = self.limits.end_of(rate_limit.day - timedelta(days=1))
            sent = tx.batches.count_sent_since(self.provider, midnight)
            rate_limit = replace(rate_limit, used=max(sent, rate_limit.used))
            tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def find_block(self, tx: Transaction, now: datetime) -> Wait | None:
        """Return why and until when a transactional email must wait; None if it may be sent now.

        The rate does not delay it.
        """
        wait = self.wait(tx, now)
        return None if wait is None or wait.cause is Cause.TURN else wait

    def take_urgent(self, tx: Transaction, now: datetime) -> None:
        """Count a message that is sent before queued batches, which wait longer instead.

        Raises ProviderUnreachable if the provider is blocked or the quota is used up.
        """
        rate_limit = self.current(tx, now)
        wait = self.find_block(tx, now)
        if wait is not None:
            until = wait.until.isoformat(timespec="seconds")
            raise ProviderUnreachable(
                f"nothing leaves through {self.provider} until {until}: {wait.reason}"
            )
        self.take(tx, rate_limit, 1, now)

    def allowance(
        self, rate_limit: RateLimit, now: datetime, max_messages: int, *, has_turn: bool = False
    ) -> int:
        """Return the maximum size of the next batch; 0 while batches must wait.

        ``has_turn``: the time of its messages is reserved, so it does not wait for the rate.
        """
        wait = rate_limit.wait(now, self.limits)
        if wait is not None and not (has_turn and wait.cause is Cause.TURN):
            return 0
        limit, left = self.limits.batch_limit(max_messages), rate_limit.left(self.limits)
        return limit if left is None else min(limit, left)

    @property
    def for_records(self) -> "RateLimiter":
        """Return the limiter of look-ups in the provider's records."""
        return replace(self, domain=_RECORDS_DOMAIN)

    def calls_blocked_until(self, tx: Transaction, now: datetime) -> datetime | None:
        """Return until when the provider has asked for no calls; None if calls are allowed."""
        until = self._load(tx).at(now, self.limits).blocked_until
        return until if until > now else None

    def count_replay(
        self, tx: Transaction, messages: int, now: datetime, *, attempt_at: datetime
    ) -> datetime | None:
        """Count a replay. Return until when it must wait, or None.

        A replay on the day of its attempt was counted already.
        """
        blocked_until = self.calls_blocked_until(tx, now)
        if blocked_until or self.limits.day(attempt_at) == self.limits.day(now):
            return blocked_until
        rate_limit = self.current(tx, now, is_locked=True)
        left = rate_limit.left(self.limits)
        # the first batch of a day is sent even if it exceeds the quota: else it would wait forever
        if left is not None and messages > left and rate_limit.used:
            return self.limits.end_of(rate_limit.day)
        self.take(tx, rate_limit, messages, now)
        return None

    def block_calls(self, tx: Transaction, until: datetime, reason: str) -> None:
        """Store that the provider asked for no calls before ``until``."""
        rate_limit = self._load(tx).block(until, Cause.BLOCKED, reason)
        tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def settle(
        self,
        tx: Transaction,
        answer: Answer,
        *,
        claimed_at: datetime,
        until: datetime,
        has_fallback: bool = False,
    ) -> RateLimit:
        """Apply an answer to the rate limit. A refusal blocks sending until ``until``.

        ``has_fallback``: another provider takes over if this one keeps failing.
        """
        stored = rate_limit = self._load(tx)
        if has_fallback:
            rate_limit = stored.record_verdict(answer.outcome.verdict, claimed_at)
        for outcome in (answer.outcome, *answer.exceptions.values()):
            if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA}:
                cause = Cause.QUOTA if outcome.verdict is Verdict.QUOTA else Cause.BLOCKED
                rate_limit = rate_limit.block(until, cause, outcome.reason)
                break
        if rate_limit is not stored:
            tx.rate_limits.put(self.provider, self.domain, rate_limit)
        return rate_limit

    def give_back(self, tx: Transaction, messages: int, claimed_at: datetime) -> None:
        """Subtract messages that were not sent from the usage of the day.

        Only while the claim is valid: after it another worker may have sent them.
        """
        if messages:
            rate_limit = self._load(tx).give_back(messages, self.limits.day(claimed_at))
            tx.rate_limits.put(self.provider, self.domain, rate_limit)

    def _load(self, tx: Transaction) -> RateLimit:
        return tx.rate_limits.get(self.provider, self.domain)
