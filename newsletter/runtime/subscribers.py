"""The service for subscribers: segments, declared lists, erasure."""

from dataclasses import dataclass
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.credentials.links import SignedLinks
from newsletter.domain.subscribers.audience import Subscriber
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.subscribers.administer import SubscriberActs, clean, forget
from newsletter.runtime.counters import Counters
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    settings: Settings
    store: Store
    links: SignedLinks
    counters: Counters

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The configured segments, each with the time zone of its dates."""
        zone = self.settings.timezone
        return tuple(Segment(**vars(rule), timezone=zone) for rule in self.settings.segments)

    @cached_property
    def declared_lists(self) -> frozenset[str]:
        """The lists that the settings name, also empty ones."""
        settings = self.settings
        groups = [settings.default_lists]
        groups += [getattr(source, "lists", ()) for source in settings.statements]
        groups += [digest.lists for digest in settings.digests]
        return frozenset(name for names in groups for name in names).union(
            option.name for option in settings.lists
        )

    def acts_of(self, actor: str) -> SubscriberActs:
        return SubscriberActs(store=self.store, actor=actor, declared=self.declared_lists)

    def is_known(self, address: str) -> bool:
        """Return whether something is kept of an address, also in a file that waits at the desk."""
        with self.store.read() as tx:
            if tx.readers.has_data_of(address) or tx.traces.find(address):
                return True
        return self._is_uploaded(address)

    def _is_uploaded(self, address: str) -> bool:
        with self.store.read() as tx:
            waiting = tx.imports.list_uploads()
        for number in waiting:
            from newsletter.subscriber_files.isolated import names_address  # few forget so

            with self.store.read() as tx:  # one at a time, as each may be large
                upload = tx.imports.get_upload(number)
            if upload is not None and names_address(upload, address):
                return True
        return False

    def forget(
        self, who: str | Subscriber, *, by: str, block_unknown: bool = False
    ) -> tuple[bool, bool]:
        """Erase a person. Return (was a subscriber, the database file is overwritten).

        If the file is too busy, a later tick overwrites it; a server has none. Raises Refused for
        an address without data, unless ``block_unknown``.
        """
        known = forget(
            who,
            by=by,
            block_unknown=block_unknown,
            is_uploaded=self._is_uploaded,
            store=self.store,
        )
        return known, clean(store=self.store) or self.settings.is_on_server
