"""Where readers are, as far as their clocks go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.subscribers.segment import Segment


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Whom a statement goes to, before it is known who of them another language has."""

    lists: tuple[str, ...]
    segment: Segment | None = None
    languages: frozenset[str] | None = None
    """As the readers named them; None for whatever they read."""


class Zones(Protocol):
    """The time zones of readers, as they named them; empty for those who named none."""

    def counts(self, aim: Aim) -> dict[str, int]:
        """Zone → how many of those who would get it have it."""
        ...

    def has(self, aim: Aim, zones: Collection[str]) -> bool:
        """Whether any of those who would get it has one of these zones."""
        ...
