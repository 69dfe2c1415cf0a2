"""The store: transactions over the tables.

What is asked about one subject is imported with the first question about it. Nothing else is, nor
SQLAlchemy: the stages name these types, and the help of a command loads its stages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from newsletter.domain.errors import Defect, Exchanged
from newsletter.store.database import Database

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from newsletter.domain.clock import Clock
    from newsletter.domain.staff.audit import AuditHead
    from newsletter.store.archive import Search
    from newsletter.store.campaigns.audiences import Audiences, Corrections, Translations
    from newsletter.store.campaigns.campaigns import Campaigns
    from newsletter.store.campaigns.digests import Digests
    from newsletter.store.campaigns.starts import Starts
    from newsletter.store.delivery.batches import Batches
    from newsletter.store.delivery.hold import Hold
    from newsletter.store.delivery.limits import RateLimits
    from newsletter.store.delivery.running_service import RunningService
    from newsletter.store.delivery.transactional import TransactionalEmails
    from newsletter.store.delivery.unknowns import Unknowns
    from newsletter.store.events.events import Events
    from newsletter.store.file.guard_file import Generation
    from newsletter.store.file.keys import Chain
    from newsletter.store.soundness import Soundness
    from newsletter.store.staff.accounts import Accounts, Invitations, Passkeys
    from newsletter.store.staff.audit import Audit
    from newsletter.store.staff.roles import Staff
    from newsletter.store.staff.sessions import Sessions, Throttle
    from newsletter.store.statements.board import Board
    from newsletter.store.statements.decisions import Approvals, Comments, Returns
    from newsletter.store.statements.drafts import Drafts, Pictures
    from newsletter.store.statements.feeds import Feeds
    from newsletter.store.statements.statements import Schedules, Statements
    from newsletter.store.subscribers.choices import Choices, Consents
    from newsletter.store.subscribers.data_export import DataExports, Traces
    from newsletter.store.subscribers.eligibility import TimeZones
    from newsletter.store.subscribers.imports import Imports
    from newsletter.store.subscribers.readers import Readers
    from newsletter.store.subscribers.staging import Staging


T = TypeVar("T")


class _Part(Generic[T]):
    """What is asked about one subject, imported and made with the first question about it.

    ``needs`` are the properties of the transaction that its class takes beside the connection.
    """

    def __init__(self, kind: str, module: str, *needs: str) -> None:
        self._kind, self._module, self._needs = kind, module, needs

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, tx: Transaction, owner: type) -> T:
        kind = getattr(import_module(f"newsletter.store.{self._module}"), self._kind)
        made = kind(tx.connection, *(getattr(tx, need) for need in self._needs))
        vars(tx)[self._name] = made  # found there from now on
        return cast("T", made)


class Transaction:
    """Everything stored, within one transaction: all of it happens or nothing."""

    statements: _Part[Statements] = _Part("Statements", "statements.statements")
    approvals: _Part[Approvals] = _Part("Approvals", "statements.decisions", "chain", "audit")
    board: _Part[Board] = _Part("Board", "statements.board")
    comments: _Part[Comments] = _Part("Comments", "statements.decisions")
    staff: _Part[Staff] = _Part("Staff", "staff.roles")
    accounts: _Part[Accounts] = _Part("Accounts", "staff.accounts")
    passkeys: _Part[Passkeys] = _Part("Passkeys", "staff.accounts")
    sessions: _Part[Sessions] = _Part("Sessions", "staff.sessions")
    invitations: _Part[Invitations] = _Part("Invitations", "staff.accounts")
    throttle: _Part[Throttle] = _Part("Throttle", "staff.sessions", "hash_address")
    schedules: _Part[Schedules] = _Part("Schedules", "statements.statements")
    drafts: _Part[Drafts] = _Part("Drafts", "statements.drafts")
    pictures: _Part[Pictures] = _Part("Pictures", "statements.drafts")
    digests: _Part[Digests] = _Part("Digests", "campaigns.digests")
    campaigns: _Part[Campaigns] = _Part("Campaigns", "campaigns.campaigns")
    starts: _Part[Starts] = _Part("Starts", "campaigns.starts", "chain")
    returns: _Part[Returns] = _Part("Returns", "statements.decisions")
    audiences: _Part[Audiences] = _Part("Audiences", "campaigns.audiences")
    corrections: _Part[Corrections] = _Part("Corrections", "campaigns.audiences")
    translations: _Part[Translations] = _Part("Translations", "campaigns.audiences")
    batches: _Part[Batches] = _Part("Batches", "delivery.batches", "hash_address")
    unknowns: _Part[Unknowns] = _Part("Unknowns", "delivery.unknowns")
    rate_limits: _Part[RateLimits] = _Part("RateLimits", "delivery.limits")
    readers: _Part[Readers] = _Part("Readers", "subscribers.readers", "hash_address")
    imports: _Part[Imports] = _Part("Imports", "subscribers.imports")
    choices: _Part[Choices] = _Part("Choices", "subscribers.choices")
    data_exports: _Part[DataExports] = _Part("DataExports", "subscribers.data_export")
    traces: _Part[Traces] = _Part("Traces", "subscribers.data_export")
    emails: _Part[TransactionalEmails] = _Part(
        "TransactionalEmails", "delivery.transactional", "hash_address"
    )
    consents: _Part[Consents] = _Part("Consents", "subscribers.choices")
    zones: _Part[TimeZones] = _Part("TimeZones", "subscribers.eligibility")
    events: _Part[Events] = _Part("Events", "events.events", "hash_address")
    feeds: _Part[Feeds] = _Part("Feeds", "statements.feeds")
    search: _Part[Search] = _Part("Search", "archive")
    hold: _Part[Hold] = _Part("Hold", "delivery.hold")
    running_service: _Part[RunningService] = _Part("RunningService", "delivery.running_service")
    generation: _Part[Generation] = _Part("Generation", "file.guard_file")
    audit: _Part[Audit] = _Part("Audit", "staff.audit", "chain", "now")

    def __init__(
        self,
        connection: Connection,
        hash_address: Callable[[str], bytes],
        chain: Chain,
        now: datetime,
    ) -> None:
        self.connection = connection
        self.db = Database(cast("Any", connection.connection.dbapi_connection))
        self.hash_address = hash_address
        self.chain = chain
        self.now = now
        """The moment at which it began: all that is done in it is done then."""


class Store:
    """The database. ``hash_address`` gives the keyed hash of an address (16 bytes).

    ``chain`` is what the audit log and approvals are bound by, ``clock`` what each transaction
    begins by.
    """

    def __init__(
        self, engine: Engine, *, hash_address: Callable[[str], bytes], chain: Chain, clock: Clock
    ) -> None:
        from newsletter.store.engine import Watched

        self.clock = clock
        self._engine = engine
        self._hash_address = hash_address
        self._chain = chain
        self._path = Path(str(engine.url.database))
        self._file = _identity(self._path)
        self._turn = threading.Lock()
        self._watched = Watched(engine)

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on an error.

        One that is not ``lasting`` waits for no disk: a power cut may undo it until the next that
        is. It is for what nobody acts upon before then, and enters nothing in the audit log.
        """
        from newsletter.store.engine import connected

        with self._writing(connected(self._engine, lasting=lasting)) as tx:
            yield tx
            if not lasting and "audit" in vars(tx):
                raise Defect("the audit log has to last")

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
        from newsletter.store.database import Database
        from newsletter.store.engine import alone, begun, driver_connection
        from newsletter.store.subscribers.staging import Staging

        with alone(self._engine) as connection:
            yield Staging(
                Database(driver_connection(connection)),
                self._hash_address,
                reading=lambda: begun(connection, reads=True),
                writing=lambda: self._writing(begun(connection)),
            )

    def version(self) -> int:
        """A number that is another one after each commit, whoever made it: a look for nothing."""
        self._refuse_exchanged()
        return self._watched.version()

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
        return Transaction(connection, self._hash_address, self._chain, self.clock.now())

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
