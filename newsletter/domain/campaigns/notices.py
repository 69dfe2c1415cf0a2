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
from newsletter.domain.statements.comment import Comment, find_mentions
from newsletter.domain.subscribers.address import same_person

LEAD_TIME = timedelta(hours=1)
"""The time between a notice and the start of the campaign that it announces."""
MAX_AGE = timedelta(days=1)
"""The maximum age at which an event is still notified."""
LATE_OUTCOME = timedelta(minutes=5)
"""The time between two looks for unknown deliveries of a cancelled campaign."""
INTERVAL = timedelta(minutes=1)
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
    PAGE_CHANGED = "its page changed"
    """A note was put on its public page, or its text was taken off the web or restored."""
    TAKEN_BACK = "undone or cancelled"
    """A person undid a start, or cancelled a campaign."""
    PAUSED = "paused"
    """A person, the circuit breaker or a provider paused a campaign."""
    DECISION = "needs a decision"
    """Deliveries are unknown, and an admin has to decide."""
    IMPORTED = "import finished"
    """A file of subscribers was imported."""
    HEALTH = "sender health turned bad"
    """A check of the sender's health fails that passed before."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A chat room or a program of the team that is notified of events."""

    name: str
    kinds: frozenset[NoticeKind]
    """The kinds of events that it is notified of."""

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
    each = _before_sending, _taken_back, _of_campaign
    events = (event for some in each for event in some(status, last))
    return tuple(
        NoticeEvent(kind, str(what), at, status.staff.keys() & {*people})
        for kind, what, at, people in events
    )


def next_event_at(status: StatementStatus) -> datetime | None:
    """Return the next time at which an event may occur without an act; None if there is none."""
    soon = status.release - LEAD_TIME if status.release else None
    ended = status.campaign.finished_at if status.campaign else None
    # a call that was under way when it was cancelled may come out as unknown after that
    is_watched = status.state is State.CANCELLED and not status.is_undecided
    is_recent = ended is not None and ended + MAX_AGE > status.now
    late = status.now + LATE_OUTCOME if is_watched and is_recent else None
    moments = (soon, status.set_for, status.embargo_until, late)
    return min((at for at in moments if at is not None and at > status.now), default=None)


_STATES_IN_REVIEW = frozenset({State.REVIEW, State.CHANGED})
_APPROVED_STATES = frozenset({State.APPROVED, State.HELD_BACK, State.SCHEDULED, State.LEAVING})


def _before_sending(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    state, back = status.state, status.returned
    if state in _STATES_IN_REVIEW:
        yield _submitted(status, last)
    if state is State.RETURNED and back is not None:
        yield NoticeKind.SENT_BACK, back.at, back.at, _submitters(status, last) - {back.by}
    if state in _APPROVED_STATES:
        yield from _approved(status, last)
    if state not in _STATES_IN_REVIEW | _APPROVED_STATES | {State.RETURNED}:
        return
    over, due, submitted = status.embargo_until, status.set_for, last.get("submit")
    since = submitted.at if submitted else None
    if over and over <= status.now and not (since and since > over):
        yield NoticeKind.EMBARGO_OVER, over, over, _involved(status, last).union(status.actors)
    is_late = status.is_overdue or (state is State.HELD_BACK and due and due <= status.now)
    if due and is_late and not (since and since > due) and not (over and over > status.now):
        yield NoticeKind.OVERDUE, due, due, _submitters(status, last).union(status.actors)


def _submitted(status: StatementStatus, last: _LastLines) -> _Event:
    """Return the event of a text that waits, to all who can approve it but the one who acted."""
    line, since = find_newest(last, "submit", "revoke"), status.content_since or status.now
    number, at, by = (line.number, line.at, {line.actor}) if line else (0, since, set())
    lost = max((one.at for one in status.approval.outdated), default=None)
    # another look makes no other text of one that was submitted at the desk
    version = lost or "" if status.statement.desk and number else status.stored.content_hash
    changed_at = lost or at if status.statement.desk else since
    if changed_at > at:  # by no act of that person
        at, by = since, set()
    given, valid = last.get("approve"), {one.by for one in status.approval.valid}
    if given and given.number > number and not lost and given.actor not in valid:
        number, at, by = given.number, status.now, set()  # who approved it lost the role since
    return NoticeKind.SUBMITTED, f"{version} {number}", at, {*status.actors} - by


def _approved(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    involved, release, at = _involved(status, last), status.release, status.approval.complete_at
    completed = {one.by for one in status.approval.given if at and one.at >= at}
    if at is not None:
        able = status.actors if status.state is State.APPROVED else ()
        yield NoticeKind.APPROVED, at, at, _submitters(status, last).union(able) - completed
    if release is None or not status.is_waiting:
        return
    chosen = find_newest(last, "start", "schedule")
    by, since = completed, at or status.now
    if chosen and chosen.at >= since:
        by, since = {chosen.actor}, chosen.at
    # the same time may be chosen again after another one; one more approval chooses none
    which = f"{release} {chosen.number if chosen else 0} {at}"
    yield NoticeKind.SCHEDULED, which, since, involved - by
    # one that was scheduled within the hour has been announced just now
    if since <= release - LEAD_TIME <= status.now < release:
        yield NoticeKind.STARTS_SOON, release, release - LEAD_TIME, involved


def _taken_back(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    acts = {"undo", "cancel"}
    begun, submitted = find_newest(last, "approve", "start"), last.get("submit")
    if begun and not (submitted and submitted.number > begun.number):
        acts.add("take back")
    line = find_newest(last, *acts, "submit", "approve", "start", "schedule", "reopen")
    if line and line.action in acts:
        yield NoticeKind.TAKEN_BACK, line.number, line.at, _involved(status, last) - {line.actor}


def _of_campaign(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    state, campaign = status.state, status.campaign
    if campaign is None:
        return
    involved, ended = _involved(status, last), campaign.finished_at or status.now
    if state in {State.SENDING, State.IN_USE}:
        yield NoticeKind.STARTED, campaign.id, campaign.started_at or status.now, involved
    elif state is State.PAUSED:
        # a pause by the program has no line of its own: it follows a start or a resumption
        line = find_newest(last, "pause", "resume", "start", "reopen")
        by = {line.actor} if line and line.action == "pause" else set()
        number, at = line.number if line else 0, line.at if line and by else status.now
        people = involved.union(status.actors) - by
        yield NoticeKind.PAUSED, f"{campaign.id} {number}", at, people
    elif state in {State.ATTENTION, State.SENT}:
        yield NoticeKind.FINISHED, _run_key(campaign, last, "reopen"), ended, involved
    if status.is_undecided:
        again = _run_key(campaign, last, "reopen", "resolve")
        yield NoticeKind.DECISION, again, ended, status.actors
    if line := find_newest(last, "annotate", "take off the web", "put back on the web"):
        yield NoticeKind.PAGE_CHANGED, line.number, line.at, involved - {line.actor}


def _run_key(campaign: Campaign, last: _LastLines, *actions: str) -> str:
    """Return a key of the campaign's run since the last of these actions."""
    line = find_newest(last, *actions)
    return f"{campaign.id} {line.number if line else 0}"


def find_newest(last: _LastLines, *actions: str) -> AuditEntry | None:
    """Return the last audit line with one of these actions."""
    lines = (last[action] for action in actions if action in last)
    return max(lines, key=lambda line: line.number, default=None)


def _writers(status: StatementStatus) -> frozenset[str]:
    """Return the staff who wrote in the statement."""
    written = {*status.stored.writers, *status.statement.written_by}
    return frozenset(
        address for address in status.staff if any(same_person(address, one) for one in written)
    )


def _submitters(status: StatementStatus, last: _LastLines) -> frozenset[str]:
    """Return the writers of the statement, and the person who submitted it last."""
    return _writers(status).union([last["submit"].actor] if "submit" in last else ())


def _involved(status: StatementStatus, last: _LastLines) -> frozenset[str]:
    """Return the people who wrote, submitted, approved or started the statement."""
    approved = status.campaign.approved_by if status.campaign else ()
    given = [approval.by for approval in status.approval.given]
    started = [last[action].actor for action in ("start", "reopen") if action in last]
    return _submitters(status, last).union(approved, given, started)


# --- comments ------------------------------------------------------------------------------------


def comment_events(
    comment: Comment, before: Iterable[Comment], status: StatementStatus
) -> tuple[NoticeEvent, NoticeEvent]:
    """Return the two events of a comment: for the staff it mentions, and for all others involved.

    ``before`` are earlier comments on the statement. A person is notified of only one of the
    events.
    """
    named = {*find_mentions(comment.words, status.names).values()} - {"", comment.by}
    talk = _writers(status).union(one.by for one in before) & status.staff.keys()
    others = talk - named - {comment.by}
    return (
        NoticeEvent(NoticeKind.MENTIONED, str(comment.id), comment.at, named),
        NoticeEvent(NoticeKind.COMMENTED, str(comment.id), comment.at, others),
    )


@dataclass(frozen=True, kw_only=True)
class FailingCheck:
    """A failing check of the sender's health."""

    what: str
    detail: str
    since: datetime

    @property
    def occurrence(self) -> str:
        """Return the key that distinguishes this failure from other failures of the same check."""
        return f"{self.what} {self.since.isoformat()}"
