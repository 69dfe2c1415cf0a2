"""The services of one workspace, one a subject."""

from dataclasses import dataclass
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.domain.ports import Links
from newsletter.pipeline.configuration import Configuration
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.staff import Staff
from newsletter.runtime.statements import Statements
from newsletter.runtime.subscribers import Subscribers
from newsletter.runtime.tick import Tick
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Services:
    """The services of an open workspace."""

    settings: Settings
    store: Store
    configuration: Configuration
    """The settings and templates, compared with those of the running service."""
    links: Links
    umask: int
    """The mode bits that files for others lack. Our own files are for their owner alone."""
    statements: Statements
    campaigns: Campaigns
    delivery: Delivery
    subscribers: Subscribers
    staff: Staff

    @cached_property
    def tick(self) -> Tick:
        """Return the periodic work of the workspace."""
        return Tick(statements=self.statements, campaigns=self.campaigns, delivery=self.delivery)
