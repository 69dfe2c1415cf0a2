"""The clocks, and the end of a process that gets no answer. No other module reads the time."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from newsletter.domain.clock import Clock
from newsletter.domain.errors import StoreUnavailable
from newsletter.store.sql import Store

_MAX_SILENCE_SECONDS = 45.0
"""The longest wait for an answer, which may wait 30 seconds for other writers."""
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


@contextmanager
def answered_in_time() -> Iterator[None]:
    """End this process if the server does not answer the block, which a proxy may acknowledge."""
    silence = threading.Timer(_MAX_SILENCE_SECONDS, _end_process)
    silence.daemon = True
    silence.start()
    try:
        yield
    finally:
        silence.cancel()


def require_answer(store: Store) -> None:
    """Ask the database server for its time, or for news; it must answer in time."""
    with answered_in_time(), suppress(StoreUnavailable):  # an error is an answer too
        if isinstance(store.clock, ServerClock):
            store.clock.synchronise()
        else:
            store.change_number()


def _end_process() -> None:
    said = (
        "no answer for %g seconds from the database, or from its synchronous standby; start again"
    )
    logging.getLogger("newsletter.run").critical(said, _MAX_SILENCE_SECONDS)
    os._exit(1)  # the threads that wait for the database cannot be ended
