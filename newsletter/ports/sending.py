"""What is kept about campaigns and their batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.campaigns.campaign import Campaign, CampaignState
    from newsletter.domain.delivery.batch import Outcome
    from newsletter.domain.delivery.pacing import Pace
    from newsletter.domain.schedule import ByZone
    from newsletter.domain.subscribers.segment import Segment

_ANY: Mapping[str, int | None] = {}


class Campaigns(Protocol):
    """Campaigns, their audiences and figures."""

    def all(self) -> list[Campaign]: ...

    def heads(self) -> list[Campaign]:
        """The same without their figures, which cost a sum over all batches there are."""
        ...

    def newest(self, most: int | None) -> list[Campaign]:
        """The last so many, newest first, with their figures."""
        ...

    def count(self) -> int: ...

    def open(self) -> list[Campaign]:
        """Those that are not over: scheduled, sending, paused, or in need of attention."""
        ...

    def open_heads(self) -> list[Campaign]:
        """The same without their figures."""
        ...

    def going(self) -> list[Campaign]:
        """Those that are sending, with their figures."""
        ...

    def begun(self, after: datetime) -> list[Campaign]:
        """Those that began after a moment, in that order, without their figures."""
        ...

    def last_begun(self, most: int) -> list[Campaign]:
        """The so many that began last, newest first, without their figures."""
        ...

    def kin(self, slugs: Collection[str]) -> list[Campaign]:
        """Those of these statements, and of all that correct them or are corrected by them.

        Also where there are several in between; oldest first, without their figures.
        """
        ...

    def translations(self, slugs: Collection[str]) -> set[str]:
        """The slugs of the campaigns that translate these statements."""
        ...

    def published(self, *, skip: int, most: int) -> list[str]:
        """The slugs of what began to go out: what began last, first; each once."""
        ...

    def count_published(self) -> tuple[int, datetime | None]:
        """How many slugs that are, and when one of them last began."""
        ...

    def get(self, campaign_id: int) -> Campaign | None: ...

    def latest(self, slug: str) -> Campaign | None: ...

    def sending(self) -> list[int]:
        """The ids of those that are sending."""
        ...

    def due(self, now: datetime) -> list[Campaign]:
        """Those scheduled whose time has come, oldest first."""
        ...

    def add(self, campaign: Campaign, at: datetime) -> int:
        """Insert a scheduled campaign (its ``id`` is ignored) and return its id."""
        ...

    def freeze(
        self,
        campaign_id: int,
        lists: Sequence[str],
        batch_size: int,
        *,
        segment: Segment | None = None,
        by_zone: ByZone | None = None,
    ) -> int:
        """Fix the audience in batches of ``batch_size`` by one statement; returns its size.

        With ``segment`` only those whom it picks at that moment. With ``by_zone`` each batch holds
        readers of one instant, and waits for it.
        """
        ...

    def move(
        self,
        campaign_id: int,
        to: CampaignState,
        *,
        expect: Iterable[CampaignState],
        at: datetime,
        reason: str = "",
    ) -> bool:
        """Change the state if it is one of ``expect``; tells whether it was."""
        ...

    def reschedule(self, campaign_id: int, release_at: datetime, *, urgent: bool) -> None: ...

    def hand_on(self, campaign_id: int, carrier: str) -> bool:
        """Let what waits go to this provider, at once; empty is the first. Tells what is new.

        What waits for an hour goes then.
        """
        ...

    def carriers(self) -> set[str]:
        """The carriers of the campaigns that are sending."""
        ...

    def providers(self, campaign_id: int) -> list[str]:
        """The providers that its batches went to, by name."""
        ...

    def cancel_pending(self, campaign_id: int) -> int:
        """Turn what is queued into cancelled; returns how many deliveries."""
        ...

    def exceptions(self, campaign_id: int) -> list[tuple[str, str, str, str]]:
        """(address, state, reason, provider id) of each delivery that differs from its batch."""
        ...

    def unknown(self, campaign_id: int) -> list[str]:
        """The addresses of those of whom nobody knows whether the provider took the message."""
        ...


@dataclass(frozen=True, kw_only=True)
class ClaimedBatch:
    """A fenced, time-limited hold on a batch, with those in it who may still be written to."""

    id: int
    campaign: Campaign
    fence: int
    attempts: int
    at: datetime
    """When it was claimed, as it is written down."""
    number: int
    """How many claims there ever were in this database, with this one."""
    provider: str
    """To which it goes."""
    members: Sequence[tuple[int, str]]
    """(subscriber id, address), by id, without those who left since the freeze: they are booked."""


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What became of a batch: one final outcome for all, and those who differ."""

    outcome: Outcome
    """ACCEPTED, REJECTED or UNKNOWN."""
    exceptions: Mapping[int, Outcome]
    """Those who were ACCEPTED or REJECTED, unlike the rest."""
    again: Mapping[int, Outcome] = field(default_factory=dict)
    """Those who were provably not handed over."""
    wait: timedelta = timedelta(0)
    """After which they may be tried again."""


class Resolution(Enum):
    """What a person says became of deliveries that nobody could know about."""

    ACCEPTED = "accepted"
    """The provider has them."""
    RESEND = "resend"
    """The provider does not have them: send them again."""
    GIVE_UP = "give up"
    """Leave them; whoever did not get one gets none."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What of a campaign was put back, since the provider did not take it."""

    people: int
    tries: int
    """Of whichever batch was tried most often."""
    reason: str
    next_at: datetime | None
    """When the first of them is tried again."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is still to be handed over."""

    queued: int
    claimed: int
    next_at: datetime | None
    """When the earliest queued batch may be claimed."""
    most_attempts: int
    """Of any batch that is queued."""
    reason: str
    """What the latest of them were put back for."""

    def due_by(self, instant: datetime) -> bool:
        """Whether something is queued that does not wait for an hour after this instant.

        What was tried and put back waits for something else than an hour.
        """
        tried = bool(self.most_attempts)
        return tried or (self.next_at is not None and self.next_at <= instant)


@dataclass(frozen=True, kw_only=True)
class Later:
    """Readers whose hour by their own clocks is still to come."""

    next_at: datetime
    last_at: datetime
    readers: int


class Batches(Protocol):
    """The unit of work."""

    def claim(
        self,
        *,
        at: datetime,
        lease: timedelta,
        attempt_id: str,
        room: Mapping[str, int | None] = _ANY,
    ) -> ClaimedBatch | None:
        """Take one queued batch of a campaign that is sending, of urgent ones first; none on hold.

        Checks suppressions and subscriptions again, in the same transaction, and books those who
        left. A batch in which nobody is left is done and is not returned.

        ``room`` holds how many members a batch may have at each provider, the first one first;
        None is no limit. Those beyond it become a queued batch of their own.
        """
        ...

    def intend(self, batch_id: int, *, fence: int, body_hash: str, account: str = "") -> None:
        """Write down what is about to leave, and to which account at its provider."""
        ...

    def settle(
        self,
        claimed: ClaimedBatch,
        *,
        booking: Booking,
        at: datetime,
    ) -> bool:
        """Book the answer if the fence still holds; tells whether it did.

        Those to be tried again leave for a queued batch of their own, which counts the tries so
        far. Where the campaign was cancelled in the meantime, that batch is cancelled instead.
        """
        ...

    def requeue(self, claimed: ClaimedBatch, *, not_before: datetime, reason: str) -> bool:
        """Put a batch back that was provably not handed over, if the fence still holds.

        Where its campaign was cancelled in the meantime, the batch is cancelled instead.
        """
        ...

    def split(self, claimed: ClaimedBatch) -> bool:
        """Replace a batch by two halves of it, if the fence still holds."""
        ...

    def abandon(self, *, at: datetime) -> int:
        """Turn every claimed batch into unknown: whoever held them is dead. Returns how many.

        Whoever held an unknown one is dead too.
        """
        ...

    def is_open(self, campaign_id: int) -> bool:
        """Whether any batch of the campaign is queued or claimed."""
        ...

    def later(self, campaign_id: int, now: datetime) -> Later | None:
        """Who waits for an hour that has not come; None where nobody does."""
        ...

    def outage(self, campaign_id: int) -> Outage | None:
        """What of it was tried in vain and waits for another try; None where nothing is."""
        ...

    def waiting(self) -> Waiting:
        """What campaigns that are sending still have to hand over."""
        ...


class Paces(Protocol):
    """The pace at each provider and sending domain."""

    def get(self, provider: str, domain: str) -> Pace:
        """The pace as it was last put; a fresh one where none was."""
        ...

    def put(self, provider: str, domain: str, pace: Pace) -> None: ...

    def forgive(self, provider: str) -> None:
        """Forget that it was to be left alone, and since when it took nothing."""
        ...
