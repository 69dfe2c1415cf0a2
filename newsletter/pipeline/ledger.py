"""Questions to the store that several stages share. It is no stage and knows none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from newsletter.domain.campaigns.campaign import (
    Campaign,
    ShownTerms,
    Start,
    has_begun,
    in_force,
)
from newsletter.domain.errors import Defect, NotFound, Refused
from newsletter.domain.schedule import everywhere, resolve
from newsletter.domain.staff.audit import OPERATOR
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Returned, standing_return
from newsletter.domain.statements.content import Content, what_changed
from newsletter.domain.statements.statement import (
    Approval,
    ApprovalPolicy,
    ApprovalStatus,
    Progress,
    Statement,
    StoredStatement,
    standing,
)
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import guess, listed, moment, several
from newsletter.store.sql import Transaction

if TYPE_CHECKING:
    from newsletter.domain.statements.draft import Draft


def standing_of(tx: Transaction, stored: StoredStatement, policy: ApprovalPolicy) -> ApprovalStatus:
    """Return whether the statement may be sent as it is now, and why not.

    A draft may not be sent, nor an email that contains a draft, whatever its approvals.
    """
    approvals = tx.approvals.of(stored.slug)
    found = standing(
        content_hash=stored.content_hash,
        writers=stored.writers,
        approvals=approvals,
        policy=policy,
        roles=tx.staff.roles(),
        changed=partial(_changed, tx, stored),
    )
    if not found.approved and not found.lost:
        found = replace(found, reasons=(*found.reasons, *_told_later(tx, stored, approvals)))
    why = why_withheld(tx, stored.statement, policy)
    if not why:
        return found
    return replace(found, approved=False, complete_at=None, reasons=(why,), withheld=why)


def _changed(tx: Transaction, stored: StoredStatement, approved: str) -> str:
    """Return the differences from the approved content, in words."""
    before, now = tx.statements.content(approved), tx.statements.content(stored.content_hash)
    return "its text" if before is None or now is None else listed(what_changed(before, now))


def _told_later(
    tx: Transaction, stored: StoredStatement, approvals: Sequence[Approval]
) -> Iterator[str]:
    """Yield the approvers of this content who were shown a later time than the one set now."""
    at = tx.schedules.get(stored.slug)
    for one in approvals:
        this = one.revoked_at is not None and one.content_hash == stored.content_hash
        if this and at is not None and one.not_before is not None and at < one.not_before:
            yield f"{one.by} approved it for a later time than is set now"


def why_withheld(tx: Transaction, statement: Statement, policy: ApprovalPolicy) -> str:
    """Return why a statement cannot be approved or sent: it, or a translation in its email, is a
    draft."""
    if statement.progress is Progress.DRAFT:
        return is_draft(statement)
    for part in tx.statements.translations(statement.slug) if policy.together else ():
        if part.present and part.statement.progress is Progress.DRAFT:
            return f"{statement.slug} goes out with its translation, and {is_draft(part.statement)}"
    return ""


def is_draft(statement: Statement) -> str:
    """That a statement is a draft, and how to hand it in."""
    if statement.desk:
        return f"{statement.slug} was taken back by its writers; hand it in again at the desk"
    return (
        f"{statement.slug} is a draft; 'newsletter statement submit {statement.slug}' hands it in"
    )


def start_of(tx: Transaction, stored: StoredStatement, standing: ApprovalStatus) -> Start | None:
    """Return the start that counts for the current content; None if there is none.

    A start counts while its sender may start. A start by approval counts with that approval.
    """
    if standing.complete_at is None:
        return None
    roles = tx.staff.roles()
    approved = {(one.by, one.at) for one in (*standing.counted, *standing.overrides)}

    def counts(start: Start) -> bool:
        role = roles.get(start.by)
        may_start = role is not None and role.includes(Role.SENDER)
        return may_start or start.by == OPERATOR or (start.by, start.at) in approved

    starts = filter(counts, tx.starts.of(stored.statement.slug))
    return in_force(starts, stored.content_hash, standing.complete_at)


def return_of(tx: Transaction, stored: StoredStatement) -> Returned | None:
    """Return the request for changes that applies to the current content, with its reason."""
    slug = stored.statement.slug
    return standing_return(tx.returns.of(slug), stored.content_hash, tx.approvals.of(slug))


def embargo_of(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """Return the end of the embargo.

    A translation or correction reveals its original: until the original has begun, its embargo
    applies too. Raises ValueError for a time that the zone does not have.
    """
    ends = []
    seen: set[str] = set()
    related: Statement | None = statement
    # nothing keeps files from naming each other in a circle
    while related is not None and related.slug not in seen:
        seen.add(related.slug)
        if related.embargo_until is not None:
            ends.append(resolve(related.embargo_until, timezone))
        slug = related.translation_of or related.corrects
        original = tx.statements.get(slug) if slug else None
        waits = original is not None and not has_begun(tx.campaigns.latest(original.slug))
        related = original.statement if original is not None and waits else None
    return max(ends, default=None)


def embargo_until(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """Return the end of the embargo; None if the time does not exist in the configured zone."""
    try:
        return embargo_of(tx, statement, timezone)
    except ValueError:
        return None


def first_moment(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """Return when the first reader would get it by its time and embargo; None if that is now.

    With local times, that is when the first time zone reaches the hour.
    """
    first = max(_set_moment(tx, statement, timezone) or tx.now, tx.now)
    if statement.local_time is not None and tx.schedules.get(statement.slug) is None:
        first = everywhere(statement.local_time, home=timezone, ready=first).first
    return first if first > tx.now else None


def _set_moment(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """Return the later of its time and its embargo, also one that has passed.

    Return None also if one of them does not exist in the configured zone: planning then holds the
    statement back.
    """
    try:
        written = statement.send_at and resolve(statement.send_at, timezone)
        embargo = embargo_of(tx, statement, timezone)
    except ValueError:
        return None
    send_at = tx.schedules.get(statement.slug) or written
    return max((at for at in (send_at, embargo) if at), default=None)


def write_set_time(tx: Transaction, statement: Statement, timezone: str) -> str:
    """Return the time that is set for a statement, for a page to show and give back.

    A local time is left out: the content hash covers it, and its instant depends on the clock.
    """
    at = _set_moment(tx, statement, timezone)
    return at.isoformat() if at else "none"


class Rescheduled(Refused):
    """Another time is set for a statement than a person was shown."""

    def __init__(self, slug: str, leaves_from: datetime | None, timezone: str) -> None:
        self.leaves_from = leaves_from
        when = f"no earlier than {moment(leaves_from, timezone)}" if leaves_from else "at once"
        super().__init__(f"{slug} would leave {when} now, and you were not shown that; look again")


def refuse_other_time(
    tx: Transaction, statement: Statement, shown: ShownTerms, timezone: str
) -> None:
    """Raise Rescheduled unless a person was shown the time that is set, even if it has passed."""
    if shown.time != write_set_time(tx, statement, timezone):
        raise Rescheduled(statement.slug, first_moment(tx, statement, timezone), timezone)


def set_time(tx: Transaction, statement: Statement, timezone: str) -> datetime | None:
    """The time that staff or its text set for it, also one that has passed; None for none."""
    try:
        written = statement.send_at and resolve(statement.send_at, timezone)
    except ValueError:
        written = None
    return tx.schedules.get(statement.slug) or written


def lapsed_start(
    tx: Transaction, stored: StoredStatement, standing: ApprovalStatus, campaign: Campaign | None
) -> Start | None:
    """Return the start that lapsed with a change of text or approvals; None once started again."""
    given = [one for one in tx.starts.of(stored.statement.slug) if one.revoked_at is None]
    if not given or start_of(tx, stored, standing) is not None:
        return None
    began = campaign.started_at if campaign is not None else None
    return None if began is not None and began > given[-1].at else given[-1]


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """The approvals and the start that lapse when a text changes."""

    approved_by: tuple[str, ...] = ()
    started_by: str = ""

    @property
    def depth(self) -> int:
        """0 if nothing lapses, 1 for approvals, 2 for a start as well."""
        return bool(self.approved_by) + bool(self.started_by)

    def __str__(self) -> str:
        """Return the people and their acts; empty if nothing lapses."""
        approved = f"{', '.join(self.approved_by)} approved it" * bool(self.approved_by)
        return " and ".join(filter(None, [approved, f"{self.started_by} started it"][: self.depth]))


def lapse_of(tx: Transaction, slug: str, policy: ApprovalPolicy) -> Lapse:
    """Return what lapses when this text changes, also in the email of its original."""
    stored = tx.statements.get(slug)
    if stored is not None and policy.together and stored.statement.translation_of:
        stored = tx.statements.get(stored.statement.translation_of)
    if stored is None or not stored.content_hash or has_begun(tx.campaigns.latest(stored.slug)):
        return Lapse()
    standing = standing_of(tx, stored, policy)
    if standing.withheld:
        return Lapse()  # nothing counts as it is
    start = start_of(tx, stored, standing)
    by = tuple(approval.by for approval in standing.valid)
    return Lapse(approved_by=by, started_by=start.by if start else "")


def find_statement(tx: Transaction, slug: str) -> StoredStatement:
    """The statement, present and rendered. Raises NotFound or Refused."""
    stored = tx.statements.get(slug)
    if stored is None or not stored.present:
        raise NotFound(
            f"there is no statement {slug!r}, or its file has a fault;"
            " 'newsletter statement check' names the faults"
        )
    if not stored.content_hash:
        raise Refused(
            f"{slug} cannot be rendered; 'newsletter statement check {slug}' says what to correct"
        )
    return stored


class Changed(Refused):
    """The content is another one than the person saw."""

    def __init__(self, slug: str, seen: str, now: str) -> None:
        self.seen, self.now = seen, now
        super().__init__(
            f"{slug} has changed since you looked: it is version {now[:4]} {now[4:8]} now"
        )


def find_seen(tx: Transaction, slug: str, seen: str) -> StoredStatement:
    """Return the statement if its content hash begins with ``seen``.

    Raises Changed if it does not, and NotFound or Refused as ``find_statement`` does.
    """
    stored = find_statement(tx, slug)
    if not stored.content_hash.startswith(seen):
        raise Changed(slug, seen, stored.content_hash)
    return stored


def refuse_if_gone_out(tx: Transaction, slug: str) -> None:
    """Raises Refused where somebody has it or may get it, or its correction has its place."""
    campaign = tx.campaigns.latest(slug)
    if campaign is not None and campaign.corrected_by:
        raise Refused(
            f"{slug} was ended by its correction {campaign.corrected_by}, which has its place;"
            " write what is still to be said as a statement with another slug"
        )
    # a campaign with an empty audience does not count as sent
    if not has_begun(campaign) or not campaign.counts.audience:
        return
    if campaign.may_have_reached_anybody or not campaign.state.ended:
        raise Refused(
            f"{slug} has already gone out as campaign {campaign.id};"
            " write the correction as a statement with another slug"
        )


def entitle(tx: Transaction, actor: str, needed: Role, action: str) -> str:
    """Return the actor if they may do this. The operator, who uses the shell, may do anything."""
    return actor if actor == OPERATOR else authorise(tx, actor, needed, action)


def authorise(tx: Transaction, address: str, needed: Role, action: str) -> str:
    """The folded address of a member of staff who may do this. Raises Refused."""
    try:
        by = fold(address)
    except ValueError as error:
        raise Refused(str(error)) from error
    role = tx.staff.roles().get(by)
    if role is None:
        raise Refused(
            f"{by} is not among the staff; who was invited opens the link first, or an operator"
            f" adds them with 'newsletter user add {by} --role {needed.value}'"
        )
    if not role.includes(needed):
        article = "an" if role.value[0] in "ae" else "a"
        raise Refused(f"{by} is {article} {role.value}; to {action} takes the role {needed.value}")
    return by


def approved_content(tx: Transaction, campaign: Campaign) -> Content:
    """Return the approved content. Raises Defect if it was altered."""
    content = tx.statements.content(campaign.content_hash)
    if content is None or content.content_hash() != campaign.content_hash:
        raise Defect(f"the content of campaign {campaign.id} is not what was approved")
    return content


_LONGEST_ID = 18
"""Digits: the database counts to a little over nine with eighteen noughts."""
_SHOWN = 4
_LOOKED_AT = 1_000
"""The number of newest slugs to search for a suggestion."""


def statement_named(tx: Transaction, name: str) -> str:
    """The slug of the statement that is meant. Raises NotFound, with a suggestion."""
    if tx.statements.get(name) is not None:
        return name
    numbered = _numbered(tx, name)
    return numbered.slug if numbered else _slug(tx, name, "statement")


def find_campaign(tx: Transaction, name: str) -> Campaign:
    """A campaign by its id, or the latest of a statement by its slug or the beginning of one.

    Raises NotFound, with a suggestion.
    """
    campaign = _numbered(tx, name) or tx.campaigns.latest(name)
    if campaign is None:
        campaign = tx.campaigns.latest(_slug(tx, name, "campaign"))
    if campaign is None:
        raise NotFound(f"{name!r} has no campaign yet; 'newsletter campaign list' shows them")
    return campaign


def find_draft(tx: Transaction, key: str) -> Draft:
    """Return a text at the desk. Raises NotFound."""
    draft = tx.drafts.get(key)
    if draft is None:
        raise NotFound("There is no such text at the desk, or somebody deleted it.")
    return draft


def _numbered(tx: Transaction, name: str) -> Campaign | None:
    # isdigit alone takes ² for a digit, which int() does not
    is_id = name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID
    return tx.campaigns.get(int(name)) if is_id else None


def _slug(tx: Transaction, name: str, what: str) -> str:
    found = tx.statements.slugs(name, _SHOWN) if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(several(name, found))
    hint = guess(name, tx.statements.slugs("", _LOOKED_AT))
    raise NotFound(f"there is no {what} {name!r}{hint or ';'} 'newsletter {what} list' shows them")
