"""How the work stands right now, for those who watch it from outside.

Only what is open is counted: the figures cost the same however much went out in the past.
"""

from dataclasses import dataclass
from datetime import timedelta

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.clock import Clock
from newsletter.domain.delivery.batch import Waiting
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """What is open at one moment."""

    stopped: bool
    """All sending is stopped, by a person or on a doubt about the books."""
    campaigns: tuple[Campaign, ...]
    """Scheduled, sending, paused, or in need of attention, each with its figures."""
    batches: Waiting
    """What campaigns that are sending still have to hand over."""
    overdue: timedelta
    """For how long the oldest scheduled campaign has been due without having begun."""
    letters: int
    """Transactional email that waits: confirmations, links, notices."""


def vitals(*, store: Store, clock: Clock) -> Vitals:
    """Look at what is open. Raises StoreUnavailable."""
    now = clock.now()
    with store.read() as tx:
        due = [campaign.release_at for campaign in tx.campaigns.due(now)]
        letters, _ = tx.emails.waiting()
        return Vitals(
            stopped=bool(tx.hold.reasons()),
            campaigns=tuple(tx.campaigns.open()),
            batches=tx.batches.waiting(),
            overdue=now - min(due, default=now),
            letters=letters,
        )
