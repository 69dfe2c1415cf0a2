"""Whom a correction goes to, and what it ends. It is no stage: planning and dry runs share it."""

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Correction
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Statement
from newsletter.pipeline.ledger import approved_content
from newsletter.store.sql import Transaction


def correction_of(tx: Transaction, statement: Statement) -> Correction | None:
    """Whose readers get this statement; None where it corrects nothing.

    Where the original has not begun and is a correction itself, this one takes its place and goes
    to whom that one would have gone to. Raises Refused, with the reason why it cannot go out.
    """
    if not statement.corrects:
        return None
    return _follow(tx, statement.slug, _chain(tx, statement), ())


def end_original(tx: Transaction, correction: Correction, clock: Clock) -> None:
    """End what could still hand the original over, and spend its approvals."""
    reason = f"corrected by {correction.by}"
    for campaign in correction.stops:
        at = clock.now()
        tx.campaigns.move(
            campaign.id, CampaignState.CANCELLED, expect={campaign.state}, at=at, reason=reason
        )
        tx.campaigns.cancel_pending(campaign.id)
        tx.corrections.take_over(campaign.id, correction.by)
        tx.approvals.revoke(campaign.slug, at, actor="scheduler", why=reason)
        tx.audit.enter(
            at, "scheduler", "cancel", campaign.slug, f"campaign {campaign.id}: {reason}"
        )


def why_nobody(campaign: Campaign) -> str:
    """Why a campaign cannot start, and what to do, where its audience is nobody."""
    if campaign.corrects:
        return (
            f"nobody who was sent {campaign.corrects} may still be written to;"
            f" 'newsletter cancel {campaign.id}' ends it"
        )
    return (
        f"nobody is subscribed to {', '.join(campaign.lists)};"
        f" import subscribers, then 'newsletter resume {campaign.id}'"
    )


def _chain(tx: Transaction, statement: Statement) -> tuple[str, ...]:
    """What it corrects, what that corrects, and so on. Raises Refused for a circle."""
    chain = [statement.slug]
    following = statement.corrects
    while following:
        if following in chain:
            raise Refused(f"'corrects' leads in a circle: {', '.join([*chain, following])}")
        chain.append(following)
        stored = tx.statements.get(following)
        following = stored.statement.corrects if stored is not None else ""
    return tuple(chain[1:])


def _follow(
    tx: Transaction, by: str, chain: tuple[str, ...], stops: tuple[Campaign, ...]
) -> Correction:
    of, *further = chain
    campaign = tx.campaigns.latest(of)
    if campaign is None or not _concerns_anybody(campaign, by):
        raise Refused(_nobody_was_sent(tx, of))
    if not campaign.state.final:
        stops = (*stops, campaign)
    unstarted = campaign.started_at is None
    if unstarted and (campaign.translates or tx.translations.campaigns(of)):
        raise Refused(
            f"it corrects {of}, which goes out in several languages and has not begun;"
            f" mend {of} itself"
        )
    if unstarted and further:
        return _follow(tx, by, tuple(further), stops)
    return Correction(
        by=by,
        of=of,
        lists=campaign.lists,
        unstarted=unstarted,
        stops=stops,
        segment=approved_content(tx, campaign).segment if unstarted else None,
    )


def _concerns_anybody(campaign: Campaign, by: str) -> bool:
    """Somebody may have it, or waits for it, or waited until this very correction ended it."""
    goes_on = not campaign.state.final or campaign.corrected_by == by
    return goes_on or campaign.may_have_reached_anybody or bool(campaign.counts.pending)


def _nobody_was_sent(tx: Transaction, of: str) -> str:
    if tx.statements.get(of) is None:
        return f"it corrects {of}, and there is no statement of that name"
    return f"it corrects {of}, which nobody was sent; mend {of} itself, or take 'corrects' out"
