"""The subscribers of a workspace: whom segments pick, and what staff do about a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.config.settings import Settings
    from newsletter.domain.ports import Links
    from newsletter.domain.subscribers.audience import Entry, Subscriber, SuppressionReason
    from newsletter.domain.subscribers.segment import Segment
    from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """What can be done with subscribers."""

    settings: Settings
    store: Store
    links: Links

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The saved rules that pick readers."""
        from newsletter.config.lists import configured

        return configured(self.settings.segments, timezone=self.settings.timezone)

    @cached_property
    def offered_lists(self) -> frozenset[str]:
        """The lists that the configuration names, whether anybody is on them or not."""
        return frozenset(
            {*(offer.name for offer in self.settings.offers()), *self.settings.default_lists}
        )

    def add(self, entry: Entry, *, by: str) -> tuple[Subscriber | None, Subscriber]:
        """Put a person on lists; returns them as they were and as they are.

        Raises NotFound and Refused.
        """
        from newsletter.pipeline.subscribers import administer

        offered = self.offered_lists
        return administer.add(entry, by=by, offered=offered, store=self.store)

    def suppress(self, address: str, *, by: str) -> bool:
        """Never send to an address again; False where it was suppressed before."""
        from newsletter.pipeline.subscribers import administer

        return administer.suppress(address, by=by, store=self.store)

    def lift(self, address: str, *, by: str, reason: str) -> SuppressionReason:
        """Let a suppressed address get mail again; tells why it was. Raises NotFound, Refused."""
        from newsletter.pipeline.subscribers import administer

        return administer.lift(address, by=by, reason=reason, store=self.store)

    def data_of(self, address: str, *, by: str) -> Mapping[str, object]:
        """All that is kept of one person, as JSON takes it. Raises NotFound."""
        from newsletter.pipeline.subscribers import administer

        return administer.data_of(address, by=by, store=self.store)

    def forget(self, address: str, *, by: str) -> tuple[bool, bool]:
        """Erase a person. Tells whether anybody had the address, and whether all is overwritten.

        Where the database is too busy for that, the next look does it.
        """
        from newsletter.pipeline.subscribers.leave import clean, forget

        known = forget(address, by=by, store=self.store)
        return known, clean(store=self.store)
