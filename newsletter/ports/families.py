"""Whom a member of a family goes to, as the store knows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.campaigns.campaign import Campaign
    from newsletter.domain.schedule import ByZone
    from newsletter.domain.subscribers.segment import Segment


@dataclass(frozen=True, kw_only=True)
class Share:
    """Of the readers of a family's lists, those that one member goes to.

    They are those of its languages whom no other member of the family has, or may have.
    """

    slug: str
    """The member."""
    original: str
    """The slug of the family's original."""
    lists: tuple[str, ...]
    languages: frozenset[str]
    """As the readers named them; empty for those who named none."""
    segment: Segment | None = None
    """Only those whom it picks."""


class Families(Protocol):
    """The readers of a statement in several languages. Suppression outranks everything.

    A reader who stands in a campaign of one member is had by it, in whatever state: but not who was
    cancelled before being handed over, unless a correction took them over.
    """

    def campaigns(self, original: str) -> list[Campaign]:
        """The latest campaign of each statement that was ever planned as its translation."""
        ...

    def languages(self, lists: Sequence[str]) -> set[str]:
        """The languages of those who would get what goes to these lists."""
        ...

    def audience(self, share: Share) -> int:
        """How many would get it now."""
        ...

    def reachable(self, share: Share) -> Iterator[str]:
        """The addresses of those who would get it."""
        ...

    def elsewhere(self, share: Share) -> list[tuple[str, str, str]]:
        """(address, language, slug) of those on its lists who would get it, were it not for others.

        The slug is that of the member which has them; empty where it is their language alone.
        """
        ...

    def freeze(
        self, campaign_id: int, share: Share, batch_size: int, by_zone: ByZone | None = None
    ) -> int:
        """Fix the audience by one statement; returns its size.

        Nobody whom another member has at that moment is in it. ``by_zone`` is as for campaigns.
        """
        ...
