"""The staff of a workspace, and what they prove by who they are."""

from dataclasses import dataclass, field
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.credentials.passwords import Passwords
from newsletter.pipeline.configuration import Configuration
from newsletter.pipeline.staff.proofs import Proofs
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The service for staff accounts."""

    settings: Settings
    store: Store
    configuration: Configuration
    key: bytes = field(repr=False)
    """The workspace's oldest, which never changes: second factors are sealed by it."""

    @cached_property
    def proofs(self) -> Proofs:
        return Proofs(
            store=self.store, key=self.key, passwords=Passwords(), rules=self.settings.desk
        )
