"""Batches of deliveries, their states, the ids of attempts, and the outcomes of a call.

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

_ATTEMPT_ID_PATTERN = re.compile(r"[0-9a-f]{36}")
"""The id of an attempt: the workspace's digits, then random digits."""
_WORKSPACE_DIGITS, _RANDOM_DIGITS = 12, 24


class BatchState(Enum):
    """The state of a batch."""

    QUEUED = "queued"
    """The batch waits to be claimed, not before ``not_before``."""
    CLAIMED = "claimed"
    """A worker holds the batch; its call may be under way."""
    DONE = "done"
    """Each delivery of the batch has a final state."""
    UNKNOWN = "unknown"
    """The call began, and no complete, understood answer came."""
    GIVEN_UP = "given up"
    """An admin gave the batch up. Its deliveries count as cancelled, and may have arrived."""


class DeliveryState(Enum):
    """The state of the delivery of one campaign to one subscriber."""

    PENDING = "pending"
    """Not sent yet."""
    ACCEPTED = "accepted"
    """The provider took the message."""
    REJECTED = "rejected"
    """The provider refused the message for good."""
    SUPPRESSED = "suppressed"
    """The reader unsubscribed or was suppressed after the audience was frozen."""
    CANCELLED = "cancelled"
    """A person cancelled the campaign or gave this delivery up."""
    UNKNOWN = "unknown"
    """The email may or may not have been sent."""


class Origin(Enum):
    """The workspace that made an attempt, as its id says."""

    OURS = "ours"
    """The attempt's id names this workspace."""
    ANOTHER = "another"
    """The attempt's id names another workspace."""
    UNNAMED = "unnamed"
    """The attempt's id names no workspace: another program sent the message."""


def unique_part(attempt_id: str) -> str:
    """Return an attempt id without the digits of the workspace, for display."""
    return attempt_id[-_RANDOM_DIGITS:]


def find_origin(attempt_id: str, workspace: str) -> Origin:
    """Return whether an attempt is of this ``workspace``, of another one, or unnamed."""
    if not _ATTEMPT_ID_PATTERN.fullmatch(attempt_id):
        return Origin.UNNAMED
    return Origin.OURS if attempt_id[:_WORKSPACE_DIGITS] == workspace else Origin.ANOTHER


FIRST_BACKOFF = timedelta(seconds=1)
MAX_BACKOFF = timedelta(minutes=10)


class Verdict(Enum):
    """The meaning of a provider's answer for a message."""

    ACCEPTED = "accepted"
    """The provider took the message. Events tell later whether it was delivered."""
    REJECTED = "rejected"
    """The provider refused this recipient for good."""
    RETRY = "retry"
    """Provably not sent: try again later."""
    QUOTA = "quota"
    """Provably not sent: the account's quota is used up until some later time."""
    CONFIGURATION = "configuration"
    """Provably not sent: no batch can be sent until a setting is changed."""
    SPLIT = "split"
    """Provably not sent, because of one message in the batch: split it to find which."""
    LATE = "late"
    """Provably not sent: the claim was over before the first byte could be sent."""
    UNKNOWN = "unknown"
    """The message may or may not have been sent. It is never sent again on a guess."""


NOT_SENT = frozenset(
    {Verdict.RETRY, Verdict.QUOTA, Verdict.CONFIGURATION, Verdict.SPLIT, Verdict.LATE}
)
"""Verdicts which prove that no message of the call was sent."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The provider's immediate answer for one message."""

    verdict: Verdict
    reason: str = ""
    """In the provider's words, for people."""
    provider_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The outcomes of one call."""

    outcome: Outcome
    """The outcome of all messages that are not in ``exceptions``."""
    exceptions: Mapping[int, Outcome] = field(default_factory=dict)
    """Subscriber id → the outcome of that reader's message."""
    retry_after: timedelta | None = None
    """The wait that the provider asked for."""
    duration: timedelta | None = field(default=None, compare=False)
    """The duration of the call; None if no call was made."""
    is_our_fault: bool = False
    """The email could not be built as approved. No provider can send it."""

    def count_not_sent(self, messages: int) -> int:
        """Return how many of these messages provably were not sent."""
        count = sum(exception.verdict in NOT_SENT for exception in self.exceptions.values())
        if self.outcome.verdict in NOT_SENT:
            count += messages - len(self.exceptions)
        return count


@dataclass(frozen=True, kw_only=True)
class OutgoingBatch:
    """The messages of one call to a provider. Equal values give equal bytes."""

    campaign: str
    """The campaign's slug, for tags and journals."""
    attempt_id: str
    """The id of this attempt, of letters and digits; never reused."""
    at: datetime
    """The time of the claim, and the value of the Date header."""
    content: Content
    content_hash: str
    recipients: Sequence[Recipient]


def backoff(attempts: int, *, jitter: float, retry_after: timedelta | None = None) -> timedelta:
    """Return the wait after this number of attempts that provably were not sent.

    It doubles from one second to ten minutes. ``jitter``, from 0 to 1, subtracts up to half, so
    that batches are not retried all at once. The wait is at least ``retry_after``.
    """
    # a higher power overflows a timedelta; MAX_BACKOFF is reached long before
    doubled: timedelta = FIRST_BACKOFF * int(2 ** min(max(attempts, 1) - 1, 20))
    wait = min(doubled, MAX_BACKOFF) * (1 - jitter / 2)
    return max(wait, retry_after) if retry_after is not None else wait


@dataclass(frozen=True, kw_only=True)
class ClaimedBatch:
    """A fenced, time-limited claim of a batch, with its members who may still get the email."""

    id: int
    campaign: Campaign
    fence: int
    attempts: int
    at: datetime
    """The time of the claim, as stored."""
    provider: str
    members: Sequence[tuple[int, str]]
    """(subscriber id, address), sorted by id, without readers who left since the freeze."""


@dataclass(frozen=True, kw_only=True)
class BatchOutcomes:
    """The outcomes of a batch, to be stored. The mappings are by subscriber id."""

    outcome: Outcome
    """The outcome of all other members: ACCEPTED or UNKNOWN."""
    exceptions: Mapping[int, Outcome]
    """ACCEPTED or REJECTED."""
    to_retry: Mapping[int, Outcome] = field(default_factory=dict)
    """The members to whom nothing was sent, and who are tried again."""
    wait: timedelta = timedelta(0)
    """The wait before they are tried again."""


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
    """The batches of a campaign that the provider did not accept."""

    people: int
    tries: int
    """The attempts of the batch with the most attempts."""
    reason: str
    next_at: datetime | None
    """The earliest time at which one of them is tried again."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The batches that are still to be sent."""

    queued: int
    claimed: int
    next_at: datetime | None
    """When the earliest queued batch may be claimed."""
    max_attempts: int
    """The most attempts of any queued batch."""
    reason: str
    """Why the last of them was queued again."""

    def due_by(self, instant: datetime) -> bool:
        """Return whether a queued batch is due by this instant, or was tried before.

        A batch that was tried before does not wait for a local hour.
        """
        return self.max_attempts > 0 or (self.next_at is not None and self.next_at <= instant)


@dataclass(frozen=True, kw_only=True)
class LaterReaders:
    """Readers who wait for a local hour that is still to come."""

    next_at: datetime
    last_at: datetime
    readers: int


@dataclass(frozen=True, kw_only=True)
class UnknownBatch:
    """A fenced, time-limited claim of a batch whose outcome is unknown."""

    id: int
    campaign: Campaign
    """The campaign, without its figures."""
    fence: int
    provider: str
    """The provider to which the attempt was sent."""
    attempt_id: str
    attempt_at: datetime
    """The time of the attempt's claim, and the value of the Date header."""
    seen_at: datetime
    """The time of the last look-up, else of the attempt's end. A wall clock before it is wrong."""
    body_hash: str
    members: Sequence[tuple[int, str]]
    """(subscriber id, address of the attempt) of the members with an unknown outcome, sorted by id.

    The address of an erased subscriber is empty.
    """
    left: frozenset[int]
    """Members who may not get the email any more, or not at that address."""
    tries: int
    """The number of replays and look-ups that settled nothing."""
    silent_at: datetime | None
    """The time of the last look-up in ``silent_looks``, by the provider's clock."""
    silent_looks: int
    """The number of complete look-ups in a row without a hit, each long after the one before."""

    @property
    def without_address(self) -> frozenset[int]:
        """Return the members whose address is unknown. A provider's records cannot show them."""
        return frozenset(member_id for member_id, address in self.members if not address)
