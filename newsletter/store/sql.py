"""The store: transactions over the tables.

What is asked about one subject is imported with the first question about it. Nothing else is, nor
SQLAlchemy: the stages name these types, and the help of a command loads its stages.
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

from newsletter.domain.errors import Exchanged

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from newsletter.domain.staff.audit import AuditHead
    from newsletter.store.archive import Search
    from newsletter.store.campaigns.campaigns import Campaigns
    from newsletter.store.campaigns.corrections import Corrections
    from newsletter.store.campaigns.digests import Digests
    from newsletter.store.campaigns.goes import Goes
    from newsletter.store.campaigns.translations import Translations
    from newsletter.store.delivery.batches import Batches
    from newsletter.store.delivery.hold import Hold
    from newsletter.store.delivery.rate_limits import RateLimits
    from newsletter.store.delivery.transactional import TransactionalEmails
    from newsletter.store.delivery.unknowns import Unknowns
    from newsletter.store.events.events import Events
    from newsletter.store.file.chain import Chain
    from newsletter.store.file.guard_file import Generation
    from newsletter.store.soundness import Soundness
    from newsletter.store.staff.accounts import Accounts
    from newsletter.store.staff.audit import Audit
    from newsletter.store.staff.invitations import Invitations
    from newsletter.store.staff.passkeys import Passkeys
    from newsletter.store.staff.sessions import Sessions
    from newsletter.store.staff.staff import Staff
    from newsletter.store.staff.throttle import Throttle
    from newsletter.store.statements.approvals import Approvals
    from newsletter.store.statements.board import Board
    from newsletter.store.statements.comments import Comments
    from newsletter.store.statements.drafts import Drafts
    from newsletter.store.statements.feeds import Feeds
    from newsletter.store.statements.pictures import Pictures
    from newsletter.store.statements.returns import Returns
    from newsletter.store.statements.statements import Schedules, Statements
    from newsletter.store.subscribers.choices import Choices
    from newsletter.store.subscribers.consents import Consents
    from newsletter.store.subscribers.data_export import DataExports, Traces
    from newsletter.store.subscribers.readers import Readers
    from newsletter.store.subscribers.segments import Zones
    from newsletter.store.subscribers.staging import Staging


@dataclass(frozen=True)
class Transaction:
    """Everything stored, within one transaction: all of it happens or nothing."""

    connection: Connection
    hash_address: Callable[[str], bytes]
    chain: Chain

    @cached_property
    def statements(self) -> Statements:
        from newsletter.store.statements.statements import Statements

        return Statements(self.connection)

    @cached_property
    def approvals(self) -> Approvals:
        from newsletter.store.statements.approvals import Approvals

        return Approvals(self.connection, self.chain, self.audit)

    @cached_property
    def board(self) -> Board:
        from newsletter.store.statements.board import Board

        return Board(self.connection)

    @cached_property
    def comments(self) -> Comments:
        from newsletter.store.statements.comments import Comments

        return Comments(self.connection)

    @cached_property
    def staff(self) -> Staff:
        from newsletter.store.staff.staff import Staff

        return Staff(self.connection)

    @cached_property
    def accounts(self) -> Accounts:
        from newsletter.store.staff.accounts import Accounts

        return Accounts(self.connection)

    @cached_property
    def passkeys(self) -> Passkeys:
        from newsletter.store.staff.passkeys import Passkeys

        return Passkeys(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        from newsletter.store.staff.sessions import Sessions

        return Sessions(self.connection)

    @cached_property
    def invitations(self) -> Invitations:
        from newsletter.store.staff.invitations import Invitations

        return Invitations(self.connection)

    @cached_property
    def throttle(self) -> Throttle:
        from newsletter.store.staff.throttle import Throttle

        return Throttle(self.connection, self.hash_address)

    @cached_property
    def schedules(self) -> Schedules:
        from newsletter.store.statements.statements import Schedules

        return Schedules(self.connection)

    @cached_property
    def drafts(self) -> Drafts:
        from newsletter.store.statements.drafts import Drafts

        return Drafts(self.connection)

    @cached_property
    def pictures(self) -> Pictures:
        from newsletter.store.statements.pictures import Pictures

        return Pictures(self.connection)

    @cached_property
    def digests(self) -> Digests:
        from newsletter.store.campaigns.digests import Digests

        return Digests(self.connection)

    @cached_property
    def campaigns(self) -> Campaigns:
        from newsletter.store.campaigns.campaigns import Campaigns

        return Campaigns(self.connection)

    @cached_property
    def goes(self) -> Goes:
        from newsletter.store.campaigns.goes import Goes

        return Goes(self.connection, self.chain)

    @cached_property
    def returns(self) -> Returns:
        from newsletter.store.statements.returns import Returns

        return Returns(self.connection)

    @cached_property
    def corrections(self) -> Corrections:
        from newsletter.store.campaigns.corrections import Corrections

        return Corrections(self.connection)

    @cached_property
    def translations(self) -> Translations:
        from newsletter.store.campaigns.translations import Translations

        return Translations(self.connection)

    @cached_property
    def batches(self) -> Batches:
        from newsletter.store.delivery.batches import Batches

        return Batches(self.connection, self.hash_address)

    @cached_property
    def unknowns(self) -> Unknowns:
        from newsletter.store.delivery.unknowns import Unknowns

        return Unknowns(self.connection)

    @cached_property
    def rate_limits(self) -> RateLimits:
        from newsletter.store.delivery.rate_limits import RateLimits

        return RateLimits(self.connection)

    @cached_property
    def readers(self) -> Readers:
        from newsletter.store.subscribers.readers import Readers

        return Readers(self.connection, self.hash_address)

    @cached_property
    def choices(self) -> Choices:
        from newsletter.store.subscribers.choices import Choices

        return Choices(self.connection)

    @cached_property
    def data_exports(self) -> DataExports:
        from newsletter.store.subscribers.data_export import DataExports

        return DataExports(self.connection)

    @cached_property
    def traces(self) -> Traces:
        from newsletter.store.subscribers.data_export import Traces

        return Traces(self.connection)

    @cached_property
    def emails(self) -> TransactionalEmails:
        from newsletter.store.delivery.transactional import TransactionalEmails

        return TransactionalEmails(self.connection, self.hash_address)

    @cached_property
    def consents(self) -> Consents:
        from newsletter.store.subscribers.consents import Consents

        return Consents(self.connection)

    @cached_property
    def zones(self) -> Zones:
        from newsletter.store.subscribers.segments import Zones

        return Zones(self.connection)

    @cached_property
    def events(self) -> Events:
        from newsletter.store.events.events import Events

        return Events(self.connection, self.hash_address)

    @cached_property
    def feeds(self) -> Feeds:
        from newsletter.store.statements.feeds import Feeds

        return Feeds(self.connection)

    @cached_property
    def search(self) -> Search:
        from newsletter.store.archive import Search

        return Search(self.connection)

    @cached_property
    def hold(self) -> Hold:
        from newsletter.store.delivery.hold import Hold

        return Hold(self.connection)

    @cached_property
    def generation(self) -> Generation:
        from newsletter.store.file.guard_file import Generation

        return Generation(self.connection)

    @cached_property
    def audit(self) -> Audit:
        from newsletter.store.staff.audit import Audit

        return Audit(self.connection, self.chain)


class Store:
    """The database. ``hash_address`` gives the keyed hash of an address (16 bytes).

    ``chain`` is what the audit log and approvals are bound by.
    """

    def __init__(
        self, engine: Engine, *, hash_address: Callable[[str], bytes], chain: Chain
    ) -> None:
        from newsletter.store.engine import Watched

        self._engine = engine
        self._hash_address = hash_address
        self._chain = chain
        self._path = Path(str(engine.url.database))
        self._file = _identity(self._path)
        self._turn = threading.Lock()
        self._watched = Watched(engine)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on an error."""
        from newsletter.store.engine import connected

        with self._writing(connected(self._engine)) as tx:
            yield tx

    @contextmanager
    def _writing(self, opened: AbstractContextManager[Connection]) -> Iterator[Transaction]:
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
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        from newsletter.store.engine import connected

        self._refuse_exchanged()
        with connected(self._engine, reads=True) as connection:
            yield self._on(connection)

    @contextmanager
    def staging(self) -> Iterator[Staging[Transaction]]:
        """Room for the people of a file, gone without a trace at the end of the block."""
        from newsletter.store.engine import alone, begun
        from newsletter.store.subscribers.staging import Staging

        with alone(self._engine) as connection:
            yield Staging(connection, self._hash_address, lambda: self._writing(begun(connection)))

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

    def secure_erase(self) -> bool:
        """Overwrite what was erased where no data is any more; False: too busy, try again later."""
        from newsletter.store.file.secure_erase import overwrite_erased

        return overwrite_erased(self._path)

    def close(self) -> None:
        """Close all connections."""
        self._watched.close()
        self._engine.dispose()

    def _on(self, connection: Connection) -> Transaction:
        return Transaction(connection, self._hash_address, self._chain)

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


def _to_remember(tx: Transaction) -> AuditHead | None:
    """Where nothing was entered, the log was not even looked at."""
    return tx.audit.to_remember() if "audit" in vars(tx) else None
