"""Pacing: no more than so many messages a second, and silence when the provider asks for it."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The generic cell rate algorithm. Times are seconds on one monotonic clock.

    ``free_at`` is when the next batch may leave so that the rate holds in the long run.
    """

    rate: float | None
    """Messages a second; None is no limit."""
    free_at: float = 0.0
    blocked_until: float = 0.0

    def reserve(self, messages: int, now: float) -> tuple["Pace", float]:
        """Take a turn for so many messages; returns how long to wait for it."""
        start = max(now, self.free_at, self.blocked_until)
        if self.rate is None:
            return self, max(0.0, self.blocked_until - now)
        return replace(self, free_at=start + messages / self.rate), start - now

    def give_back(self, messages: int) -> "Pace":
        """Return what a turn did not use."""
        if self.rate is None:
            return self
        return replace(self, free_at=self.free_at - messages / self.rate)

    def block(self, seconds: float, now: float) -> "Pace":
        """Let nothing leave for so long."""
        return replace(self, blocked_until=max(self.blocked_until, now + seconds))
