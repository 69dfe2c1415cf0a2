"""Load the status of statements for pages, lists, commands and acts. Readers are not counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    Correction,
    ShownTerms,
    Start,
    find_valid_start,
    has_begun,
    has_gone_out,
)
from newsletter.domain.campaigns.digest import Issue, current_campaigns
from newsletter.domain.campaigns.state import CampaignRules, Related
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.campaigns.translations import translation_fault, why_no_campaign
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import all_zone_times, resolve
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import find_open_request
from newsletter.domain.statements.content import changed_parts
from newsletter.domain.statements.statement import (
    Approval,
    ApprovalStatus,
    Progress,
    Statement,
    StoredStatement,
    judge_approvals,
    texts_of,
)
from newsletter.domain.wording import listed, moment, say
from newsletter.pipeline import ledger
from newsletter.store.sql import Transaction

FaultOf = Callable[[Statement], str]
"""Return the fault of a statement's source, if this process has read it; else ""."""


def load_statuses(
    tx: Transaction,
    known: Sequence[StoredStatement],
    rules: CampaignRules,
    faults: FaultOf = lambda _: "",
) -> list[StatementStatus]:
    """Return the status of each of these statements. The number of queries is constant."""
    tx.db.list_together([stored.slug for stored in known])
    return [load_status(tx, stored, rules, faults) for stored in known]


def load_status(
    tx: Transaction, stored: StoredStatement, rules: CampaignRules, faults: FaultOf = lambda _: ""
) -> StatementStatus:
    """Return the status of a statement, without readers."""
    statement, campaign = stored.statement, tx.campaigns.find_latest(stored.slug)
    approvals = tx.approvals.list_for(stored.slug)
    approval = _approval_status(tx, stored, approvals, rules)
    start = _start(tx, stored, approval, rules)
    if has_gone_out(campaign):  # later changes of text, settings and staff do not matter
        given, starts = ledger.approvals_of(tx, campaign), tx.starts.list_for(stored.slug)
        complete_at = max((one.at for one in given), default=campaign.release_at)
        approval = ApprovalStatus(approved=True, counted=given, complete_at=complete_at)
        start = find_valid_start(starts, campaign.content_hash, complete_at)
    issues = tx.digests.find_issues([stored.slug]) if statement.digest else []
    status = StatementStatus(
        stored=stored,
        approval=approval,
        rules=rules,
        now=tx.now,
        staff=tx.staff.roles(),
        names=tx.staff.names(),
        campaign=campaign,
        start=start,
        change_request=find_open_request(tx.change_requests.list_for(stored.slug), approvals),
        corrected_by=_find_correction(tx, stored, campaign),
        part_count=sum(len(issue.parts) for issue in issues),
        fault="" if stored.content_hash and stored.present else faults(statement),
        lists=statement.lists,
    )
    if status.has_begun:
        return status
    return _with_plans(tx, with_sent_text(tx, status) if status.is_within else status)


def with_sent_text(tx: Transaction, status: StatementStatus) -> StatementStatus:
    """Compare the text with that in the email that was sent, its own or its original's."""
    original, campaign = status.statement.translation_of, status.campaign
    campaign = campaign if status.has_begun else tx.campaigns.find_latest(original)
    if not has_gone_out(campaign):
        return status
    [(slug, now)] = texts_of(status.statement)
    content = ledger.find_approved_content(tx, campaign)
    sent = dict(content.texts).get(slug) if content is not None else now
    has_changed = status.stored.present and sent not in {None, now}
    return replace(status, is_left_out=sent is None, has_changed_since=has_changed)


def get_status(tx: Transaction, slug: str, rules: CampaignRules) -> StatementStatus | None:
    """Return the status of a statement, present or not; None if it is unknown."""
    stored = tx.statements.get(slug) if slug else None
    return None if stored is None else load_status(tx, stored, rules)


def find_status(tx: Transaction, slug: str, rules: CampaignRules) -> StatementStatus:
    """Return the status of a present and rendered statement. Raises NotFound or Refused."""
    return load_status(tx, ledger.find_statement(tx, slug), rules)


def _with_plans(tx: Transaction, status: StatementStatus) -> StatementStatus:
    """Return the status with the times, and with the reason why it cannot be sent."""
    statement, rules = status.statement, status.rules
    set_by_staff = tx.schedules.get(status.slug)
    written, embargo, ready_at, refusal = None, None, None, ""
    since = tx.statements.content_since(status.slug)
    try:
        embargo = find_embargo(tx, statement, rules.timezone)
        written = statement.send_at and resolve(statement.send_at, rules.timezone)
        # the undo window also begins at a change of content: a text that changes back to an
        # approved one must not be sent at once
        times = (set_by_staff or written, embargo, status.approval.not_before)
        window = max(status.undo_since, since or status.undo_since) + rules.undo_window
        ready_at = max([window, *filter(None, times)])
    except ValueError as error:  # the configured zone has changed since the statement was read
        refusal = str(error)
    approved = status.approval.approved and status.stored.present and not status.is_within
    correction = None
    if approved and not refusal:
        correction, refusal = _find_audience(tx, status)
    return replace(
        status,
        lapsed_start=_lapsed_start(tx, status) if rules.sender_starts else None,
        set_for=set_by_staff or written,
        embargo_until=embargo,
        content_since=since,
        ready_at=ready_at,
        hour=statement.local_time if set_by_staff is None else None,
        refusal=refusal if approved else "",
        correction=correction,
        lists=correction.lists if correction else statement.lists,
    )


def _find_audience(tx: Transaction, status: StatementStatus) -> tuple[Correction | None, str]:
    """Return the audience of a correction, or None and why the statement must not be sent."""
    statement, campaign = status.statement, status.campaign
    if campaign is not None and campaign.corrected_by:
        return None, say("{slug} corrects it, and has its place", slug=campaign.corrected_by)
    try:
        correction = correction_of(tx, statement)
        if statement.translation_of:
            check_translation(tx, statement)
    except Refused as error:
        return None, str(error)
    of, since = statement.translation_of, status.approval.complete_at
    return correction, ledger.why_not_after(tx, of, since) if of and since else ""


def _find_correction(
    tx: Transaction, stored: StoredStatement, campaign: Campaign | None
) -> Related | None:
    correction = tx.campaigns.find_begun_correction(stored.slug)
    if campaign is None or not (campaign.corrected_by or (correction and campaign.state.is_final)):
        return None
    slug = correction.slug if correction else campaign.corrected_by
    at = correction.started_at if correction else campaign.finished_at
    stored_correction = tx.statements.get(slug)
    title = stored_correction.statement.title if stored_correction else slug
    return Related(slug=slug, title=title, at=at)


def _approval_status(
    tx: Transaction, stored: StoredStatement, approvals: Sequence[Approval], rules: CampaignRules
) -> ApprovalStatus:
    """Return whether the current content is approved, and why not.

    A draft, or an email that contains a draft, is never approved.
    """
    result = judge_approvals(
        content_hash=stored.content_hash,
        writers=stored.writers,
        approvals=approvals,
        withdrawn=tx.approvals.withdrawn(stored.slug),
        policy=rules.policy,
        roles=tx.staff.roles(),
        changed=partial(_describe_changes, tx, stored),
    )
    if not result.approved and not result.lost:
        reasons = (*result.reasons, *_lost_approval_reasons(tx, stored, approvals))
        result = replace(result, reasons=reasons)
    why = why_withheld(tx, stored.statement, shares_email=rules.shares_email)
    if not why:
        return result
    return replace(result, approved=False, complete_at=None, reasons=(why,), withheld=why)


def _describe_changes(tx: Transaction, stored: StoredStatement, approved: str) -> str:
    """Return the changes since the approved content with this hash, in words."""
    before, now = map(tx.statements.get_content, (approved, stored.content_hash))
    return say("its text") if before is None or now is None else listed(changed_parts(before, now))


def _lost_approval_reasons(
    tx: Transaction, stored: StoredStatement, approvals: Sequence[Approval]
) -> Iterator[str]:
    """Yield a reason for each approval of the content that was revoked as for a later time."""
    at = tx.schedules.get(stored.slug)
    for one in approvals:
        is_revoked = one.revoked_at is not None and one.content_hash == stored.content_hash
        if is_revoked and at is not None and one.not_before is not None and at < one.not_before:
            yield say("{who} approved it for a later time than is set now", who=one.by)


def why_withheld(tx: Transaction, statement: Statement, *, shares_email: bool) -> str:
    """Return a message if the statement, or a translation in its email, is a draft; else ""."""
    if statement.progress is Progress.DRAFT:
        return draft_refusal(statement)
    for part in tx.statements.find_translations(statement.slug) if shares_email else ():
        if part.present and part.statement.progress is Progress.DRAFT:
            both = "{slug} goes out with its translation, and {why}"
            return say(both, slug=statement.slug, why=draft_refusal(part.statement))
    return ""


def draft_refusal(statement: Statement) -> str:
    """Return the message that a statement is a draft, and how to submit it."""
    if statement.desk:
        back = "{slug} was taken back by its writers; submit it again at the desk"
        return say(back, slug=statement.slug)
    how = "{slug} is a draft; 'newsletter statement submit {slug}' submits it"
    return say(how, slug=statement.slug)


def _start(
    tx: Transaction, stored: StoredStatement, approval: ApprovalStatus, rules: CampaignRules
) -> Start | None:
    """Return the valid start of the current content, or None.

    A start by staff is valid while they have the role of a sender. If approvals start statements, a
    start by an approver is valid while their approval is.
    """
    if approval.complete_at is None:
        return None
    roles = tx.staff.roles()
    may_start = {address for address, role in roles.items() if role.includes(Role.SENDER)}
    may_start |= {OPERATOR_NAME, *(one.by for one in approval.valid if not rules.sender_starts)}
    starts = (start for start in tx.starts.list_for(stored.slug) if start.by in may_start)
    return find_valid_start(starts, stored.content_hash, approval.complete_at)


def _lapsed_start(tx: Transaction, status: StatementStatus) -> Start | None:
    """Return the last start if it is not valid any more and nothing was sent by it, or None."""
    starts = [one for one in tx.starts.list_for(status.slug) if one.revoked_at is None]
    if not starts or status.start is not None:
        return None
    began = status.campaign.started_at if status.campaign is not None else None
    return None if began is not None and began > starts[-1].at else starts[-1]


def refuse_if_sent(status: StatementStatus | None) -> None:
    """Raise Refused if sending has begun, or if a correction replaced the statement."""
    campaign = status.campaign if status else None
    if status is None or campaign is None:
        return
    if campaign.corrected_by:
        ended = (
            "{slug} was ended by its correction {correction}, which has its place; write what is"
            " still to be said as a statement with another slug"
        )
        raise Refused(say(ended, slug=status.slug, correction=campaign.corrected_by))
    if status.has_begun:
        out = (
            "{slug} has already gone out as campaign {number}; write a new statement that"
            " corrects it"
        )
        raise Refused(say(out, slug=status.slug, number=str(campaign.id)))


def require_own_email(status: StatementStatus) -> None:
    """Raise Refused if no decision about the statement counts: it was sent, or is a part."""
    refuse_if_sent(status)
    if status.is_within:
        raise Refused(why_no_campaign(status.statement))


def find_embargo(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """Return the end of the embargo, or None.

    A translation or correction reveals its original, so the embargo of an original that has not
    begun applies too. Raises ValueError for a time that the zone does not have.
    """
    ends = []
    slugs: set[str] = set()
    related: Statement | None = statement
    # files may name each other in a circle
    while related is not None and related.slug not in slugs:
        slugs.add(related.slug)
        if related.embargo_until is not None:
            ends.append(resolve(related.embargo_until, timezone))
        slug = related.translation_of or related.corrects
        original = tx.statements.get(slug) if slug else None
        is_unsent = original is not None and not has_begun(tx.campaigns.find_latest(original.slug))
        related = original.statement if original is not None and is_unsent else None
    return max(ends, default=None)


def with_page(tx: Transaction, campaigns: Sequence[Campaign]) -> list[Campaign]:
    """Return the campaigns whose statement has a public page with its text."""
    withdrawn = tx.public_notes.find_withdrawn({campaign.slug for campaign in campaigns})
    return [one for one in campaigns if not (one.unlisted or one.slug in withdrawn)]


def current_parts(tx: Transaction, issue: Issue) -> tuple[Campaign, ...]:
    """Return the parts of a digest's issue that have a page, each in its last correction."""
    return current_campaigns(issue.parts, with_page(tx, tx.campaigns.find_related(issue.parts)))


def is_outdated(tx: Transaction, slug: str) -> bool:
    """Return whether a statement is a digest that was dropped, or whose parts have changed."""
    return any(
        not issue.parts or tuple(part.slug for part in current_parts(tx, issue)) != issue.parts
        for issue in tx.digests.find_issues([slug])
    )


def set_time_of(status: StatementStatus) -> datetime | None:
    """Return the later of the set time and the end of the embargo, even if it has passed.

    None if neither is set, or if a time does not exist in the configured zone.
    """
    return max((at for at in (status.set_for, status.embargo_until) if at), default=None)


def first_moment(status: StatementStatus) -> datetime | None:
    """Return when the first reader would get it by set time and embargo; None if that is now."""
    first = max(set_time_of(status) or status.now, status.now)
    if status.hour is not None:
        first = all_zone_times(status.hour, home=status.rules.timezone, earliest=first).first
    return first if first > status.now else None


def approved_from(status: StatementStatus, approval: Approval) -> datetime | None:
    """Return from when an approval allows a time that is the same for all readers; None for any.

    If the approver was shown a local time, it is when the last time zone reaches that time.
    """
    hour, shown_time = status.statement.local_time, approval.not_before
    if hour is None or shown_time is None:
        return shown_time
    earliest = max(approval.at, status.embargo_until or approval.at)
    zones = all_zone_times(hour, home=status.rules.timezone, earliest=earliest)
    return zones.last if zones.first == shown_time else shown_time


def format_set_time(status: StatementStatus) -> str:
    """Return the set time as text, which the form of a page sends back.

    A local time is not part of it: the content hash covers it.
    """
    return at.isoformat() if (at := set_time_of(status)) else "none"


class TimeChanged(Refused):
    """The set time of a statement is not the one that the person was shown."""


def refuse_other_time(status: StatementStatus, shown: ShownTerms) -> None:
    """Raise TimeChanged unless the person was shown the set time, even if it has passed."""
    if shown.time != format_set_time(status):
        at = first_moment(status)
        later = say("no earlier than {at}", at=moment(at, status.rules.timezone)) if at else ""
        other = "it would leave {time} now, and you were not shown that; look again"
        raise TimeChanged(say(other, time=later or say("at once")))


def correction_of(tx: Transaction, statement: Statement) -> Correction | None:
    """Return the audience of a correction; None if the statement corrects nothing.

    If it corrects a correction that has not begun, it has the audience of that one. Raises Refused,
    with the reason, if the statement cannot be sent.
    """
    if not statement.corrects:
        return None
    for translation in filter(has_gone_out, tx.campaigns.list_translations(statement.slug)):
        sent = (
            "its translation {slug} went out, and its readers would get two languages; take"
            " 'corrects' out, and write the correction under another name"
        )
        raise Refused(say(sent, slug=translation.slug))
    chain = [statement.slug]
    original = statement.corrects
    while original:
        if original in chain:
            circle = ", ".join([*chain, original])
            raise Refused(say("'corrects' leads in a circle: {slugs}", slugs=circle))
        chain.append(original)
        stored = tx.statements.get(original)
        original = stored.statement.corrects if stored is not None else ""
    return _resolve_correction(tx, statement, tuple(chain[1:]), ())


def _resolve_correction(
    tx: Transaction, statement: Statement, chain: tuple[str, ...], ended: tuple[Campaign, ...]
) -> Correction:
    """Return the correction of the first statement in ``chain`` that has begun, or of the last.

    ``chain`` has the slug that the statement corrects, the slug that this one corrects, and so on.
    ``ended`` are the campaigns of earlier ones, which the correction ends.
    """
    by, (original, *further) = statement.slug, chain
    campaign = tx.campaigns.find_latest(original)
    is_open = campaign is not None and (not campaign.state.is_final or campaign.corrected_by == by)
    if campaign is None or not (
        is_open or campaign.may_have_reached_anybody or campaign.counts.pending
    ):
        stored = tx.statements.get(original)
        if stored is None:
            none = "it corrects {slug}, and there is no statement of that name"
            raise Refused(say(none, slug=original))
        of = stored.statement.translation_of
        whole = tx.campaigns.find_latest(of)
        content = ledger.find_approved_content(tx, whole) if has_begun(whole) else None
        if content is not None and original in dict(content.texts):
            within = "it corrects {slug}, which went out in the email of {of}; correct {of}"
            raise Refused(say(within, slug=original, of=of))
        unsent = (
            "it corrects {slug}, which was sent to no one; correct {slug} itself, or take"
            " 'corrects' out"
        )
        raise Refused(say(unsent, slug=original))
    if not campaign.state.is_final:
        ended = (*ended, campaign)
    is_unstarted = not has_begun(campaign)
    if is_unstarted and (campaign.translates or tx.campaigns.list_translations(original)):
        several = (
            "it corrects {slug}, which goes out in several languages and has not begun; mend {slug}"
            " itself"
        )
        raise Refused(say(several, slug=original))
    if is_unstarted and further:
        return _resolve_correction(tx, statement, tuple(further), ended)
    if campaign.unlisted and not set(statement.lists) <= set(campaign.lists):
        other = (
            "it corrects {slug}, which has no public page, and names other lists; write lists:"
            " [{lists}]"
        )
        raise Refused(say(other, slug=original, lists=", ".join(campaign.lists)))
    # the approved segment: the text of the original may name another one now
    content = ledger.find_approved_content(tx, campaign) if is_unstarted else None
    if is_unstarted and content is None:
        altered = "it corrects {slug}, whose stored email is not what was approved; cancel {slug}"
        raise Refused(say(altered, slug=original))
    return Correction(
        by=by,
        original=original,
        lists=campaign.lists,
        is_original_unstarted=is_unstarted,
        ended_campaigns=ended,
        segment=content.segment if content is not None else None,
    )


def check_translation(tx: Transaction, statement: Statement) -> Statement:
    """Return the original of a translation. Raises Refused if the translation cannot be sent."""
    slug = statement.translation_of
    stored = tx.statements.get(slug)
    campaign = tx.campaigns.find_latest(slug)
    is_begun = has_begun(campaign)
    original = stored.statement if stored is not None and (stored.present or is_begun) else None
    members = []
    for one in tx.statements.find_translations(slug):
        planned = tx.campaigns.find_latest(one.slug)
        # a text that only waits for its approval stops no other
        if one.present and planned and (has_gone_out(planned) or planned.state in BEFORE_START):
            members.append(one.statement)
    why = translation_fault(statement, original, members)
    if not why and campaign is not None and campaign.corrected_by and not is_begun:
        replaced = (
            "it translates {slug}, in whose place its correction {correction} goes to all its"
            " readers; take translation_of out, and let it correct nothing"
        )
        why = say(replaced, slug=slug, correction=campaign.corrected_by)
    if not why and original is not None and original.welcome:
        welcome = "it translates {slug}, a welcome email; write one in its language instead"
        why = say(welcome, slug=slug)
    if original is None or why:
        raise Refused(why)
    return original
