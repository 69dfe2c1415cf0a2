"""A campaign: one approved statement that is sent to its lists once, and its next step."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeGuard

from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import say


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The number of deliveries in each state."""

    pending: int = 0
    accepted: int = 0
    rejected: int = 0
    suppressed: int = 0
    cancelled: int = 0
    unknown: int = 0

    @property
    def audience(self) -> int:
        """The sum of all states, which is the accounting identity."""
        return sum(vars(self).values())


class CampaignState(Enum):
    """The state of a campaign."""

    SCHEDULED = "scheduled"
    """Approved, waiting for its time or for the undo window to close. No audience yet."""
    SENDING = "sending"
    """Its audience is frozen and its batches are being sent."""
    PAUSED = "paused"
    """Paused by a person, or by a fault that a person must repair."""
    SENT = "sent"
    """Every delivery has a known, final state."""
    CANCELLED = "cancelled"
    """Ended by a person or a correction, or withdrawn after a change. Sent messages stay sent."""
    ATTENTION = "attention"
    """Finished, with deliveries whose outcome is unknown."""

    @property
    def ended(self) -> bool:
        """Nothing more is sent unless a person decides so."""
        return self in {CampaignState.SENT, CampaignState.CANCELLED, CampaignState.ATTENTION}

    @property
    def final(self) -> bool:
        """Nothing more is sent unless an admin sends it to the rest."""
        return self in {CampaignState.SENT, CampaignState.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One approved statement going to its lists, once."""

    id: int
    slug: str
    content_hash: str
    state: CampaignState
    release_at: datetime
    approved_by: tuple[str, ...]
    lists: tuple[str, ...]
    provider: str
    """The provider at the start; a fail-over may use another one later."""
    corrects: str = ""
    """The slug of the statement whose readers it goes to, whatever they are subscribed to."""
    translates: str = ""
    """The original's slug for the campaign of a translation: both share their readers."""
    corrected_by: str = ""
    """The slug of the correction that ended it, and that goes to those who waited in it."""
    counts: Counts = field(default_factory=Counts)
    given_up: bool = False
    """A person let deliveries rest unknown: they count as cancelled, and may have arrived."""
    reason: str = ""
    """The reason for a pause, a cancellation or needed attention."""
    carrier: str = ""
    """The provider that what waits goes to after a fail-over; empty is the first one."""
    urgent: bool = False
    """Its batches are sent before those of other campaigns."""
    welcome: bool = False
    """Its readers are those who join its lists while it is sending. Only a person ends it."""
    unlisted: bool = False
    """It is not in the archive."""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def may_have_reached_anybody(self) -> bool:
        """A message was, is being or may have been sent."""
        counts = self.counts
        return bool(counts.accepted or counts.unknown or self.given_up)

    @property
    def have_it(self) -> str:
        """How many people have it, in words."""
        return say("1 person has it", "{count:,} people have it", count=self.counts.accepted)


def has_begun(campaign: Campaign | None) -> TypeGuard[Campaign]:
    """Return whether the audience was frozen."""
    return campaign is not None and campaign.started_at is not None


BEFORE_START = frozenset({CampaignState.SCHEDULED, CampaignState.PAUSED})


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One statement that puts another right, and whom it goes to.

    They are those who may have the original, and those who still wait in a campaign of it that
    the correction ends; the latter only while they are subscribed.
    """

    by: str
    of: str
    """The slug of the original: the statement whose readers get it."""
    lists: tuple[str, ...]
    """The lists of the original's campaign: an unsubscribe link in the correction ends these."""
    unstarted: bool
    """That campaign has not begun: the correction goes to its lists, in its place."""
    stops: tuple[Campaign, ...]
    """Campaigns that might still hand something over, and must not."""
    segment: Segment | None = None
    """The segment of an original that has not begun: the correction goes only to these readers."""


_TOLERATED = 10_000
"""One in so many may come or go while somebody reads the page: with half a million people on a
list, the number would else be another one each time that they press the button."""
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\s][0-9]{3})+|[0-9]{1,12}")


class StartBy(Enum):
    """The act that starts an approved statement."""

    APPROVAL = "approval"
    """The last approval that it needed."""
    SENDER = "sender"
    """A sender, who was shown how many get it and when."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A named person's word that one version of a statement goes out."""

    slug: str
    content_hash: str
    by: str
    """A folded address."""
    at: datetime
    count: int
    """The number of readers that the person was shown."""
    found: int = 0
    """The number of readers at the start, if it was too different and the campaign was paused;
    else 0."""
    revoked_at: datetime | None = None


def in_force(starts: Iterable[Start], content_hash: str, complete_at: datetime) -> Start | None:
    """Return the last start of the version with this hash, approved at ``complete_at``.

    It must be later than the approvals: after an approval was revoked and given again, a sender
    starts again.
    """
    counted = [
        start
        for start in starts
        if start.revoked_at is None
        and start.content_hash == content_hash
        and start.at >= complete_at
    ]
    return counted[-1] if counted else None


@dataclass(frozen=True, kw_only=True)
class ShownTerms:
    """The terms that a person was shown before they decided about a statement.

    A form returns them. A term that the form leaves out or garbles counts as wrong.
    """

    readers: int | None = None
    """How many people get it."""
    time: str = ""
    """The time that was set for it, as ``write_set_time`` writes it."""
    typed: int | None = None
    """The number of people, typed to confirm it."""
    fresh: bool = False
    """A second factor was shown just now."""


def moved(shown: int, now: int) -> bool:
    """Return whether the number of readers changed so much that the person must look again."""
    return abs(now - shown) * _TOLERATED > shown


def typed_number(text: str) -> int | None:
    """Return the number that is typed as 4213, 4,213, 4.213 or 4 213; None for anything else."""
    written = text.strip()
    if not _GROUPED.fullmatch(written):
        return None
    return int(re.sub(r"\D", "", written))
