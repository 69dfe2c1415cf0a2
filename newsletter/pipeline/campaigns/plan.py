"""approval → campaign: planned when the approvals are complete, frozen when its time has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    CampaignState,
    Correction,
    Start,
    StartBy,
    Step,
    decide,
    has_begun,
)
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.review import far_off
from newsletter.domain.statements.statement import (
    ApprovalStatus,
    StoredStatement,
)
from newsletter.domain.wording import people
from newsletter.pipeline.campaigns.reach import (
    Reach,
    Timing,
    correction_of,
    reach_of,
    timing_of,
)
from newsletter.pipeline.ledger import approved_content, lapsed_start, standing_of, start_of
from newsletter.pipeline.statements.translations import check_translation, goes_within
from newsletter.store.sql import Store, Transaction

_NOT_APPROVED = datetime.min.replace(tzinfo=UTC)
"""In the place of a release time, where there is none yet."""


@dataclass(frozen=True, kw_only=True)
class PlanRules(CampaignRules):
    """The rules of planning with those of the providers."""

    provider: str
    batch_size: int
    capabilities: Capabilities
    second: Capabilities | None = None
    """The second provider's capabilities: a batch must fit both providers."""


_WHERE_IT_MUST_NOT = {Step.SCHEDULE: Step.NOTHING, Step.REPLACE: Step.WITHDRAW}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A statement that was approved once and does not go out, and why."""

    slug: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The result of one run of planning."""

    scheduled: tuple[Campaign, ...] = ()
    withdrawn: tuple[Held, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _View:
    """A statement and its campaign at one moment, with the next step."""

    stored: StoredStatement
    standing: ApprovalStatus
    campaign: Campaign | None
    timing: Timing | None
    """None if the statement is not approved or has no campaign of its own."""
    release: datetime
    step: Step
    why: str
    """Why an approved statement is held back; empty if it is not."""
    start: Start | None = None
    """The start that counts, if there is one."""
    correction: Correction | None = None
    """The audience of a correction that may be sent."""


@dataclass(kw_only=True)
class Watch:
    """The state of planning between two runs: the next run looks only at what may have changed."""

    by: tuple[PlanRules, Mapping[str, Role]] | None = None
    """The rules and the staff of the look before; None before the first one."""
    mark: int = 0
    """The change number of the last run."""
    open: set[str] = field(default_factory=set)
    """Slugs whose turn may come without a change of their own: by time, or by that of others."""
    held: dict[str, Held] = field(default_factory=dict)

    def note(self, view: _View) -> None:
        """Note the result of looking at one statement."""
        slug = view.stored.statement.slug
        self.open.discard(slug)
        self.held.pop(slug, None)
        if _is_open(view):
            self.open.add(slug)
        if view.why and view.step is not Step.WITHDRAW:
            self.held[slug] = Held(slug=slug, reason=view.why)


def plan(*, store: Store, rules: PlanRules, before: Watch | None = None) -> Planned:
    """Bring the campaigns of statements in line with their approvals.

    Looked at is what changed since the look before, and what may go out. Without ``before``, which
    is brought up to date, or where the rules or the staff are others, that is all that did not go
    out.
    """
    before = before or Watch()
    with store.read() as tx:
        by = (rules, tx.staff.roles())
        anew = before.by != by
        mark, touched = tx.statements.changed_since(None if anew else before.mark)
        known = tx.statements.unsettled() if anew else tx.statements.some({*touched, *before.open})
        # rendering a statement for the first time counts as a change, so it is planned then
        views = [_view_of(tx, stored, rules) for stored in known if stored.fingerprint]
    if anew:
        # stays None until the end, so that a run that breaks off is followed by a complete one
        before.by, before.open, before.held = None, set(), {}
    scheduled: list[Campaign] = []
    withdrawn: list[Held] = []
    for view in views:
        slug = view.stored.statement.slug
        if view.step is not Step.NOTHING:
            # decide again under the write lock: an approval may have been revoked since the read
            with store.begin() as tx:
                view = _view_of(tx, tx.statements.get(slug) or view.stored, rules)
                scheduled += _act(tx, view, rules)
        if view.step is Step.WITHDRAW:
            withdrawn.append(Held(slug=slug, reason=view.why))
        before.note(view)
    before.by, before.mark = by, mark
    held = tuple(before.held[slug] for slug in sorted(before.held))
    return Planned(scheduled=tuple(scheduled), withdrawn=tuple(withdrawn), held=held)


def _is_open(view: _View) -> bool:
    """Return whether the next step may change without a change of this statement.

    That is so if it waits for its time, its original or its readers, if others hold it back, or if
    it was cancelled and an unknown delivery may still turn out accepted.
    """
    campaign = view.campaign
    if has_begun(campaign) and campaign.state is not CampaignState.CANCELLED:
        return False
    waits = campaign is not None and campaign.state in BEFORE_START
    return waits or (
        view.stored.present and bool(view.timing or (view.standing.approved and view.why))
    )


def _view_of(tx: Transaction, stored: StoredStatement, rules: PlanRules) -> _View:
    standing = standing_of(tx, stored, rules.policy)
    campaign = tx.campaigns.latest(stored.statement.slug)
    start = start_of(tx, stored, standing)
    started = rules.start is StartBy.APPROVAL or start is not None
    timing, release = None, _NOT_APPROVED
    try:
        # from when on the time to undo runs: somebody started it after its approvals
        since = standing.complete_at if start is None else start.at
        timing = _timing(tx, stored, since, standing, rules) if started else None
        if timing is not None:
            release = timing.release(tx, campaign)
    except ValueError as error:  # the zone was changed since the statement was read
        step, why = Step.NOTHING, str(error)
    else:
        step = decide(
            present=stored.present,
            content_hash=stored.content_hash,
            standing=standing,
            campaign=campaign,
            release=release,
            urgent=stored.statement.urgent,
            started=started,
        )
        why = _say(step, stored, standing)
        lapsed = lapsed_start(tx, stored, standing, campaign) if rules.by_sender and why else None
        if lapsed is not None:
            why += f"; {lapsed.by} had started it, and that has lapsed"
    view = _View(
        stored=stored,
        standing=standing,
        campaign=campaign,
        timing=timing,
        release=release,
        step=step,
        why=why,
        start=start,
    )
    if step is Step.NOTHING and has_begun(campaign):
        return replace(view, why="")  # it went out as approved; its file now is another matter
    return _as_translation(tx, _as_correction(tx, view), rules)


def _say(step: Step, stored: StoredStatement, standing: ApprovalStatus) -> str:
    """Return why the statement is held back, as a sentence, or ""."""
    if step is Step.WITHDRAW and not stored.present:
        return "its file is gone, or has a fault"
    if step is Step.WITHDRAW and not stored.content_hash:
        return "it can no longer be rendered"
    if step is Step.WITHDRAW and standing.approved:
        return "no sender has started it"
    waits = step is Step.WITHDRAW or standing.changed
    return "; ".join(standing.reasons) if waits else ""


def _as_correction(tx: Transaction, view: _View) -> _View:
    """Add the audience of a correction, or the reason why the statement must not be sent."""
    if view.why or not (view.standing.approved and view.stored.present):
        return view
    if view.campaign is not None and view.campaign.corrected_by:
        return replace(view, why=f"{view.campaign.corrected_by} corrects it, and has its place")
    try:
        return replace(view, correction=correction_of(tx, view.stored.statement))
    except Refused as error:
        step = _WHERE_IT_MUST_NOT.get(view.step, view.step)
        return replace(view, step=step, why=str(error))


def _as_translation(tx: Transaction, view: _View, rules: PlanRules) -> _View:
    """Add the reason why a translation must not be sent by itself. Others then do not wait for it.

    A translation inside the email of its original has no campaign; an older one is withdrawn.
    """
    statement = view.stored.statement
    ready = view.standing.approved and view.stored.present and not view.why
    if not statement.translation_of or not (ready or rules.together):
        return view
    waits = view.campaign is not None and view.campaign.state in BEFORE_START
    step = Step.WITHDRAW if waits else Step.NOTHING
    if rules.together:
        return replace(view, step=step, why=goes_within(statement) if waits else "")
    try:
        check_translation(tx, statement)
    except Refused as error:
        return replace(view, step=step, why=str(error))
    return view


def _timing(
    tx: Transaction,
    stored: StoredStatement,
    since: datetime | None,
    standing: ApprovalStatus,
    rules: PlanRules,
) -> Timing | None:
    """Return when an approved statement may be sent. Raises ValueError for a time that does not
    exist."""
    within = rules.together and stored.statement.translation_of
    if since is None or not stored.present or within:
        return None
    return timing_of(tx, stored.statement, since, rules, not_before=standing.not_before)


def _act(tx: Transaction, view: _View, rules: PlanRules) -> list[Campaign]:
    """Take the step. Return the new campaign, if there is one."""
    campaign = view.campaign
    if campaign is not None and view.step is Step.WITHDRAW:
        _withdraw(tx, campaign, view.why)
    if campaign is not None and view.step is Step.REPLACE:
        _withdraw(tx, campaign, "its text changed, and the change is approved too")
    if campaign is not None and view.step is Step.RESCHEDULE:
        urgent = view.stored.statement.urgent
        tx.campaigns.reschedule(campaign.id, view.release, urgent=urgent)
        until = f"campaign {campaign.id} to {view.release.isoformat()}{', urgent' * urgent}"
        _note(tx, "reschedule", campaign.slug, until)
    if view.step in {Step.SCHEDULE, Step.REPLACE}:
        return [_schedule(tx, view, rules)]
    return []


def _schedule(tx: Transaction, view: _View, rules: PlanRules) -> Campaign:
    statement = view.stored.statement
    campaign = Campaign(
        id=0,
        slug=statement.slug,
        content_hash=view.stored.content_hash,
        state=CampaignState.SCHEDULED,
        release_at=view.release,
        approved_by=tuple(approval.by for approval in view.standing.given),
        lists=view.correction.lists if view.correction else statement.lists,
        provider=rules.provider,
        corrects=statement.corrects,
        translates=statement.translation_of,
        urgent=statement.urgent,
    )
    campaign = replace(campaign, id=tx.campaigns.add(campaign, tx.now))
    _note(tx, "schedule", campaign.slug, f"campaign {campaign.id} of {campaign.content_hash}")
    return campaign


def _withdraw(tx: Transaction, campaign: Campaign, why: str) -> None:
    tx.campaigns.move(
        campaign.id, CampaignState.CANCELLED, expect=BEFORE_START, at=tx.now, reason=why
    )
    _note(tx, "withdraw", campaign.slug, f"campaign {campaign.id}: {why}")


def start_due(*, store: Store, rules: PlanRules) -> tuple[Campaign, ...]:
    """Freeze the audience of each campaign whose time has come, and let it go out."""
    with store.read() as tx:
        due = tx.campaigns.due(tx.now)
    started = []
    for campaign in due:
        with store.begin() as tx:
            if _start(tx, campaign, rules):
                started.append(campaign)
    return tuple(started)


def _start(tx: Transaction, campaign: Campaign, rules: PlanRules) -> bool:
    stored = tx.statements.get(campaign.slug)
    # a pause, a new time or a cancellation since the read counts
    if stored is None or campaign not in tx.campaigns.due(tx.now):
        return False
    view = _view_of(tx, stored, rules)
    if view.step is Step.WITHDRAW:
        _withdraw(tx, campaign, view.why)
    if view.step is not Step.NOTHING or view.why:
        return False
    reach = reach_of(tx, stored.statement, together=rules.together)
    # an import between the sender's word and the start may have brought a list of strangers
    if view.start is not None and _is_far_off(tx, view.start, campaign, reach):
        return False
    content = approved_content(tx, campaign)
    fits = [
        capabilities.recipients_for(content)
        for capabilities in (rules.capabilities, rules.second)
        if capabilities
    ]
    batch_size = min(rules.batch_size, *fits)
    by_zone = view.timing.by_zone() if view.timing else None
    size = reach.freeze(tx, campaign.id, batch_size, by_zone)
    if not size:
        _move(tx, campaign, CampaignState.PAUSED, reach.why_nobody(campaign))
        return False
    _move(tx, campaign, CampaignState.SENDING)
    if reach.correction is not None:
        # after the freeze, because the audience includes readers whom the original still waits for
        _end_original(tx, reach.correction)
    _note(tx, "start", campaign.slug, f"campaign {campaign.id} to {size} readers")
    return True


def _is_far_off(tx: Transaction, start: Start, campaign: Campaign, reach: Reach) -> bool:
    """Pause the campaign if the number of readers is far from the number it was started for."""
    now = reach.count(tx)
    if not now or not far_off(start.count, now):  # that it is nobody is told in other words
        return False
    number = campaign.id
    why = (
        f"{people(now)} would get it now, and {start.by} started it for {start.count:,};"
        f" find out why, then 'newsletter resume {number}' or 'newsletter cancel {number}'"
    )
    tx.starts.find(start.slug, now)
    _move(tx, campaign, CampaignState.PAUSED, why)
    _note(tx, "pause", start.slug, f"campaign {number}: {now:,} readers, not {start.count:,}")
    return True


def _end_original(tx: Transaction, correction: Correction) -> None:
    """End what could still hand the original over, and spend its approvals."""
    reason = f"corrected by {correction.by}"
    for campaign in correction.stops:
        tx.campaigns.move(
            campaign.id, CampaignState.CANCELLED, expect={campaign.state}, at=tx.now, reason=reason
        )
        tx.campaigns.cancel_pending(campaign.id)
        tx.corrections.take_over(campaign.id, correction.by)
        tx.approvals.revoke(campaign.slug, tx.now, actor="scheduler", why=reason)
        tx.audit.enter("scheduler", "cancel", campaign.slug, f"campaign {campaign.id}: {reason}")


def _move(tx: Transaction, campaign: Campaign, to: CampaignState, reason: str = "") -> None:
    scheduled = {CampaignState.SCHEDULED}
    tx.campaigns.move(campaign.id, to, expect=scheduled, at=tx.now, reason=reason)


def _note(tx: Transaction, action: str, slug: str, detail: str) -> None:
    tx.audit.enter("scheduler", action, slug, detail)
