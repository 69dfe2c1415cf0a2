"""The store: transactions, each with a repository for each subject."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime

from newsletter.domain.clock import Clock
from newsletter.domain.errors import Defect
from newsletter.store.archive import PublicNotes, Search
from newsletter.store.campaigns.audiences import Audiences
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.campaigns.digests import Digests
from newsletter.store.database import Backend, Database
from newsletter.store.delivery.batches import Batches
from newsletter.store.delivery.limits import RateLimits
from newsletter.store.delivery.restore_guard import Generation, Hold
from newsletter.store.delivery.transactional import TransactionalEmails
from newsletter.store.delivery.unknowns import Unknowns
from newsletter.store.delivery.workers import RunningService, Workers
from newsletter.store.events.events import Events
from newsletter.store.file.keys import Chain
from newsletter.store.soundness import IntegrityCheck, IntegrityReport
from newsletter.store.staff.accounts import Accounts, Invitations, Passkeys
from newsletter.store.staff.audit import Audit
from newsletter.store.staff.notices import Notices
from newsletter.store.staff.posts import ChannelPosts, FailingChecks
from newsletter.store.staff.roles import Staff, Tokens
from newsletter.store.staff.sessions import Sessions, Throttle
from newsletter.store.statements.board import Board
from newsletter.store.statements.decisions import Approvals, ChangeRequests, Comments, Starts
from newsletter.store.statements.drafts import Drafts, Pictures
from newsletter.store.statements.feeds import Feeds
from newsletter.store.statements.statements import Schedules, Statements
from newsletter.store.subscribers.choices import Choices, Consents
from newsletter.store.subscribers.data_export import DataExports, Traces
from newsletter.store.subscribers.imports import Imports
from newsletter.store.subscribers.readers import Readers


class Transaction:
    """The repositories of one transaction: all changes are committed, or none."""

    def __init__(
        self,
        db: Database,
        hash_address: Callable[[str], bytes],
        chain: Chain,
        now: datetime,
        channel: str,
    ) -> None:
        self.db = db
        self.list_together = db.list_together
        self.now = now
        """The instant at which the transaction began, and the time of all its changes."""
        self.audit = Audit(db, chain, now, channel)
        self.statements = Statements(db)
        self.approvals = Approvals(db, chain, self.audit)
        self.board = Board(db)
        self.comments = Comments(db)
        self.staff = Staff(db)
        self.accounts = Accounts(db)
        self.notices = Notices(db)
        self.channel_posts = ChannelPosts(db)
        self.failing_checks = FailingChecks(db)
        self.passkeys = Passkeys(db)
        self.sessions = Sessions(db)
        self.invitations = Invitations(db)
        self.tokens = Tokens(db)
        self.throttle = Throttle(db, hash_address)
        self.schedules = Schedules(db)
        self.drafts = Drafts(db)
        self.pictures = Pictures(db)
        self.digests = Digests(db)
        self.campaigns = Campaigns(db)
        self.starts = Starts(db, chain)
        self.change_requests = ChangeRequests(db)
        self.audiences = Audiences(db)
        self.batches = Batches(db, hash_address)
        self.unknowns = Unknowns(db)
        self.rate_limits = RateLimits(db)
        self.readers = Readers(db, hash_address)
        self.imports = Imports(db, hash_address)
        self.choices = Choices(db)
        self.data_exports = DataExports(db)
        self.traces = Traces(db)
        self.emails = TransactionalEmails(db, hash_address)
        self.consents = Consents(db)
        self.events = Events(db, hash_address)
        self.feeds = Feeds(db)
        self.search = Search(db)
        self.public_notes = PublicNotes(db)
        self.hold = Hold(db)
        self.running_service = RunningService(db)
        self.generation = Generation(db)
        self.workers = Workers(db)


class Store:
    """The database of a workspace.

    ``hash_address`` returns the keyed hash of an address (16 bytes). ``chain`` seals audit lines
    and approvals. ``clock`` gives each transaction its time.
    """

    def __init__(
        self, database: Backend, *, hash_address: Callable[[str], bytes], chain: Chain, clock: Clock
    ) -> None:
        self.clock = clock
        self.database = database
        self._hash_address = hash_address
        self._chain = chain
        self._channel = ""
        self._writer_lock = threading.Lock()

    def acting_through(self, channel: str) -> "Store":
        """Return the same store with a channel, such as the API, that its audit lines name."""
        store = copy(self)
        store._channel = channel
        return store

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """Begin a transaction that commits at the end of the block and rolls back on an error.

        A transaction that is not ``lasting`` does not wait for the disk: a power cut may undo it
        until the next lasting one is committed. It must not write to the audit log.
        """
        # writers of this process queue here, because SQLite would sleep and try again
        with self._writer_lock:
            with self.database.transaction(lasting=lasting) as db:
                tx = self._on(db)
                yield tx
                if not lasting and tx.audit.last_entered:
                    raise Defect("the audit log has to last")
                head = tx.audit.new_head()
            if head is not None:
                self._chain.head.write(head)

    @contextmanager
    def send(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """Begin a transaction of the sender, which claims a batch or records its outcome.

        On PostgreSQL such transactions write at the same time, but not with those of ``begin``. So
        each UPDATE names the state or fence that was read, and shared rows are written last.
        """
        with self.database.transaction(lasting=lasting, is_shared=True) as db:
            tx = self._on(db)
            yield tx
            if tx.audit.last_entered:
                raise Defect("the audit log is written by one transaction at a time")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction that only reads."""
        with self.database.transaction(reads=True) as db:
            yield self._on(db)

    def change_number(self) -> int:
        """Return a number that changes with each commit, by any process. Costs almost nothing."""
        return self.database.change_number()

    def check_rows(self, *, seconds: float) -> list[IntegrityReport]:
        """Compare rows with their hashes and seals, each kind for at most ``seconds``."""
        with self.read() as tx:
            return IntegrityCheck(tx.db, self._hash_address, self._chain, seconds).all()

    def secure_erase(self) -> bool:
        """Overwrite erased data. Return False if the database is too busy now."""
        with self._writer_lock:  # other writers of this process wait here
            return self.database.overwrite_erased()

    def close(self) -> None:
        self.database.close()

    def _on(self, db: Database) -> Transaction:
        return Transaction(db, self._hash_address, self._chain, self.clock.now(), self._channel)
