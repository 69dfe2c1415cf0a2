"""Batches that somebody holds, and those of which nobody knows what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.delivery.batch import Outcome, Way


@dataclass(frozen=True, kw_only=True)
class ClaimedBatch:
    """A fenced, time-limited hold on a batch, with those in it who may still be written to."""

    id: int
    campaign: Campaign
    fence: int
    attempts: int
    at: datetime
    """When it was claimed, as it is written down."""
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


@dataclass(frozen=True, kw_only=True)
class UnknownBatch:
    """A fenced, time-limited hold on a batch that is unknown."""

    id: int
    campaign: Campaign
    """Without its figures."""
    fence: int
    provider: str
    """To which the attempt went."""
    attempt_id: str
    attempt_at: datetime
    """When the attempt was claimed; what its Date says."""
    seen_at: datetime
    """When it was last looked at, or the attempt's end: a clock before that was put back."""
    body_hash: str
    members: Sequence[tuple[int, str]]
    """(subscriber id, address) of those who are unknown, by id; an erased one has no address."""
    left: frozenset[int]
    """Those of them who may not be written to any more."""
    tries: int
    """How often it was replayed or looked up in vain."""
    absences: int
    """How often in a row the provider's settled records did not name somebody."""


class Rest(Enum):
    """What becomes of those in a batch who have no outcome of their own."""

    ACCEPTED = "accepted"
    """The provider has them."""
    NOT_HANDED_OVER = "not handed over"
    """The provider has none of them: they wait for their turn again."""
    UNKNOWN = "unknown"
    """Nobody knows yet."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """How many deliveries came out in one way."""

    way: Way
    outcome: str
    """``accepted``, ``rejected``, ``not handed over`` or ``given up``."""
    people: int
