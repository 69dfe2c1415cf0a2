"""A campaign: one approved statement going to its lists, once; and what has to happen to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeGuard

from newsletter.domain.statements.statement import ApprovalStatus
from newsletter.domain.subscribers.segment import Segment


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many deliveries are in each state."""

    pending: int = 0
    accepted: int = 0
    rejected: int = 0
    suppressed: int = 0
    cancelled: int = 0
    unknown: int = 0

    @property
    def audience(self) -> int:
        """All of them: the accounting identity, read from left to right."""
        return (
            self.pending
            + self.accepted
            + self.rejected
            + self.suppressed
            + self.cancelled
            + self.unknown
        )


class CampaignState(Enum):
    """Where a campaign stands."""

    SCHEDULED = "scheduled"
    """Approved, waiting for its time or for the undo window to close. No audience yet."""
    SENDING = "sending"
    """Its audience is frozen and its batches are going out."""
    PAUSED = "paused"
    """Held by a person, or by a fault that only a person can mend."""
    SENT = "sent"
    """Every delivery has a known, final state."""
    CANCELLED = "cancelled"
    """Ended by a person or a correction, or withdrawn as it changed. What had gone has gone."""
    ATTENTION = "attention"
    """Finished sending, and for some nobody knows whether the provider took the message."""

    @property
    def ended(self) -> bool:
        """Nothing more will be handed over unless a person decides so."""
        return self in {CampaignState.SENT, CampaignState.CANCELLED, CampaignState.ATTENTION}

    @property
    def final(self) -> bool:
        """Nothing more will be handed over, whatever a person decides."""
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
    """The first one, whatever it went through afterwards."""
    corrects: str = ""
    """The slug of the statement whose readers it goes to, whatever they are subscribed to."""
    translates: str = ""
    """The slug of the original, where it is the campaign of a translation: both share readers."""
    corrected_by: str = ""
    """The slug of the correction that ended it, and that goes to those who waited in it."""
    counts: Counts = field(default_factory=Counts)
    given_up: bool = False
    """A person let deliveries rest unknown: they count as cancelled, and may have arrived."""
    reason: str = ""
    """Why it is paused, cancelled or in need of attention."""
    carrier: str = ""
    """The provider that what waits goes to after a fail-over; empty is the first one."""
    urgent: bool = False
    """Its batches go before those of other campaigns."""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def may_have_reached_anybody(self) -> bool:
        """Something was, is being or may have been handed over, whatever was decided since."""
        counts = self.counts
        return bool(counts.accepted or counts.unknown or self.given_up)


def has_begun(campaign: Campaign | None) -> TypeGuard[Campaign]:
    """Whether its audience was frozen, whatever came of it since."""
    return campaign is not None and campaign.started_at is not None


def settled(counts: Counts) -> CampaignState | None:
    """The state in which a campaign with these counts ends, or None while something is pending."""
    if counts.pending:
        return None
    return CampaignState.ATTENTION if counts.unknown else CampaignState.SENT


BEFORE_START = frozenset({CampaignState.SCHEDULED, CampaignState.PAUSED})


class Step(Enum):
    """What planning does about one statement."""

    NOTHING = "nothing"
    """It is as it should be."""
    SCHEDULE = "schedule"
    """It is approved and has no campaign: make one."""
    RESCHEDULE = "reschedule"
    """Its campaign waits for another time than it should, or in another lane."""
    REPLACE = "replace"
    """Its campaign has not started, and another text is approved by now: plan anew."""
    WITHDRAW = "withdraw"
    """Its campaign has not started, and what was approved is not what it says now, or nobody wants
    it to start any more."""


def decide(
    *,
    present: bool,
    content_hash: str,
    standing: ApprovalStatus,
    campaign: Campaign | None,
    release: datetime,
    urgent: bool = False,
    started: bool = True,
) -> Step:
    """What has to happen to a statement's campaign. Pure.

    ``started`` is whether a sender started it, where the configuration asks for that.
    """
    ready = present and standing.approved and started
    if campaign is None or _spent_nothing(campaign):
        return Step.SCHEDULE if ready else Step.NOTHING
    # the state alone does not tell: one that was stopped on its way is paused too
    if has_begun(campaign) or campaign.state not in BEFORE_START:
        return Step.NOTHING
    if not ready:
        return Step.WITHDRAW
    if campaign.content_hash != content_hash:
        return Step.REPLACE
    as_said = campaign.release_at == release and campaign.urgent == urgent
    return Step.NOTHING if as_said else Step.RESCHEDULE


def _spent_nothing(campaign: Campaign) -> bool:
    """Cancelled before anything could have reached anybody: the statement may go out after all."""
    return campaign.state is CampaignState.CANCELLED and not (
        campaign.may_have_reached_anybody or campaign.counts.pending or campaign.corrected_by
    )


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


@dataclass(frozen=True, kw_only=True)
class AudienceSplit:
    """Of the readers of a statement's lists, those that one of its languages goes to.

    They are those of its languages whom no other language of it has, or may have.
    """

    slug: str
    """Of that language."""
    original: str
    """The slug of the original."""
    lists: tuple[str, ...]
    languages: frozenset[str]
    """As the readers named them; empty for those who named none."""
    segment: Segment | None = None
    """Only those whom it picks."""


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
class Start:
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


def in_force(
    starts: Iterable[Start], content_hash: str, complete_at: datetime | None
) -> Start | None:
    """The last one that counts; none does while the approvals are not complete."""
    if complete_at is None:
        return None
    counted = [start for start in starts if start.counts(content_hash, complete_at)]
    return counted[-1] if counted else None


@dataclass(frozen=True, kw_only=True)
class ShownTerms:
    """What a person was shown of a statement before they decided about it.

    A form gives it back. What the form leaves out or garbles counts as wrong.
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
    """Whether the number is another one than somebody was shown, so that they look again."""
    return abs(now - shown) * _TOLERATED > shown


def typed_number(text: str) -> int | None:
    """A number as people write it: 4213, 4,213, 4.213 or 4 213; None for anything else."""
    written = text.strip()
    if not _GROUPED.fullmatch(written):
        return None
    return int(re.sub(r"\D", "", written))
