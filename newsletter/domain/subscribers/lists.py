"""Lists: names, titles and the state of a subscription."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from newsletter.domain.setting import matching

LIST_NAME = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
ListName = Annotated[
    str,
    matching(
        LIST_NAME,
        "cannot name a list; write small letters and digits, with - or _ between them, like press"
        " or new-york",
        f"^{LIST_NAME}$",
    ),
]
"""The name of a mailing list."""
TAG_NAME = LIST_NAME
"""The pattern of a tag: small letters and digits, with - or _ between them."""


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
    """The title that readers see instead of the name."""
    about: str = ""
    """A sentence about the list; may be empty."""
