"""statement → approval: a named person's yes to one digest, given, noted or taken back."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from newsletter.domain.clock import Clock
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statements.review import Check, Grade
from newsletter.domain.statements.statement import (
    Approval,
    ApprovalPolicy,
    Channel,
    Progress,
    Role,
    Standing,
    Statement,
    StoredStatement,
)
from newsletter.domain.subscribers.mailbox import same_person
from newsletter.pipeline.ledger import authorise, find_statement, is_draft, standing_of
from newsletter.pipeline.statements.review import Reviewed, ReviewRules, review
from newsletter.store.sql import Store, Transaction

_LONGEST_REASON = 500
_WAIVABLE = frozenset({Check.OPEN_EMBARGO.value})
"""What is blocking and yet may be waived by a named person."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A yes that was taken down, and whether it is enough."""

    digest: str
    standing: Standing
    warnings: tuple[str, ...] = ()
    """The checks over which it was given, for a reason."""


@dataclass(frozen=True, kw_only=True)
class _Override:
    """What a review warned of, and why somebody says yes all the same."""

    despite: str = ""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.warnings:
            return ""
        return f" despite {', '.join(self.warnings)}: {self.despite or 'no reason given'}"


def approve(
    slug: str,
    *,
    by: str,
    expect: str = "",
    despite: str | None = None,
    no_embargo: bool = False,
    store: Store,
    policy: ApprovalPolicy,
    rules: ReviewRules,
    clock: Clock,
) -> Given:
    """Take down a yes to the statement as it stands now.

    ``expect`` is the digest, or its beginning, of what the person has seen: where the text has
    changed since, nothing is approved. ``despite`` is why they say yes over what a review warns
    of; without a warning it is not written down. ``no_embargo`` waives in their name the embargo
    that the text spoke of and for which no end is set. Raises NotFound or Refused.
    """
    reason = _reason(despite)
    with store.read() as tx:  # nobody waits for the database while the text is read
        [reviewed] = review(tx, [find_statement(tx, slug)], rules, clock)
    with store.begin() as tx:
        stored = find_statement(tx, slug)
        person = authorise(tx, by, Role.APPROVER, "approve")
        if expect and not stored.digest.startswith(expect):
            raise Refused(
                f"{slug} has changed since you looked: it is version"
                f" {stored.digest[:4]} {stored.digest[4:8]} now"
            )
        if stored.digest != reviewed.digest:
            raise Refused(f"{slug} changed while it was looked at; look at it again")
        wrote = any(same_person(person, one) for one in stored.statement.written_by)
        if wrote and not policy.author_may_approve:
            raise Refused(
                f"{person} wrote {slug}, and approvals.author_may_approve is false;"
                " ask somebody else for their yes"
            )
        if stored.statement.progress is Progress.DRAFT:
            raise Refused(is_draft(stored.statement))
        _refuse_if_gone_out(tx, slug)
        override = _Override()
        if person not in {yes.by for yes in standing_of(tx, stored, policy).counted}:
            override = _over(reviewed, reason, no_embargo=no_embargo)
            _add(tx, stored, person, Channel.COMMAND, clock, override)
        return Given(
            digest=stored.digest,
            standing=standing_of(tx, stored, policy),
            warnings=override.warnings,
        )


def _reason(despite: str | None) -> str:
    """In one line; empty where none is given."""
    reason = " ".join((despite or "").split())
    if despite is not None and not reason:
        raise Refused("the reason after --despite is empty; write in a few words why")
    if len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise Refused(
            f"the reason after --despite has to be at most {_LONGEST_REASON} plain characters"
        )
    return reason


def _over(reviewed: Reviewed, reason: str, *, no_embargo: bool) -> _Override:
    """What the yes is given over. Raises Refused where it may not be."""
    waived = _WAIVABLE & set(reviewed.blocking) if no_embargo else set()
    blocked = set(reviewed.blocking) - waived
    if blocked or (reviewed.warnings and not reason):
        grave = [str(one) for one in reviewed.remarks if one.grade is not Grade.ADVICE]
        raise Refused("\n".join([f"{reviewed.slug} is not approved: {_way(blocked)}", *grave]))
    over = (*sorted(waived), *reviewed.warnings)
    why = "; ".join(filter(None, ["no embargo" * bool(waived), reason]))
    return _Override(despite=why * bool(over), warnings=over)


def _way(blocked: Set[str]) -> str:
    """What to do about what stands in the way of a yes."""
    if not blocked:
        return 'mend it, or say why it may go out like this with --despite "why"'
    if blocked <= _WAIVABLE:
        return "say when its embargo ends, or that there is none with --no-embargo"
    return "mend what is blocking"


def _refuse_if_gone_out(tx: Transaction, slug: str) -> None:
    campaign = tx.campaigns.latest(slug)
    if campaign is not None and campaign.corrected_by:
        raise Refused(
            f"{slug} was ended by its correction {campaign.corrected_by}, which has its place;"
            " write what is still to be said as a statement with another slug"
        )
    if campaign is None or campaign.started_at is None or not campaign.counts.audience:
        return
    if campaign.may_have_reached_anybody or not campaign.state.ended:
        raise Refused(
            f"{slug} has already gone out as campaign {campaign.id};"
            " write what has to be put right as a statement with another slug"
        )


def revoke(slug: str, *, by: str, store: Store, clock: Clock) -> int:
    """Take one's own yes back, or as an admin all of them; returns how many."""
    with store.begin() as tx:
        person = authorise(tx, by, Role.APPROVER, "revoke")
        everything = tx.staff.roles()[person] is Role.ADMIN
        whose = None if everything else person
        taken = tx.approvals.revoke(slug, clock.now(), whose, actor=person)
        if not taken:
            raise NotFound(f"{slug} has no approval of {person} to take back")
        return taken


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A statement whose own file says yes, and the checks that warned of it then."""

    slug: str
    warnings: tuple[str, ...] = ()
    despite: str = ""
    """Why it may go out like this, in the file's words."""


_BROUGHT_ALONG = frozenset({Channel.FRONT_MATTER, Channel.FEED})


@dataclass(kw_only=True)
class Compared:
    """How far looks before have compared what statements bring along with what is noted."""

    mark: int | None = None
    """None before the first look."""
    policy: ApprovalPolicy | None = None


def note_front_matter(
    *,
    store: Store,
    policy: ApprovalPolicy,
    rules: ReviewRules,
    clock: Clock,
    before: Compared | None = None,
) -> tuple[Noted, ...]:
    """Take down the approvals that statements bring along, where the configuration trusts them.

    Those of files count where it trusts front matter, those of feeds where it trusts the feed.

    A name counts for the text with which it first appeared. When the text changes under the same
    names, nobody knows whether they saw the change: it waits for a new yes, or for the name to be
    taken out and set again. The same holds after the yes was revoked or the campaign cancelled.
    It counts over warnings too, which are written down with it: the review of the file vouches.
    It does not over what is blocking, such as an embargo whose end is not set.
    Returns the statements that were given one. ``before`` is brought up to date.
    """
    before = before or Compared()
    seen = before.mark if before.policy == policy else None
    noted = []
    with store.read() as tx:
        mark, touched = tx.statements.touched(seen)
        known = _bringing(tx) if seen is None else tx.statements.some(touched)
        pending = [
            stored
            for stored in known
            if stored.digest
            and (stored.statement.feed or policy.trust_front_matter)
            and _front_matter_differs(tx, stored.statement)
        ]
        reviews = review(tx, pending, rules, clock) if pending else []
    for stored, reviewed in zip(pending, reviews, strict=True):
        warnings, despite = reviewed.warnings, stored.statement.despite
        override = _Override(despite=despite * bool(warnings), warnings=warnings)
        with store.begin() as tx:
            if _bring_in_line(tx, stored, None if reviewed.blocking else override, clock):
                noted.append(Noted(slug=reviewed.slug, warnings=warnings, despite=override.despite))
    before.mark, before.policy = mark, policy
    return tuple(noted)


def _bringing(tx: Transaction) -> list[StoredStatement]:
    """All that name approvers, or did."""
    once = tx.approvals.slugs(_BROUGHT_ALONG)
    return [
        stored
        for stored in tx.statements.all()
        if _named(stored.statement) or stored.statement.slug in once
    ]


def _front_matter_differs(tx: Transaction, statement: Statement) -> bool:
    return set(_named(statement)) != _noted_names(tx, statement)


def _bring_in_line(
    tx: Transaction, stored: StoredStatement, override: _Override | None, clock: Clock
) -> bool:
    """Whether a yes was added; without ``override``, as nothing may be approved, none is."""
    slug, channel = stored.statement.slug, _channel(stored.statement)
    named, noted = _named(stored.statement), _noted_names(tx, stored.statement)
    for person in sorted(set(noted) - set(named)):
        _close(tx, slug, person, channel, clock)
    if override is None:
        return False
    added = [person for person in named if person not in noted]
    for person in added:
        _add(tx, stored, person, channel, clock, override)
    return bool(added)


def _named(statement: Statement) -> Sequence[str]:
    return statement.approved_by if statement.progress is Progress.APPROVED else ()


def _channel(statement: Statement) -> Channel:
    return Channel.FEED if statement.feed else Channel.FRONT_MATTER


def _noted_names(tx: Transaction, statement: Statement) -> set[str]:
    """Who was named when we last looked, also those whose yes was taken back since.

    Else a cancelled statement would approve itself again, by the name that is still in its file.
    """
    channel = _channel(statement)
    latest = {
        yes.by: yes.digest for yes in tx.approvals.of(statement.slug) if yes.channel is channel
    }
    return {person for person, digest in latest.items() if digest}


def _close(tx: Transaction, slug: str, person: str, channel: Channel, clock: Clock) -> None:
    """Take back the yes of a name that was taken out; a row without a digest says so."""
    at = clock.now()
    tx.approvals.add(Approval(slug=slug, digest="", by=person, at=at, channel=channel))
    why = f"no longer named by the {channel.value}"
    tx.approvals.revoke(slug, at, person, channel, actor=person, why=why)


def _add(
    tx: Transaction,
    stored: StoredStatement,
    person: str,
    channel: Channel,
    clock: Clock,
    override: _Override,
) -> None:
    slug = stored.statement.slug
    tx.approvals.add(
        Approval(
            slug=slug,
            digest=stored.digest,
            by=person,
            at=clock.now(),
            channel=channel,
            despite=override.despite,
            warnings=override.warnings,
        )
    )
    tx.audit.enter(
        at=clock.now(),
        actor=person,
        action="approve",
        subject=slug,
        detail=f"{stored.digest} by {channel.value}{override}",
    )
