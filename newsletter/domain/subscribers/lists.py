"""Lists: their names, what readers read of them, and where a subscriber stands in one."""

from dataclasses import dataclass
from enum import Enum

LIST_NAME = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
TAG_NAME = LIST_NAME
"""What a tag looks like: small letters and digits, with - or _ between them."""


class SubscriptionState(Enum):
    """A subscriber's standing in one list."""

    PENDING = "pending"
    """Asked for, not confirmed: gets nothing but the confirmation mail."""
    CONFIRMED = "confirmed"
    """Consented: gets what goes to the list."""
    ENDED = "ended"
    """Left, or was taken off. Only the person can come back."""


@dataclass(frozen=True, kw_only=True)
class PublicList:
    """A list that readers may join by themselves."""

    name: str
    title: str
    """What readers read in place of its name."""
    about: str = ""
    """What goes to it, in a sentence; may be empty."""
