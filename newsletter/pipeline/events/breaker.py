"""delivery statuses → paused campaign: the circuit breaker for complaints and bounces."""

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.events import BreakerCounts, pause_reasons
from newsletter.domain.wording import joined, say
from newsletter.pipeline.ledger import find_campaign
from newsletter.store.sql import Store, Transaction


def pause_harmful(*, store: Store) -> tuple[Campaign, ...]:
    """Pause each campaign with too many complaints or bounces. Return these campaigns."""
    with store.read() as tx:
        harmful = [one for one in tx.campaigns.find_sending_ids() if _pause_reasons(tx, one)]
    campaigns = []
    for campaign_id in harmful:
        with store.begin() as tx:
            # a person may have overruled the reasons since the read
            why, campaign = _pause_reasons(tx, campaign_id), find_campaign(tx, str(campaign_id))
            advice = (
                "{why}; find out why with 'newsletter report {id}' and at the provider, then"
                " 'newsletter resume {id}' or 'newsletter cancel {id}'"
            )
            reason = say(advice, why=why, id=str(campaign_id))
            sending = {CampaignState.SENDING}
            if why and tx.campaigns.change_state(
                campaign_id, CampaignState.PAUSED, expect=sending, at=tx.now, reason=reason
            ):
                tx.audit.enter("breaker", "pause", campaign.slug, campaign=campaign_id, reason=why)
                campaigns.append(find_campaign(tx, str(campaign_id)))
    return tuple(campaigns)


def _pause_reasons(tx: Transaction, campaign_id: int) -> str:
    counts = tx.events.count_for_breaker(campaign_id)
    if counts == BreakerCounts():
        return ""  # the usual case, without the slower query of accepted messages
    accepted = find_campaign(tx, str(campaign_id)).counts.accepted
    return joined(pause_reasons(counts, accepted, tx.events.get_override(campaign_id)))
