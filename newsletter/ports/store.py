"""The database, as transactions over all that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
    from newsletter.ports.choices import Choices, Dossiers, Traces
    from newsletter.ports.corrections import Corrections
    from newsletter.ports.doubt import Unknowns
    from newsletter.ports.events import Events
    from newsletter.ports.families import Families
    from newsletter.ports.feeds import Feeds
    from newsletter.ports.letters import Consents, Letters
    from newsletter.ports.records import (
        Approvals,
        Audit,
        Epoch,
        Hold,
        Readers,
        Schedules,
        Staff,
        Statements,
    )
    from newsletter.ports.roundups import Roundups
    from newsletter.ports.search import Search
    from newsletter.ports.sending import Batches, Campaigns, Paces
    from newsletter.ports.staging import Brought
    from newsletter.ports.zones import Zones


class Transaction(Protocol):
    """Everything stored, within one transaction: all of it happens or nothing."""

    @property
    def statements(self) -> Statements: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def staff(self) -> Staff: ...
    @property
    def schedules(self) -> Schedules: ...
    @property
    def roundups(self) -> Roundups: ...
    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def corrections(self) -> Corrections: ...
    @property
    def families(self) -> Families: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def unknowns(self) -> Unknowns: ...
    @property
    def paces(self) -> Paces: ...
    @property
    def readers(self) -> Readers: ...
    @property
    def choices(self) -> Choices: ...
    @property
    def dossiers(self) -> Dossiers: ...
    @property
    def traces(self) -> Traces: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def zones(self) -> Zones: ...
    @property
    def events(self) -> Events: ...
    @property
    def feeds(self) -> Feeds: ...
    @property
    def search(self) -> Search: ...
    @property
    def hold(self) -> Hold: ...
    @property
    def epoch(self) -> Epoch: ...
    @property
    def audit(self) -> Audit: ...


class Staging(Protocol):
    """The people of one file. Whatever is added keeps nobody from writing."""

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Lay subscribers ready, each with the place where they stand in the file."""
        ...

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        """Lay ready who is never to be written to."""
        ...

    def rehearse(self) -> Brought:
        """What would come of it now. Only reads."""
        ...

    def bring_in(
        self, at: datetime, origin: str
    ) -> AbstractContextManager[tuple[Transaction, Brought]]:
        """Bring everybody in, by one transaction that commits at the end of the block.

        The rules are those of ``Readers.upsert`` and ``Readers.suppress``. Whoever is suppressed
        here at that moment is not written down again.
        """
        ...


class Store(Protocol):
    """The database."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits at the end of the block and rolls back on an error."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads: one consistent picture, and nobody waits for it."""
        ...

    def staging(self) -> AbstractContextManager[Staging]:
        """Room for the people of a file, gone without a trace at the end of the block."""
        ...

    def scrub(self) -> bool:
        """Overwrite what was erased where no data is any more; False: too busy, try again later."""
        ...
