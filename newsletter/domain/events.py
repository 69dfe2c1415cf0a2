"""Events that providers report about a message, and the classes of bounces.

Reports may come in any order and several times: the result is the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fractions import Fraction

from newsletter.domain.delivery.batch import BatchState, DeliveryState
from newsletter.domain.errors import NewsletterError
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.domain.wording import say


class EventKind(Enum):
    """The kind of an event that a provider reports after it accepted a message."""

    ACCEPTED = "accepted"
    """The provider says again that it took the message."""
    DELIVERED = "delivered"
    """The reader's mail server took the message."""
    DELAYED = "delayed"
    """The reader's mail server deferred the message; the provider tries again."""
    BOUNCED = "bounced"
    """The message came back, or the provider dropped it after accepting it."""
    COMPLAINED = "complained"
    """The reader reported the message as spam."""
    UNSUBSCRIBED = "unsubscribed"
    """The reader asked the provider, or their mail program, to be unsubscribed."""
    OPENED = "opened"
    """An image of the message was fetched, often by a program. The event has no effect."""
    CLICKED = "clicked"
    """A link in the message was followed, often by a program. The event has no effect."""
    OTHER = "other"
    """Any other event: stored as received, without effect."""

    @property
    def proves_acceptance(self) -> bool:
        """Return whether such an event proves that the provider accepted the message."""
        return self is not EventKind.OTHER


class Bounce(Enum):
    """The class of a bounce."""

    HARD = "hard"
    """The mailbox or domain does not exist."""
    SOFT = "soft"
    """The mailbox is full, or its server has a temporary fault."""
    POLICY = "policy"
    """The receiving server objects to the sender or to the message, not to the reader."""
    COMPLAINT = "complaint"
    """The provider withholds the message because the reader once reported one as spam."""
    OTHER = "other"
    """The report gives no reason."""


@dataclass(frozen=True, kw_only=True)
class CampaignOutcome:
    """The outcome of one campaign for one subscriber."""

    campaign: int
    slug: str
    state: DeliveryState
    reason: str
    at: datetime | None
    event_kinds: tuple[EventKind, ...]
    """The kinds of the reported events, oldest first."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event that a provider reports about a message, with all ids that it gives."""

    id: str
    """The id of the event: the same in each repeated report of it."""
    kind: EventKind
    at: datetime
    """The time of the event by the provider's clock, aware."""
    bounce: Bounce | None = None
    """The class of the bounce, only for BOUNCED."""
    address: str = ""
    campaign: str = ""
    """The campaign's slug, if the provider returns it."""
    attempt_id: str = ""
    subscriber_id: int | None = None
    provider_id: str = ""
    reason: str = ""
    """In the provider's words, for people."""
    token: str = ""
    """The token that the provider signed, if it did not sign the event itself."""
    raw: str = ""
    """The event as received, for inspection."""


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """A stored event, without the address."""

    number: int
    provider: str
    kind: EventKind
    at: datetime
    """The time by the provider's clock."""
    received_at: datetime
    campaign_id: int | None
    subscriber_id: int | None
    """None for an unknown or erased subscriber."""
    bounce: Bounce | None
    """The class of the bounce of this delivery."""


_STATUS_CODE_PATTERN = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
"""An enhanced status code (RFC 3463), but not a part of an address such as 192.5.1.1."""
_OBJECTION_PATTERN = re.compile(
    r"bl(?:ack|ock)[ -]?list|reputation|\bdmarc\b|\bspf\b|\bdkim\b|\bspam|\bpolicy\b"
    r"|blocked using|listed (?:at|by|in|on)\b|unsolicited",
    re.IGNORECASE,
)
_MAILBOX_FULL_CODES = {"2.2"}  # 5.2.2 is a permanent code for a mailbox that is full today
# 4.4 is a domain that cannot be routed; 2.1 a mailbox that was disabled (RFC 3463)
_NO_MAILBOX_CODES = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"}


def classify_bounce(bounce: Bounce, diagnostic: str) -> Bounce:
    """Return the class of a bounce, from the provider's class and the mail server's reply.

    An objection to the sender is a policy bounce, so that a bad reputation suppresses no reader. A
    class of OTHER is decided by the status code in the reply (RFC 3463).
    """
    code = _STATUS_CODE_PATTERN.search(diagnostic)
    detail = f"{code[2]}.{code[3]}" if code else ""
    if bounce is Bounce.COMPLAINT:
        return bounce
    refused = code is not None and code[1] == "5" and code[2] == "7"
    # the code of a missing mailbox outranks words that sound like an objection
    if refused or (detail not in _NO_MAILBOX_CODES and _OBJECTION_PATTERN.search(diagnostic)):
        return Bounce.POLICY
    if detail in _MAILBOX_FULL_CODES:
        return Bounce.SOFT
    if bounce is not Bounce.OTHER or code is None:
        return bounce
    if code[1] == "4":
        return Bounce.SOFT
    return Bounce.HARD if detail in _NO_MAILBOX_CODES else Bounce.OTHER


_BOUNCES_BY_GRAVITY = (Bounce.OTHER, Bounce.SOFT, Bounce.POLICY, Bounce.COMPLAINT, Bounce.HARD)
_STATUS_KINDS = frozenset({EventKind.DELIVERED, EventKind.BOUNCED, EventKind.COMPLAINED})
STORED_KINDS = frozenset(
    {EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.OTHER}
)
"""Kinds of events that are stored as received, for inspection."""
_SUPPRESSION_REASONS = {
    (EventKind.BOUNCED, Bounce.HARD): SuppressionReason.BOUNCED,
    (EventKind.BOUNCED, Bounce.COMPLAINT): SuppressionReason.COMPLAINED,
    (EventKind.COMPLAINED, None): SuppressionReason.COMPLAINED,
}


@dataclass(frozen=True, kw_only=True)
class DeliveryStatus:
    """A status of one delivery. One of each kind is stored."""

    campaign_id: int
    subscriber_id: int
    kind: EventKind
    """ACCEPTED, DELIVERED, BOUNCED or COMPLAINED."""
    at: datetime
    bounce: Bounce | None = None
    """The class of the bounce, only for BOUNCED."""
    reason: str = ""
    """In the provider's words, for people."""

    @property
    def key(self) -> tuple[int, int, EventKind]:
        return self.campaign_id, self.subscriber_id, self.kind

    def replaces(self, other: "DeliveryStatus") -> bool:
        """Return whether it replaces the other: a graver bounce does, else the earlier status."""
        return self._rank() < other._rank()

    def _rank(self) -> tuple[int, datetime, str]:
        gravity = _BOUNCES_BY_GRAVITY.index(self.bounce) if self.bounce else 0
        # the reason breaks a tie, so that the order of the reports does not matter
        return -gravity, self.at, self.reason


def status_kind(kind: EventKind) -> EventKind | None:
    """Return the kind of delivery status that an event proves, or None.

    An open or a click proves only that the provider accepted the message.
    """
    if kind in _STATUS_KINDS:
        return kind
    return EventKind.ACCEPTED if kind.proves_acceptance else None


def suppression_reason(event: Event) -> SuppressionReason | None:
    """Return the reason for which this event suppresses the address, or None.

    A full mailbox, a policy bounce and a bounce without a reason do not.
    """
    return _SUPPRESSION_REASONS.get((event.kind, event.bounce))


@dataclass(frozen=True, kw_only=True)
class Reactions:
    """The reported numbers by which campaigns are compared.

    A soft bounce before a delivery does not count. Complaints are also counted as delivered.
    """

    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    """The people who left a list through a link of the campaign."""
    received: bool = False
    """At least one event was reported."""


@dataclass(frozen=True, kw_only=True)
class CampaignResults(Reactions):
    """The reported results of a campaign's deliveries.

    Each delivery counts once, as delivered or in its gravest class of bounce.
    """

    delivered: int = 0
    bounces: Mapping[Bounce, int] = field(default_factory=dict)


_MIN_ACCEPTED_MESSAGES = 200
MAX_COMPLAINT_RATIO = Fraction(1, 1000)
_MAX_BOUNCE_RATIO = Fraction(5, 100)


@dataclass(frozen=True, kw_only=True)
class BreakerCounts:
    """The numbers of complaints and hard bounces of a campaign, for the circuit breaker."""

    complained: int = 0
    hard: int = 0


def pause_reasons(
    counts: BreakerCounts, accepted: int, overruled: BreakerCounts
) -> tuple[str, ...]:
    """Return why the campaign must be paused; empty if it may continue.

    The limits apply from 200 accepted messages on: 0.1 % complaints, 5 % hard bounces.
    ``overruled`` are the counts at which a person resumed the campaign: a count is over the limit
    again once it has doubled.
    """
    over = "{n:,} of {accepted:,} accepted {what} ({share:.2f} %; from {limit:g} % on it stops)"
    return tuple(
        say(over, n=count, accepted=accepted, what=what, share=share, limit=float(100 * limit))
        for count, limit, before, what in _measures(counts, overruled)
        if _is_over_limit(count, accepted, limit) and count >= 2 * before
        for share in (100 * count / accepted,)
    )


def overrule(counts: BreakerCounts, accepted: int, overruled: BreakerCounts) -> BreakerCounts:
    """Return the counts that a person has overruled after resuming a campaign now.

    A count below its limit keeps the value of ``overruled``.
    """
    complained, hard = (
        count if _is_over_limit(count, accepted, limit) else before
        for count, limit, before, _ in _measures(counts, overruled)
    )
    return BreakerCounts(complained=complained, hard=hard)


def _measures(
    counts: BreakerCounts, other: BreakerCounts
) -> Iterator[tuple[int, Fraction, int, str]]:
    yield counts.complained, MAX_COMPLAINT_RATIO, other.complained, say("were reported as spam")
    bounced = say("came back since there is no such mailbox")
    yield counts.hard, _MAX_BOUNCE_RATIO, other.hard, bounced


def _is_over_limit(count: int, accepted: int, limit: Fraction) -> bool:
    return accepted >= _MIN_ACCEPTED_MESSAGES and count > 0 and count >= limit * accepted


class Forged(NewsletterError):
    """A post that the provider did not sign, or that is too old."""


@dataclass(frozen=True, kw_only=True)
class EventTarget:
    """The subscriber and delivery of an event, as far as they are known."""

    subscriber_id: int | None = None
    address: str = ""
    """The address in the event; the subscriber may have another one now.

    Empty for an unknown or erased subscriber, and if the event names none.
    """
    erased: bool = False
    """The subscriber was erased: no address and no text of the event is stored."""
    campaign_id: int | None = None
    """None if no campaign was sent to this reader."""
    lists: tuple[str, ...] = ()
    batch: BatchState | None = None
    """The state of the batch. Unless it is done, the event may prove an outcome."""
    may_leave: bool = False
    """The message to this subscriber is being sent, or may still be sent."""

    @property
    def delivery(self) -> tuple[int, int] | None:
        """Return (campaign id, subscriber id), or None if one of them is unknown."""
        if self.campaign_id is None or self.subscriber_id is None:
            return None
        return self.campaign_id, self.subscriber_id
