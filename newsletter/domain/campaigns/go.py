"""A go: a person's word that an approved text goes out, and to how many."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

_TOLERATED = 10_000
"""One in so many may come or go while somebody reads the page: with half a million people on a
list, the number would else be another one each time that they press the button."""
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\s][0-9]{3})+|[0-9]{1,12}")


class StartBy(Enum):
    """What makes an approved statement go out."""

    APPROVAL = "approval"
    """The last approval that it needed."""
    SENDER = "sender"
    """A sender, who was shown how many get it and when."""


@dataclass(frozen=True, kw_only=True)
class Go:
    """A named person's word that one version of a statement goes out."""

    slug: str
    content_hash: str
    by: str
    """A folded address."""
    at: datetime
    count: int
    """How many would get it, as the person was shown."""
    found: int = 0
    """How many they were at its start, where that was too far off, so that it was paused; else 0"""
    revoked_at: datetime | None = None

    def counts(self, content_hash: str, complete_at: datetime) -> bool:
        """Whether it starts the version with this content hash, approved by then.

        It has to be younger than the approvals: one that was taken back and given anew is for
        the approver to give, and for a sender to start.
        """
        return (
            self.revoked_at is None and self.content_hash == content_hash and self.at >= complete_at
        )


def in_force(goes: Iterable[Go], content_hash: str, complete_at: datetime | None) -> Go | None:
    """The last one that counts; none does while the approvals are not complete."""
    if complete_at is None:
        return None
    counted = [go for go in goes if go.counts(content_hash, complete_at)]
    return counted[-1] if counted else None


def moved(shown: int, now: int) -> bool:
    """Whether the number is another one than somebody was shown, so that they look again."""
    return abs(now - shown) * _TOLERATED > shown


def typed_number(text: str) -> int | None:
    """A number as people write it: 4213, 4,213, 4.213 or 4 213; None for anything else."""
    written = text.strip()
    if not _GROUPED.fullmatch(written):
        return None
    return int(re.sub(r"\D", "", written))
