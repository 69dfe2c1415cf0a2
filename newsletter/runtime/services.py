"""The services of one workspace, one a subject: whoever opens it hands out those that are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.runtime.tick import Tick

if TYPE_CHECKING:
    from newsletter.config.settings import Settings
    from newsletter.domain.clock import Clock
    from newsletter.domain.ports import Links
    from newsletter.runtime.archive import Archive
    from newsletter.runtime.campaigns import Campaigns
    from newsletter.runtime.delivery import Delivery
    from newsletter.runtime.staff import Staff
    from newsletter.runtime.statements import Statements
    from newsletter.runtime.subscribers import Subscribers
    from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Services:
    """What an opened workspace consists of."""

    settings: Settings
    store: Store
    clock: Clock
    links: Links
    umask: int
    """Which rights files lack that are meant for others; those of our own are for nobody else."""
    statements: Statements
    campaigns: Campaigns
    delivery: Delivery
    subscribers: Subscribers
    archive: Archive
    staff: Staff

    @property
    def tick(self) -> Tick:
        """What the workspace does by itself."""
        return Tick(
            statements=self.statements,
            campaigns=self.campaigns,
            delivery=self.delivery,
            subscribers=self.subscribers,
            archive=self.archive,
        )
