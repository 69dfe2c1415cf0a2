"""statement → approval: a named person's yes to one digest, given, noted or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statement import (
    Approval,
    ApprovalPolicy,
    Channel,
    Progress,
    Role,
    Standing,
    Statement,
)
from newsletter.pipeline.ledger import authorise, find_statement, standing_of
from newsletter.ports import Clock, Store, StoredStatement, Transaction


@dataclass(frozen=True, kw_only=True)
class Given:
    """A yes that was taken down, and whether it is enough."""

    digest: str
    standing: Standing


def approve(
    slug: str, *, by: str, expect: str = "", store: Store, policy: ApprovalPolicy, clock: Clock
) -> Given:
    """Take down a yes to the statement as it stands now.

    ``expect`` is the digest, or its beginning, of what the person has seen: where the text has
    changed since, nothing is approved. Raises NotFound or Refused.
    """
    with store.begin() as tx:
        stored = find_statement(tx, slug)
        person = authorise(tx, by, Role.APPROVER, "approve")
        if expect and not stored.digest.startswith(expect):
            raise Refused(f"{slug} has changed since you looked: it is {stored.digest[:12]} now")
        if person == stored.statement.author and not policy.author_may_approve:
            raise Refused(
                f"{person} wrote {slug}, and approvals.author_may_approve is false;"
                " ask somebody else for their yes"
            )
        _refuse_if_gone_out(tx, slug)
        if person not in {yes.by for yes in standing_of(tx, stored, policy).counted}:
            _add(tx, stored, person, Channel.COMMAND, clock)
        return Given(digest=stored.digest, standing=standing_of(tx, stored, policy))


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
        taken = tx.approvals.revoke(slug, clock.now(), None if everything else person)
        if not taken:
            raise NotFound(f"{slug} has no approval of {person} to take back")
        tx.audit.enter(
            at=clock.now(),
            actor=person,
            action="revoke",
            subject=slug,
            detail=f"{taken} taken back",
        )
        return taken


def note_front_matter(*, store: Store, policy: ApprovalPolicy, clock: Clock) -> tuple[str, ...]:
    """Take down the approvals that statements bring along, where the configuration trusts them.

    A name counts for the text with which it first appeared. When the text changes under the same
    names, nobody knows whether they saw the change: it waits for a new yes, or for the name to be
    taken out and set again. The same holds after the yes was revoked or the campaign cancelled.
    Returns the slugs that were given one.
    """
    if not policy.trust_front_matter:
        return ()
    noted = []
    with store.read() as tx:
        pending = {
            stored.statement.slug: stored
            for stored in tx.statements.all()
            if stored.digest and _front_matter_differs(tx, stored.statement)
        }
    for slug, stored in pending.items():
        with store.begin() as tx:
            if _bring_in_line(tx, stored, clock):
                noted.append(slug)
    return tuple(noted)


def _front_matter_differs(tx: Transaction, statement: Statement) -> bool:
    return set(_named(statement)) != _noted_names(tx, statement.slug)


def _bring_in_line(tx: Transaction, stored: StoredStatement, clock: Clock) -> bool:
    slug = stored.statement.slug
    named, noted = _named(stored.statement), _noted_names(tx, slug)
    for person in sorted(set(noted) - set(named)):
        _close(tx, slug, person, clock)
        tx.audit.enter(
            at=clock.now(),
            actor=person,
            action="revoke",
            subject=slug,
            detail="no longer named in the front matter",
        )
    added = [person for person in named if person not in noted]
    for person in added:
        _add(tx, stored, person, Channel.FRONT_MATTER, clock)
    return bool(added)


def _named(statement: Statement) -> Sequence[str]:
    return statement.approved_by if statement.progress is Progress.APPROVED else ()


def _noted_names(tx: Transaction, slug: str) -> set[str]:
    """Who was named when we last looked, also those whose yes was taken back since.

    Else a cancelled statement would approve itself again, by the name that is still in its file.
    """
    latest = {
        yes.by: yes.digest for yes in tx.approvals.of(slug) if yes.channel is Channel.FRONT_MATTER
    }
    return {person for person, digest in latest.items() if digest}


def _close(tx: Transaction, slug: str, person: str, clock: Clock) -> None:
    """Take back the yes of a name that was taken out; a row without a digest says so."""
    at, channel = clock.now(), Channel.FRONT_MATTER
    tx.approvals.add(Approval(slug=slug, digest="", by=person, at=at, channel=channel))
    tx.approvals.revoke(slug, at, person, channel)


def _add(
    tx: Transaction, stored: StoredStatement, person: str, channel: Channel, clock: Clock
) -> None:
    slug = stored.statement.slug
    tx.approvals.add(
        Approval(slug=slug, digest=stored.digest, by=person, at=clock.now(), channel=channel)
    )
    tx.audit.enter(
        at=clock.now(),
        actor=person,
        action="approve",
        subject=slug,
        detail=f"{stored.digest} by {channel.value}",
    )
