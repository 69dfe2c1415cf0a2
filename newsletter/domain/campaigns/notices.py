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
from newsletter.domain.statements.comment import Comment, mentioned_staff
from newsletter.domain.subscribers.address import same_person

LEAD_TIME = timedelta(hours=1)
"""The time between a notice and the start of the campaign that it announces."""
MAX_AGE = timedelta(days=1)
"""The maximum age at which an event is still notified."""
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
    """The set time has passed and no sender has started the text."""
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
    """Return the next time at which an event occurs without an act; None if there is none."""
    soon = status.release - LEAD_TIME if status.release else None
    moments = (soon, status.set_for, status.embargo_until)
    return min((at for at in moments if at is not None and at > status.now), default=None)


_STATES_IN_REVIEW = frozenset({State.REVIEW, State.CHANGED})
_APPROVED_STATES = frozenset({State.APPROVED, State.HELD_BACK, State.SCHEDULED, State.LEAVING})


def _before_sending(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    state, back, actors = status.state, status.returned, status.actors
    if state in _STATES_IN_REVIEW:
        line = _newest(last, "submit", "revoke")
        number, at = (line.number, line.at) if line else (0, status.now)
        # another look makes no other text of one that was submitted at the desk
        lost = max((one.at for one in status.approval.outdated), default="")
        version = lost if status.statement.desk and number else status.stored.content_hash
        yield NoticeKind.SUBMITTED, f"{version} {number}", at, actors
    if state is State.RETURNED and back is not None:
        yield NoticeKind.SENT_BACK, back.at, back.at, _submitters(status, last) - {back.by}
    if state in _APPROVED_STATES:
        yield from _approved(status, last)
    over, submitted = status.embargo_until, _newest(last, "submit")
    waits = state in _STATES_IN_REVIEW | _APPROVED_STATES | {State.RETURNED}
    if waits and over and over <= status.now and not (submitted and submitted.at > over):
        yield NoticeKind.EMBARGO_OVER, over, over, _involved(status, last).union(actors)


def _approved(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    involved, release = _involved(status, last), status.release
    at, due = status.approval.complete_at, status.set_for
    people = _submitters(status, last).union(
        status.actors if status.state is State.APPROVED else ()
    )
    if at is not None:
        yield NoticeKind.APPROVED, at, at, people - {status.approval.given[-1].by}
    if due is not None and status.is_overdue:
        yield NoticeKind.OVERDUE, due, due, people
    if release is None or not status.is_waiting:
        return
    line, chosen = _newest(last, "approve", "start", "schedule"), _newest(last, "start", "schedule")
    by, since = (line.actor, line.at) if line else ("", status.now)
    # the same time may be chosen again after another one; one more approval chooses none
    which = f"{release} {chosen.number if chosen else 0} {at}"
    yield NoticeKind.SCHEDULED, which, since, involved - {by}
    # one that was scheduled within the hour has been announced just now
    if since <= release - LEAD_TIME <= status.now < release:
        yield NoticeKind.STARTS_SOON, release, release - LEAD_TIME, involved


def _taken_back(status: StatementStatus, last: _LastLines) -> Iterator[_Event]:
    acts, revoked = {"undo", "cancel"}, last.get("revoke")
    if revoked and revoked.detail.endswith(": undone"):
        acts.add("revoke")
    line = _newest(last, *acts, "submit", "approve", "start", "schedule", "reopen")
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
        line = _newest(last, "pause", "resume")
        by = {line.actor} if line and line.action == "pause" else set()
        # a provider's refusal has no line of its own, and follows the last resumption
        number, at = line.number if line else 0, line.at if line and by else status.now
        people = involved.union(status.actors) - by
        yield NoticeKind.PAUSED, f"{campaign.id} {number}", at, people
    elif state in {State.ATTENTION, State.SENT}:
        yield NoticeKind.FINISHED, _run_key(campaign, last, "reopen"), ended, involved
    if state is State.ATTENTION:
        again = _run_key(campaign, last, "reopen", "resolve")
        yield NoticeKind.DECISION, again, ended, status.actors
    if line := _newest(last, "annotate", "take off the web", "put back on the web"):
        yield NoticeKind.PAGE_CHANGED, line.number, line.at, involved - {line.actor}


def _run_key(campaign: Campaign, last: _LastLines, *actions: str) -> str:
    """Return a key of the campaign's run since the last of these actions."""
    line = _newest(last, *actions)
    return f"{campaign.id} {line.number if line else 0}"


def _newest(last: _LastLines, *actions: str) -> AuditEntry | None:
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
    named = mentioned_staff(comment.words, status.names) - {comment.by}
    talk = _writers(status).union(one.by for one in before) & status.staff.keys()
    others = talk - named - {comment.by}
    return (
        NoticeEvent(NoticeKind.MENTIONED, str(comment.id), comment.at, named),
        NoticeEvent(NoticeKind.COMMENTED, str(comment.id), comment.at, others),
    )
