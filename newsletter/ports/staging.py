"""What comes of a file of people: who is new, and who stays away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.domain.subscribers.audience import SuppressionReason

EXAMPLES = 3
"""Of so many people in a file it is told where they stand, for each thing that is told of them."""


@dataclass(frozen=True, kw_only=True)
class Away:
    """People who stay away, although a file names them."""

    people: int = 0
    first: tuple[tuple[str, str], ...] = ()
    """Place and address of the first of them, at most ``EXAMPLES``."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What came of a file, or would come of it."""

    new: int
    known: int
    suppressed: int
    """Addresses that were not suppressed before."""
    refused: Mapping[SuppressionReason, Away]
    """Who is suppressed here and not taken, in the order of the file."""
    left: Away
    """Who left a list here that the file names, and stays away from it."""
