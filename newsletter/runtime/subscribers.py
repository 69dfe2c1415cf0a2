"""The subscribers of a workspace: whom segments pick, and how a person is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config.settings import Settings
    from newsletter.domain.clock import Clock
    from newsletter.domain.ports import Links
    from newsletter.domain.subscribers.segment import Segment
    from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """What can be done with subscribers."""

    settings: Settings
    store: Store
    clock: Clock
    links: Links

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The saved rules that pick readers."""
        from newsletter.config.lists import configured

        return configured(self.settings.segments, timezone=self.settings.timezone)

    def forget(self, address: str, *, by: str) -> tuple[bool, bool]:
        """Erase a person. Tells whether anybody had the address, and whether all is overwritten.

        Where the database is too busy for that, the next look does it.
        """
        from newsletter.pipeline.subscribers.leave import clean, forget

        known = forget(address, by=by, store=self.store, clock=self.clock)
        return known, clean(store=self.store)

    def clean(self) -> bool:
        """Overwrite what was erased, where the database was too busy for that before."""
        from newsletter.pipeline.subscribers.leave import clean

        return clean(store=self.store)

    def resume(self) -> int:
        """Write again to those whose pause is over; returns how many."""
        from newsletter.pipeline.subscribers.prefer import resume

        return resume(store=self.store, clock=self.clock)

    def retire(self) -> int:
        """Write no more to mailboxes that put us off for weeks; returns how many."""
        from newsletter.pipeline.events.record import retire

        return retire(store=self.store, clock=self.clock)
