"""Notices: the events that staff hear of, and the people who hear of each.

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
from newsletter.domain.statements.comment import Comment, mentioned
from newsletter.domain.subscribers.address import same_person

AHEAD = timedelta(hours=1)
"""The time between the notice and the start of a campaign."""
NEWS_LIVES = timedelta(days=1)
"""The age up to which an event is news."""
APART = timedelta(minutes=1)
"""The least time between two emails of notices to one person."""


class NoticeKind(Enum):
    """An event that staff hear of, in the words that they read."""

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
    """A note was put on its public page, or its text was taken off the web or put back."""
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
    """A place of a team that hears of events: a chat room, or a program."""

    name: str
    kinds: frozenset[NoticeKind]
    """The events that it hears of."""

    @property
    def address(self) -> str:
        """Return its name among the addresses of notices. No email address begins with #."""
        return f"#{self.name}"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An event that one person or channel hears of, once."""

    id: int
    kind: NoticeKind
    slug: str
    """Of the statement; empty if it is about none."""
    occurrence: str
    """Tells an event from the next one of its kind about the same statement."""


@dataclass(frozen=True)
class NoticeEvent:
    """One event, and the folded addresses of the people who hear of it."""

    kind: NoticeKind
    occurrence: str
    """Tells it from the next event of its kind."""
    at: datetime
    people: Collection[str]


_Event = tuple[NoticeKind, object, datetime, Collection[str]]
_Lines = Mapping[str, AuditEntry]
"""Action → the last line of the audit log about the statement, but the scheduler's own."""


def occurred(status: StatementStatus, last: _Lines) -> tuple[NoticeEvent, ...]:
    """Return the events that the status of a statement amounts to now."""
    events = (*_before_sending(status, last), *_of_campaign(status, last))
    return tuple(
        NoticeEvent(kind, str(what), at, status.staff.keys() & {*people})
        for kind, what, at, people in events
    )


def next_moment(status: StatementStatus) -> datetime | None:
    """Return when time alone leads to the next event; None if none is to come."""
    soon = status.release - AHEAD if status.release else None
    moments = (soon, status.set_for, status.embargo_until)
    return min((at for at in moments if at is not None and at > status.now), default=None)


_REVIEWED = frozenset({State.REVIEW, State.CHANGED})
_APPROVED = frozenset({State.APPROVED, State.HELD_BACK, State.SCHEDULED, State.LEAVING})


def _before_sending(status: StatementStatus, last: _Lines) -> Iterator[_Event]:
    state, back, actors = status.state, status.returned, status.actors
    if state in _REVIEWED:
        line = _newest(last, "submit", "revoke")
        number, at = (line.number, line.at) if line else (0, status.now)
        # another look makes no other text of one that was submitted at the desk
        lost = max((one.at for one in status.approval.outdated), default="")
        version = lost if status.statement.desk and number else status.stored.content_hash
        yield NoticeKind.SUBMITTED, f"{version} {number}", at, actors
    if state is State.RETURNED and back is not None:
        yield NoticeKind.SENT_BACK, back.at, back.at, _askers(status, last) - {back.by}
    if state in _APPROVED:
        yield from _approved(status, last)
    over, submitted = status.embargo_until, _newest(last, "submit")
    waits = state in _REVIEWED | _APPROVED | {State.RETURNED}
    if waits and over and over <= status.now and not (submitted and submitted.at > over):
        yield NoticeKind.EMBARGO_OVER, over, over, _involved(status, last).union(actors)


def _approved(status: StatementStatus, last: _Lines) -> Iterator[_Event]:
    involved, release = _involved(status, last), status.release
    at, due = status.approval.complete_at, status.set_for
    people = _askers(status, last).union(status.actors if status.state is State.APPROVED else ())
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
    if since <= release - AHEAD <= status.now < release:
        yield NoticeKind.STARTS_SOON, release, release - AHEAD, involved


def _of_campaign(status: StatementStatus, last: _Lines) -> Iterator[_Event]:
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
        yield NoticeKind.FINISHED, _round(campaign, last, "reopen"), ended, involved
    if state is State.ATTENTION:
        again = _round(campaign, last, "reopen", "resolve")
        yield NoticeKind.DECISION, again, ended, status.actors
    if line := _newest(last, "annotate", "take off the web", "put back on the web"):
        yield NoticeKind.PAGE_CHANGED, line.number, line.at, involved - {line.actor}


def _round(campaign: Campaign, last: _Lines, *actions: str) -> str:
    """Return what tells this round of a campaign from one that an act began."""
    line = _newest(last, *actions)
    return f"{campaign.id} {line.number if line else 0}"


def _newest(last: _Lines, *actions: str) -> AuditEntry | None:
    lines = (last[action] for action in actions if action in last)
    return max(lines, key=lambda line: line.number, default=None)


def _writers(status: StatementStatus) -> frozenset[str]:
    """Return the staff who wrote in the statement."""
    written = {*status.stored.writers, *status.statement.written_by}
    return frozenset(
        address for address in status.staff if any(same_person(address, one) for one in written)
    )


def _askers(status: StatementStatus, last: _Lines) -> frozenset[str]:
    """Return the people who wrote the statement, and who submitted it last."""
    return _writers(status).union([last["submit"].actor] if "submit" in last else ())


def _involved(status: StatementStatus, last: _Lines) -> frozenset[str]:
    """Return the people who wrote, approved or started the statement."""
    approved = status.campaign.approved_by if status.campaign else ()
    given = [approval.by for approval in status.approval.given]
    started = [last[action].actor for action in ("start", "reopen") if action in last]
    return _askers(status, last).union(approved, given, started)


# --- comments ------------------------------------------------------------------------------------


def of_comment(
    comment: Comment, before: Iterable[Comment], status: StatementStatus
) -> tuple[NoticeEvent, NoticeEvent]:
    """Return the two events of a comment: it names people, and others take part in the talk.

    ``before`` are earlier comments on the statement. A person hears of one event only.
    """
    named = mentioned(comment.words, status.names) - {comment.by}
    talk = _writers(status).union(one.by for one in before) & status.staff.keys()
    others = talk - named - {comment.by}
    return (
        NoticeEvent(NoticeKind.MENTIONED, str(comment.id), comment.at, named),
        NoticeEvent(NoticeKind.COMMENTED, str(comment.id), comment.at, others),
    )
