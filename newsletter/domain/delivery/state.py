"""The states of batches and deliveries."""

from enum import Enum


class BatchState(Enum):
    """The state of a batch."""

    QUEUED = "queued"
    """Waits to be claimed, at ``not_before`` at the earliest."""
    CLAIMED = "claimed"
    """Somebody holds it; its call may be under way."""
    DONE = "done"
    """Each of its deliveries has a final state."""
    UNKNOWN = "unknown"
    """Its call began, and no complete, understood answer came."""
    GIVEN_UP = "given up"
    """A person let it rest unknown. Its deliveries count as cancelled, and may have arrived."""


class DeliveryState(Enum):
    """The state of the duty to get one campaign to one subscriber."""

    PENDING = "pending"
    """Not sent yet."""
    ACCEPTED = "accepted"
    """The provider took it."""
    REJECTED = "rejected"
    """The provider refused it for good."""
    SUPPRESSED = "suppressed"
    """The reader left, or was suppressed, after the audience was frozen."""
    CANCELLED = "cancelled"
    """Somebody cancelled the campaign, or gave this delivery up."""
    UNKNOWN = "unknown"
    """It may or may not have been sent."""
