"""After a crash: what was under way is unknown, until it is proved harmless to repeat."""

from dataclasses import dataclass

from newsletter.domain.campaign import CampaignState
from newsletter.pipeline.ledger import finish
from newsletter.ports import Clock, Provider, Replay, Store


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a start found of the process before it, in batches."""

    unknown: int
    repeated: int


def recover(*, store: Store, provider: Provider, clock: Clock) -> Recovered:
    """Take over from a process that is provably dead.

    Its claimed batches become unknown. Where the provider keeps one message of a name however
    often it is handed over, they are queued again; elsewhere they stay unknown.
    """
    with store.begin() as tx:
        unknown = tx.batches.abandon(at=clock.now())
        repeated = 0
        if provider.capabilities.replay is Replay.SAFE:
            repeated = tx.batches.repeat_unknown(provider.name)
        for campaign in tx.campaigns.all():
            if campaign.state is CampaignState.ATTENTION and campaign.counts.pending:
                tx.campaigns.move(
                    campaign.id,
                    CampaignState.SENDING,
                    expect={CampaignState.ATTENTION},
                    at=clock.now(),
                )
            elif campaign.state is CampaignState.SENDING:
                finish(tx, campaign.id, clock)
        return Recovered(unknown=unknown, repeated=repeated)
