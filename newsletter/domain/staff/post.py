"""Posts: messages with notices to a channel of the team, and the log of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class PostState(Enum):
    """The state of a post."""

    WAITING = "waiting"
    """Its turn has not come, or the last attempt failed."""
    CALLING = "calling"
    """An attempt is under way."""
    ACCEPTED = "accepted"
    """The channel took it."""
    REJECTED = "rejected"
    """The channel refused it, or all attempts failed."""
    UNKNOWN = "unknown"
    """It may have arrived. It is not sent again by itself."""
    OVER = "over"
    """Its events were over before it could be sent."""

    @property
    def is_open(self) -> bool:
        """Return whether it is sent by itself some time."""
        return self in {PostState.WAITING, PostState.CALLING}


@dataclass(frozen=True, kw_only=True)
class ChannelPost:
    """A message to a channel."""

    id: int
    channel: str
    made_at: datetime
    state: PostState
    attempts: int
    """Since it was made, or sent again by an admin."""
    called_at: datetime | None
    """When the last attempt began."""
    reason: str
    """Why it is in its state; may be empty."""


@dataclass(frozen=True, kw_only=True)
class FailingCheck:
    """A check of the sender's health that fails."""

    what: str
    detail: str
    since: datetime

    @property
    def occurrence(self) -> str:
        """Return what tells this failure from the next one of the same check."""
        return f"{self.what} {self.since.isoformat()}"
