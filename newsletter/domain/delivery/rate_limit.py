"""Rate limits: so many messages a second and a day, silence when the provider asks for it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from newsletter.domain.delivery.batch import Verdict

LONGEST_TURN = timedelta(hours=1)
LONGEST_BLOCK = timedelta(days=1)
"""Whatever lies further ahead was written by a clock that was wrong."""
_LATE = timedelta(milliseconds=100)
"""The delay of a turn that is no rest yet: else the rate would never be reached."""
SHARE_LASTS = timedelta(seconds=1)
"""The life of a share since its last turn."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SAYS_NOTHING = frozenset({Verdict.UNKNOWN, Verdict.CONFIGURATION, Verdict.LATE})
"""Verdicts that do not say whether the provider takes anything."""


class Cause(Enum):
    """The cause of a wait."""

    TURN = "turn"
    """The rate: what left before has not taken up its time yet."""
    BLOCKED = "provider"
    """The provider could not be reached, or asked to be left alone."""
    QUOTA = "quota"
    """The allowance is used up: ours of this day, or the provider's by its own word."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A time until which nothing leaves, and its cause."""

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
    """Messages that may leave at once after a rest."""
    daily_quota: int | None = None

    def day(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def room(self, most: int) -> int:
        """At most so many messages in a batch, so that no turn lasts over a second.

        Else an urgent campaign would wait for a long turn of another.
        """
        return most if self.rate is None else min(most, max(1, int(self.rate)))

    def share(self, batch: int, processes: int) -> int:
        """Return for how many messages a process takes one turn, to send them in several batches.

        The shares of all processes last a tenth of a second, or a batch each if that is longer.
        """
        fits = int((self.rate or 0) * _LATE.total_seconds() / processes)
        return max(1, fits // batch) * batch

    def end_of(self, day: date) -> datetime:
        """The instant at which a day is over, in UTC."""
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.timezone))
        return midnight.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The generic cell rate algorithm and a day's usage, on aware wall time.

    ``free_at`` is when the next batch may leave so that the rate holds in the long run.
    """

    free_at: datetime = _NEVER
    blocked_until: datetime = _NEVER
    cause: Cause = Cause.BLOCKED
    reason: str = ""
    """The reason of the block in the provider's words."""
    failing_since: datetime | None = None
    """Since when the provider has taken nothing, by its own refusals or by its silence."""
    day: date = date.min
    used: int = 0
    """Messages on ``day`` that were sent, or may have been."""

    def at(self, now: datetime, limits: Limits) -> "RateLimit":
        """The rate limit at this moment: a new day begins at zero, nothing lies too far ahead."""
        today = limits.day(now)
        return replace(
            self,
            free_at=min(self.free_at, now + LONGEST_TURN),
            blocked_until=min(self.blocked_until, now + LONGEST_BLOCK),
            day=today,
            # a later day was written by a wrong clock: what it counted has left all the same
            used=self.used if self.day >= today else 0,
        )

    def is_ahead(self, now: datetime, limits: Limits) -> bool:
        """Return whether a wrong clock wrote it, or reads it now."""
        turn, block = self.free_at > now + LONGEST_TURN, self.blocked_until > now + LONGEST_BLOCK
        return turn or block or self.day > limits.day(now)

    def left(self, limits: Limits) -> int | None:
        """Return how many messages may still leave on ``day``; None for no limit."""
        allowance = limits.daily_quota
        return None if allowance is None else max(0, allowance - self.used)

    def wait(self, now: datetime, limits: Limits) -> Wait | None:
        """Return why and until when nothing may leave; None if a message may leave now."""
        if self.blocked_until > now:
            return Wait(until=self.blocked_until, cause=self.cause, reason=self.reason)
        if self.left(limits) == 0:
            reason = f"{self.used:,} of {limits.daily_quota:,} messages have left today"
            return Wait(until=limits.end_of(self.day), cause=Cause.QUOTA, reason=reason)
        if limits.rate is not None and self.free_at > now:
            return Wait(until=self.free_at, cause=Cause.TURN)
        return None

    def take(self, messages: int, now: datetime, limits: Limits) -> "RateLimit":
        """Take a turn for so many messages, and count them."""
        return replace(self.turn(messages, now, limits), used=self.used + messages)

    def turn(self, messages: int, now: datetime, limits: Limits) -> "RateLimit":
        """Take a turn for so many messages."""
        if limits.rate is None:
            return self
        spare = timedelta(seconds=max(0, limits.burst - messages) / limits.rate)
        start = self.free_at
        # who comes a moment late keeps the place in the row: lateness would add up, batch by batch
        if now - start > max(_LATE, spare):
            start = now - spare
        return replace(self, free_at=start + timedelta(seconds=messages / limits.rate))

    def give_back(self, messages: int, day: date) -> "RateLimit":
        """Give back the usage of a day for messages that provably did not leave."""
        return replace(self, used=max(0, self.used - messages)) if self.day == day else self

    def heard(self, verdict: Verdict, now: datetime) -> "RateLimit":
        """Note since when the provider has taken nothing. Any other answer ends that.

        An unknown outcome, a call that was not made and a refusal of our settings change nothing.
        """
        if verdict is Verdict.RETRY:
            return replace(self, failing_since=self.failing_since or now)
        if verdict in _SAYS_NOTHING or self.failing_since is None:
            return self
        return replace(self, failing_since=None)

    def block(self, until: datetime, cause: Cause, reason: str) -> "RateLimit":
        """Let nothing leave until then. A longer block stays."""
        if until <= self.blocked_until:
            return self
        return replace(self, blocked_until=until, cause=cause, reason=reason)


def fails_over(verdict: Verdict, rate_limit: RateLimit, now: datetime, after: timedelta) -> bool:
    """Return whether this answer of the first provider makes the second one take over.

    Only an answer that proves that nothing left can: an unknown batch never moves.
    """
    if verdict is Verdict.CONFIGURATION:
        return True
    return verdict is Verdict.RETRY and fails_for_long(rate_limit, now, after)


def fails_for_long(rate_limit: RateLimit, now: datetime, after: timedelta) -> bool:
    """Return whether the provider has taken nothing for this long."""
    return rate_limit.failing_since is not None and now - rate_limit.failing_since >= after
