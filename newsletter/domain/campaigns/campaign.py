"""A campaign: the sending of one approved statement to its lists."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeGuard

from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import Sentence, say


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
        """Return the number of deliveries in all states."""
        return sum(vars(self).values())


class CampaignState(Enum):
    """The state of a campaign."""

    SCHEDULED = "scheduled"
    """Approved, waiting for its time or for the undo window to close. No audience yet."""
    SENDING = "sending"
    """The audience is frozen and the batches are being sent."""
    PAUSED = "paused"
    """Paused by a person, or by a fault that a person must repair."""
    SENT = "sent"
    """Every delivery has a known, final state."""
    CANCELLED = "cancelled"
    """Ended by a person or a correction, or withdrawn after a change. Sent messages stay sent."""
    ATTENTION = "attention"
    """Finished, with deliveries whose outcome is unknown."""

    @property
    def is_ended(self) -> bool:
        """Return whether sending is over, perhaps with deliveries whose outcome is unknown."""
        return self in {CampaignState.SENT, CampaignState.CANCELLED, CampaignState.ATTENTION}

    @property
    def is_final(self) -> bool:
        """Return whether sending is over and every outcome is known."""
        return self in {CampaignState.SENT, CampaignState.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The sending of one approved statement to its lists, once."""

    id: int
    slug: str
    content_hash: str
    text_hash: str = ""
    """The hash of its own words, as ``texts_of`` returns it, without template and settings."""
    state: CampaignState
    release_at: datetime
    approved_by: tuple[str, ...]
    lists: tuple[str, ...]
    provider: str
    """The provider at the start; a fail-over may use another one later."""
    corrects: str = ""
    """For a correction, the slug of its original."""
    translates: str = ""
    """For a translation, the slug of its original. A reader gets only one of them."""
    corrected_by: str = ""
    """The slug of the correction that ended this campaign and took over its waiting readers."""
    counts: Counts = field(default_factory=Counts)
    given_up: bool = False
    """An admin gave unknown deliveries up: they count as cancelled, and may have arrived."""
    reason: str | Sentence = ""
    """The reason for a pause, a cancellation or needed attention, in words."""
    moves: int = 0
    """The number of changes of the state. With it a page names the pause that it shows."""
    ended_by: str = ""
    """The person who cancelled the campaign or undid its start; empty if newsletter ended it."""
    resubmitted: bool = False
    """A person ended it, and its text was submitted again since."""
    fallback_provider: str = ""
    """The provider that queued batches go to after a fail-over; empty before one."""
    urgent: bool = False
    """The batches of this campaign are sent before those of other campaigns."""
    welcome: bool = False
    """A welcome email, sent to each person who joins its lists. Only a person ends it."""
    unlisted: bool = False
    """The archive does not list the statement."""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def may_have_reached_anybody(self) -> bool:
        """Return whether a message was sent, or may have been sent."""
        counts = self.counts
        return bool(counts.accepted or counts.unknown or self.given_up)

    @property
    def accepted_in_words(self) -> str:
        """Return the number of accepted messages as a sentence, such as "It went to 2 people"."""
        return say("It went to 1 person", "It went to {count:,} people", count=self.counts.accepted)


def has_begun(campaign: Campaign | None) -> TypeGuard[Campaign]:
    """Return whether the audience of the campaign was frozen."""
    return campaign is not None and campaign.started_at is not None


def has_gone_out(campaign: Campaign | None) -> TypeGuard[Campaign]:
    """Return whether sending began, and was not cancelled before it could reach a reader."""
    return has_begun(campaign) and (
        campaign.state is not CampaignState.CANCELLED
        or campaign.may_have_reached_anybody
        or bool(campaign.counts.pending or campaign.corrected_by)
    )


BEFORE_START = frozenset({CampaignState.SCHEDULED, CampaignState.PAUSED})


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correction of a statement, for readers who may have the original or still wait for it."""

    by: str
    original: str
    """The slug of the original."""
    lists: tuple[str, ...]
    """The lists of the original's campaign, which the correction's unsubscribe link ends too."""
    is_original_unstarted: bool
    """The original's campaign has not begun: the correction goes to the original's lists."""
    ended_campaigns: tuple[Campaign, ...]
    """The campaigns of the original that have not ended. The start of the correction ends them."""
    segment: Segment | None = None
    """The segment of the original, if its campaign has not begun. The correction keeps to it."""


_READERS_PER_CHANGE = 10_000
"""One reader in this many may come or go while a sender reads the page."""
_GROUPED_NUMBER_PATTERN = re.compile(r"[0-9]{1,3}(?:[,.'\s][0-9]{3})+|[0-9]{1,12}")


class StartBy(Enum):
    """The act that starts an approved statement."""

    APPROVAL = "approval"
    """The last required approval."""
    SENDER = "sender"
    """A sender, who was shown the number of readers and the time."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A named person's decision to send one version of a statement."""

    slug: str
    content_hash: str
    by: str
    """A folded address."""
    at: datetime
    count: int
    """The number of readers that the person was shown."""
    count_at_stop: int = 0
    """The number of readers when sending did not begin because it differed too much; else 0."""
    revoked_at: datetime | None = None


def find_valid_start(
    starts: Iterable[Start], content_hash: str, complete_at: datetime
) -> Start | None:
    """Return the last valid start of this version, or None.

    ``complete_at`` is the time of the last required approval. A start before it is not valid: if an
    approval was revoked and given again, a sender must start the statement again.
    """
    valid_starts = [
        start
        for start in starts
        if start.revoked_at is None
        and start.content_hash == content_hash
        and start.at >= complete_at
    ]
    return valid_starts[-1] if valid_starts else None


@dataclass(frozen=True, kw_only=True)
class ShownTerms:
    """The numbers and times that a person was shown before a decision; the form sends them back.

    A missing or malformed field counts as different from the current value.
    """

    readers: int | None = None
    time: str = ""
    """The set time, as ``format_set_time`` writes it."""
    returned_at: str = ""
    """The time of the open request for changes; "" without one."""
    typed_readers: int | None = None
    """The number of readers that the person typed as confirmation."""
    has_fresh_factor: bool = False
    """The person has just given a second factor."""


def has_audience_changed(before: int, now: int) -> bool:
    """Return whether the number of readers changed so much that it must be confirmed again."""
    return abs(now - before) * _READERS_PER_CHANGE > before


def parse_typed_number(text: str) -> int | None:
    """Parse a number typed as 4213, 4,213, 4.213 or 4 213; return None for other text."""
    number = text.strip()
    if not _GROUPED_NUMBER_PATTERN.fullmatch(number):
        return None
    return int(re.sub(r"\D", "", number))
