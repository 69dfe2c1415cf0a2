"""Batches of deliveries, their states, the ids of attempts, and the results of an answer.

Several workspaces may share one account at a provider, which then reports all events to each of
them. The workspace's name is part of every attempt id, so that each finds its own events.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.statements.content import Content, Recipient

_NAME = re.compile(r"[0-9a-f]{36}")
"""Of an attempt: digits of the workspace, and digits that no other try has."""
_WORKSPACE, _UNIQUE = 12, 24


class BatchState(Enum):
    """The state of a batch."""

    QUEUED = "queued"
    """Waits to be claimed, at ``not_before`` at the earliest."""
    CLAIMED = "claimed"
    """Somebody holds it; its call may be under way."""
    DONE = "done"
    """Each of its deliveries has a final state."""
    UNKNOWN = "unknown"
    """Its call began, and no complete, understood answer came."""
    GIVEN_UP = "given up"
    """A person let it rest unknown. Its deliveries count as cancelled, and may have arrived."""


class DeliveryState(Enum):
    """The state of the duty to get one campaign to one subscriber."""

    PENDING = "pending"
    """Not sent yet."""
    ACCEPTED = "accepted"
    """The provider took it."""
    REJECTED = "rejected"
    """The provider refused it for good."""
    SUPPRESSED = "suppressed"
    """The reader left, or was suppressed, after the audience was frozen."""
    CANCELLED = "cancelled"
    """Somebody cancelled the campaign, or gave this delivery up."""
    UNKNOWN = "unknown"
    """It may or may not have been sent."""


class Origin(Enum):
    """The workspace of an attempt, by its id."""

    OURS = "ours"
    """The id names this workspace."""
    ANOTHER = "another"
    """The id names another workspace."""
    UNSAID = "unsaid"
    """The id names no workspace: it is another program's."""


def unique_part(attempt_id: str) -> str:
    """Return the unique part of an attempt id, without the workspace, for readers to see."""
    return attempt_id[-_UNIQUE:]


def origin(attempt_id: str, workspace: str) -> Origin:
    """Return whose attempt it was; ``workspace`` is ours."""
    if not _NAME.fullmatch(attempt_id):
        return Origin.UNSAID
    return Origin.OURS if attempt_id[:_WORKSPACE] == workspace else Origin.ANOTHER


BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_LONGEST = timedelta(minutes=10)


class Verdict(Enum):
    """The meaning of an answer for its messages."""

    ACCEPTED = "accepted"
    """The provider took the message. Events tell later whether it was delivered."""
    REJECTED = "rejected"
    """The provider refused this recipient for good."""
    RETRY = "retry"
    """Provably not sent: try again later."""
    QUOTA = "quota"
    """Provably not sent: the account's quota is used up until some later time."""
    CONFIGURATION = "configuration"
    """Provably not sent: no batch can succeed until a setting is changed."""
    SPLIT = "split"
    """Provably not sent, because of one message in the batch: split it to find which."""
    LATE = "late"
    """Provably not sent: our claim was over before the first byte could leave."""
    UNKNOWN = "unknown"
    """It may or may not have been sent. It is never sent again on a guess."""


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
    """The outcome of one call: one for the batch, and those that differ.

    ``exceptions`` is keyed by subscriber id. Exceptions that provably did not leave, while others
    did, are sent again without the others.
    """

    outcome: Outcome
    exceptions: Mapping[int, Outcome] = field(default_factory=dict)
    retry_after: timedelta | None = None
    """The wait that the provider asked for."""
    took: timedelta | None = field(default=None, compare=False)
    """The length of the call; None if there was none."""

    def not_handed_over(self, messages: int) -> int:
        """Return how many of these messages provably did not leave."""
        stayed = sum(exception.verdict in NOT_HANDED_OVER for exception in self.exceptions.values())
        if self.outcome.verdict not in NOT_HANDED_OVER:
            return stayed
        return messages - len(self.exceptions) + stayed


@dataclass(frozen=True, kw_only=True)
class OutgoingBatch:
    """The messages of one call to a provider. The same values give the same bytes."""

    campaign: str
    """Slug, for tags and journals."""
    attempt_id: str
    """Names this try: letters and digits, unique for ever."""
    at: datetime
    """When the attempt was claimed; the value of Date."""
    content: Content
    content_hash: str
    recipients: Sequence[Recipient]


def backoff(attempts: int, *, jitter: float, asked: timedelta | None = None) -> timedelta:
    """Return the wait after the ``attempts``-th try that provably did not leave.

    Doubles from one second to ten minutes. ``jitter`` in 0…1 takes off up to half, so that batches
    do not return all at once. The result is at least what the provider asked for.
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
    """When it was claimed, as stored."""
    provider: str
    members: Sequence[tuple[int, str]]
    """(subscriber id, address), by id, without those who left since the freeze: they are booked."""


@dataclass(frozen=True, kw_only=True)
class Booking:
    """The outcome of a batch to store: one final outcome, and those that differ."""

    outcome: Outcome
    """ACCEPTED or UNKNOWN: each rejected member has a row of its own."""
    exceptions: Mapping[int, Outcome]
    """Members that are ACCEPTED or REJECTED, unlike the rest."""
    again: Mapping[int, Outcome] = field(default_factory=dict)
    """Members that provably did not leave."""
    wait: timedelta = timedelta(0)
    """The time until they may be tried again."""


class Resolution(Enum):
    """A person's decision about unknown deliveries."""

    ACCEPTED = "accepted"
    """The provider has them."""
    RESEND = "resend"
    """The provider does not have them: send them again."""
    GIVE_UP = "give up"
    """Do not send again: a reader who got no message gets none."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """The batches of a campaign that the provider did not take."""

    people: int
    tries: int
    """Of the batch that was tried most often."""
    reason: str
    next_at: datetime | None
    """When the first of them is tried again."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The batches that are still to be sent."""

    queued: int
    claimed: int
    next_at: datetime | None
    """When the earliest queued batch may be claimed."""
    most_attempts: int
    """The most attempts of any queued batch."""
    reason: str
    """Why the latest of them was queued again."""

    def due_by(self, instant: datetime) -> bool:
        """Return whether a queued batch does not wait for a local hour after this instant.

        A batch that was tried before does not wait for an hour.
        """
        tried = bool(self.most_attempts)
        return tried or (self.next_at is not None and self.next_at <= instant)


@dataclass(frozen=True, kw_only=True)
class LaterReaders:
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
    """When the attempt was claimed; the value of Date."""
    seen_at: datetime
    """The time of the last look, or of the attempt's end. A clock before that has gone back."""
    body_hash: str
    members: Sequence[tuple[int, str]]
    """(subscriber id, address that the attempt went to) of those who are unknown, by id.

    The address of somebody who was erased since is empty.
    """
    left: frozenset[int]
    """Members who may not be written to any more, or not at that address."""
    tries: int
    """The number of replays and look-ups without a result."""
    silent_since: datetime | None
    """The first of the complete look-ups in a row that did not find a member, by their clock."""

    @property
    def nameless(self) -> frozenset[int]:
        """Members whose address is not known any more: records cannot be searched for them."""
        return frozenset(number for number, address in self.members if not address)
