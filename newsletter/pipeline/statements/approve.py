"""statement → approval: a person approves one content hash, comments, or sends it back."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

from newsletter.domain.campaigns.campaign import ShownTerms
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest, Comment, normalize_comment
from newsletter.domain.statements.review import Check, Severity
from newsletter.domain.statements.statement import (
    Approval,
    ApprovalStatus,
    Channel,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.domain.wording import say
from newsletter.pipeline import ledger
from newsletter.pipeline.statements.review import ReviewResult, ReviewRules, review
from newsletter.pipeline.status import (
    draft_refusal,
    first_moment,
    get_status,
    load_status,
    refuse_if_sent,
    refuse_other_time,
    require_own_email,
)
from newsletter.store.sql import Store, Transaction

_MAX_REASON_CHARS = 500
_MILLISECOND = timedelta(milliseconds=1)
"""The resolution of stored times."""
_WAIVABLE_CHECKS = frozenset({Check.OPEN_EMBARGO.value})
"""Blocking checks that a named person may waive."""


@dataclass(frozen=True, kw_only=True)
class ApprovalResult:
    content_hash: str
    approval: ApprovalStatus
    """The approval status of the statement after that."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Override:
    """The warnings that an approval overrides, and the reason."""

    despite: str = ""
    warnings: tuple[str, ...] = ()


StartCampaign = Callable[[Transaction, StoredStatement, str, ShownTerms | None], object]
"""``Starter.start_by_approval``."""


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest:
    slug: str
    by: str
    expect: str = ""
    """The content hash that the person saw, or its beginning. Any other content is refused."""
    despite: str | None = None
    """The reason for overriding warnings. It is not stored if there are none."""
    no_embargo: bool = False
    """The person confirms that the embargo in the text does not apply."""
    override: bool = False
    """An admin replaces a missing approval. ``despite`` is the reason."""
    shown: ShownTerms = field(default_factory=ShownTerms)
    channel: Channel = Channel.COMMAND


def approve(
    request: ApprovalRequest,
    *,
    store: Store,
    rules: ReviewRules,
    configuration: ledger.ConfigurationCheck,
    start: StartCampaign,
) -> ApprovalResult:
    """Store an approval of the current content, then call ``start``.

    Raises NotFound or Refused; ContentChanged or TimeChanged if the person saw another content or
    time. Refuses also an approver who did not see that it was sent back, and if the running service
    would render the email differently.
    """
    reason = " ".join((request.despite or "").split())
    if request.despite is not None and not reason:
        raise Refused(say("the reason after --despite is empty; write in a few words why"))
    if len(reason) > _MAX_REASON_CHARS or not reason.isprintable():
        long = "the reason must have at most {most} visible characters (--despite)"
        raise Refused(say(long, most=_MAX_REASON_CHARS))
    with store.read() as tx:  # the review is slow, and blocks no writer here
        [result] = review(tx, [ledger.find_statement(tx, request.slug)], rules)
    with store.begin() as tx:
        configuration.refuse_mismatch(tx)
        stored = ledger.find_seen(tx, request.slug, request.expect)
        if stored.content_hash != result.content_hash:
            again = "{slug} changed during the review; review it again"
            raise Refused(say(again, slug=request.slug))
        status = load_status(tx, stored, rules.campaigns)
        needed = Role.ADMIN if request.override else Role.APPROVER
        action = "stand in for an approval" if request.override else "approve"
        person = ledger.require_role(tx, request.by, needed, action, in_person=True)
        if status.stored.is_writer(person) and not status.rules.policy.author_may_approve:
            own = (
                "{person} wrote in {slug}, and approvals.author_may_approve is false; ask somebody"
                " else to approve it"
            )
            raise Refused(say(own, person=person, slug=status.slug))
        require_own_email(status)
        refuse_other_time(status, request.shown)
        if why := _why_not_approvable(status, request.shown.returned_at):
            raise Refused(why)
        override = _Override()
        if not _has_approved(request, person, status):
            override = _overridden_checks(
                result, reason, no_embargo=request.no_embargo, needs_reason=request.override
            )
            channel = Channel.OVERRIDE if request.override else request.channel
            _add_approval(tx, status, person, channel, override)
        approval = load_status(tx, stored, rules.campaigns).approval
        start(tx, stored, person, request.shown)
        return ApprovalResult(
            content_hash=stored.content_hash, approval=approval, warnings=override.warnings
        )


def _why_not_approvable(status: StatementStatus, seen_return: str = "") -> str:
    """Return why this version cannot be approved now, by any way; "" if it can.

    ``seen_return`` is the time of the request for changes that the approver saw.
    """
    is_seen = status.returned_at == seen_return
    return status.approval.withheld or ("" if is_seen else _already_returned(status))


def _has_approved(request: ApprovalRequest, person: str, status: StatementStatus) -> bool:
    """Return whether an approval by this person counts already, also for the current time.

    Raises Refused for an override that is not needed.
    """
    if request.override and status.approval.approved:
        enough = "{slug} has all the approvals it needs; no admin has to replace one"
        raise Refused(say(enough, slug=request.slug))
    first = first_moment(status)
    approvals = status.approval.overrides if request.override else status.approval.counted
    return any(
        approval.by == person and (first is None or first <= (approval.not_before or approval.at))
        for approval in approvals
    )


def _overridden_checks(
    result: ReviewResult, reason: str, *, no_embargo: bool, needs_reason: bool = False
) -> _Override:
    """Return the warnings that the approval overrides, and the reason.

    ``needs_reason``: a reason is needed also without warnings. Raises Refused if a check blocks the
    approval or the reason is missing.
    """
    if needs_reason and not reason:
        raise Refused(say("say why you replace the missing approval"))
    waived = _WAIVABLE_CHECKS & set(result.blocking) if no_embargo else set()
    blocked = set(result.blocking) - waived
    if blocked or (result.warnings and not reason):
        raise ChecksRefused(result, blocked)
    warnings = (*sorted(waived), *result.warnings)
    why = "; ".join(filter(None, ["no embargo" * bool(waived), reason]))
    return _Override(despite=why if warnings or needs_reason else "", warnings=warnings)


class ChecksRefused(Refused):
    """Checks refuse the approval. ``advice`` says what to do; the message has the findings too."""

    def __init__(self, result: ReviewResult, blocked: Set[str]) -> None:
        what = "{slug} is not approved: correct what is blocking"
        if not blocked:
            what = (
                "{slug} is not approved: correct it, or say why it may go out like this with"
                ' --despite "why"'
            )
        elif blocked <= _WAIVABLE_CHECKS:
            what = (
                "{slug} is not approved: say when its embargo ends, or that there is none with"
                " --no-embargo"
            )
        self.advice = say(what, slug=result.slug)
        grave = (str(one) for one in result.findings if one.severity is not Severity.ADVICE)
        super().__init__("\n".join([self.advice, *grave]))


def revoke(slug: str, *, by: str, store: Store, rules: CampaignRules, own: bool = False) -> int:
    """Revoke the person's own approval; for an admin without ``own``, all. Return how many.

    Raises NotFound, and Refused if sending has begun: a revocation would not stop it.
    """
    with ledger.act_as(store, by, Role.APPROVER, "revoke", in_person=True) as (tx, person):
        refuse_if_sent(get_status(tx, slug, rules))
        whose = person if own or tx.staff.roles()[person] is not Role.ADMIN else None
        approvals = tx.approvals.revoke(slug, tx.now, whose, actor=person)
        if not approvals:
            none = "{slug} has no approval of {person} to take back"
            raise NotFound(say(none, slug=slug, person=person))
        return approvals


@dataclass(kw_only=True)
class ApprovalScan:
    """The results of the last ``note_front_matter``. The next one reads only changes."""

    change_number: int | None = None
    """The change number of the last run; None before the first run."""
    is_waiting: bool = False
    """A file names an approver whose approval is not stored yet."""


def note_front_matter(
    *, store: Store, rules: ReviewRules, start: StartCampaign, state: ApprovalScan | None = None
) -> tuple[Approval, ...]:
    """Store the approvals in front matter, if the settings trust them.

    A name approves the content with which it appears. If the content changes or the approval is
    revoked, the same name does not approve again: it must be removed and added in two steps. It
    overrides warnings, for a repeated text with a reason only, but no blocking check, and no
    request for changes. Return the first new approval of each statement. Updates ``state``, what
    the last run left.
    """
    state = state or ApprovalScan()
    approvals = []
    with store.read() as tx:
        change_number, slugs = tx.statements.changed_since(state.change_number)
        known = _naming_approvers(tx) if state.change_number is None else tx.statements.find(slugs)
        pending = [
            stored
            for stored in known
            if stored.content_hash
            and rules.campaigns.policy.trust_front_matter
            and set(_named_approvers(stored.statement)) != _noted_names(tx, stored.statement)
            and not (status := load_status(tx, stored, rules.campaigns)).has_begun
            and not status.is_within
        ]
        reviews = review(tx, pending, rules) if pending else []
    state.is_waiting = bool(pending)
    for stored, result in zip(pending, reviews, strict=True):
        warnings, despite = result.warnings, stored.statement.despite
        override = _Override(despite=despite * bool(warnings), warnings=warnings)
        # a file may just have been renamed after it was sent
        is_blocked = result.blocking or (Check.REPEATED.value in warnings and not despite)
        with store.begin() as tx:
            added = _apply_names(tx, stored, None if is_blocked else override, rules)
            for one in added:
                start(tx, stored, one.by, None)
        approvals += added[:1]
    state.change_number = change_number
    return tuple(approvals)


def _naming_approvers(tx: Transaction) -> list[StoredStatement]:
    """Return the statements whose files name approvers, or once did."""
    slugs = tx.approvals.find_slugs(Channel.FRONT_MATTER)
    return [
        stored
        for stored in tx.statements.all()
        if _named_approvers(stored.statement) or stored.statement.slug in slugs
    ]


def _apply_names(
    tx: Transaction, stored: StoredStatement, override: _Override | None, rules: ReviewRules
) -> list[Approval]:
    """Store approvals of new names, and revoke those of removed names. Return the new approvals.

    ``override`` is None if a check blocks the approval: then no new one is stored.
    """
    slug = stored.statement.slug
    approvers, known_names = _named_approvers(stored.statement), _noted_names(tx, stored.statement)
    for person in sorted(set(known_names) - set(approvers)):
        # a row without a content hash is the removal: after it the name approves again
        removal = Approval(
            slug=slug, content_hash="", by=person, at=tx.now, channel=Channel.FRONT_MATTER
        )
        tx.approvals.add(removal)
        why = say("its file does not name them any more")
        tx.approvals.revoke(slug, tx.now, person, Channel.FRONT_MATTER, actor=person, reason=why)
    status = load_status(tx, stored, rules.campaigns)
    if override is None or _why_not_approvable(status):
        return []
    return [
        _add_approval(tx, status, person, Channel.FRONT_MATTER, override)
        for person in approvers
        if person not in known_names
    ]


def _named_approvers(statement: Statement) -> Sequence[str]:
    return statement.approved_by if statement.progress is Progress.APPROVED else ()


def _noted_names(tx: Transaction, statement: Statement) -> set[str]:
    """Return the names that the file had in the last run.

    They include names whose approval was revoked: otherwise these would approve again.
    """
    latest = {
        approval.by: approval.content_hash
        for approval in tx.approvals.list_for(statement.slug)
        if approval.channel is Channel.FRONT_MATTER
    }
    return {person for person, content_hash in latest.items() if content_hash}


def _add_approval(
    tx: Transaction, status: StatementStatus, person: str, channel: Channel, override: _Override
) -> Approval:
    content_hash = status.stored.content_hash
    # after earlier starts, also those of a clock that ran ahead: it takes a new one
    started = (one.at + _MILLISECOND for one in tx.starts.list_for(status.slug))
    approval = Approval(
        slug=status.slug,
        content_hash=content_hash,
        by=person,
        at=max([tx.now, *started]),
        channel=channel,
        not_before=first_moment(status),
        despite=override.despite,
        warnings=override.warnings,
    )
    tx.approvals.add(approval)
    values = {"version": content_hash, "by": channel.value, "warnings": override.warnings}
    despite = override.despite or (say("no reason given") if override.warnings else "")
    tx.audit.enter(person, "approve", status.slug, despite=despite, **values)
    return approval


def comment(slug: str, typed: str, *, by: str, store: Store) -> Comment:
    """Store a comment on a statement. Raises NotFound, Refused or InvalidInput."""
    try:
        words = normalize_comment(typed)
    except ValueError as error:
        raise InvalidInput.at("comment", str(error)) from error
    with ledger.act_as(store, by, Role.WRITER, "comment", in_person=True) as (tx, person):
        stored = ledger.find_stored(tx, slug)
        entry = Comment(
            slug=slug, by=person, at=tx.now, words=words, content_hash=stored.content_hash
        )
        tx.comments.add(entry)
        tx.audit.enter(person, "comment", slug)
    return entry


_MAX_REQUEST_CHARS = 2_000


def send_back(
    slug: str, *, by: str, expect: str, reason: str, store: Store, rules: CampaignRules
) -> None:
    """Ask for changes of the version that the person saw, and revoke their approval of it.

    Raises NotFound or Refused; ContentChanged if the person saw another content.
    """
    lines = [" ".join(line.split()) for line in reason.strip().splitlines()]
    if not any(lines):
        raise Refused(say("say in a few words what should change"))
    why = "\n".join(lines)
    if len(why) > _MAX_REQUEST_CHARS or not all(map(str.isprintable, lines)):
        long = "the requested change must have at most {most:,} visible characters"
        raise Refused(say(long, most=_MAX_REQUEST_CHARS))
    with ledger.act_as(store, by, Role.APPROVER, "send back") as (tx, person):
        status = load_status(tx, ledger.find_seen(tx, slug, expect), rules)
        if status.statement.progress is Progress.DRAFT:
            raise Refused(draft_refusal(status.statement))
        require_own_email(status)
        if status.approval.approved:
            first = "{slug} is approved; take that back first, then nothing of it leaves"
            raise Refused(say(first, slug=slug))
        if why_not := _already_returned(status):
            raise Refused(why_not)
        tx.approvals.revoke(slug, tx.now, person, actor=person, reason=say("it was sent back"))
        content_hash = status.stored.content_hash
        tx.change_requests.add(
            ChangeRequest(slug=slug, content_hash=content_hash, by=person, at=tx.now, reason=why)
        )
        tx.audit.enter(
            person, "send back", slug, version=content_hash, reason=" ".join(why.split())
        )


def _already_returned(status: StatementStatus) -> str:
    """Return that this version was sent back and by whom; "" if it was not."""
    back = status.change_request
    if back is None:
        return ""
    twice = (
        "{slug} was sent back by {person} already: {reason}; 'newsletter statement approve"
        " {slug} --returned' approves it all the same"
    )
    return say(twice, slug=status.slug, person=back.by, reason=back.reason)
