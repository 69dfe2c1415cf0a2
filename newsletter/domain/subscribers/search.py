"""A search among subscribers: the conditions that all of its people meet."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.domain.subscribers.segment import Segment


class SubscriberState(Enum):
    """The relation of a person to a list, or to any list."""

    ANY = ""
    """With a list: that of its subscribers."""
    SUBSCRIBED = "subscribed"
    """The person subscribes, and the address is not suppressed."""
    PAUSED = "paused"
    """The person paused all email."""
    REQUESTED = "requested"
    """The person waits for the decision of staff."""
    LEFT = "left"
    """The person unsubscribed."""
    SUPPRESSED = "suppressed"
    """Nothing is sent to the address."""


class Origin(Enum):
    """The way by which a person became a subscriber."""

    ANY = ""
    """No condition of a search."""
    SIGN_UP = "sign-up"
    """The person signed up on a page."""
    IMPORT = "import"
    """A file named the person."""
    STAFF = "staff"
    """A member of staff added the person."""
    API = "API"
    """Another program added the person."""


@dataclass(frozen=True, kw_only=True)
class SubscriberSearch:
    """The conditions of a search. An empty field matches everybody."""

    words: str = ""
    """A part of the address, name, outlet or beat."""
    list: str = ""
    state: SubscriberState = SubscriberState.ANY
    segment: Segment | None = None
    """The segment picks the person, who may be suppressed or pause."""
    tag: str = ""
    language: str = ""
    """A language, spelt the same."""
    origin: Origin = Origin.ANY
    since: datetime | None = None
    """The person was added then or later."""
    until: datetime | None = None
    """The person was added before."""
    ids: tuple[int, ...] = ()
