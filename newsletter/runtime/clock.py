"""The one place that reads the clock."""

import time
from datetime import UTC, datetime, timedelta

_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops its monotonic clock while the machine sleeps, and has another; macOS goes on."""


class SystemClock:
    """The machine's time, in UTC."""

    def now(self) -> datetime:
        """The instant, aware."""
        return datetime.now(UTC)

    def uptime(self) -> timedelta:
        """Return the monotonic time, which also runs during sleep."""
        return timedelta(seconds=time.clock_gettime(_RUNS_IN_SLEEP))
