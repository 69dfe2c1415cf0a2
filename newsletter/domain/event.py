"""What a provider tells later about a message, and what kind of bounce it is."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EventKind(Enum):
    """What happened to a message after it was handed over."""

    ACCEPTED = "accepted"
    """The provider says again that it took the message."""
    DELIVERED = "delivered"
    """The reader's mail server took the message."""
    DELAYED = "delayed"
    """The reader's mail server put the provider off; it tries again by itself."""
    BOUNCED = "bounced"
    """The message came back, or the provider dropped it after taking it."""
    COMPLAINED = "complained"
    """The reader reported the message as spam."""
    UNSUBSCRIBED = "unsubscribed"
    """The reader asked the provider, or their mail program, to be taken off."""
    OPENED = "opened"
    """An image of it was fetched, often by a program. Nothing is decided by it."""
    CLICKED = "clicked"
    """A link in it was followed, often by a program. Nothing is decided by it."""
    OTHER = "other"
    """Anything else a provider tells: kept as it came, and nothing follows from it."""

    @property
    def proves_acceptance(self) -> bool:
        """Only a message that the provider took can have this happen to it."""
        return self is not EventKind.OTHER


class Bounce(Enum):
    """Why a message came back."""

    HARD = "hard"
    """There is no such mailbox or domain: writing again is pointless."""
    SOFT = "soft"
    """The mailbox is full, or its server has a passing fault."""
    POLICY = "policy"
    """The receiving server objects to us or to the message, not to the reader."""
    COMPLAINT = "complaint"
    """The provider keeps the message back since the reader once called one spam."""
    OTHER = "other"
    """Nobody says why."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing a provider told. It names the delivery as well as the provider can."""

    id: str
    """The same for the same event however often it is told, and unlike any other's."""
    kind: EventKind
    at: datetime
    """When it happened, by the provider's clock, aware."""
    bounce: Bounce | None = None
    """For BOUNCED, and only then."""
    address: str = ""
    campaign: str = ""
    """The slug that was handed over with the message, where it comes back."""
    attempt_id: str = ""
    subscriber_id: int | None = None
    provider_id: str = ""
    reason: str = ""
    """In the provider's words, for people."""
    token: str = ""
    """What the provider signed for this event alone, where it did not sign the event itself."""
    raw: str = ""
    """The event as it came, for those who have to look into it."""


_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_AGAINST_US = re.compile(
    r"bl(?:ack|ock)[ -]?list|reputation|\bdmarc\b|\bspf\b|\bdkim\b|\bspam|\bpolicy\b"
    r"|blocked using|listed (?:at|by|in|on)\b|unsolicited",
    re.IGNORECASE,
)
_FULL = {"2.2"}  # 5.2.2 is a permanent code for a mailbox that is full today
_NO_MAILBOX = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"}


def bounce_class(said: Bounce, diagnostic: str) -> Bounce:
    """The class of a bounce that the provider calls ``said``, with the server's own words.

    An objection to us is a policy bounce whatever the provider calls it, so that no reader is
    suppressed for our reputation. Where nobody says why, the status code may (RFC 3463).
    """
    code = _CODE.search(diagnostic)
    detail = f"{code[2]}.{code[3]}" if code else ""
    if said is Bounce.COMPLAINT:
        return said
    refused = code is not None and code[1] == "5" and code[2] == "7"
    if refused or (detail not in _NO_MAILBOX and _AGAINST_US.search(diagnostic)):
        return Bounce.POLICY
    if detail in _FULL:
        return Bounce.SOFT
    if said is not Bounce.OTHER or code is None:
        return said
    if code[1] == "4":
        return Bounce.SOFT
    return Bounce.HARD if detail in _NO_MAILBOX else Bounce.OTHER
