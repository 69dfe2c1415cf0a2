"""The one place that reads the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from newsletter.domain.clock import Clock

_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops its monotonic clock while the machine sleeps, and has another; macOS goes on."""


class ServerClock:
    """The time of a database server, for several machines: read by ``set``, and kept since."""

    def __init__(self, ask: Callable[[], datetime], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self.set()

    def set(self) -> None:
        """Ask the server. Raises StoreUnavailable."""
        time = self._ask()
        self._start = time - self._clock.uptime()

    def now(self) -> datetime:
        """The instant, aware."""
        return self._start + self._clock.uptime()

    def uptime(self) -> timedelta:
        """Return the monotonic time of this machine."""
        return self._clock.uptime()


class SystemClock:
    """The machine's time, in UTC."""

    def now(self) -> datetime:
        """The instant, aware."""
        return datetime.now(UTC)

    def uptime(self) -> timedelta:
        """Return the monotonic time, which also runs during sleep."""
        return timedelta(seconds=time.clock_gettime(_RUNS_IN_SLEEP))
