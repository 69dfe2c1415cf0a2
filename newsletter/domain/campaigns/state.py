"""The states of a statement, from draft to report, and the acts on its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Approvals


class State(Enum):
    """The state of a statement. The value is the word for it on pages."""

    DRAFT = "draft"
    """Being written; only staff see it."""
    REVIEW = "in review"
    """Submitted, and without enough approvals."""
    RETURNED = "sent back"
    """An approver asked for changes."""
    CHANGED = "changed since approval"
    """The text differs from the approved one."""
    APPROVED = "approved"
    """Approved, but no sender has started the statement."""
    HELD_BACK = "held back"
    """The statement is approved, and planning says why it cannot be sent."""
    SCHEDULED = "scheduled"
    """The statement will be sent at a known time."""
    LEAVING = "leaving soon"
    """The statement will be sent when the undo window ends, without another set time."""
    SENDING = "sending"
    """The batches of the statement are being sent."""
    IN_USE = "in use"
    """A welcome email that is sent to each person who joins its lists."""
    PAUSED = "paused"
    """A person, the circuit breaker or a provider paused the statement."""
    ATTENTION = "needs attention"
    """The statement is finished, with deliveries whose outcome is unknown."""
    SENT = "sent"
    """The statement is finished, and every outcome is known."""
    CORRECTED = "corrected"
    """A correction replaces the statement."""
    CANCELLED = "cancelled"
    """A person cancelled the statement."""
    WITHIN = "with its original"
    """A translation that is sent in the email of its original."""
    FAULTY = "has a fault"
    """The statement cannot be rendered."""
    MISSING = "missing"
    """The source no longer has the statement."""


class Shelf(Enum):
    """A group of states on the board."""

    DRAFTS = "drafts"
    """Being written, or sent back."""
    REVIEW = "review"
    """Waiting for approval."""
    APPROVED = "approved"
    """Waiting for somebody to send it."""
    SCHEDULED = "scheduled"
    """Approved and started: waiting for its time or the undo window, or held back."""
    SENDING = "sending"
    """Being sent, paused, or in need of attention."""
    SENT = "sent"
    """Sent, also if it was corrected later."""
    CANCELLED = "cancelled"
    """Cancelled by a person."""
    WITHIN = "within"
    """Translations that are sent in the email of their original."""
    MISSING = "missing"
    """Faulty, or missing from their source."""


@dataclass(frozen=True, kw_only=True)
class BoardSearch:
    """The conditions of a search on the board; an empty field matches everything."""

    words: str = ""
    """Words of the title or slug, in any order and case."""
    list_name: str = ""
    writer: str = ""
    """The address of a writer."""
    since: datetime | None = None
    until: datetime | None = None
    """The end of the period. A statement counts by its start, planned time or last change."""


@dataclass(frozen=True, kw_only=True)
class CampaignRules:
    """The settings that decide which statements are sent, and when."""

    policy: Approvals
    timezone: str
    """IANA name: the zone of wall times in files, and of readers without a zone."""
    undo_window: timedelta
    start: StartBy = StartBy.APPROVAL
    """The act that starts an approved statement."""
    typed_count: int = 1
    """From this number of readers on, a sender types the number and gives a second factor."""
    shares_email: bool = False
    """A translation is sent in the email of its original, and approved with it."""

    @property
    def sender_starts(self) -> bool:
        """Return whether a sender must start approved statements."""
        return self.start is StartBy.SENDER


class TextOrigin(Enum):
    """The place where a text is edited."""

    DESK = "desk"
    """At the desk."""
    FILE = "file"
    """In a file of a folder."""
    FEED = "feed"
    """At a site, whose feed is read."""
    DIGEST = "digest"
    """In the statements that the digest email lists."""


@dataclass(frozen=True, kw_only=True)
class StateRow:
    """The shelf, the next act and the sentences of all statements in one state."""

    shelf: Shelf
    needed: Role
    """The lowest role that may do the next act."""
    next_act: str = ""
    without_actors: str = ""
    """The sentence if no member of staff may do the next act."""
    waits_for_staff: bool = False
    """The statement stays as it is until a member of staff acts."""


STATE_ROWS: Mapping[State, StateRow] = {
    State.DRAFT: StateRow(
        shelf=Shelf.DRAFTS, needed=Role.WRITER, next_act="finish it and submit it"
    ),
    State.REVIEW: StateRow(
        shelf=Shelf.REVIEW,
        needed=Role.APPROVER,
        next_act="approve it",
        without_actors="No member of staff can approve it. An admin can invite an approver.",
        waits_for_staff=True,
    ),
    State.RETURNED: StateRow(
        shelf=Shelf.DRAFTS,
        needed=Role.WRITER,
        next_act="change it and submit it again",
        waits_for_staff=True,
    ),
    State.CHANGED: StateRow(
        shelf=Shelf.REVIEW,
        needed=Role.APPROVER,
        next_act="approve the new text",
        without_actors="No member of staff can approve it. An admin can invite an approver.",
        waits_for_staff=True,
    ),
    State.APPROVED: StateRow(
        shelf=Shelf.APPROVED,
        needed=Role.SENDER,
        next_act="choose a time and send it",
        without_actors="No member of staff can send it. An admin can invite a sender.",
        waits_for_staff=True,
    ),
    State.HELD_BACK: StateRow(shelf=Shelf.SCHEDULED, needed=Role.APPROVER),
    State.SCHEDULED: StateRow(
        shelf=Shelf.SCHEDULED,
        needed=Role.SENDER,
        next_act="still change the time",
    ),
    State.LEAVING: StateRow(shelf=Shelf.SCHEDULED, needed=Role.SENDER, next_act="undo this"),
    State.SENDING: StateRow(shelf=Shelf.SENDING, needed=Role.SENDER, next_act="pause it"),
    State.IN_USE: StateRow(shelf=Shelf.SENDING, needed=Role.VIEWER),
    State.PAUSED: StateRow(
        shelf=Shelf.SENDING,
        needed=Role.SENDER,
        next_act="resume or cancel it",
        without_actors="No member of staff can resume it. An admin can invite a sender.",
        waits_for_staff=True,
    ),
    State.ATTENTION: StateRow(
        shelf=Shelf.SENDING,
        needed=Role.ADMIN,
        next_act="decide",
        without_actors="No member of staff can decide. Your operator can add an admin.",
        waits_for_staff=True,
    ),
    State.SENT: StateRow(shelf=Shelf.SENT, needed=Role.VIEWER),
    State.CORRECTED: StateRow(shelf=Shelf.SENT, needed=Role.VIEWER),
    State.CANCELLED: StateRow(
        shelf=Shelf.CANCELLED, needed=Role.WRITER, next_act="bring it back for approval"
    ),
    State.WITHIN: StateRow(shelf=Shelf.WITHIN, needed=Role.VIEWER),
    State.FAULTY: StateRow(
        shelf=Shelf.MISSING, needed=Role.WRITER, next_act="copy it to the desk and go on there"
    ),
    State.MISSING: StateRow(
        shelf=Shelf.MISSING, needed=Role.WRITER, next_act="copy it to the desk and go on there"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Related:
    """A link to another statement."""

    slug: str
    title: str
    language: str = ""
    state: State | None = None
    at: datetime | None = None
