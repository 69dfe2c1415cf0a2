"""delivery statuses → paused campaign: the circuit breaker for complaints and bounces."""

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.events import BreakerCounts, pause_reasons
from newsletter.pipeline.ledger import find_campaign
from newsletter.store.sql import Store, Transaction


def pause_harmful(*, store: Store) -> tuple[Campaign, ...]:
    """Pause each campaign with too many complaints or bounces. Return these campaigns."""
    with store.read() as tx:
        harmful = [
            number for number in tx.campaigns.find_sending_ids() if _pause_reasons(tx, number)
        ]
    campaigns = []
    for number in harmful:
        with store.begin() as tx:
            # asked again: somebody may have overruled it since it was read without a lock
            why, campaign = _pause_reasons(tx, number), find_campaign(tx, str(number))
            reason = (
                f"{why}; find out why with 'newsletter report {number}' and at the provider,"
                f" then 'newsletter resume {number}' or 'newsletter cancel {number}'"
            )
            sending = {CampaignState.SENDING}
            if tx.campaigns.change_state(
                number, CampaignState.PAUSED, expect=sending, at=tx.now, reason=reason
            ):
                detail = f"campaign {number}: {why}"
                tx.audit.enter("breaker", "pause", campaign.slug, detail)
                campaigns.append(find_campaign(tx, str(number)))
    return tuple(campaigns)


def _pause_reasons(tx: Transaction, campaign_id: int) -> str:
    damage = tx.events.count_for_breaker(campaign_id)
    if damage == BreakerCounts():
        return ""  # which costs less than the campaign's figures
    accepted = find_campaign(tx, str(campaign_id)).counts.accepted
    return "; ".join(pause_reasons(damage, accepted, tx.events.get_override(campaign_id)))
