"""Posts: messages with notices to a channel of the team."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class PostState(Enum):
    """The state of a post."""

    WAITING = "waiting"
    """It waits for its time, or the last attempt failed."""
    CALLING = "calling"
    """An attempt is under way."""
    ACCEPTED = "accepted"
    """The channel took it."""
    REJECTED = "rejected"
    """The channel refused it, or all attempts failed."""
    UNKNOWN = "unknown"
    """It may have arrived. It is not sent again by itself."""
    OVER = "over"
    """The events were over before it could be sent."""

    @property
    def is_open(self) -> bool:
        """Return whether newsletter will still send it."""
        return self in {PostState.WAITING, PostState.CALLING}


@dataclass(frozen=True, kw_only=True)
class ChannelPost:
    """A message to a channel."""

    id: int
    channel: str
    made_at: datetime
    state: PostState
    attempts: int
    """Attempts since it was created, or since an admin sent it again."""
    called_at: datetime | None
    """When the last attempt began."""
    reason: str
    """The reason for its state; may be empty."""


@dataclass(frozen=True, kw_only=True)
class FailingCheck:
    """A failing check of the sender's health."""

    what: str
    detail: str
    since: datetime

    @property
    def occurrence(self) -> str:
        """Return the key that distinguishes this failure from other failures of the same check."""
        return f"{self.what} {self.since.isoformat()}"
