"""receipts → paused campaign: the breaker, for one to which too many readers or servers object."""

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.clock import Clock
from newsletter.domain.events import Damage, objections
from newsletter.pipeline.ledger import find_campaign
from newsletter.store.sql import Store, Transaction


def stop_harm(*, store: Store, clock: Clock) -> tuple[Campaign, ...]:
    """Pause each campaign that does more harm than it may; returns them."""
    with store.read() as tx:
        harmful = [number for number in tx.campaigns.sending() if _objections(tx, number)]
    paused = []
    for number in harmful:
        with store.begin() as tx:
            if _pause(tx, number, clock):
                paused.append(find_campaign(tx, str(number)))
    return tuple(paused)


def _objections(tx: Transaction, campaign_id: int) -> str:
    damage = tx.events.damage(campaign_id)
    if damage == Damage():
        return ""  # which costs less than the campaign's figures
    accepted = find_campaign(tx, str(campaign_id)).counts.accepted
    return "; ".join(objections(damage, accepted, tx.events.overruled(campaign_id)))


def _pause(tx: Transaction, campaign_id: int, clock: Clock) -> bool:
    why = _objections(tx, campaign_id)
    reason = (
        f"{why}; find out why with 'newsletter report {campaign_id}' and at the provider,"
        f" then 'newsletter resume {campaign_id}' or 'newsletter cancel {campaign_id}'"
    )
    paused = tx.campaigns.move(
        campaign_id,
        CampaignState.PAUSED,
        expect={CampaignState.SENDING},
        at=clock.now(),
        reason=reason,
    )
    if paused:
        tx.audit.enter(
            clock.now(),
            "breaker",
            "pause",
            find_campaign(tx, str(campaign_id)).slug,
            f"campaign {campaign_id}: {why}",
        )
    return paused
