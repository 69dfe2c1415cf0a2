"""The store: transactions over the tables.

What is asked about one subject is imported with the first question about it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from newsletter.domain.errors import Exchanged
from newsletter.store.engine import Watched, alone, begun, connected

if TYPE_CHECKING:
    from newsletter.ports.records import AuditHead
    from newsletter.store.archive.search import SqlSearch
    from newsletter.store.campaigns.campaigns import SqlCampaigns
    from newsletter.store.campaigns.corrections import SqlCorrections
    from newsletter.store.campaigns.families import SqlFamilies
    from newsletter.store.campaigns.roundups import SqlRoundups
    from newsletter.store.delivery.batches import SqlBatches
    from newsletter.store.delivery.hold import SqlHold
    from newsletter.store.delivery.letters import SqlLetters
    from newsletter.store.delivery.paces import SqlPaces
    from newsletter.store.delivery.unknowns import SqlUnknowns
    from newsletter.store.events.events import SqlEvents
    from newsletter.store.file.chain import Chain
    from newsletter.store.file.watermark import SqlEpoch
    from newsletter.store.soundness import Soundness
    from newsletter.store.staff.audit import SqlAudit
    from newsletter.store.staff.staff import SqlStaff
    from newsletter.store.statements.approvals import SqlApprovals
    from newsletter.store.statements.feeds import SqlFeeds
    from newsletter.store.statements.statements import SqlSchedules, SqlStatements
    from newsletter.store.subscribers.choices import SqlChoices
    from newsletter.store.subscribers.consents import SqlConsents
    from newsletter.store.subscribers.dossiers import SqlDossiers, SqlTraces
    from newsletter.store.subscribers.readers import SqlReaders
    from newsletter.store.subscribers.segments import SqlZones
    from newsletter.store.subscribers.staging import SqlStaging


@dataclass(frozen=True)
class SqlTransaction:
    """Everything stored, within one transaction."""

    connection: Connection
    hash_address: Callable[[str], bytes]
    chain: Chain

    @cached_property
    def statements(self) -> SqlStatements:
        from newsletter.store.statements.statements import SqlStatements

        return SqlStatements(self.connection)

    @cached_property
    def approvals(self) -> SqlApprovals:
        from newsletter.store.statements.approvals import SqlApprovals

        return SqlApprovals(self.connection, self.chain, self.audit)

    @cached_property
    def staff(self) -> SqlStaff:
        from newsletter.store.staff.staff import SqlStaff

        return SqlStaff(self.connection)

    @cached_property
    def schedules(self) -> SqlSchedules:
        from newsletter.store.statements.statements import SqlSchedules

        return SqlSchedules(self.connection)

    @cached_property
    def roundups(self) -> SqlRoundups:
        from newsletter.store.campaigns.roundups import SqlRoundups

        return SqlRoundups(self.connection)

    @cached_property
    def campaigns(self) -> SqlCampaigns:
        from newsletter.store.campaigns.campaigns import SqlCampaigns

        return SqlCampaigns(self.connection)

    @cached_property
    def corrections(self) -> SqlCorrections:
        from newsletter.store.campaigns.corrections import SqlCorrections

        return SqlCorrections(self.connection)

    @cached_property
    def families(self) -> SqlFamilies:
        from newsletter.store.campaigns.families import SqlFamilies

        return SqlFamilies(self.connection)

    @cached_property
    def batches(self) -> SqlBatches:
        from newsletter.store.delivery.batches import SqlBatches

        return SqlBatches(self.connection, self.hash_address)

    @cached_property
    def unknowns(self) -> SqlUnknowns:
        from newsletter.store.delivery.unknowns import SqlUnknowns

        return SqlUnknowns(self.connection)

    @cached_property
    def paces(self) -> SqlPaces:
        from newsletter.store.delivery.paces import SqlPaces

        return SqlPaces(self.connection)

    @cached_property
    def readers(self) -> SqlReaders:
        from newsletter.store.subscribers.readers import SqlReaders

        return SqlReaders(self.connection, self.hash_address)

    @cached_property
    def choices(self) -> SqlChoices:
        from newsletter.store.subscribers.choices import SqlChoices

        return SqlChoices(self.connection)

    @cached_property
    def dossiers(self) -> SqlDossiers:
        from newsletter.store.subscribers.dossiers import SqlDossiers

        return SqlDossiers(self.connection)

    @cached_property
    def traces(self) -> SqlTraces:
        from newsletter.store.subscribers.dossiers import SqlTraces

        return SqlTraces(self.connection)

    @cached_property
    def letters(self) -> SqlLetters:
        from newsletter.store.delivery.letters import SqlLetters

        return SqlLetters(self.connection, self.hash_address)

    @cached_property
    def consents(self) -> SqlConsents:
        from newsletter.store.subscribers.consents import SqlConsents

        return SqlConsents(self.connection)

    @cached_property
    def zones(self) -> SqlZones:
        from newsletter.store.subscribers.segments import SqlZones

        return SqlZones(self.connection)

    @cached_property
    def events(self) -> SqlEvents:
        from newsletter.store.events.events import SqlEvents

        return SqlEvents(self.connection, self.hash_address)

    @cached_property
    def feeds(self) -> SqlFeeds:
        from newsletter.store.statements.feeds import SqlFeeds

        return SqlFeeds(self.connection)

    @cached_property
    def search(self) -> SqlSearch:
        from newsletter.store.archive.search import SqlSearch

        return SqlSearch(self.connection)

    @cached_property
    def hold(self) -> SqlHold:
        from newsletter.store.delivery.hold import SqlHold

        return SqlHold(self.connection)

    @cached_property
    def epoch(self) -> SqlEpoch:
        from newsletter.store.file.watermark import SqlEpoch

        return SqlEpoch(self.connection)

    @cached_property
    def audit(self) -> SqlAudit:
        from newsletter.store.staff.audit import SqlAudit

        return SqlAudit(self.connection, self.chain)


class SqlStore:
    """The database. ``hash_address`` gives the keyed hash of an address (16 bytes).

    ``chain`` is what the audit log and approvals are bound by.
    """

    def __init__(
        self, engine: Engine, *, hash_address: Callable[[str], bytes], chain: Chain
    ) -> None:
        self._engine = engine
        self._hash_address = hash_address
        self._chain = chain
        self._path = Path(str(engine.url.database))
        self._file = _identity(self._path)
        self._turn = threading.Lock()
        self._watched = Watched(engine)

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction that commits at the end of the block and rolls back on an error."""
        with self._writing(connected(self._engine)) as tx:
            yield tx

    @contextmanager
    def _writing(self, opened: AbstractContextManager[Connection]) -> Iterator[SqlTransaction]:
        # Within the process writers queue here: SQLite's own waiting is to sleep and try again.
        with self._turn:
            self._refuse_exchanged()
            with opened as connection:
                tx = self._on(connection)
                yield tx
                head = _to_remember(tx)
            self._refuse_exchanged()  # or it was committed to a file that nobody will read
            if head is not None:
                self._chain.head.write(head)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that only reads."""
        self._refuse_exchanged()
        with connected(self._engine, reads=True) as connection:
            yield self._on(connection)

    @contextmanager
    def staging(self) -> Iterator[SqlStaging]:
        """Room for the people of a file, gone without a trace at the end of the block."""
        from newsletter.store.subscribers.staging import SqlStaging

        with alone(self._engine) as connection:
            yield SqlStaging(
                connection, self._hash_address, lambda: self._writing(begun(connection))
            )

    def version(self) -> int:
        """A number that is another one after each commit, whoever made it: a look for nothing."""
        self._refuse_exchanged()
        return self._watched.version()

    def seal(self, at: datetime) -> None:
        """Bind what an older version wrote to the audit log by the key, once."""
        with self.read() as tx:
            unsealed = tx.audit.is_unsealed()
        if unsealed:
            with self.begin() as tx:
                tx.audit.seal(at)

    def file_faults(self, *, seconds: float) -> list[str] | None:
        """What SQLite finds wrong with the file; None where the time was too short to tell."""
        from newsletter.store.soundness import file_faults

        return file_faults(self._path, seconds=seconds)

    def inspect(self, *, seconds: float) -> list[Soundness]:
        """Compare what lies in the database with what was stored, each kind for so long."""
        from newsletter.store.soundness import Inspection

        with self.read() as tx:
            looking = Inspection(tx.connection, self._hash_address, self._chain, seconds=seconds)
            return looking.all()

    def scrub(self) -> bool:
        """Overwrite what was erased where no data is any more; False: too busy, try again later."""
        from newsletter.store.file.scrubbing import scrub

        return scrub(self._path)

    def close(self) -> None:
        """Close all connections."""
        self._watched.close()
        self._engine.dispose()

    def _on(self, connection: Connection) -> SqlTransaction:
        return SqlTransaction(connection, self._hash_address, self._chain)

    def _refuse_exchanged(self) -> None:
        if _identity(self._path) != self._file:
            raise Exchanged(
                f"{self._path} was exchanged while it was at work: another file is in its place,"
                " and what is done here would be lost; start this process again"
            )


def _identity(path: Path) -> tuple[int, int]:
    """The file that a name leads to; noughts where there is none yet."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino


def _to_remember(tx: SqlTransaction) -> AuditHead | None:
    """Where nothing was entered, the log was not even looked at."""
    return tx.audit.to_remember() if "audit" in vars(tx) else None
