"""A process that shares the sending with others, on one machine or several."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

HEARTBEAT = timedelta(seconds=2)
"""The time between two heartbeats of a process."""
DEAD_AFTER = timedelta(seconds=15)
"""A process without a heartbeat for so long counts as dead. Others take over what it claimed."""


class Part(Enum):
    """The work of a process."""

    WORKER = "worker"
    """Sends batches."""
    SCHEDULER = "scheduler"
    """Looks for new and due work, settles unknown deliveries, sends requested emails."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A process, as its row says. ``slots`` are the calls that it makes at the same time."""

    id: int
    name: str
    host: str
    part: Part
    slots: int
    started_at: datetime
    beat_at: datetime

    def is_alive(self, now: datetime) -> bool:
        """Return whether it gave a sign of life lately."""
        return now - self.beat_at < DEAD_AFTER
