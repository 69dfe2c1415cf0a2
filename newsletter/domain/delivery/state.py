"""Where batches and deliveries stand."""

from enum import Enum


class BatchState(Enum):
    """Where a batch stands. Each batch is at exactly one place."""

    QUEUED = "queued"
    """Waits to be claimed, at ``not_before`` at the earliest."""
    CLAIMED = "claimed"
    """Somebody holds it; its call may be under way."""
    DONE = "done"
    """Each of its deliveries has a final state."""
    UNKNOWN = "unknown"
    """Its call began and no full, understood answer came."""
    GIVEN_UP = "given up"
    """A person let it rest unknown. Its deliveries count as cancelled, and may have arrived."""


class DeliveryState(Enum):
    """The state of the duty to get one campaign to one subscriber."""

    PENDING = "pending"
    """Not handed over yet."""
    ACCEPTED = "accepted"
    """The provider took it."""
    REJECTED = "rejected"
    """The provider refused it for good."""
    SUPPRESSED = "suppressed"
    """The reader left, or was suppressed, after the audience was frozen."""
    CANCELLED = "cancelled"
    """Somebody cancelled the campaign, or gave this delivery up."""
    UNKNOWN = "unknown"
    """May or may not have been handed over."""
