"""The store: transactions over the tables.

What is asked about one subject is imported with the first question about it: the stages name these
types, and the help of a command loads its stages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from newsletter.domain.errors import Defect
from newsletter.store.database import Backend, Database

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.domain.clock import Clock
    from newsletter.domain.delivery.restore_guard import Location
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
        made = kind(tx.db, *(getattr(tx, need) for need in self._needs))
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
        db: Database,
        hash_address: Callable[[str], bytes],
        chain: Chain,
        now: datetime,
    ) -> None:
        self.db = db
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
        self,
        database: Backend,
        *,
        hash_address: Callable[[str], bytes],
        chain: Chain,
        clock: Clock,
    ) -> None:
        self.clock = clock
        self._database = database
        self._hash_address = hash_address
        self._chain = chain
        self._turn = threading.Lock()

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on an error.

        One that is not ``lasting`` waits for no disk: a power cut may undo it until the next that
        is. It is for what nobody acts upon before then, and enters nothing in the audit log.
        """
        with self._writing(lasting=lasting) as tx:
            yield tx
            if not lasting and "audit" in vars(tx):
                raise Defect("the audit log has to last")

    @contextmanager
    def _writing(
        self, *, lasting: bool = True, on: Database | None = None
    ) -> Iterator[Transaction]:
        # Within the process writers queue here: SQLite's own waiting is to sleep and try again.
        with self._turn:
            with self._database.transaction(lasting=lasting, on=on) as db:
                tx = self._on(db)
                yield tx
                head = _to_remember(tx)
            if head is not None:
                self._chain.head.write(head)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        with self._database.transaction(reads=True) as db:
            yield self._on(db)

    @contextmanager
    def staging(self) -> Iterator[Staging[Transaction]]:
        """Room for the people of a file, gone without a trace at the end of the block."""
        from newsletter.store.subscribers.staging import Staging

        with self._database.alone() as db:
            yield Staging(
                db,
                self._hash_address,
                reading=lambda: self._database.transaction(reads=True, on=db),
                writing=lambda: self._writing(on=db),
            )

    @property
    def name(self) -> str:
        """The database, as messages call it."""
        return self._database.name

    def location(self) -> Location:
        """Return where the data lies."""
        return self._database.location()

    def only_one(self) -> AbstractContextManager[None]:
        """Hold the lock of the one process that sends. Raises Refused if another has it."""
        return self._database.only_one()

    def version(self) -> int:
        """A number that is another one after each commit, whoever made it: a look for nothing."""
        return self._database.version()

    def file_faults(self, *, seconds: float) -> list[str] | None:
        """Return what is damaged, or None if the time is too short to tell."""
        return self._database.faults(seconds=seconds)

    def inspect(self, *, seconds: float) -> list[Soundness]:
        """Compare what lies in the database with what was stored, each kind for so long."""
        from newsletter.store.soundness import Inspection

        with self.read() as tx:
            looking = Inspection(tx.db, self._hash_address, self._chain, seconds=seconds)
            return looking.all()

    def secure_erase(self) -> bool:
        """Overwrite what was erased where no data is any more; False: too busy, try again later."""
        with self._turn:  # writers of this process wait as long as it takes
            return self._database.overwrite_erased()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _on(self, db: Database) -> Transaction:
        return Transaction(db, self._hash_address, self._chain, self.clock.now())


def _to_remember(tx: Transaction) -> AuditHead | None:
    """Where nothing was entered, the log was not even looked at."""
    return tx.audit.to_remember() if "audit" in vars(tx) else None
