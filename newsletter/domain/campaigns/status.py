"""The status of a statement at one moment: its state, the possible acts, and the next act."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    CampaignState,
    Correction,
    Start,
    has_gone_out,
)
from newsletter.domain.campaigns.state import (
    STATE_ROWS,
    Act,
    CampaignRules,
    Related,
    Shelf,
    State,
    StateRow,
    TextOrigin,
)
from newsletter.domain.schedule import ByZone, LocalTime, all_zone_times, times_by_zone
from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest
from newsletter.domain.statements.statement import (
    ApprovalStatus,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.domain.subscribers.address import same_person


@dataclass(frozen=True, kw_only=True)
class StatementStatus:
    """A statement, its approvals and its campaign at one moment; addresses are folded."""

    stored: StoredStatement
    approval: ApprovalStatus
    rules: CampaignRules
    now: datetime
    staff: Mapping[str, Role] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names that colleagues use, by address."""
    campaign: Campaign | None = None
    """The newest campaign of the statement."""
    start: Start | None = None
    """The start that counts for the current content."""
    lapsed_start: Start | None = None
    """The start of an earlier version, if no start has followed."""
    change_request: ChangeRequest | None = None
    """The request for changes that applies to the current content."""
    corrected_by: Related | None = None
    """The correction, after its start has ended this statement's campaigns."""
    part_count: int = 0
    """The number of statements that a digest email lists."""
    fault: str = ""
    """The fault of the source file, if this process has read it; else ""."""
    set_for: datetime | None = None
    """The send time that the text or staff set, even if it has passed."""
    embargo_until: datetime | None = None
    content_since: datetime | None = None
    """When the content last changed; None once sending has begun."""
    ready_at: datetime | None = None
    """The earliest time of sending. None if a time does not exist in the configured zone."""
    hour: LocalTime | None = None
    """The local time of day at which each reader gets the email."""
    refusal: str = ""
    """Why planning holds an approved text back."""
    is_left_out: bool | None = None
    """The email that was sent has no text of it; None before one was sent."""
    has_changed_since: bool = False
    """Its source has another text than the email that was sent."""
    correction: Correction | None = None
    """The audience of an approved correction."""
    readers: int | None = None
    """The number of readers now; None if it was not counted."""
    lists: tuple[str, ...] = ()
    first_and_last_at: tuple[datetime, datetime] | None = None
    """The times at which the first and the last reader get the email, if ``hour`` is set."""
    translations: tuple[Related, ...] = ()
    awaited: tuple[str, ...] = ()
    """Sentences about readers who wait for a translation."""
    has_newer_draft: bool = False
    """The text at the desk is newer than the submitted one."""

    @property
    def statement(self) -> Statement:
        return self.stored.statement

    @property
    def slug(self) -> str:
        return self.stored.slug

    @property
    def has_begun(self) -> bool:
        """Return whether sending began, and was not cancelled before it could reach a reader."""
        return has_gone_out(self.campaign)

    @property
    def email_hash(self) -> str:
        """Return the content hash of its email, as sent once sending has begun."""
        sent = self.campaign if self.has_begun else None
        return (sent or self.stored).content_hash

    @property
    def is_waiting(self) -> bool:
        """Return whether its campaign has not begun."""
        return self.campaign is not None and self.campaign.state in BEFORE_START

    @property
    def is_within(self) -> bool:
        """Return whether it is a translation that is sent in the email of its original."""
        return self.rules.shares_email and bool(self.statement.translation_of)

    @property
    def is_started(self) -> bool:
        """Return whether a sender, or the last required approval, started it."""
        return self.start is not None

    @property
    def is_overdue(self) -> bool:
        """Return whether its set time has passed and no sender has started it."""
        is_unsent = not self.is_started and not self.has_begun
        return is_unsent and self.set_for is not None and self.set_for <= self.now

    @property
    def undo_since(self) -> datetime:
        """Return when the undo window begins: at the start, else the last approval, else now."""
        return self.start.at if self.start else self.approval.complete_at or self.now

    @property
    def returned_at(self) -> str:
        """Return the time of the open request for changes, for a form; "" without one."""
        return self.change_request.at.isoformat() if self.change_request else ""

    @property
    def release(self) -> datetime | None:
        """Return the time at which the first reader gets it; None while that is unknown."""
        if self.is_waiting and self.campaign is not None:
            return self.campaign.release_at
        if self.hour is not None:
            return self.first_and_last_at[0] if self.first_and_last_at else None
        return self.ready_at

    @property
    def planned_at(self) -> datetime | None:
        """Return when the first reader gets it; None without a start and a set time."""
        has_release = self.is_started or self.is_waiting or self.hour is not None
        return self.release if has_release else self.set_for

    def by_zone(self, zones: Iterable[str] | None = None) -> ByZone | None:
        """Return when the readers of each zone get it; None if all get it at once.

        ``zones`` limits the zones.
        """
        if self.hour is None or self.ready_at is None:
            return None
        if zones is None:
            return all_zone_times(self.hour, home=self.rules.timezone, earliest=self.ready_at)
        return times_by_zone(self.hour, zones, home=self.rules.timezone, earliest=self.ready_at)

    @property
    def text_origin(self) -> TextOrigin:
        """Return the place where the text is edited."""
        if self.statement.desk:
            return TextOrigin.DESK
        if self.statement.digest:
            return TextOrigin.DIGEST
        return TextOrigin.FEED if self.statement.feed else TextOrigin.FILE

    @cached_property
    def state(self) -> State:
        if self.corrected_by is not None:
            return State.CORRECTED
        if self.has_begun and self.campaign is not None:
            state = _STATE_OF_STARTED_CAMPAIGN.get(self.campaign.state, State.SENT)
            return State.IN_USE if state is State.SENDING and self.campaign.welcome else state
        if not self.stored.present:
            return State.MISSING
        if not self.stored.content_hash:
            return State.FAULTY
        if self.is_within:
            return State.WITHIN
        if self.statement.progress is Progress.DRAFT:
            return State.RETURNED if self.change_request else State.DRAFT
        return _state_if_approved(self) if self.approval.approved else _state_if_unapproved(self)

    @property
    def shelf(self) -> Shelf:
        return STATE_ROWS[self.state].shelf

    @property
    def is_undecided(self) -> bool:
        """Return whether nothing is left to send, and the outcome of some deliveries is unknown."""
        campaign = self.campaign
        if campaign is None or not campaign.counts.unknown:
            return False
        is_paused = campaign.state is CampaignState.PAUSED
        return campaign.state.is_ended or (is_paused and not campaign.counts.pending)

    @property
    def row(self) -> StateRow:
        """Return the facts of its state. An undecided one has those of ATTENTION in any state."""
        return STATE_ROWS[State.ATTENTION if self.is_undecided else self.state]

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Return the possible acts, most important first. Roles may not allow all of them."""
        state, acts = self.state, STATE_ROWS[self.state].acts
        if state is State.CANCELLED and self.has_begun:
            acts = (Act.REPORT,) if self.statement.welcome else (Act.REPORT, Act.AMEND)
            return (Act.DECIDE, *acts) if self.is_undecided else acts
        if self.is_undecided and state in {State.CORRECTED, State.PAUSED}:
            acts = (Act.DECIDE, *acts)
        if self.campaign is None:
            acts = tuple(act for act in acts if act is not Act.REPORT)
        if not self.has_begun or self.text_origin is TextOrigin.DIGEST:
            acts = tuple(act for act in acts if act is not Act.CORRECT)
        if self.lapsed_start is not None:
            acts = (*acts, Act.FORGET_START)
        if self.text_origin is TextOrigin.DESK:
            return acts
        at_the_desk = {Act.EDIT, Act.SUBMIT, Act.TAKE_BACK}
        acts = tuple(act for act in acts if act not in at_the_desk)
        if state is State.CANCELLED:
            acts = (Act.REVIEW, *acts)
        if self.text_origin is TextOrigin.DIGEST or self.has_begun or Act.COPY in acts:
            return acts
        return (*acts, Act.COPY)

    @cached_property
    def actors(self) -> tuple[str, ...]:
        """Return the people who may do the first act; those who usually do it come first."""
        return _actors_of(self.acts[0], self) if self.acts else ()

    def acts_for(self, address: str) -> tuple[Act, ...]:
        """Return the acts that this person's role allows, and UNDO for an approver."""
        role = self.staff.get(address)
        return tuple(
            act
            for act in self.acts
            if (role is not None and role.includes(act.needed))
            or (act is Act.UNDO and address in _actors_of(act, self))
        )

    @property
    def is_unread(self) -> bool:
        """Return whether it is an approved translation that has no readers. They are counted."""
        is_translation = bool(self.statement.translation_of)
        return is_translation and self.readers == 0 and self.state is State.APPROVED

    def waits_for(self, address: str) -> bool:
        """Return whether the statement waits for an act that this person may do."""
        return self.row.waits_for_staff and not self.is_unread and address in self.actors

    def name(self, address: str) -> str:
        """Return the name that colleagues use for a person."""
        return self.names.get(address) or name_of(address)


_STATE_OF_STARTED_CAMPAIGN = {
    CampaignState.SENDING: State.SENDING,
    CampaignState.PAUSED: State.PAUSED,
    CampaignState.ATTENTION: State.ATTENTION,
    CampaignState.CANCELLED: State.CANCELLED,
}


def _state_if_approved(status: StatementStatus) -> State:
    campaign = status.campaign
    if campaign is not None and campaign.state is CampaignState.PAUSED:
        return State.PAUSED
    if not status.is_started:
        return State.APPROVED
    if status.refusal:
        return State.HELD_BACK
    window = status.undo_since + status.rules.undo_window
    waits_for_undo_alone = status.release is not None and status.release <= window
    return State.LEAVING if waits_for_undo_alone else State.SCHEDULED


def _state_if_unapproved(status: StatementStatus) -> State:
    if status.change_request is not None:
        return State.RETURNED
    if status.approval.changed:
        return State.CHANGED
    # if newsletter ended the campaign, because an approval was lost, the text waits for review
    campaign = status.campaign
    is_stopped = campaign is not None and campaign.ended_by and not campaign.resubmitted
    return State.CANCELLED if is_stopped and not status.approval.counted else State.REVIEW


def _actors_of(act: Act, status: StatementStatus) -> tuple[str, ...]:
    """Return the people who may do this act; those who usually do it come first."""
    actors = [address for address, role in status.staff.items() if role.includes(act.needed)]
    if act in {Act.REVIEW, Act.SEE_CHANGES}:
        approvers = {approval.by for approval in status.approval.counted}
        bars_writers = not status.rules.policy.author_may_approve
        actors = [
            address
            for address in actors
            if address not in approvers and not (bars_writers and status.stored.is_writer(address))
        ]
    if act.needed is Role.WRITER:
        # only the writers of a text are asked to continue it, if one of them may
        writers = status.statement.written_by
        authors = [one for one in actors if any(same_person(one, writer) for writer in writers)]
        actors = authors or actors
    if act is Act.UNDO:
        approvers = {approval.by for approval in status.approval.given}
        actors += [one for one in status.staff if one in approvers and one not in actors]
    ranks = list(Role)
    return tuple(sorted(actors, key=lambda address: (ranks.index(status.staff[address]), address)))
