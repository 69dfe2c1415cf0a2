"""A person's acts on a campaign: start, schedule, pause, resume, cancel, resolve."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    CampaignState,
    ShownTerms,
    Start,
    StartBy,
    has_begun,
)
from newsletter.domain.campaigns.state import CampaignRules, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.delivery.batch import BatchState, Resolution
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Outdated, Refused
from newsletter.domain.events import overrule
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import StoredStatement
from newsletter.domain.wording import joined, moment, say
from newsletter.pipeline.campaigns import headcount
from newsletter.pipeline.ledger import (
    ConfigurationCheck,
    act_as,
    find_campaign,
    find_seen,
    find_stored,
    why_not_after,
)
from newsletter.pipeline.outgoing import confirm_by_events, finish, reassess
from newsletter.pipeline.status import (
    approved_from,
    first_moment,
    load_status,
    refuse_other_time,
    require_own_email,
    set_time_of,
)
from newsletter.store.sql import Store, Transaction


class AlreadyStarted(Refused):
    """The statement was started already with this content."""

    def __init__(self, start: Start) -> None:
        self.start = start
        super().__init__(
            f"{start.slug} was already started, by {start.by} at {start.at:%Y-%m-%d %H:%M} UTC;"
            " nothing was started twice"
        )


class CountUnconfirmed(Refused):
    """The campaign was paused because its number of readers changed. A new start confirms it."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        super().__init__(
            f"{campaign.reason}: 'newsletter statement start {campaign.slug}' starts it again"
        )


class UndoTooLate(Refused):
    """Sending has begun, so the start cannot be undone."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        super().__init__(
            f"{campaign.slug} cannot be undone: its sending has begun, and it went"
            f" to {campaign.counts.accepted:,} people; 'newsletter pause {campaign.id}' pauses the"
            " rest"
        )


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """A sender's request to start a statement."""

    slug: str
    by: str
    seen: str
    """The content hash that the sender saw, or its beginning."""
    shown: ShownTerms = field(default_factory=ShownTerms)
    at: datetime | None = None
    """The time to send; None keeps the set time."""
    at_once: bool = False
    """Send at once, in place of the set time."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """Starts approved statements, sets their times and undoes starts, each in one transaction."""

    store: Store
    rules: CampaignRules
    configuration: ConfigurationCheck

    def start(self, request: StartRequest) -> Start:
        """Start a statement, or start it again after a pause for its number of readers.

        Raises NotFound or Refused: ContentChanged, CountChanged or TimeChanged if the sender saw
        another content, number of readers or time; AlreadyStarted if it was started before.
        """
        with act_as(self.store, request.by, Role.SENDER, "start") as (tx, person):
            self.configuration.refuse_mismatch(tx)
            status = load_status(tx, find_seen(tx, request.slug, request.seen), self.rules)
            unconfirmed = _has_unconfirmed_count(tx, request.slug)
            require_own_email(status)
            if not status.approval.approved:
                why = joined(status.approval.reasons)
                raise Refused(say("{slug} is not approved: {why}", slug=request.slug, why=why))
            if status.start is not None and not unconfirmed:
                raise AlreadyStarted(status.start)
            if request.at is not None and request.at <= tx.now:
                past = "{at:%Y-%m-%d %H:%M} UTC has passed; choose a later time"
                raise Refused(say(past, at=request.at))
            at = tx.now if request.at_once else request.at
            if at is None:
                refuse_other_time(status, request.shown)
            else:
                self._set_time(tx, status.stored, at, person)
            if unconfirmed and status.campaign is not None:
                tx.starts.revoke(request.slug, tx.now)
                paused = {CampaignState.PAUSED}
                campaign_id = status.campaign.id
                tx.campaigns.change_state(
                    campaign_id, CampaignState.SCHEDULED, expect=paused, at=tx.now
                )
            start = headcount.record_start(tx, status, request.shown, by=person)
            if not (start.count or status.statement.welcome):
                raise Refused(say("no one would get {slug} now", slug=request.slug))
            when = say("at {time}", time=request.at) if request.at else None
            tx.audit.enter(
                person,
                "start",
                start.slug,
                version=start.content_hash,
                readers=start.count,
                when=when or (say("at once") if request.at_once else ""),
            )
            return start

    def start_by_approval(
        self, tx: Transaction, stored: StoredStatement, by: str, shown: ShownTerms | None
    ) -> None:
        """Check the number of readers that an approver saw, and start the statement if it is due.

        It is due after the last required approval, if approvals start statements. ``shown`` is None
        for an approval in a file. A statement that planning refuses is not started. Raises
        CountChanged, CountNotTyped and SecondFactorNeeded.
        """
        status, rules = load_status(tx, stored, self.rules), self.rules
        shown = shown or headcount.current_terms(tx, status)
        is_due = rules.start is StartBy.APPROVAL and status.approval.approved
        try:
            if is_due and status.start is None:
                headcount.record_start(tx, status, shown, by=by)
            else:
                headcount.check_reader_count(tx, status, shown)
        except (headcount.CountChanged, headcount.CountNotTyped, headcount.SecondFactorNeeded):
            raise
        except Refused:
            return

    def schedule(
        self,
        slug: str,
        at: datetime | None,
        *,
        by: str,
        renews_approvals: bool = False,
        shown: ShownTerms | None = None,
    ) -> bool:
        """Set the time of a statement, in place of the time in its text; None removes it.

        Return whether approvals were revoked: those for a later time if ``renews_approvals``, else
        the new time is refused. The undo window begins again. Raises NotFound or Refused;
        TimeChanged if another time is set than the person was ``shown``.
        """
        with act_as(self.store, by, Role.SENDER, "schedule") as (tx, person):
            status = load_status(tx, find_stored(tx, slug), self.rules)
            require_own_email(status)
            if shown is not None and at != set_time_of(status):
                refuse_other_time(status, shown)
            lapsed = self._set_time(
                tx, status.stored, at, person, renews_approvals=renews_approvals
            )
            tx.audit.enter(person, "schedule", slug, at=at)
            start, status = status.start, load_status(tx, status.stored, self.rules)
            if start and (first_moment(status) or tx.now) < tx.now + self.rules.undo_window:
                # too little of the undo window may be left, so it begins again
                tx.starts.revoke(slug, tx.now)
                tx.starts.add(replace(start, by=person, at=tx.now))
                status = load_status(tx, status.stored, self.rules)
            waiting = status.campaign if status.is_waiting and status.is_started else None
            release = headcount.find_release_time(tx, status) if waiting else None
            if waiting and release:  # pages show the new time before the next tick
                tx.campaigns.change(waiting.id, release_at=release, urgent=waiting.urgent)
            return lapsed

    def _set_time(
        self,
        tx: Transaction,
        stored: StoredStatement,
        at: datetime | None,
        person: str,
        *,
        renews_approvals: bool = False,
    ) -> bool:
        """Set the time; return whether approvals ended. Raises Refused for one in the embargo."""
        slug, zone = stored.slug, self.rules.timezone
        tx.schedules.put(slug, at)
        status = load_status(tx, stored, self.rules)
        first_at = first_moment(status) or tx.now
        if at is not None and first_at > max(at, tx.now):
            early = "{slug} is embargoed until {until}; choose that time or a later one"
            raise Refused(say(early, slug=slug, until=moment(first_at, zone)))
        times = {one: one.not_before for one in status.approval.valid}
        if at is not None:
            times = {one: approved_from(status, one) for one in times}
        later = {one: until for one, until in times.items() if until and until > first_at}
        if later and not renews_approvals:
            early = (
                "{who} approved {slug} for no earlier than {until}: an earlier time takes a new"
                " approval; 'newsletter statement schedule {slug} --at TIME --approve-again' asks"
                " for it"
            )
            who, until = ", ".join(one.by for one in later), moment(max(later.values()), zone)
            raise Refused(say(early, who=who, slug=slug, until=until))
        for approval in later:
            why = say("it is to be sent earlier than its approvers saw")
            tx.approvals.revoke(slug, tx.now, approval.by, actor=person, reason=why)
        return bool(later)

    def undo(self, slug: str, *, by: str, only_lapsed: bool = False) -> bool:
        """Undo a start before sending begins. Return whether the statement is still approved.

        A sender revokes the start; if approvals start statements, all approvals. An approver
        revokes their own approval. Raises UndoTooLate if sending has begun, Outdated if
        ``only_lapsed`` and the start counts, and Refused.
        """
        with act_as(self.store, by, Role.APPROVER, "undo") as (tx, person):
            status = load_status(tx, find_stored(tx, slug), self.rules)
            campaign = status.campaign
            if campaign is not None and status.has_begun:
                raise UndoTooLate(campaign)
            if only_lapsed and status.start is not None:
                again = "{slug} is started, and that counts again by now; look again"
                raise Outdated(say(again, slug=slug))
            self._revoke(tx, status, person)
            if status.set_for is not None and status.set_for <= tx.now:
                tx.schedules.put(slug, None)  # "at once" was only for this start
            if campaign is not None and campaign.state in BEFORE_START:
                tx.campaigns.change_state(
                    campaign.id,
                    CampaignState.CANCELLED,
                    expect=BEFORE_START,
                    at=tx.now,
                    reason=say("undone by {who}", who=person),
                    ended_by=person,
                )
            return load_status(tx, status.stored, self.rules).approval.approved

    def _revoke(self, tx: Transaction, status: StatementStatus, person: str) -> None:
        """Revoke the start or approvals. Raises Refused if the person may revoke none of them."""
        slug = status.slug
        may_revoke_all = person == OPERATOR_NAME or tx.staff.roles()[person].includes(Role.SENDER)
        if may_revoke_all and self.rules.start is StartBy.SENDER:
            count = tx.starts.revoke(slug, tx.now)
        else:
            whose = None if may_revoke_all else person
            count = tx.approvals.revoke(slug, tx.now, whose, actor=person)
        if not count:
            none = "{person} has nothing left to undo in {slug}; look at it again"
            raise Refused(say(none, person=person, slug=slug))
        tx.audit.enter(person, "undo", slug)
        approval = load_status(tx, status.stored, self.rules).approval
        if not may_revoke_all and approval.approved:
            others = ", ".join(one.by for one in approval.given)
            more = "{slug} is approved by {others} too; ask a sender to undo it"
            raise Refused(say(more, slug=slug, others=others))


@dataclass(frozen=True, kw_only=True)
class OperatorActions:
    """Acts of one person on campaigns, each with an entry in the audit log."""

    store: Store
    actor: str
    """The operator, or a member of staff. Each act checks the role."""

    def pause(self, name: str) -> Campaign:
        """Pause a campaign. Calls under way are completed."""
        running = {CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.ATTENTION}
        with act_as(self.store, self.actor, Role.SENDER, "pause") as (tx, _):
            campaign, why = find_campaign(tx, name), say("paused by {who}", who=self.actor)
            self._change(tx, campaign, CampaignState.PAUSED, running, why, "pause")
            return find_campaign(tx, str(campaign.id))

    def resume(self, name: str, *, shown: int | None = None) -> Campaign:
        """Resume a campaign. ``shown`` is the number of its moves that the person saw, or None.

        Raises CountUnconfirmed, Outdated if it has moved since, and Refused.
        """
        with act_as(self.store, self.actor, Role.SENDER, "resume") as (tx, _):
            campaign = find_campaign(tx, name)
            if campaign.state is CampaignState.PAUSED and shown not in {None, campaign.moves}:
                raise Outdated(say("It was paused again since you looked. Look again."))
            if not has_begun(campaign) and _has_unconfirmed_count(tx, campaign.slug):
                raise CountUnconfirmed(campaign)
            to = CampaignState.SENDING if has_begun(campaign) else CampaignState.SCHEDULED
            self._change(tx, campaign, to, {CampaignState.PAUSED}, "", "resume")
            # the person accepts the complaints and bounces so far
            before = tx.events.get_override(campaign.id)
            counts = tx.events.count_for_breaker(campaign.id)
            overruled = overrule(counts, campaign.counts.accepted, before)
            if overruled != before:
                tx.events.store_override(campaign.id, overruled)
            # a paused campaign may have no batch left to send
            finish(tx, campaign.id)
            return find_campaign(tx, str(campaign.id))

    def cancel(self, name: str) -> Campaign:
        """Cancel a campaign: cancel its pending deliveries and revoke its approvals."""
        live = set(CampaignState) - {CampaignState.SENT, CampaignState.CANCELLED}
        with act_as(self.store, self.actor, Role.SENDER, "cancel") as (tx, _):
            campaign = find_campaign(tx, name)
            reason = say("canceled by {who}", who=self.actor)
            self._change(tx, campaign, CampaignState.CANCELLED, live, reason, "cancel")
            # a restored database does not know who has it
            in_doubt = HoldKind.RESTORE_GUARD in tx.hold.reasons()
            to = BatchState.GIVEN_UP if in_doubt else BatchState.DONE
            tx.campaigns.cancel_pending(campaign.id, to=to)
            why = say("the campaign was canceled")
            tx.approvals.revoke(campaign.slug, tx.now, actor=self.actor, reason=why)
            return find_campaign(tx, str(campaign.id))

    def return_to_first_provider(self, name: str) -> Campaign:
        """Send queued batches by the first provider again, after a fail-over. Raises Refused."""
        with act_as(self.store, self.actor, Role.SENDER, "return") as (tx, _):
            campaign = find_campaign(tx, name)
            if campaign.state.is_ended or not tx.campaigns.assign_provider(campaign.id, ""):
                none = (
                    "campaign {number} ({slug}) has nothing to bring back to {provider}: it has not"
                    " failed over, or it is over"
                )
                raise Refused(say(none, provider=campaign.provider, **_name(campaign)))
            tx.rate_limits.clear_block(campaign.provider)
            self._enter(tx, "go back", campaign, provider=campaign.provider)
            return find_campaign(tx, str(campaign.id))

    def resolve(
        self, name: str, resolution: Resolution, *, shown: str | None = None
    ) -> tuple[Campaign, int]:
        """Decide the outcome of all unknown deliveries. Return the campaign and their number.

        ``shown`` is the fingerprint of those that the person saw. Raises Refused if it has changed.
        """
        with act_as(self.store, self.actor, Role.ADMIN, "resolve") as (tx, _):
            campaign = find_campaign(tx, name)
            unknown = campaign.counts.unknown
            if not unknown:
                none = "campaign {number} ({slug}) has nothing unknown"
                raise Refused(say(none, **_name(campaign)))
            if shown not in {None, tx.unknowns.fingerprint(campaign.id)}:
                other = (
                    "it came out for some of them since you looked: of campaign {number} ({slug})"
                    " these {unknown:,} are unknown now"
                )
                raise Refused(say(other, unknown=unknown, **_name(campaign)))
            if resolution is Resolution.RESEND and campaign.state is CampaignState.CANCELLED:
                over = "campaign {number} is canceled; nothing more is sent"
                raise Refused(say(over, number=str(campaign.id)))
            # the outcome of a replay under way would replace the decision
            until = tx.unknowns.calls_until(campaign.id, tx.now)
            if until is not None:
                now = (
                    "campaign {number} ({slug}) is being handed over again at this moment, under"
                    " the key of its lost call; try again at {until:%H:%M:%S} UTC"
                )
                raise Refused(say(now, until=until, **_name(campaign)))
            people = tx.unknowns.decide(campaign.id, resolution, tx.now)
            self._enter(tx, "resolve", campaign, readers=people, decision=say(resolution.value))
            reassess(tx, campaign.id)
            return find_campaign(tx, str(campaign.id)), people

    def reopen(self, name: str, *, shown: int | None = None) -> tuple[Campaign, int]:
        """Send an ended campaign to its cancelled and rejected readers. Return it and their number.

        ``shown`` is the number that the person saw. Raises Refused if it has changed.
        """
        with act_as(self.store, self.actor, Role.ADMIN, "reopen") as (tx, _):
            campaign = find_campaign(tx, name)
            why, people = why_not_reopened(tx, campaign), tx.batches.count_unreached(campaign.id)
            if not why and shown not in {None, people}:
                why = say("{n:,} people did not get it now, not {shown:,}", n=people, shown=shown)
            if why or not people:
                why = why or say("everybody may have it, or left before")
                again = "campaign {number} ({slug}) is not sent again: {why}"
                raise Refused(say(again, why=why, **_name(campaign)))
            tx.batches.reopen(campaign.id)
            ended = {state for state in CampaignState if state.is_ended}
            tx.campaigns.change_state(campaign.id, CampaignState.SENDING, expect=ended, at=tx.now)
            self._enter(tx, "reopen", campaign, readers=people)
            # events may prove that the provider accepted some messages before
            confirm_by_events(tx, campaign.id)
            finish(tx, campaign.id)
            return find_campaign(tx, str(campaign.id)), people

    def _change(
        self,
        tx: Transaction,
        campaign: Campaign,
        to: CampaignState,
        expect: set[CampaignState],
        reason: str,
        action: str,
    ) -> None:
        by = self.actor if to is CampaignState.CANCELLED else ""
        is_moved = tx.campaigns.change_state(
            campaign.id, to, expect=expect, at=tx.now, reason=reason, ended_by=by
        )
        if not is_moved:
            state = say(State[campaign.state.name].value)
            wrong = (
                "campaign {number} ({slug}) is in the state “{state}”; to {action} it, its state"
                " has to be {states}"
            )
            possible = sorted(say(State[one.name].value) for one in expect)
            states = joined(possible, "{first} or {last}")
            values = {"state": state, "action": say(action), "states": states}
            raise Refused(say(wrong, **_name(campaign), **values))
        self._enter(tx, action, campaign)

    def _enter(self, tx: Transaction, action: str, campaign: Campaign, **values: object) -> None:
        tx.audit.enter(self.actor, action, campaign.slug, campaign=campaign.id, **values)


def _has_unconfirmed_count(tx: Transaction, slug: str) -> bool:
    """Return whether the campaign was paused because its number of readers had changed."""
    return any(
        start.count_at_stop and start.revoked_at is None for start in tx.starts.list_for(slug)
    )


def _name(campaign: Campaign) -> dict[str, str]:
    return {"number": str(campaign.id), "slug": campaign.slug}


def why_not_reopened(tx: Transaction, campaign: Campaign) -> str:
    """Return why a campaign may not be sent to its cancelled and rejected readers, or ""."""
    if not campaign.state.is_ended or not has_begun(campaign):
        return say("it is {state}", state=say(State[campaign.state.name].value))
    newer = tx.campaigns.find_latest(campaign.slug)
    if newer is not None and newer.id != campaign.id:
        return say("campaign {id} sends the statement", id=str(newer.id))
    welcomes = tx.campaigns.list_running_welcomes(campaign.lists) if campaign.welcome else []
    if welcomes:
        return say("{slug} replaced it", slug=welcomes[0].slug)
    correction = tx.campaigns.find_begun_correction(campaign.slug)
    if campaign.corrected_by or correction:
        slug = correction.slug if correction else campaign.corrected_by
        return say("{slug} corrected it", slug=slug)
    if tx.public_notes.find_withdrawn([campaign.slug]):
        return say("its text is off the web")
    if why := _outdated_part(tx, campaign.slug):
        return why
    original = campaign.translates or campaign.slug
    # since its start: a correction pauses it, and a person may have cancelled it then
    if campaign.translates and (why := why_not_after(tx, original, campaign.started_at or tx.now)):
        return why
    since = campaign.finished_at or tx.now
    for other in (tx.campaigns.find_latest(original), *tx.campaigns.list_translations(original)):
        if has_begun(other) and other.started_at and other.started_at > since:
            pattern = "{slug} went out since, and its readers may have that language"
            return say(pattern, slug=other.slug)
    return ""


def _outdated_part(tx: Transaction, digest: str) -> str:
    """Return which text of a digest email was withdrawn or corrected since, or ""."""
    for part in (part for issue in tx.digests.find_issues([digest]) for part in issue.parts):
        if tx.public_notes.find_withdrawn([part]):
            return say("it lists {slug}, whose text is off the web", slug=part)
        if correction := tx.campaigns.find_begun_correction(part):
            return say("it lists {slug}, which {by} corrected", slug=part, by=correction.slug)
    return ""
