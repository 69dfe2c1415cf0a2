"""Whom a correction goes to, as the store knows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.campaigns.campaign import Campaign
    from newsletter.domain.subscribers.segment import Segment


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One statement that puts another right, and whom it goes to.

    They are those who may have the original, and those who still wait in a campaign of it that
    the correction ends; the latter only while they are subscribed.
    """

    by: str
    """The slug of the correction."""
    of: str
    """The slug of the original: the statement whose readers get it."""
    lists: tuple[str, ...]
    """Of the original's campaign: a link in the correction ends these subscriptions."""
    unstarted: bool
    """That campaign has not begun: the correction goes to its lists, in its place."""
    stops: tuple[Campaign, ...]
    """Campaigns that might still hand something over, and must not."""
    segment: Segment | None = None
    """Of what has not begun: the correction goes to those alone whom this picks."""


class Corrections(Protocol):
    """Those who may have a statement, or wait for it. Suppression outranks everything."""

    def audience(self, correction: Correction) -> int:
        """How many would get it now."""
        ...

    def reachable(self, correction: Correction) -> Iterator[str]:
        """The addresses of those who would get it."""
        ...

    def excluded(self, correction: Correction) -> list[tuple[str, str]]:
        """(address, reason) of those who were to get the original and would not get it."""
        ...

    def take_over(self, campaign_id: int, by: str) -> None:
        """Note that the correction ``by`` ended this campaign and goes to who waited in it."""
        ...

    def freeze(self, campaign_id: int, correction: Correction, batch_size: int) -> int:
        """Fix the correction's audience by one statement; returns its size.

        Its campaign takes the original's lists. At the claim, whoever may have the original is
        asked for no subscription; whoever only waited for it is.
        """
        ...
