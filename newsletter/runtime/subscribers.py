"""The subscribers of a workspace: whom segments pick, which lists there are, and who is erased."""

from dataclasses import dataclass
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.domain.ports import Links
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.subscribers.leave import clean, forget
from newsletter.runtime.counters import Counters
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """The service for subscribers."""

    settings: Settings
    store: Store
    links: Links
    counters: Counters

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The saved rules that pick readers."""
        zone = self.settings.timezone
        return tuple(Segment(**vars(rule), timezone=zone) for rule in self.settings.segments)

    @cached_property
    def declared_lists(self) -> frozenset[str]:
        """The lists that the configuration declares, whether anybody is on them or not."""
        settings = self.settings
        named = [settings.default_lists]
        named += [getattr(source, "lists", ()) for source in settings.statements]
        named += [digest.lists for digest in settings.digests]
        return frozenset(name for names in named for name in names).union(
            option.name for option in settings.lists
        )

    def forget(self, address: str, *, by: str, block_unknown: bool = False) -> tuple[bool, bool]:
        """Erase a person. Tells whether a subscriber had the address, and if all is overwritten.

        Where the database is too busy for that, the next look does it. Raises Refused for an
        address of which nothing is kept, unless ``block_unknown``.
        """
        known = forget(address, by=by, block_unknown=block_unknown, store=self.store)
        return known, clean(store=self.store)
