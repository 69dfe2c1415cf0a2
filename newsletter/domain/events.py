"""What a provider tells later about a message, and what kind of bounce it is.

Nothing here depends on the order in which events are told, or on how often.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction

from newsletter.domain.delivery.state import BatchState
from newsletter.domain.errors import NewsletterError
from newsletter.domain.subscribers.audience import SuppressionReason


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


_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
"""An enhanced status code (RFC 3463), and no part of an address such as 192.5.1.1."""
_AGAINST_US = re.compile(
    r"bl(?:ack|ock)[ -]?list|reputation|\bdmarc\b|\bspf\b|\bdkim\b|\bspam|\bpolicy\b"
    r"|blocked using|listed (?:at|by|in|on)\b|unsolicited",
    re.IGNORECASE,
)
_FULL = {"2.2"}  # 5.2.2 is a permanent code for a mailbox that is full today
# 4.4 is a domain that cannot be routed; 2.1 a mailbox that was disabled (RFC 3463)
_NO_MAILBOX = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"}


def bounce_class(bounce: Bounce, diagnostic: str) -> Bounce:
    """The class of a bounce that the provider calls ``bounce``, with the server's own words.

    An objection to us is a policy bounce whatever the provider calls it, so that no reader is
    suppressed for our reputation. Where nobody says why, the status code may (RFC 3463).
    """
    code = _CODE.search(diagnostic)
    detail = f"{code[2]}.{code[3]}" if code else ""
    if bounce is Bounce.COMPLAINT:
        return bounce
    refused = code is not None and code[1] == "5" and code[2] == "7"
    # a code that names a missing mailbox is believed over words that sound like an objection
    if refused or (detail not in _NO_MAILBOX and _AGAINST_US.search(diagnostic)):
        return Bounce.POLICY
    if detail in _FULL:
        return Bounce.SOFT
    if bounce is not Bounce.OTHER or code is None:
        return bounce
    if code[1] == "4":
        return Bounce.SOFT
    return Bounce.HARD if detail in _NO_MAILBOX else Bounce.OTHER


SOFT_MEMORY = timedelta(days=30)
"""A soft bounce is forgotten after so long."""
SOFT_CAMPAIGNS = 5
"""So many campaigns have to bounce softly before it means anything."""
_SOFT_SPAN = timedelta(days=14)

_GRAVITY = (Bounce.OTHER, Bounce.SOFT, Bounce.POLICY, Bounce.COMPLAINT, Bounce.HARD)
_OF_ITS_OWN = frozenset({EventKind.DELIVERED, EventKind.BOUNCED, EventKind.COMPLAINED})
_KEPT_WHOLE = frozenset(
    {EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.OTHER}
)
_SUPPRESSING = {
    (EventKind.BOUNCED, Bounce.HARD): SuppressionReason.BOUNCED,
    (EventKind.BOUNCED, Bounce.COMPLAINT): SuppressionReason.COMPLAINED,
    (EventKind.COMPLAINED, None): SuppressionReason.COMPLAINED,
}


@dataclass(frozen=True, kw_only=True)
class DeliveryStatus:
    """One thing that is known of one delivery: one of a kind, however often it is told."""

    campaign_id: int
    subscriber_id: int
    kind: EventKind
    """ACCEPTED, DELIVERED, BOUNCED or COMPLAINED."""
    at: datetime
    bounce: Bounce | None = None
    """For BOUNCED, and only then."""
    reason: str = ""
    """In the provider's words, for people."""

    @property
    def key(self) -> tuple[int, int, EventKind]:
        """What it is known of: there is one status of a key."""
        return self.campaign_id, self.subscriber_id, self.kind

    def prevails(self, other: "DeliveryStatus") -> bool:
        """Whether it stands in the other's place: the graver bounce does, else the earlier."""
        return self._place() < other._place()

    def _place(self) -> tuple[int, datetime, str]:
        gravity = _GRAVITY.index(self.bounce) if self.bounce else 0
        # by the reason too, so that of two alike the same one stands in whatever order they come
        return -gravity, self.at, self.reason


def status_kind(kind: EventKind) -> EventKind | None:
    """The kind of status for an event, if it proves anything.

    An open, a click and the like prove that the provider had the message, and no more of them is
    kept than that.
    """
    if kind in _OF_ITS_OWN:
        return kind
    return EventKind.ACCEPTED if kind.proves_acceptance else None


def is_kept_whole(event: Event) -> bool:
    """Whether the event is kept as it came, for those who have to look into it."""
    return event.kind in _KEPT_WHOLE


def suppression(event: Event) -> SuppressionReason | None:
    """Why the event alone bars its reader's address everywhere, if it does.

    A full mailbox does not, nor an objection to us, nor a bounce of which nobody says why.
    """
    return _SUPPRESSING.get((event.kind, event.bounce))


def is_worn_out(soft: Iterable[datetime], delivered: datetime | None, now: datetime) -> bool:
    """Whether a mailbox has put us off for so long that it counts as gone.

    ``soft`` has the moment of one soft bounce a campaign, ``delivered`` the latest delivery. Of
    the bounces after that delivery and within the last 30 days there have to be five, the first
    and the last of them at least 14 days apart.
    """
    counted = [at for at in soft if at > now - SOFT_MEMORY and (not delivered or at > delivered)]
    return len(counted) >= SOFT_CAMPAIGNS and max(counted) - min(counted) >= _SOFT_SPAN


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What became of a campaign's deliveries, as far as it was told.

    A delivery that came back is not delivered, but a soft bounce of what was delivered after all
    is no bounce. Each delivery is counted in the gravest class of bounce that was told of it.
    Complaints are counted beside both: who complains has got it.
    """

    delivered: int = 0
    complained: int = 0
    bounces: Mapping[Bounce, int] = field(default_factory=dict)
    received: bool = False
    """Anything at all was told."""

    @property
    def bounced(self) -> int:
        """Those of all classes."""
        return sum(self.bounces.values())


_LEAST_ACCEPTED = 200
_COMPLAINTS = Fraction(1, 1000)
_HARD = Fraction(5, 100)


@dataclass(frozen=True, kw_only=True)
class Damage:
    """How many readers of a campaign complained, and how many mailboxes did not exist."""

    complained: int = 0
    hard: int = 0


def objections(damage: Damage, accepted: int, overruled: Damage) -> tuple[str, ...]:
    """Why the campaign has to stop, in figures; empty where it may go on.

    From 200 accepted on: complaints of 0.1 %, or hard bounces of 5 %. ``overruled`` is what a
    person saw and let go on all the same: that objection counts again when it has doubled.
    """
    return tuple(
        f"{count:,} of {accepted:,} accepted {what}"
        f" ({100 * count / accepted:.2f} %; from {float(100 * limit):g} % on it stops)"
        for count, limit, before, what in _measures(damage, overruled)
        if _trips(count, accepted, limit) and count >= 2 * before
    )


def overrule(damage: Damage, accepted: int, before: Damage) -> Damage:
    """What a person overrules who lets a campaign go on at this damage."""
    counts = (
        count if _trips(count, accepted, limit) else earlier
        for count, limit, earlier, _ in _measures(damage, before)
    )
    return Damage(complained=next(counts), hard=next(counts))


def _measures(damage: Damage, other: Damage) -> Iterator[tuple[int, Fraction, int, str]]:
    yield damage.complained, _COMPLAINTS, other.complained, "were reported as spam"
    yield damage.hard, _HARD, other.hard, "came back since there is no such mailbox"


def _trips(count: int, accepted: int, limit: Fraction) -> bool:
    return accepted >= _LEAST_ACCEPTED and count > 0 and count >= limit * accepted


class Forged(NewsletterError):
    """What was posted to us was not signed by the provider, or so long ago that it is a replay."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whom an event speaks of, and of which delivery, as far as we know them."""

    subscriber_id: int | None = None
    address: str = ""
    """The one that the event speaks of, which its reader may have left since.

    Empty for somebody unknown or erased, and where it is not known which address is meant.
    """
    erased: bool = False
    """The person asked to be forgotten: nothing that names them is kept."""
    campaign_id: int | None = None
    """None where no campaign went, or was to go, to this person."""
    lists: tuple[str, ...] = ()
    """Those of the campaign."""
    batch: BatchState | None = None
    """Where the batch stands. Unless it is done, the event may prove what became of it."""

    @property
    def delivery(self) -> tuple[int, int] | None:
        """(campaign id, subscriber id), where both are known."""
        if self.campaign_id is None or self.subscriber_id is None:
            return None
        return self.campaign_id, self.subscriber_id

    @property
    def under_way(self) -> bool:
        """The call is made at this moment: nothing can be booked yet."""
        return self.batch is BatchState.CLAIMED
