"""The clocks. No other module reads the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from newsletter.domain.clock import Clock

_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A monotonic clock that also runs while the machine sleeps."""


class ServerClock:
    """The database server's time, which several machines share."""

    def __init__(self, ask: Callable[[], datetime], clock: Clock) -> None:
        self._ask = ask
        self.machine = clock
        self.synchronise()

    def synchronise(self) -> None:
        """Read the server's time again. Raises StoreUnavailable."""
        time = self._ask()
        self._start = time - self.machine.uptime()

    def now(self) -> datetime:
        return self._start + self.machine.uptime()

    def uptime(self) -> timedelta:
        """Return the monotonic time of this machine."""
        return self.machine.uptime()


class SystemClock:
    """The machine's time, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def uptime(self) -> timedelta:
        """Return the monotonic time, which also runs while the machine sleeps."""
        return timedelta(seconds=time.clock_gettime(_RUNS_IN_SLEEP))
