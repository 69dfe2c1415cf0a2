"""What is kept of what providers tell later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from newsletter.domain.delivery.batch import BatchState

if TYPE_CHECKING:
    from newsletter.domain.events.event import Damage, Event, Figures, Receipt


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whom an event speaks of, and of which delivery, as far as we know them."""

    subscriber_id: int | None = None
    address: str = ""
    """As we know it; empty for somebody unknown or erased."""
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


class Events(Protocol):
    """Receipts, and events as they came."""

    def locate(self, events: Sequence[Event], *, provider: str, workspace: str) -> list[Place]:
        """Whom each of them speaks of, in their order, as this provider told it.

        A subscriber's number counts where the attempt is ours or the address is theirs; else the
        address alone says who it is. A delivery is found by the attempt; where another followed it
        or it names none, by the slug, if one campaign alone ever tried to reach that reader.
        """
        ...

    def is_first(self, token: bytes, content: bytes, at: datetime) -> bool:
        """Remember what came with a token; False where something else came with it before.

        What is older than a day is forgotten: a post as old is refused anyway.
        """
        ...

    def note(self, receipts: Iterable[Receipt]) -> None:
        """Keep one receipt of each key: the one that prevails."""
        ...

    def keep(self, provider: str, told: Iterable[tuple[Event, Place]], at: datetime) -> int:
        """Keep events as they came, each once; returns how many are new."""
        ...

    def telling(self, campaign_id: int) -> list[int]:
        """Those of whom the books do not say that the provider took it, and a receipt does."""
        ...

    def figures(self, campaign_id: int) -> Figures:
        """What became of the campaign's deliveries."""
        ...

    def returned(self, campaign_id: int) -> list[tuple[str, str, str]]:
        """(address, class, reason) of each delivery that came back."""
        ...

    def soft_bounces(
        self, since: datetime, campaigns: int
    ) -> Mapping[int, tuple[Sequence[datetime], datetime | None]]:
        """Whose mail of at least so many campaigns bounced softly since then.

        Subscriber id → the moments of these bounces, and of the latest delivery, if any.
        """
        ...

    def damage(self, campaign_id: int) -> Damage:
        """Complaints and hard bounces; costs as much as there are of them."""
        ...

    def overruled(self, campaign_id: int) -> Damage:
        """The damage at which a person let the campaign go on."""
        ...

    def overrule(self, campaign_id: int, damage: Damage) -> None: ...
