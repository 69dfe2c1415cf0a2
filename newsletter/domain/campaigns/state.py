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
    CANCELLED = "canceled"
    """A person canceled the statement."""
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
    """Words of the title, slug or text, in any order and case."""
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


class Act(Enum):
    """An act on a statement's page: the text of its button, and the lowest role that may do it.

    An approver may also undo the start of a text that they approved.
    """

    EDIT = "Edit", Role.WRITER
    """Change the text."""
    TAKE_BACK = "Take back", Role.WRITER
    """Make a submitted or approved text a draft again."""
    SUBMIT = "Submit for review", Role.WRITER
    """Ask for approval."""
    REVIEW = "Review", Role.APPROVER
    """Read and approve, or send back."""
    SEE_CHANGES = "See the changes", Role.APPROVER
    """Compare with the version that was approved."""
    START = "Send or schedule", Role.SENDER
    """Send now or at a time."""
    CHANGE_TIME = "Change the time", Role.SENDER
    """Send at another time."""
    UNDO = "Undo", Role.SENDER
    """Take a start back."""
    PAUSE = "Pause", Role.SENDER
    """Stop until it is resumed."""
    RESUME = "Resume", Role.SENDER
    """Go on."""
    CANCEL = "Cancel", Role.SENDER
    """End a campaign."""
    DECIDE = "Decide", Role.ADMIN
    """Settle the unknown deliveries."""
    REPORT = "See the report", Role.VIEWER
    """Read the figures."""
    OPEN_CORRECTION = "Open the correction", Role.VIEWER
    """Go to the correction of this statement."""
    OPEN_ORIGINAL = "Open the original", Role.VIEWER
    """Go to the statement that this one corrects."""
    CORRECT = "Write a correction", Role.WRITER
    """Begin a correction."""
    AMEND = "Correct or withdraw", Role.SENDER
    """Correct, note or withdraw a sent statement."""
    COPY = "Copy to the desk", Role.WRITER
    """Edit a file's text at the desk from now on."""
    FORGET_START = "Remove the lapsed start", Role.SENDER
    """Forget a start that does not count any more."""

    def __init__(self, label: str, needed: Role) -> None:
        self.label, self.needed = label, needed


@dataclass(frozen=True)
class StateRow:
    """The shelf, the possible acts and the sentences of all statements in one state."""

    shelf: Shelf
    acts: tuple[Act, ...]
    """The possible acts, most important first."""
    next_act: str = ""
    without_actors: str = ""
    """The sentence if no member of staff may do the next act."""
    waits_for_staff: bool = False
    """The statement stays as it is until a member of staff acts."""


_NO_APPROVER = "No member of staff can approve it. An admin can invite an approver."
_NO_SENDER = "No member of staff can send it. An admin can invite a sender."
STATE_ROWS: Mapping[State, StateRow] = {
    State.DRAFT: StateRow(Shelf.DRAFTS, (Act.EDIT, Act.SUBMIT), "finish it and submit it"),
    State.REVIEW: StateRow(
        Shelf.REVIEW,
        (Act.REVIEW, Act.EDIT, Act.TAKE_BACK),
        "approve it",
        without_actors=_NO_APPROVER,
        waits_for_staff=True,
    ),
    State.RETURNED: StateRow(
        Shelf.DRAFTS, (Act.EDIT, Act.SUBMIT), "change it and submit it again", waits_for_staff=True
    ),
    State.CHANGED: StateRow(
        Shelf.REVIEW,
        (Act.SEE_CHANGES, Act.EDIT, Act.TAKE_BACK),
        "approve the new text",
        without_actors=_NO_APPROVER,
        waits_for_staff=True,
    ),
    State.APPROVED: StateRow(
        Shelf.APPROVED,
        (Act.START, Act.REVIEW, Act.EDIT, Act.TAKE_BACK),
        "choose a time and send it",
        without_actors=_NO_SENDER,
        waits_for_staff=True,
    ),
    State.HELD_BACK: StateRow(Shelf.SCHEDULED, (Act.REVIEW, Act.EDIT, Act.TAKE_BACK)),
    State.SCHEDULED: StateRow(
        Shelf.SCHEDULED,
        (Act.CHANGE_TIME, Act.UNDO, Act.EDIT, Act.TAKE_BACK),
        "still change the time",
    ),
    State.LEAVING: StateRow(Shelf.SCHEDULED, (Act.UNDO, Act.TAKE_BACK, Act.EDIT), "undo this"),
    State.SENDING: StateRow(Shelf.SENDING, (Act.PAUSE, Act.CANCEL, Act.REPORT), "pause it"),
    State.IN_USE: StateRow(Shelf.SENDING, (Act.REPORT, Act.PAUSE, Act.CANCEL)),
    State.PAUSED: StateRow(
        Shelf.SENDING,
        (Act.RESUME, Act.CANCEL, Act.REPORT, Act.CORRECT),
        "resume or cancel it",
        without_actors="No member of staff can resume it. An admin can invite a sender.",
        waits_for_staff=True,
    ),
    State.ATTENTION: StateRow(
        Shelf.SENDING,
        (Act.DECIDE, Act.REPORT, Act.CORRECT, Act.AMEND),
        "decide",
        without_actors="No member of staff can decide. Your operator can add an admin.",
        waits_for_staff=True,
    ),
    State.SENT: StateRow(Shelf.SENT, (Act.REPORT, Act.CORRECT, Act.AMEND)),
    State.CORRECTED: StateRow(Shelf.SENT, (Act.OPEN_CORRECTION, Act.REPORT, Act.AMEND)),
    State.CANCELLED: StateRow(
        Shelf.CANCELLED, (Act.SUBMIT, Act.REPORT), "bring it back for approval"
    ),
    State.WITHIN: StateRow(Shelf.WITHIN, (Act.OPEN_ORIGINAL,)),
    State.FAULTY: StateRow(Shelf.MISSING, (Act.EDIT,), "copy it to the desk and go on there"),
    State.MISSING: StateRow(Shelf.MISSING, (Act.COPY,), "copy it to the desk and go on there"),
}


@dataclass(frozen=True, kw_only=True)
class Related:
    """A link to another statement."""

    slug: str
    title: str
    language: str = ""
    state: State | None = None
    at: datetime | None = None
