"""The processes that share the sending, on one machine or several."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

HEARTBEAT_INTERVAL = timedelta(seconds=2)
"""The time between two heartbeats of a process."""
DEAD_AFTER = timedelta(seconds=15)
"""A process without a heartbeat for this long counts as dead. Others take over its claims."""


class ProcessRole(Enum):
    """The role of a process."""

    WORKER = "worker"
    """Sends batches."""
    SCHEDULER = "scheduler"
    """Plans due work, settles unknown deliveries, sends requested emails."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A process that sends or schedules."""

    id: int
    name: str
    host: str
    role: ProcessRole
    slots: int
    """The number of its simultaneous calls."""
    started_at: datetime
    beat_at: datetime

    def is_alive(self, now: datetime) -> bool:
        """Return whether its last heartbeat is recent enough."""
        return now - self.beat_at < DEAD_AFTER
