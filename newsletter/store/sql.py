"""The store: transactions over the tables."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine

from newsletter.store.audit import SqlAudit
from newsletter.store.batches import SqlBatches
from newsletter.store.campaigns import SqlCampaigns
from newsletter.store.choices import SqlChoices
from newsletter.store.consents import SqlConsents
from newsletter.store.corrections import SqlCorrections
from newsletter.store.dossiers import SqlDossiers
from newsletter.store.engine import alone, connected
from newsletter.store.erasing import SqlTraces
from newsletter.store.events import SqlEvents
from newsletter.store.families import SqlFamilies
from newsletter.store.feeds import SqlFeeds
from newsletter.store.letters import SqlLetters
from newsletter.store.paces import SqlPaces
from newsletter.store.readers import SqlReaders
from newsletter.store.roundups import SqlRoundups
from newsletter.store.scrubbing import scrub
from newsletter.store.search import SqlSearch
from newsletter.store.staging import SqlStaging
from newsletter.store.statements import SqlApprovals, SqlHold, SqlSchedules, SqlStaff, SqlStatements
from newsletter.store.unknowns import SqlUnknowns
from newsletter.store.watermark import SqlEpoch
from newsletter.store.zones import SqlZones


@dataclass(frozen=True)
class SqlTransaction:
    """Everything stored, within one transaction."""

    connection: Connection
    hash_address: Callable[[str], bytes]

    @cached_property
    def statements(self) -> SqlStatements:
        return SqlStatements(self.connection)

    @cached_property
    def approvals(self) -> SqlApprovals:
        return SqlApprovals(self.connection)

    @cached_property
    def staff(self) -> SqlStaff:
        return SqlStaff(self.connection)

    @cached_property
    def schedules(self) -> SqlSchedules:
        return SqlSchedules(self.connection)

    @cached_property
    def roundups(self) -> SqlRoundups:
        return SqlRoundups(self.connection)

    @cached_property
    def campaigns(self) -> SqlCampaigns:
        return SqlCampaigns(self.connection)

    @cached_property
    def corrections(self) -> SqlCorrections:
        return SqlCorrections(self.connection)

    @cached_property
    def families(self) -> SqlFamilies:
        return SqlFamilies(self.connection)

    @cached_property
    def batches(self) -> SqlBatches:
        return SqlBatches(self.connection)

    @cached_property
    def unknowns(self) -> SqlUnknowns:
        return SqlUnknowns(self.connection)

    @cached_property
    def paces(self) -> SqlPaces:
        return SqlPaces(self.connection)

    @cached_property
    def readers(self) -> SqlReaders:
        return SqlReaders(self.connection, self.hash_address)

    @cached_property
    def choices(self) -> SqlChoices:
        return SqlChoices(self.connection)

    @cached_property
    def dossiers(self) -> SqlDossiers:
        return SqlDossiers(self.connection)

    @cached_property
    def traces(self) -> SqlTraces:
        return SqlTraces(self.connection)

    @cached_property
    def letters(self) -> SqlLetters:
        return SqlLetters(self.connection, self.hash_address)

    @cached_property
    def consents(self) -> SqlConsents:
        return SqlConsents(self.connection)

    @cached_property
    def zones(self) -> SqlZones:
        return SqlZones(self.connection)

    @cached_property
    def events(self) -> SqlEvents:
        return SqlEvents(self.connection, self.hash_address)

    @cached_property
    def feeds(self) -> SqlFeeds:
        return SqlFeeds(self.connection)

    @cached_property
    def search(self) -> SqlSearch:
        return SqlSearch(self.connection)

    @cached_property
    def hold(self) -> SqlHold:
        return SqlHold(self.connection)

    @cached_property
    def epoch(self) -> SqlEpoch:
        return SqlEpoch(self.connection)

    @cached_property
    def audit(self) -> SqlAudit:
        return SqlAudit(self.connection)


class SqlStore:
    """The database. ``hash_address`` gives the keyed hash of an address (16 bytes)."""

    def __init__(self, engine: Engine, *, hash_address: Callable[[str], bytes]) -> None:
        self._engine = engine
        self._hash_address = hash_address
        self._turn = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction that commits at the end of the block and rolls back on an error."""
        # Within the process writers queue here: SQLite's own waiting is to sleep and try again.
        with self._turn, connected(self._engine) as connection:
            yield SqlTransaction(connection, self._hash_address)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that only reads."""
        with connected(self._engine, reads=True) as connection:
            yield SqlTransaction(connection, self._hash_address)

    @contextmanager
    def staging(self) -> Iterator[SqlStaging]:
        """Room for the people of a file, gone without a trace at the end of the block."""
        with alone(self._engine) as connection:
            yield SqlStaging(
                connection,
                self._hash_address,
                self._turn,
                lambda begun: SqlTransaction(begun, self._hash_address),
            )

    def scrub(self) -> bool:
        """Overwrite what was erased where no data is any more; False: too busy, try again later."""
        return scrub(Path(str(self._engine.url.database)))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
