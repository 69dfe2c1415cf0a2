"""approval → campaign: create a campaign when the approvals are complete, start it at its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from newsletter.domain.archive import Searchable
from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    CampaignState,
    Start,
    has_begun,
)
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.campaigns.translations import why_no_campaign
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.review import differs_by_a_fifth
from newsletter.domain.statements.statement import UNREADABLE, StoredStatement
from newsletter.domain.wording import joined, people, say
from newsletter.pipeline.campaigns.headcount import Reach, find_release_time, reach_of
from newsletter.pipeline.ledger import find_approved_content
from newsletter.pipeline.outgoing import pause_text
from newsletter.pipeline.status import is_outdated, load_status, load_statuses
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class PlanRules(CampaignRules):
    provider: str
    batch_size: int
    capabilities: tuple[Capabilities, ...]
    """The capabilities of each provider. A batch must fit all of them."""
    words_of: Callable[[Content], tuple[str, str]]
    """Return the opening line and the text of an email, for the archive's search."""


class Step(Enum):
    """The next step of planning for a statement."""

    NOTHING = "nothing"
    """Change nothing."""
    SCHEDULE = "schedule"
    """Create a campaign: the statement is approved and has none."""
    RESCHEDULE = "reschedule"
    """Change the time or urgency of a waiting campaign."""
    REPLACE = "replace"
    """Replace a waiting campaign: another content is approved now."""
    WITHDRAW = "withdraw"
    """Cancel a waiting campaign: the content changed or the start was revoked."""


@dataclass(frozen=True, kw_only=True)
class HeldStatement:
    """An approved statement that is not sent, and the reason."""

    slug: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    scheduled: tuple[Campaign, ...] = ()
    withdrawn: tuple[HeldStatement, ...] = ()
    held: tuple[HeldStatement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """The next step of a statement."""

    status: StatementStatus
    release: datetime | None
    """When the first reader gets the email; None if a time does not exist in the set zone."""
    step: Step
    why: str
    """Why an approved statement is held back; empty if it is not."""


@dataclass(kw_only=True)
class PlanState:
    """The results of the last run of planning, so that the next run checks only changes."""

    staff: Mapping[str, Role] | None = None
    """The roles in the last run, by address; None before the first run."""
    change_number: int = 0
    """The database's change number in the last run."""
    open: set[str] = field(default_factory=set)
    """The slugs of open statements: their step may change without a change of the statement."""
    held: dict[str, HeldStatement] = field(default_factory=dict)

    def add_decision(self, decision: _Decision) -> None:
        slug = decision.status.slug
        self.open.discard(slug)
        self.held.pop(slug, None)
        if _is_open(decision):
            self.open.add(slug)
        if decision.why and decision.step is not Step.WITHDRAW:
            self.held[slug] = HeldStatement(slug=slug, reason=decision.why)


def plan(*, store: Store, rules: PlanRules, state: PlanState | None = None) -> PlanResult:
    """Create, change or cancel campaigns so that they match the approvals.

    Checks the statements that have changed since the last run and the open ones. In the first run,
    or after a change of staff, checks all that have not been sent. Updates ``state``, what the
    last run left.
    """
    state = state or PlanState()
    with store.read() as tx:
        staff = tx.staff.roles()
        is_complete = state.staff != staff
        since = None if is_complete else state.change_number
        change_number, slugs = tx.statements.changed_since(since)
        open_slugs = {*slugs, *state.open}
        known = tx.statements.list_unsettled() if is_complete else tx.statements.find(open_slugs)
        # a statement that was never rendered is planned after that: rendering is a change
        known = [stored for stored in known if stored.fingerprint]
        decisions = [_decide(tx, status) for status in load_statuses(tx, known, rules)]
    if is_complete:
        # if this run breaks off, ``staff`` is None and the next run is complete too
        state.staff, state.open, state.held = None, set(), {}
    scheduled: list[Campaign] = []
    withdrawn: list[HeldStatement] = []
    for decision in decisions:
        slug = decision.status.slug
        if decision.step is not Step.NOTHING:
            # an approval may have been revoked since the read, so decide again
            with store.begin() as tx:
                stored = tx.statements.get(slug) or decision.status.stored
                decision = _decide(tx, load_status(tx, stored, rules))
                scheduled += _take_step(tx, decision, rules)
        if decision.step is Step.WITHDRAW:
            withdrawn.append(HeldStatement(slug=slug, reason=decision.why))
        state.add_decision(decision)
    state.staff, state.change_number = staff, change_number
    held = tuple(state.held[slug] for slug in sorted(state.held))
    return PlanResult(scheduled=tuple(scheduled), withdrawn=tuple(withdrawn), held=held)


def _is_open(decision: _Decision) -> bool:
    """Return whether the next step may change without a change of this statement.

    It may while the statement waits for its time, its original or its readers, and while it is held
    back. After a cancellation an unknown delivery may prove accepted.
    """
    status, campaign = decision.status, decision.status.campaign
    if has_begun(campaign) and campaign.state is not CampaignState.CANCELLED:
        return False
    gets_campaign = status.is_started and not status.is_within
    is_approved = status.stored.present and status.approval.approved
    return status.is_waiting or (is_approved and (gets_campaign or bool(decision.why)))


def _decide(tx: Transaction, status: StatementStatus) -> _Decision:
    release = None if status.has_begun else find_release_time(tx, status)
    step, why = _next_step(status, release)
    return _Decision(status=status, release=release, step=step, why=why)


def _next_step(status: StatementStatus, release: datetime | None) -> tuple[Step, str]:
    """Return the next step, and why the statement is held back or withdrawn, or "".

    ``release`` is when the first reader would get it; None if a time does not exist in its zone.
    """
    if status.has_begun:
        return Step.NOTHING, ""
    waiting = status.campaign if status.is_waiting else None
    if status.is_within:
        return (Step.WITHDRAW, why_no_campaign(status.statement)) if waiting else (Step.NOTHING, "")
    if not (status.stored.present and status.approval.approved and status.is_started):
        return _step_if_not_ready(status)
    if waiting is None:
        # a campaign that was cancelled before anything could reach a reader does not count
        return (Step.NOTHING, status.refusal) if status.refusal else (Step.SCHEDULE, "")
    if status.ready_at is None:
        return Step.NOTHING, status.refusal
    is_other_text = waiting.content_hash != status.stored.content_hash
    # without a campaign, a translation that must not be sent keeps no readers waiting
    if status.refusal and (is_other_text or status.statement.translation_of):
        return Step.WITHDRAW, status.refusal
    if is_other_text:
        return Step.REPLACE, ""
    is_same = waiting.release_at == release and waiting.urgent == status.statement.urgent
    return Step.NOTHING if is_same else Step.RESCHEDULE, status.refusal


def _step_if_not_ready(status: StatementStatus) -> tuple[Step, str]:
    """Return the step of a statement that is missing, not approved or not started, and why."""
    approval, start = status.approval, status.lapsed_start
    lapsed = "{who} had started it, and that has lapsed"
    lapse = [say(lapsed, who=start.by)] if start else []
    reasons = joined([*approval.reasons, *lapse])
    if not status.is_waiting:
        if has_begun(status.campaign):
            return Step.NOTHING, ""  # it was sent as approved; later changes do not matter
        return Step.NOTHING, reasons if approval.changed else status.refusal
    if not status.stored.present:
        why: str = say("its file is gone, or has a fault")
    elif not status.stored.content_hash:
        why = say("it can no longer be rendered")
    else:
        why = say("no sender has started it") if approval.approved else joined(approval.reasons)
    return Step.WITHDRAW, joined([why, *lapse])


def _take_step(tx: Transaction, decision: _Decision, rules: PlanRules) -> list[Campaign]:
    """Carry out the step of a decision. Return the new campaigns."""
    status, campaign, release = decision.status, decision.status.campaign, decision.release
    if campaign is not None:
        if decision.step is Step.WITHDRAW:
            _withdraw(tx, campaign, decision.why)
        if decision.step is Step.REPLACE:
            _withdraw(tx, campaign, say("its text changed, and the change is approved too"))
        if release is not None and decision.step is Step.RESCHEDULE:
            urgent = status.statement.urgent
            tx.campaigns.change(campaign.id, release_at=release, urgent=urgent)
            _log(tx, "reschedule", campaign, at=release, urgent=say("urgent") if urgent else "")
    if release is not None and decision.step in {Step.SCHEDULE, Step.REPLACE}:
        return [_schedule(tx, status, release, rules)]
    return []


def _schedule(
    tx: Transaction, status: StatementStatus, release: datetime, rules: PlanRules
) -> Campaign:
    statement = status.statement
    campaign = Campaign(
        id=0,
        slug=statement.slug,
        content_hash=status.stored.content_hash,
        state=CampaignState.SCHEDULED,
        release_at=release,
        approved_by=_approvers(status),
        lists=status.lists,
        provider=rules.provider,
        corrects=statement.corrects,
        translates=statement.translation_of,
        unlisted=True,
        urgent=statement.urgent,
        welcome=statement.welcome,
    )
    campaign = replace(campaign, id=tx.campaigns.add(campaign, tx.now))
    if (content := _content_or_pause(tx, campaign)) is not None:
        unlisted = statement.welcome or content.unlisted
        text_hash = dict(content.texts).get(campaign.slug, "")
        tx.campaigns.change(campaign.id, unlisted=unlisted, text_hash=text_hash)
        campaign = replace(campaign, unlisted=unlisted, text_hash=text_hash)
    _log(tx, "schedule", campaign, version=campaign.content_hash)
    return campaign


def _approvers(status: StatementStatus) -> tuple[str, ...]:
    return tuple(approval.by for approval in status.approval.given)


def _withdraw(tx: Transaction, campaign: Campaign, reason: str) -> None:
    if campaign.state is CampaignState.PAUSED:  # else a text that changes back would resume it
        tx.starts.revoke(campaign.slug, tx.now, version=campaign.content_hash)
    tx.campaigns.change_state(
        campaign.id, CampaignState.CANCELLED, expect=BEFORE_START, at=tx.now, reason=reason
    )
    _log(tx, "withdraw", campaign, reason=reason)


def start_due(*, store: Store, rules: PlanRules) -> tuple[Campaign, ...]:
    """Freeze the audience of each due campaign and start it. Return the started campaigns."""
    with store.read() as tx:
        campaigns = tx.campaigns.list_scheduled(until=tx.now)
    started = []
    for campaign in campaigns:
        with store.begin() as tx:
            if _start(tx, campaign, rules):
                started.append(campaign)
    return tuple(started)


def _start(tx: Transaction, campaign: Campaign, rules: PlanRules) -> bool:
    stored = _stored_or_pause(tx, campaign)
    if stored is None:
        return False
    status = load_status(tx, stored, rules)
    decision = _decide(tx, status)
    if decision.step is Step.WITHDRAW:
        _withdraw(tx, campaign, decision.why)
    is_old = bool(stored.statement.digest) and is_outdated(tx, campaign.slug)
    if decision.step is not Step.NOTHING or decision.why or is_old:
        return False
    content, replaced = _content_or_pause(tx, campaign), _find_replaced(tx, campaign)
    if content is None or replaced is None:
        return False
    reach = reach_of(tx, stored.statement, shares_email=rules.shares_email)
    # an import since the sender's decision may have added many people
    if status.start is not None and _pause_if_far_off(tx, status.start, campaign, reach):
        return False
    sizes = [capabilities.recipients_for(content) for capabilities in rules.capabilities]
    batch_size = min(rules.batch_size, *sizes)
    size = tx.audiences.freeze(
        campaign.id, reach.correction or reach.audience, batch_size, status.by_zone()
    )
    if not size and not campaign.welcome:
        _move(tx, campaign, CampaignState.PAUSED, reach.why_nobody(campaign))
        return False
    for earlier in replaced:  # their waiting readers get the new one
        tx.campaigns.move_queued(earlier.id, campaign.id)
        _cancel(tx, earlier, say("replaced by {slug}", slug=campaign.slug))
    tx.campaigns.change(campaign.id, approved_by=_approvers(status))
    _move(tx, campaign, CampaignState.SENDING)
    _add_to_pages(tx, campaign, content, rules)
    if reach.correction is not None:
        # only now: the frozen audience includes readers who still waited for the original
        for ended in reach.correction.ended_campaigns:
            _cancel(tx, ended, say("corrected by {slug}", slug=reach.correction.by))
            tx.campaigns.change(ended.id, corrected_by=reach.correction.by)
        _pause_corrected(tx, campaign)
    _log(tx, "start", campaign, readers=size)
    return True


def _pause_corrected(tx: Transaction, correction: Campaign) -> None:
    """Pause the translations and digests that still send what a correction corrects."""
    original = correction.corrects
    while original:
        why = say("{by} corrected {slug}", by=correction.slug, slug=original)
        pause_text(tx, original, why, by="scheduler")
        earlier = tx.campaigns.find_latest(original)
        original = earlier.corrects if earlier is not None else ""


def _stored_or_pause(tx: Transaction, campaign: Campaign) -> StoredStatement | None:
    """Return the statement of a due campaign. If its row is damaged, pause the campaign.

    During a hold none starts: its page would be public, and an undo too late.
    """
    # the campaign may have been paused, moved or cancelled since the read
    if tx.hold.reasons() or campaign not in tx.campaigns.list_scheduled(until=tx.now):
        return None
    stored = tx.statements.get(campaign.slug)
    if stored is None:
        _move(tx, campaign, CampaignState.PAUSED, UNREADABLE)
    return stored


def _content_or_pause(tx: Transaction, campaign: Campaign) -> Content | None:
    """Return the approved content. If it was altered, pause the campaign: all others go on."""
    content = find_approved_content(tx, campaign)
    if content is None:
        altered = "its stored email is not what was approved; 'newsletter cancel {id}' ends it"
        _move(tx, campaign, CampaignState.PAUSED, say(altered, id=str(campaign.id)))
    return content


def _find_replaced(tx: Transaction, campaign: Campaign) -> list[Campaign] | None:
    """Return the welcome emails that end because a new one to their lists starts.

    Return None while a call for one of them is under way: readers whom it does not reach would get
    neither.
    """
    running = tx.campaigns.list_running_welcomes(campaign.lists) if campaign.welcome else []
    replaced = [one for one in running if set(one.lists) <= set(campaign.lists)]
    is_called = any(tx.batches.is_open(one.id, is_claimed=True) for one in replaced)
    return None if is_called else replaced


def _add_to_pages(tx: Transaction, campaign: Campaign, content: Content, rules: PlanRules) -> None:
    """Store the links that count, and the words for the archive's search."""
    if content.counting:
        tx.counted_links.add(content.counting.key, content.counting.targets)
    if campaign.unlisted:
        return
    opening, text = rules.words_of(content)
    found = Searchable(
        slug=campaign.slug,
        content_hash=campaign.content_hash,
        language=content.language,
        title=content.subject,
        opening=opening,
        text=text,
        date=content.date,
    )
    tx.search.put(found)


def _pause_if_far_off(tx: Transaction, start: Start, campaign: Campaign, reach: Reach) -> bool:
    """If the number of readers differs much from that of the start, pause and return True."""
    now = tx.audiences.count(reach.audience)
    # other languages may have the missing readers; without any readers, the freeze pauses it
    has_moved = now < start.count and reach.group is not None
    if not now or has_moved or not differs_by_a_fifth(start.count, now):
        return False
    moved = (
        "{people} would get it now, and {who} started it for {shown:,}; find out why, then start it"
        " again or cancel it"
    )
    why = say(moved, people=people(now), who=start.by, shown=start.count)
    tx.starts.record_count(start.slug, now)
    _move(tx, campaign, CampaignState.PAUSED, why)
    _log(tx, "pause", campaign, readers=now, shown=start.count)
    return True


def _cancel(tx: Transaction, campaign: Campaign, reason: str) -> None:
    tx.campaigns.change_state(
        campaign.id, CampaignState.CANCELLED, expect={campaign.state}, at=tx.now, reason=reason
    )
    tx.campaigns.cancel_pending(campaign.id)
    tx.approvals.revoke(campaign.slug, tx.now, actor="scheduler", reason=reason)
    _log(tx, "cancel", campaign, reason=reason)


def _move(tx: Transaction, campaign: Campaign, to: CampaignState, reason: str = "") -> None:
    scheduled = {CampaignState.SCHEDULED}
    tx.campaigns.change_state(campaign.id, to, expect=scheduled, at=tx.now, reason=reason)


def _log(tx: Transaction, action: str, campaign: Campaign, **values: object) -> None:
    tx.audit.enter("scheduler", action, campaign.slug, campaign=campaign.id, **values)
