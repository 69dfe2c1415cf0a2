"""The states of a statement, from draft to report: what leads to each, and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from newsletter.domain.campaigns.campaign import (
    Campaign,
    CampaignState,
    Start,
    StartBy,
    has_begun,
)
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Returned
from newsletter.domain.statements.statement import (
    ApprovalPolicy,
    ApprovalStatus,
    Progress,
    Statement,
)
from newsletter.domain.subscribers.address import same_person


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
    WITHDRAWN = "withdrawn"
    """Its public page says that it is no longer valid."""
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
        State.WITHDRAWN: Shelf.SENT,
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


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another statement, as one names it."""

    slug: str
    title: str
    word: str = ""
    """Its language or its state."""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about a statement at one moment; addresses are folded."""

    statement: Statement
    content_hash: str
    writers: tuple[str, ...] = ()
    """The writers of all texts in its email."""
    standing: ApprovalStatus
    rules: CampaignRules
    now: datetime
    present: bool = True
    staff: Mapping[str, Role] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names that colleagues use, by address."""
    draft: str = ""
    """The key of the text at the desk; empty if it is edited elsewhere."""
    ahead: bool = False
    """The text at the desk is newer than the submitted one."""
    campaign: Campaign | None = None
    started_at: datetime | None = None
    """When a sender started this version."""
    lapsed: Start | None = None
    """The start of an earlier version, if no start has followed."""
    set_for: datetime | None = None
    """The time that its text or staff set, also one that has passed."""
    release: datetime | None = None
    """When the first reader gets it; None while that is unknown."""
    readers: int | None = None
    """The estimated number of readers; None if it was not counted."""
    objection: str = ""
    """Why planning holds an approved text back."""
    returned: Returned | None = None
    corrected: Related | None = None
    withdrawn_at: datetime | None = None
    embargo_until: datetime | None = None
    translations: tuple[Related, ...] = ()
    awaited: tuple[str, ...] = ()
    """The readers who wait for a translation, in sentences."""
    parts: int = 0
    """Statements that a digest email gathers."""
    hours: tuple[datetime, datetime] | None = None
    """When the first and the last reader get it, if each gets it by their own clock."""
    fault: str = ""
    """The fault of its source."""

    @property
    def is_overdue(self) -> bool:
        """The set time has passed and no sender has started the approved text."""
        waits = self.rules.by_sender and self.started_at is None and not self.begun
        return waits and self.set_for is not None and self.set_for <= self.now

    @property
    def home(self) -> Home:
        """The place where the text is edited."""
        if self.draft:
            return Home.DESK
        if self.statement.digest:
            return Home.DIGEST
        return Home.FEED if self.statement.feed else Home.FILE

    def wrote(self, address: str) -> bool:
        """Return whether this person, under any spelling of the address, wrote in this
        statement."""
        return any(same_person(address, writer) for writer in self.statement.written_by)

    @property
    def since(self) -> datetime:
        """The beginning of the undo window: the start, else the approval, else now."""
        return self.started_at or self.standing.complete_at or self.now

    @property
    def begun(self) -> bool:
        """Sending began, and was not cancelled before it could reach a reader."""
        campaign = self.campaign
        if not has_begun(campaign):
            return False
        return campaign.state is not CampaignState.CANCELLED or bool(
            campaign.may_have_reached_anybody or campaign.counts.pending or campaign.corrected_by
        )


_ON_ITS_WAY = {
    CampaignState.SENDING: State.SENDING,
    CampaignState.PAUSED: State.PAUSED,
    CampaignState.ATTENTION: State.ATTENTION,
    CampaignState.CANCELLED: State.CANCELLED,
}


def state_of(facts: Facts) -> State:
    """Return the state of a statement."""
    if facts.corrected is not None:
        return State.CORRECTED
    if facts.begun and facts.campaign is not None:
        on_its_way = _ON_ITS_WAY.get(facts.campaign.state)
        if on_its_way is None and facts.withdrawn_at is not None:
            return State.WITHDRAWN
        return on_its_way or State.SENT
    if not facts.present:
        return State.MISSING
    if not facts.content_hash:
        return State.FAULTY
    if facts.rules.together and facts.statement.translation_of:
        return State.WITHIN
    if facts.statement.progress is Progress.DRAFT:
        return State.RETURNED if facts.returned else State.DRAFT
    return _approved(facts) if facts.standing.approved else _not_approved(facts)


def _approved(facts: Facts) -> State:
    campaign = facts.campaign
    if campaign is not None and campaign.state is CampaignState.PAUSED:
        return State.PAUSED
    if facts.rules.by_sender and facts.started_at is None:
        return State.APPROVED
    if facts.objection:
        return State.HELD_BACK
    decided = facts.started_at or facts.standing.complete_at
    if facts.release is None or decided is None:
        return State.SCHEDULED
    waits_for_undo_alone = facts.release <= decided + facts.rules.undo_window
    return State.LEAVING if waits_for_undo_alone else State.SCHEDULED


def _not_approved(facts: Facts) -> State:
    if facts.returned is not None:
        return State.RETURNED
    if facts.standing.changed:
        return State.CHANGED
    campaign = facts.campaign
    cancelled = campaign is not None and campaign.state is CampaignState.CANCELLED
    return State.CANCELLED if cancelled and not facts.standing.counted else State.REVIEW


_REVIEWED = (Act.REVIEW,)
_ACTS: Mapping[State, tuple[Act, ...]] = MappingProxyType(
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
        State.WITHDRAWN: (Act.REPORT,),
        State.CANCELLED: (Act.HAND_IN, Act.REPORT),
        State.WITHIN: (Act.OPEN_ORIGINAL,),
        State.FAULTY: (Act.EDIT,),
        State.MISSING: (Act.COPY,),
    }
)
"""The possible acts in each state, most important first."""
_AT_THE_DESK = frozenset({Act.EDIT, Act.HAND_IN, Act.TAKE_BACK})


def acts_of(state: State, facts: Facts) -> tuple[Act, ...]:
    """Return the possible acts, most important first."""
    found = _ACTS[state]
    if state is State.CANCELLED and facts.begun:
        return (Act.REPORT,)
    if facts.campaign is None:
        found = tuple(act for act in found if act is not Act.REPORT)
    if not facts.begun or facts.home is Home.DIGEST:
        found = tuple(act for act in found if act is not Act.CORRECT)
    if facts.lapsed is not None:
        found = (*found, Act.FORGET_START)
    if facts.home is Home.DESK:
        return found
    kept = tuple(act for act in found if act not in _AT_THE_DESK)
    if state is State.CANCELLED:
        kept = (*_REVIEWED, *kept)
    elsewhere = facts.home is not Home.DIGEST and not facts.begun and Act.COPY not in kept
    return (*kept, Act.COPY) if elsewhere else kept


def actors_of(act: Act | None, facts: Facts) -> tuple[str, ...]:
    """Return the people who may do this act, those first who usually do."""
    if act is None:
        return ()
    needed = NEEDED[act]
    able = [address for address, role in facts.staff.items() if role.includes(needed)]
    if act in {Act.REVIEW, Act.SEE_CHANGES}:
        able = [address for address in able if _may_approve(address, facts)]
    if needed is Role.WRITER:
        # its writers continue a text; without one who may, any writer does
        able = [address for address in able if facts.wrote(address)] or able
    if act is Act.UNDO:
        own = {approval.by for approval in facts.standing.given}
        able += [address for address in facts.staff if address in own and address not in able]
    ranks = list(Role)
    return tuple(sorted(able, key=lambda address: (ranks.index(facts.staff[address]), address)))


def _may_approve(address: str, facts: Facts) -> bool:
    wrote = any(same_person(address, writer) for writer in facts.writers)
    barred = wrote and not facts.rules.policy.author_may_approve
    return not barred and address not in {approval.by for approval in facts.standing.counted}


def may(act: Act, address: str, facts: Facts) -> bool:
    """Return whether the page offers the act. A person who may not approve may still read."""
    role = facts.staff.get(address)
    held = role is not None and role.includes(NEEDED[act])
    return held or (act is Act.UNDO and address in actors_of(act, facts))
