"""After a crash: what was under way is unknown, until it comes out what became of it."""

from collections.abc import Collection
from dataclasses import dataclass

from newsletter.pipeline.ledger import confirm_told, finish
from newsletter.ports import Clock, Store


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a start found of the process before it, in batches."""

    unknown: int
    letters: int = 0
    """Letters that it was handing over: unknown, and never handed over again."""


def recover(*, store: Store, providers: Collection[str], clock: Clock) -> Recovered:
    """Take over from a process that is provably dead: its claimed batches become unknown.

    So does what only a provider may have that is none of ``providers`` any more.
    """
    with store.begin() as tx:
        unknown = tx.batches.abandon(at=clock.now())
        unknown += tx.batches.unbind(providers, clock.now())
        for campaign_id in tx.unknowns.campaigns():
            confirm_told(tx, campaign_id, clock)
        for campaign_id in tx.campaigns.sending():
            finish(tx, campaign_id, clock)
        return Recovered(unknown=unknown, letters=tx.letters.abandon(clock.now()))
