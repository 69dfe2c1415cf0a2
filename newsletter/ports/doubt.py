"""What is kept about batches of which nobody knows whether the provider took them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.campaigns.campaign import Campaign
    from newsletter.domain.delivery.batch import Outcome, Way
    from newsletter.ports.sending import Resolution


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


class Unknowns(Protocol):
    """Batches of which nobody knows whether the provider took them."""

    def take(
        self, *, at: datetime, lease: timedelta, accounts: Mapping[str, str]
    ) -> UnknownBatch | None:
        """Take hold of the next one that is due for another look, so long as the lease lasts.

        Only of those that went to one of these accounts, by provider: another account knows no
        key of theirs, and that it has none of them proves nothing.
        """
        ...

    def call(self, held: UnknownBatch, *, until: datetime) -> None:
        """Write down that it is about to be handed over again, by a call that ends before then."""
        ...

    def calls_until(self, campaign_id: int, at: datetime) -> datetime | None:
        """Until when such a call of a campaign may be under way; None where none is."""
        ...

    def strays(self, accounts: Mapping[str, str], campaign_id: int | None = None) -> int:
        """How many are unknown at another account than these, in one campaign or in all."""
        ...

    def adopt(self, campaign_id: int, accounts: Mapping[str, str]) -> int:
        """A person says that these are the accounts they went to; returns how many they are.

        Only of those that went to one of these providers. They are due for a look.
        """
        ...

    def settle(
        self,
        held: UnknownBatch,
        *,
        known: Mapping[int, Outcome],
        rest: Rest,
        way: Way,
        at: datetime,
    ) -> bool:
        """Book what came out, if the fence still holds; tells whether it did.

        ``known`` holds only ACCEPTED and REJECTED. Those not handed over are queued again, or
        cancelled where their campaign was.
        """
        ...

    def put_off(
        self, held: UnknownBatch, *, until: datetime | None, tries: int, absences: int
    ) -> None:
        """Look again at this time; None: only a person can tell."""
        ...

    def campaigns(self) -> list[int]:
        """The campaigns that they are of."""
        ...

    def next_at(self, accounts: Mapping[str, str]) -> datetime | None:
        """When the next of them is due for another look, if any ever is."""
        ...

    def decide(self, campaign_id: int, to: Resolution, at: datetime) -> int:
        """A person decides what became of all of a campaign; returns how many deliveries."""
        ...

    def confirm(
        self, campaign_id: int, provider_ids: Mapping[int, str], *, at: datetime, reason: str
    ) -> int:
        """Book as accepted those of these people of whom it was not known; returns how many.

        ``provider_ids`` is keyed by subscriber id, with an empty string where none is known. It
        moves people who are unknown, given up, or about to be handed over once more, and nobody
        else; a batch in which nothing else is open is done.
        """
        ...

    def resolved(self, campaign_id: int) -> list[Resolved]:
        """Which way how many of a campaign came out."""
        ...
