"""Notices: the events that staff are notified of, and the people notified of each event.

An event follows from the status of a statement, so that every way to change it is covered. The same
functions decide again when the email is sent: an event that is over, or a person who may not act
any more, gets no email.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.state import State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Comment, find_mentions
from newsletter.domain.subscribers.address import same_person
from newsletter.domain.subscribers.audience import ImportRecord
from newsletter.domain.wording import Sentence

LEAD_TIME = timedelta(hours=1)
"""The time between a notice and the start of the campaign that it announces."""
MAX_EVENT_AGE = timedelta(days=1)
"""The maximum age at which an event is still notified."""
LATE_OUTCOME_INTERVAL = timedelta(minutes=5)
"""The interval at which a cancelled campaign is checked for unknown deliveries."""
MIN_EMAIL_INTERVAL = timedelta(minutes=1)
"""The minimum interval between two notice emails to one person."""


class NoticeKind(Enum):
    """The kind of an event that staff are notified of."""

    SUBMITTED = "waiting for approval"
    """A text was submitted, or lost an approval."""
    SENT_BACK = "sent back"
    """An approver asked for changes."""
    APPROVED = "approved"
    """A text has its approvals."""
    COMMENTED = "new comment"
    """Somebody commented on a text."""
    MENTIONED = "a comment names you"
    """Somebody wrote @ and the person's name."""
    SCHEDULED = "scheduled"
    """A campaign has a time to start."""
    STARTS_SOON = "starts within an hour"
    """A campaign that was scheduled earlier is about to start."""
    OVERDUE = "due, and not started"
    """The set time has passed, and sending has not started."""
    EMBARGO_OVER = "embargo over"
    """The embargo of a text that is not sent yet has passed."""
    STARTED = "sending has started"
    """The first batch may be sent."""
    FINISHED = "finished"
    """Sending is over."""
    PAGE_CHANGED = "web page changed"
    """A note was put on its public page, or its text was taken off the web or restored."""
    TAKEN_BACK = "undone or canceled"
    """A person undid a start, or cancelled a campaign."""
    PAUSED = "paused"
    """A person, the circuit breaker or a provider paused a campaign."""
    DECISION = "needs a decision"
    """Deliveries are unknown, and an admin has to decide."""
    IMPORTED = "import finished"
    """A file of subscribers was imported."""
    HEALTH = "sender health turned bad"
    """A check of the sender's health fails twice in a row."""
    TEST = "test message"
    """An admin tries a channel. It is no event, and only that channel gets it."""


EVENT_KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
"""The kinds that a person or a channel can choose."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A chat room or a program of the team that is notified of events."""

    name: str
    kinds: frozenset[NoticeKind]
    """The kinds of events that the channel gets."""

    @property
    def address(self) -> str:
        """Return the channel's address for notices. No email address begins with #."""
        return f"#{self.name}"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice of an event to one person or channel."""

    id: int
    kind: NoticeKind
    slug: str
    """The slug of the statement; empty if the event is about none."""
    occurrence: str
    """The key that distinguishes events of one kind about the same statement."""


@dataclass(frozen=True)
class NoticeEvent:
    """An event, and the folded addresses of the people who are notified of it."""

    kind: NoticeKind
    occurrence: str
    """The key that distinguishes events of one kind about the same statement."""
    at: datetime
    people: Collection[str]


_Event = tuple[NoticeKind, object, datetime, Collection[str]]
_LastLines = Mapping[str, AuditEntry]
"""Action → the last audit line with this action about the statement, except the scheduler's."""


def events_of(status: StatementStatus, last: _LastLines) -> tuple[NoticeEvent, ...]:
    """Return the events that follow from the current status of a statement."""
    event_functions = _events_before_sending, _withdrawal_events, _campaign_events
    events = (event for find_events in event_functions for event in find_events(status, last))
    return tuple(
        NoticeEvent(kind, str(occurrence), at, status.staff.keys() & {*people})
        for kind, occurrence, at, people in events
    )


def next_event_at(status: StatementStatus) -> datetime | None:
    """Return when an event may occur next without an act of staff; None if never."""
    lead_at = status.release - LEAD_TIME if status.release else None
    ended_at = status.campaign.finished_at if status.campaign else None
    # a call that was under way at the cancellation may end with an unknown outcome
    is_watched = status.state is State.CANCELLED and not status.is_undecided
    is_recent = ended_at is not None and ended_at + MAX_EVENT_AGE > status.now
    look_again_at = status.now + LATE_OUTCOME_INTERVAL if is_watched and is_recent else None
    moments = (lead_at, status.set_for, status.embargo_until, look_again_at)
    return min((at for at in moments if at is not None and at > status.now), default=None)


_STATES_IN_REVIEW = frozenset({State.REVIEW, State.CHANGED})
_APPROVED_STATES = frozenset({State.APPROVED, State.HELD_BACK, State.SCHEDULED, State.LEAVING})


def _events_before_sending(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    state, request = status.state, status.change_request
    if state in _STATES_IN_REVIEW:
        yield _submission_event(status, last)
    if state is State.RETURNED and request is not None:
        yield NoticeKind.SENT_BACK, request.at, request.at, _submitters(status, last) - {request.by}
    if state in _APPROVED_STATES:
        yield from _approval_events(status, last)
    if state not in _STATES_IN_REVIEW | _APPROVED_STATES | {State.RETURNED}:
        return
    end, submit_line = status.embargo_until, last.get("submit")
    since = submit_line.at if submit_line else None
    if end and end <= status.now and not (since and since > end):
        yield NoticeKind.EMBARGO_OVER, end, end, _involved(status, last).union(status.actors)
    due = status.set_for if status.is_overdue or state is State.HELD_BACK else None
    if due and due <= status.now and not (since and since > due) and not (end and end > status.now):
        yield NoticeKind.OVERDUE, due, due, _submitters(status, last).union(status.actors)


def _submission_event(status: StatementStatus, last: _LastLines) -> _Event:
    """Return the event of a text that waits for approval, for its possible approvers."""
    line, since = find_newest(last, "submit", "revoke"), status.content_since or status.now
    number, at, by = (line.number, line.at, {line.actor}) if line else (0, since, set())
    loss = max((one.at for one in status.approval.outdated), default=None)
    # a desk text that was only rendered again was not submitted again
    version = loss or "" if status.statement.desk and number else status.stored.content_hash
    changed_at = loss or at if status.statement.desk else since
    if changed_at > at:  # the person who submitted or revoked did not cause it
        at, by = since, set()
    approval, approvers = last.get("approve"), {one.by for one in status.approval.valid}
    if approval and approval.number > number and not loss and approval.actor not in approvers:
        number, at, by = approval.number, status.now, set()  # the approver lost the role since
    return NoticeKind.SUBMITTED, f"{version} {number}", at, {*status.actors} - by


def _approval_events(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    involved, release, at = _involved(status, last), status.release, status.approval.complete_at
    last_approvers = {one.by for one in status.approval.given if at and one.at >= at}
    if at is not None:
        actors = status.actors if status.state is State.APPROVED else ()
        yield NoticeKind.APPROVED, at, at, _submitters(status, last).union(actors) - last_approvers
    if release is None or not status.is_waiting:
        return
    line = find_newest(last, "start", "schedule")
    by, since = last_approvers, at or status.now
    if line and line.at >= since:
        by, since = {line.actor}, line.at
    # the line number tells the same time, chosen twice, apart
    occurrence = f"{release} {line.number if line else 0} {at}"
    yield NoticeKind.SCHEDULED, occurrence, since, involved - by
    # if it was scheduled less than LEAD_TIME before its release, SCHEDULED announced it
    if since <= release - LEAD_TIME <= status.now < release:
        yield NoticeKind.STARTS_SOON, release, release - LEAD_TIME, involved


def _withdrawal_events(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    acts = {"undo", "cancel"}
    approval, submit_line = find_newest(last, "approve", "start"), last.get("submit")
    if approval and not (submit_line and submit_line.number > approval.number):
        acts.add("take back")
    line = find_newest(last, *acts, "submit", "approve", "start", "schedule", "reopen")
    if line and line.action in acts:
        yield NoticeKind.TAKEN_BACK, line.number, line.at, _involved(status, last) - {line.actor}


def _campaign_events(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    state, campaign = status.state, status.campaign
    if campaign is None:
        return
    involved, ended_at = _involved(status, last), campaign.finished_at or status.now
    if state in {State.SENDING, State.IN_USE}:
        yield NoticeKind.STARTED, campaign.id, campaign.started_at or status.now, involved
    elif state is State.PAUSED:
        # a pause by newsletter has no line here: the number is that of the last act before it
        line = find_newest(last, "pause", "resume", "start", "reopen")
        paused_by = {line.actor} if line and line.action == "pause" else set()
        number, at = line.number if line else 0, line.at if line and paused_by else status.now
        people = involved.union(status.actors) - paused_by
        yield NoticeKind.PAUSED, f"{campaign.id} {number}", at, people
    elif state in {State.ATTENTION, State.SENT}:
        yield NoticeKind.FINISHED, _run_key(campaign, last, "reopen"), ended_at, involved
    if status.is_undecided:
        key = _run_key(campaign, last, "reopen", "resolve")
        yield NoticeKind.DECISION, key, ended_at, status.actors
    if line := find_newest(last, "annotate", "take off the web", "put back on the web"):
        yield NoticeKind.PAGE_CHANGED, line.number, line.at, involved - {line.actor}


def _run_key(campaign: Campaign, last: _LastLines, *actions: str) -> str:
    """Return the key of events of a campaign; each of these actions changes it."""
    line = find_newest(last, *actions)
    return f"{campaign.id} {line.number if line else 0}"


def find_newest(last: _LastLines, *actions: str) -> AuditEntry | None:
    lines = (last[action] for action in actions if action in last)
    return max(lines, key=lambda line: line.number, default=None)


def _writers(status: StatementStatus) -> frozenset[str]:
    writers = {*status.stored.writers, *status.statement.written_by}
    return frozenset(
        address for address in status.staff if any(same_person(address, one) for one in writers)
    )


def _submitters(status: StatementStatus, last: _LastLines) -> frozenset[str]:
    """Return the writers of the statement, and the person who submitted it last."""
    return _writers(status).union([last["submit"].actor] if "submit" in last else ())


def _involved(status: StatementStatus, last: _LastLines) -> frozenset[str]:
    """Return the people who wrote, submitted, approved or started the statement."""
    approvers = status.campaign.approved_by if status.campaign else ()
    valid_approvers = [approval.by for approval in status.approval.given]
    starters = [last[action].actor for action in ("start", "reopen") if action in last]
    return _submitters(status, last).union(approvers, valid_approvers, starters)


def comment_events(
    comment: Comment, before: Iterable[Comment], status: StatementStatus
) -> tuple[NoticeEvent, NoticeEvent]:
    """Return the two events of a comment: for the staff it mentions, and for all others involved.

    ``before`` are earlier comments on the statement. A person is notified of only one of the
    events.
    """
    mentioned = {*find_mentions(comment.words, status.names).values()} - {"", comment.by}
    discussing = _writers(status).union(one.by for one in before) & status.staff.keys()
    others = discussing - mentioned - {comment.by}
    return (
        NoticeEvent(NoticeKind.MENTIONED, str(comment.id), comment.at, mentioned),
        NoticeEvent(NoticeKind.COMMENTED, str(comment.id), comment.at, others),
    )


def import_event(record: ImportRecord, roles: Mapping[str, Role]) -> NoticeEvent:
    """Return the event of a finished import, for admins and for the person who may import still."""
    people = {
        address
        for address, role in roles.items()
        if role is Role.ADMIN or (address == record.by and role.includes(Role.SENDER))
    }
    return NoticeEvent(NoticeKind.IMPORTED, str(record.id), record.finished_at or record.at, people)


@dataclass(frozen=True, kw_only=True)
class FailingCheck:
    """A failing check of the sender's health."""

    what: str
    detail: str | Sentence
    since: datetime

    @property
    def occurrence(self) -> str:
        """Return the key that distinguishes this failure from other failures of the same check."""
        return f"{self.what} {self.since.isoformat()}"
