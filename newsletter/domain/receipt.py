"""What is known of a delivery after it was handed over, and what that means for its reader.

Nothing here depends on the order in which events are told, or on how often.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.domain.audience import SuppressionReason
from newsletter.domain.event import Bounce, Event, EventKind

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
class Receipt:
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
        """What it is known of: there is one receipt of a key."""
        return self.campaign_id, self.subscriber_id, self.kind

    def prevails(self, other: "Receipt") -> bool:
        """Whether it stands in the other's place: the graver bounce does, else the earlier."""
        return self._place() < other._place()

    def _place(self) -> tuple[int, datetime, str]:
        gravity = _GRAVITY.index(self.bounce) if self.bounce else 0
        return -gravity, self.at, self.reason


def receipt_kind(kind: EventKind) -> EventKind | None:
    """The kind of receipt for an event, if it proves anything.

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
