"""The services of one workspace, one for each subject."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.config.settings import Settings
from newsletter.credentials.links import SignedLinks
from newsletter.credentials.passwords import Passwords
from newsletter.pipeline.ledger import ConfigurationCheck
from newsletter.pipeline.staff.proofs import Client, Proofs
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.configuration import ConfigurationOnDisk
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.statements import Statements
from newsletter.runtime.subscribers import Subscribers
from newsletter.runtime.tick import Tick
from newsletter.store.sql import Store

if TYPE_CHECKING:
    from newsletter.credentials.identity_provider import IdentityProvider


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The service for staff accounts."""

    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    key: bytes = field(repr=False)
    """The workspace's first key, which never changes. Second factors are derived from it."""
    files: ConfigurationOnDisk

    @cached_property
    def proofs(self) -> Proofs:
        desk = self.settings.desk
        return Proofs(
            store=self.store,
            key=self.key,
            passwords=Passwords(),
            rules=desk,
            issuer=desk.oidc.issuer if desk.oidc else "",
            zone=self.settings.timezone,
            client=Client(),
        )

    @cached_property
    def provider(self) -> "IdentityProvider | None":
        from newsletter.credentials.identity_provider import IdentityProvider

        if (oidc := self.settings.desk.oidc) is None:
            return None
        secret = oidc.client_secret.get_secret_value()
        return IdentityProvider(desk=oidc, secret=secret, clock=self.store.clock)


@dataclass(frozen=True, kw_only=True)
class Services:
    """The services of an open workspace."""

    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    """Compares the settings and templates of this process with the running service's."""
    links: SignedLinks
    umask: int
    """The former umask, for files that others may read."""
    statements: Statements
    campaigns: Campaigns
    delivery: Delivery
    subscribers: Subscribers
    staff: Staff

    @cached_property
    def tick(self) -> Tick:
        """The periodic work of the workspace."""
        return Tick(statements=self.statements, campaigns=self.campaigns, delivery=self.delivery)
