"""Rate limits: messages a second and a day, and pauses that a provider asks for."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from newsletter.domain.delivery.batch import Verdict

MAX_RESERVATION = timedelta(hours=1)
MAX_BLOCK = timedelta(days=1)
"""A longer reservation or block comes from a wrong clock and is cut."""
_MAX_LATENESS = timedelta(milliseconds=100)
"""A batch that is late by no more does not lose its turn: else the rate would not be reached."""
RESERVATION_TIME = timedelta(seconds=1)
"""How long a process keeps reserved messages after it last sent one."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NEUTRAL_VERDICTS = frozenset({Verdict.UNKNOWN, Verdict.CONFIGURATION, Verdict.LATE})
"""Verdicts that do not show whether the provider accepts messages."""


class Cause(Enum):
    """The cause of a wait."""

    TURN = "turn"
    """The rate: earlier messages still use their time."""
    BLOCKED = "provider"
    """The provider could not be reached, or asked for a pause."""
    QUOTA = "quota"
    """The daily quota is used up: the configured one, or the provider's."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The time until which nothing is sent, and the cause."""

    until: datetime
    cause: Cause
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The configured limits of a provider and a sending domain."""

    timezone: str
    """The zone in which a day begins and ends."""
    rate: float | None = None
    """Messages a second; None is no limit."""
    burst: int = 0
    """Messages that may be sent at once after idle time."""
    daily_quota: int | None = None

    def day(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def batch_limit(self, limit: int) -> int:
        """Return the maximum number of messages in a batch: at most what a second allows.

        A larger batch would delay an urgent campaign.
        """
        return limit if self.rate is None else min(limit, max(1, int(self.rate)))

    def reservation_size(self, batch: int, processes: int) -> int:
        """Return how many messages a process reserves at a time, for one or several batches.

        All processes together reserve 0.1 s of the rate, but each at least one batch. A process
        that counts as dead may ask too, and be the only one.
        """
        fitting_messages = int((self.rate or 0) * _MAX_LATENESS.total_seconds() / max(1, processes))
        return max(1, fitting_messages // batch) * batch

    def end_of(self, day: date) -> datetime:
        """Return the instant at which a day is over, in UTC."""
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.timezone))
        return midnight.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The state of the generic cell rate algorithm (GCRA), and the messages of a day."""

    free_at: datetime = _LONG_AGO
    """When the next batch may be sent without exceeding the rate."""
    blocked_until: datetime = _LONG_AGO
    cause: Cause = Cause.BLOCKED
    reason: str = ""
    """The reason of the block in the provider's words."""
    failing_since: datetime | None = None
    """Since when the provider has refused all messages or has not been reachable."""
    day: date = date.min
    used: int = 0
    """The number of messages on ``day`` that were sent, or may have been sent."""

    def at(self, now: datetime, limits: Limits) -> "RateLimit":
        """Return the rate limit at this time: nothing used on a new day, and no time far ahead."""
        today = limits.day(now)
        return replace(
            self,
            free_at=min(self.free_at, now + MAX_RESERVATION),
            blocked_until=min(self.blocked_until, now + MAX_BLOCK),
            day=today,
            # a wrong clock wrote a later day, but its messages were sent
            used=self.used if self.day >= today else 0,
        )

    def is_ahead(self, now: datetime, limits: Limits) -> bool:
        """Return whether a time is too far ahead: a clock was or is wrong."""
        turn, block = self.free_at > now + MAX_RESERVATION, self.blocked_until > now + MAX_BLOCK
        return turn or block or self.day > limits.day(now)

    def left(self, limits: Limits) -> int | None:
        """Return how many messages may still be sent on ``day``; None for no limit."""
        allowance = limits.daily_quota
        return None if allowance is None else max(0, allowance - self.used)

    def wait(self, now: datetime, limits: Limits) -> Wait | None:
        """Return until when and why nothing may be sent; None if a batch may be sent now."""
        if self.blocked_until > now:
            return Wait(until=self.blocked_until, cause=self.cause, reason=self.reason)
        if self.left(limits) == 0:
            reason = f"{self.used:,} of {limits.daily_quota:,} messages have left today"
            return Wait(until=limits.end_of(self.day), cause=Cause.QUOTA, reason=reason)
        if limits.rate is not None and self.free_at > now:
            return Wait(until=self.free_at, cause=Cause.TURN)
        return None

    def take(self, messages: int, now: datetime, limits: Limits) -> "RateLimit":
        """Return the rate limit after so many messages were sent."""
        return replace(self.reserve(messages, now, limits), used=self.used + messages)

    def reserve(self, messages: int, now: datetime, limits: Limits) -> "RateLimit":
        """Return the rate limit with the next times taken. The daily quota does not count them."""
        if limits.rate is None:
            return self
        spare = timedelta(seconds=max(0, limits.burst - messages) / limits.rate)
        start = self.free_at
        # a batch that is a little late starts from its planned time, so that delays do not add up
        if now - start > max(_MAX_LATENESS, spare):
            start = now - spare
        return replace(self, free_at=start + timedelta(seconds=messages / limits.rate))

    def give_back(self, messages: int, day: date) -> "RateLimit":
        """Return the rate limit without messages of a day that provably were not sent."""
        return replace(self, used=max(0, self.used - messages)) if self.day == day else self

    def record_verdict(self, verdict: Verdict, now: datetime) -> "RateLimit":
        """Return the rate limit after a verdict: RETRY sets ``failing_since``, an answer clears it.

        ``_NEUTRAL_VERDICTS`` change nothing.
        """
        if verdict is Verdict.RETRY:
            return replace(self, failing_since=self.failing_since or now)
        return self if verdict in _NEUTRAL_VERDICTS else replace(self, failing_since=None)

    def block(self, until: datetime, cause: Cause, reason: str) -> "RateLimit":
        """Return the rate limit with a block until this time. A longer block stays."""
        if until <= self.blocked_until:
            return self
        return replace(self, blocked_until=until, cause=cause, reason=reason)


def fails_over(verdict: Verdict, rate_limit: RateLimit, now: datetime, after: timedelta) -> bool:
    """Return whether the second provider takes over after this verdict of the first.

    It never does if messages may have been sent.
    """
    if verdict is Verdict.CONFIGURATION:
        return True
    return verdict is Verdict.RETRY and fails_for_long(rate_limit, now, after)


def fails_for_long(rate_limit: RateLimit, now: datetime, after: timedelta) -> bool:
    """Return whether the provider has accepted nothing for this long."""
    return rate_limit.failing_since is not None and now - rate_limit.failing_since >= after
