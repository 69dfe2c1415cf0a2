"""The time, and until when something may begin to leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...

    def uptime(self) -> timedelta:
        """Time since some moment in the past: nobody can set it, and it runs on during sleep."""
        ...


@dataclass(frozen=True, kw_only=True)
class NotAfter:
    """Until when something may begin to leave: as long as the claim on it holds.

    A wall clock may be put back, so the uptime counts too: whichever is over first.
    """

    clock: Clock
    until: datetime
    uptime: timedelta

    @classmethod
    def after(cls, lease: timedelta, clock: Clock) -> "NotAfter":
        """So long from now on."""
        return cls(clock=clock, until=clock.now() + lease, uptime=clock.uptime() + lease)

    def left(self) -> timedelta:
        """How much of it is left; nothing or less once it is over."""
        return min(self.until - self.clock.now(), self.uptime - self.clock.uptime())
