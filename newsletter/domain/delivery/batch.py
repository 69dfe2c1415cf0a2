"""Batches of deliveries, what a try is called, and what a provider's answer does to them.

Several workspaces may send through one account at a provider, which then tells each of them of the
messages of all. The name goes out beside each message anyway, and comes back with what is told.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.statements.content import Content, Recipient

_NAME = re.compile(r"[0-9a-f]{36}")
_WORKSPACE, _UNIQUE = 12, 24


class Origin(Enum):
    """Whose a try was, by its name."""

    OURS = "ours"
    """It names this workspace."""
    ANOTHER = "another"
    """It names another workspace."""
    UNSAID = "unsaid"
    """It names none: of before they did, or of another program."""


def attempt_name(workspace: str, unique: str) -> str:
    """Out of 12 hexadecimal digits for the workspace, and 24 that no other try has."""
    return workspace + unique


def unique_part(attempt_id: str) -> str:
    """What no other try has, without the workspace: for what readers see."""
    return attempt_id[-_UNIQUE:]


def origin(attempt_id: str, workspace: str) -> Origin:
    """Whose it was. ``workspace`` is ours."""
    if not _NAME.fullmatch(attempt_id):
        return Origin.UNSAID
    return Origin.OURS if attempt_id[:_WORKSPACE] == workspace else Origin.ANOTHER


BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_LONGEST = timedelta(minutes=10)


class Verdict(Enum):
    """What one answer means for those it speaks of."""

    ACCEPTED = "accepted"
    """The provider took the message. Whether it arrives is told later, by events."""
    REJECTED = "rejected"
    """The provider refused this recipient for good."""
    RETRY = "retry"
    """Provably not handed over: try again later."""
    QUOTA = "quota"
    """Provably not handed over: the account's allowance is used up until some later time."""
    CONFIGURATION = "configuration"
    """Provably not handed over: no batch can succeed until somebody changes a setting."""
    SPLIT = "split"
    """Provably not handed over, because of something in the batch: halve it to find out what."""
    LATE = "late"
    """Provably not handed over: our own claim was over before the first byte could leave."""
    UNKNOWN = "unknown"
    """May or may not have been handed over. Never sent again on a guess."""


NOT_HANDED_OVER = frozenset(
    {Verdict.RETRY, Verdict.QUOTA, Verdict.CONFIGURATION, Verdict.SPLIT, Verdict.LATE}
)
"""No message of the call has left."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The provider's immediate answer for one message."""

    verdict: Verdict
    reason: str = ""
    """In the provider's words, for people."""
    provider_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The outcome of one call: one for all, and those who differ.

    ``exceptions`` is keyed by subscriber id. Those in it who were provably not handed over while
    others were are tried again, without the others.
    """

    outcome: Outcome
    exceptions: Mapping[int, Outcome] = field(default_factory=dict)
    retry_after: timedelta | None = None
    """How long the provider asked us to wait."""

    def not_handed_over(self, messages: int) -> int:
        """How many of so many messages provably did not leave."""
        stayed = sum(exception.verdict in NOT_HANDED_OVER for exception in self.exceptions.values())
        if self.outcome.verdict not in NOT_HANDED_OVER:
            return stayed
        return messages - len(self.exceptions) + stayed


@dataclass(frozen=True, kw_only=True)
class OutgoingBatch:
    """What is handed to a provider in one call. The same values give the same bytes."""

    campaign: str
    """Slug, for tags and journals."""
    attempt_id: str
    """Names this try: letters and digits, unique for ever."""
    at: datetime
    """When the attempt was claimed; what Date says."""
    content: Content
    content_hash: str
    recipients: tuple[Recipient, ...]


class Way(Enum):
    """How it came out what had become of a batch that nobody knew about."""

    REPLAY = "replay"
    """Handed over again: the provider still knew the attempt's key, or keeps one of a name."""
    LOOK_UP = "look-up"
    """The provider was asked what it had taken."""
    EVENT = "event"
    """The provider told something that only happens to a message it has."""
    PERSON = "person"
    """A person looked, and decided."""


def backoff(attempts: int, *, jitter: float, asked: timedelta | None = None) -> timedelta:
    """How long to wait after the ``attempts``-th try that was provably not handed over.

    Doubles from one second up to ten minutes; ``jitter`` in 0…1 takes off up to half, so that
    many batches do not return at once. What the provider asked for is the least.
    """
    # beyond the twentieth power no timedelta holds it, and the ceiling was reached long before
    doubled: timedelta = BACKOFF_FIRST * int(2 ** min(max(attempts, 1) - 1, 20))
    wait = min(doubled, BACKOFF_LONGEST) * (1 - jitter / 2)
    return max(wait, asked) if asked is not None else wait


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
    """(subscriber id, address that the attempt went to) of those who are unknown, by id.

    The address of somebody who was erased since is empty.
    """
    left: frozenset[int]
    """Those of them who may not be written to any more, or not at that address."""
    tries: int
    """How often it was replayed or looked up in vain."""
    absences: int
    """How often in a row the provider's settled records did not name somebody."""

    @property
    def nameless(self) -> frozenset[int]:
        """Those of whom no records can be asked: their address is not known any more."""
        return frozenset(number for number, address in self.members if not address)


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
