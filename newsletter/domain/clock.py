"""The clock, and when a claim ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of wall time and monotonic time."""

    def now(self) -> datetime:
        """Return the current time in UTC, with its zone."""

    def uptime(self) -> timedelta:
        """Return a monotonic time, which also advances during sleep."""


@dataclass(frozen=True, kw_only=True)
class NotAfter:
    """The end of a claim: no byte of the batch may be sent later.

    The wall clock can go back, so the monotonic time counts too: the earlier end applies.
    """

    clock: Clock
    until: datetime
    uptime: timedelta

    @classmethod
    def after(cls, lease: timedelta, clock: Clock) -> "NotAfter":
        """Return the end of a lease that starts now."""
        return cls(clock=clock, until=clock.now() + lease, uptime=clock.uptime() + lease)

    def left(self) -> timedelta:
        """Return the time that is left; zero or less once the claim is over."""
        return min(self.until - self.clock.now(), self.uptime - self.clock.uptime())
