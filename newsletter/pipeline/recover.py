"""After a crash: what was under way is unknown, until it comes out what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.pipeline.ledger import confirm_told, finish
from newsletter.ports import Clock, Store


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a start found of the process before it, in batches."""

    unknown: int
    letters: int = 0
    """Letters that it was handing over: unknown, and never handed over again."""
    strays: int = 0
    """Readers of whom it is unknown at another account than is configured: nobody can be asked."""


def recover(*, store: Store, accounts: Mapping[str, str], clock: Clock) -> Recovered:
    """Take over from a process that is provably dead: its claimed batches become unknown.

    ``accounts`` are those that can be asked, by provider.
    """
    with store.begin() as tx:
        unknown = tx.batches.abandon(at=clock.now())
        for campaign_id in tx.unknowns.campaigns():
            confirm_told(tx, campaign_id, clock)
        for campaign_id in tx.campaigns.sending():
            finish(tx, campaign_id, clock)
        return Recovered(
            unknown=unknown,
            letters=tx.letters.abandon(clock.now()),
            strays=tx.unknowns.strays(accounts),
        )
