"""The states of a statement, from draft to report, and the acts on its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import ApprovalPolicy


class State(Enum):
    """The state of a statement, in the word that people read."""

    DRAFT = "draft"
    """Being written; only staff see it."""
    REVIEW = "in review"
    """Handed in, and short of an approval."""
    RETURNED = "sent back"
    """An approver asked for changes."""
    CHANGED = "changed since approval"
    """The text differs from the approved one."""
    APPROVED = "approved"
    """No sender has started it."""
    HELD_BACK = "held back"
    """It is approved, and planning says why it cannot be sent."""
    SCHEDULED = "scheduled"
    """It will be sent at a known time."""
    LEAVING = "leaving soon"
    """It will be sent when the undo window ends."""
    SENDING = "sending"
    """Its batches are being sent."""
    PAUSED = "paused"
    """A person, the circuit breaker or a provider stopped it on its way."""
    ATTENTION = "needs attention"
    """It is finished, with deliveries whose outcome is unknown."""
    SENT = "sent"
    """It is finished, and every outcome is known."""
    CORRECTED = "corrected"
    """Another statement put it right."""
    CANCELLED = "cancelled"
    """A person ended it."""
    WITHIN = "with its original"
    """A translation that goes out in the email of what it translates."""
    FAULTY = "has a fault"
    """It cannot be rendered."""
    MISSING = "missing"
    """Its source no longer has it."""


class Shelf(Enum):
    """A group of states on the board."""

    DRAFTS = "drafts"
    """Being written, or sent back."""
    REVIEW = "review"
    """Waiting for approval."""
    APPROVED = "approved"
    """Waiting for somebody to send it."""
    SCHEDULED = "scheduled"
    """Waiting for its time."""
    SENDING = "sending"
    """Under way, paused, or in need of attention."""
    SENT = "sent"
    """Gone out, whatever became of it later."""
    CANCELLED = "cancelled"
    """Ended by a person."""
    WITHIN = "within"
    """Translations that go out with their original."""
    MISSING = "missing"
    """Faulty, or gone from their source."""


@dataclass(frozen=True, kw_only=True)
class CampaignRules:
    """The settings that decide which statements are sent, and when."""

    policy: ApprovalPolicy
    timezone: str
    """IANA name: of the wall times in files, and of readers who named none."""
    undo_window: timedelta
    start: StartBy = StartBy.APPROVAL
    """The act that starts an approved statement."""
    typed_count: int = 1
    """From so many readers on, somebody who lets it go at the desk types their number and shows a
    second factor."""

    @property
    def together(self) -> bool:
        """Translations go out in the email of their original."""
        return self.policy.together

    @property
    def by_sender(self) -> bool:
        """A sender starts approved statements."""
        return self.start is StartBy.SENDER


SHELVES: Mapping[State, Shelf] = MappingProxyType(
    {
        State.DRAFT: Shelf.DRAFTS,
        State.RETURNED: Shelf.DRAFTS,
        State.REVIEW: Shelf.REVIEW,
        State.CHANGED: Shelf.REVIEW,
        State.APPROVED: Shelf.APPROVED,
        State.HELD_BACK: Shelf.SCHEDULED,
        State.SCHEDULED: Shelf.SCHEDULED,
        State.LEAVING: Shelf.SCHEDULED,
        State.SENDING: Shelf.SENDING,
        State.PAUSED: Shelf.SENDING,
        State.ATTENTION: Shelf.SENDING,
        State.SENT: Shelf.SENT,
        State.CORRECTED: Shelf.SENT,
        State.CANCELLED: Shelf.CANCELLED,
        State.WITHIN: Shelf.WITHIN,
        State.FAULTY: Shelf.MISSING,
        State.MISSING: Shelf.MISSING,
    }
)


class Home(Enum):
    """The place where the text is edited."""

    DESK = "desk"
    """It is written at the desk."""
    FILE = "file"
    """In a file of a folder."""
    FEED = "feed"
    """In a feed that is visited."""
    DIGEST = "digest"
    """It was made of sent statements."""


class Act(Enum):
    """An act on a statement's page."""

    EDIT = "edit"
    """Change the text."""
    TAKE_BACK = "take back"
    """Take a text back that was handed in."""
    HAND_IN = "hand in"
    """Ask for approval again."""
    REVIEW = "review"
    """Read it, and approve it or send it back."""
    SEE_CHANGES = "see changes"
    """Read what changed since the approval, and approve it or send it back."""
    START = "start"
    """Choose a time and send."""
    CHANGE_TIME = "change time"
    """Set another time."""
    UNDO = "undo"
    """Stop it within the undo window."""
    PAUSE = "pause"
    """Stop it for now."""
    RESUME = "resume"
    """Let it go on."""
    CANCEL = "cancel"
    """End it."""
    DECIDE = "decide"
    """Decide the outcome of unknown deliveries."""
    REPORT = "report"
    """See its figures."""
    OPEN_CORRECTION = "open correction"
    """See what put it right."""
    OPEN_ORIGINAL = "open original"
    """See what it translates."""
    CORRECT = "correct"
    """Write a correction to the readers who have it."""
    COPY = "copy"
    """Copy it to the desk, to go on with it there."""
    FORGET_START = "forget start"
    """Have a start that lapsed shown no more."""


NEEDED: Mapping[Act, Role] = MappingProxyType(
    {
        Act.EDIT: Role.WRITER,
        Act.TAKE_BACK: Role.WRITER,
        Act.HAND_IN: Role.WRITER,
        Act.REVIEW: Role.APPROVER,
        Act.SEE_CHANGES: Role.APPROVER,
        Act.START: Role.SENDER,
        Act.CHANGE_TIME: Role.SENDER,
        Act.UNDO: Role.SENDER,
        Act.PAUSE: Role.SENDER,
        Act.RESUME: Role.SENDER,
        Act.CANCEL: Role.SENDER,
        Act.DECIDE: Role.ADMIN,
        Act.REPORT: Role.VIEWER,
        Act.OPEN_CORRECTION: Role.VIEWER,
        Act.OPEN_ORIGINAL: Role.VIEWER,
        Act.CORRECT: Role.WRITER,
        Act.COPY: Role.WRITER,
        Act.FORGET_START: Role.SENDER,
    }
)
"""The least role that each takes; an approver may also undo what they approved."""


ACTS: Mapping[State, tuple[Act, ...]] = MappingProxyType(
    {
        State.DRAFT: (Act.EDIT, Act.HAND_IN),
        State.RETURNED: (Act.EDIT, Act.HAND_IN),
        State.REVIEW: (Act.REVIEW, Act.EDIT, Act.TAKE_BACK),
        State.CHANGED: (Act.SEE_CHANGES, Act.EDIT, Act.TAKE_BACK),
        State.APPROVED: (Act.START, Act.REVIEW, Act.EDIT),
        State.HELD_BACK: (Act.REVIEW, Act.EDIT, Act.TAKE_BACK),
        State.SCHEDULED: (Act.CHANGE_TIME, Act.UNDO, Act.EDIT, Act.TAKE_BACK),
        State.LEAVING: (Act.UNDO, Act.TAKE_BACK, Act.EDIT),
        State.SENDING: (Act.PAUSE, Act.CANCEL, Act.REPORT),
        State.PAUSED: (Act.RESUME, Act.CANCEL, Act.REPORT, Act.CORRECT),
        State.ATTENTION: (Act.DECIDE, Act.REPORT, Act.CORRECT),
        State.SENT: (Act.REPORT, Act.CORRECT),
        State.CORRECTED: (Act.OPEN_CORRECTION, Act.REPORT),
        State.CANCELLED: (Act.HAND_IN, Act.REPORT),
        State.WITHIN: (Act.OPEN_ORIGINAL,),
        State.FAULTY: (Act.EDIT,),
        State.MISSING: (Act.COPY,),
    }
)
"""The possible acts in each state, most important first."""
DESK_ACTS = frozenset({Act.EDIT, Act.HAND_IN, Act.TAKE_BACK})
"""Acts on a text that is written at the desk."""
WAITS_FOR_SOMEBODY = frozenset(
    {
        State.RETURNED,
        State.REVIEW,
        State.CHANGED,
        State.APPROVED,
        State.PAUSED,
        State.ATTENTION,
    }
)
"""Nothing goes on before somebody acts."""
NEXT_ACTS: Mapping[State, str] = MappingProxyType(
    {
        State.DRAFT: "finish it and hand it in",
        State.RETURNED: "change it and hand it in again",
        State.REVIEW: "approve it",
        State.CHANGED: "approve the new text",
        State.APPROVED: "choose a time and send it",
        State.SCHEDULED: "still change the time",
        State.LEAVING: "undo this",
        State.SENDING: "pause it",
        State.PAUSED: "resume or cancel it",
        State.ATTENTION: "decide",
        State.CANCELLED: "bring it back for approval",
        State.FAULTY: "copy it to the desk and go on there",
        State.MISSING: "copy it to the desk and go on there",
    }
)
"""State → the next act, in words."""
WITHOUT_ACTORS: Mapping[State, str] = MappingProxyType(
    {
        State.REVIEW: "No member of staff can approve it. An admin can invite an approver.",
        State.CHANGED: "No member of staff can approve it. An admin can invite an approver.",
        State.APPROVED: "No member of staff can send it. An admin can invite a sender.",
        State.PAUSED: "No member of staff can resume it. An admin can invite a sender.",
        State.ATTENTION: "No member of staff can decide. Your operator can add an admin.",
    }
)
"""State → the sentence if no member of staff may do the next act."""


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another statement, as one names it."""

    slug: str
    title: str
    word: str = ""
    """Its language or its state."""
    at: datetime | None = None
