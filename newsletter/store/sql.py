"""The store: transactions, each with a repository for each subject."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from newsletter.domain.clock import Clock
from newsletter.domain.errors import Defect
from newsletter.domain.subscribers.address import AddressHash
from newsletter.store.archive import PublicNotes, Search
from newsletter.store.campaigns.audiences import Audiences
from newsletter.store.campaigns.campaigns import Campaigns, CountedLinks, Digests
from newsletter.store.database import Backend, Database
from newsletter.store.delivery.batches import Batches
from newsletter.store.delivery.restore_guard import Generation, Hold
from newsletter.store.delivery.transactional import TransactionalEmails
from newsletter.store.delivery.unknowns import Unknowns
from newsletter.store.delivery.workers import RateLimits, RunningService, Workers
from newsletter.store.events.events import Events
from newsletter.store.file.keys import Chain
from newsletter.store.soundness import IntegrityCheck, IntegrityReport
from newsletter.store.staff.access import Sessions, Throttle, Tokens
from newsletter.store.staff.accounts import Accounts, Passkeys, Staff, StaffLinks
from newsletter.store.staff.audit import Audit
from newsletter.store.staff.notices import ChannelPosts, FailingChecks, Notices
from newsletter.store.statements.board import Board
from newsletter.store.statements.decisions import Approvals, ChangeRequests, Comments, Starts
from newsletter.store.statements.drafts import Drafts, Pictures
from newsletter.store.statements.statements import Feeds, Schedules, Statements
from newsletter.store.subscribers.choices import Choices, Consents
from newsletter.store.subscribers.data_export import DataExports, Traces
from newsletter.store.subscribers.imports import Imports
from newsletter.store.subscribers.readers import Readers


class Transaction:
    """The repositories of one transaction: all changes are committed, or none."""

    def __init__(self, db: Database, store: "Store") -> None:
        self.db, self.store = db, store
        self.now = store.clock.now()
        """The instant at which the transaction began, and the time of all its changes."""
        self.uptime = store.clock.uptime()

    # made when they are first asked for: most transactions need a few
    audit = cached_property(lambda tx: Audit(tx.db, tx.store.chain, tx.now, tx.store.channel))
    statements = cached_property(lambda tx: Statements(tx.db))
    approvals = cached_property(lambda tx: Approvals(tx.db, tx.store.chain, tx.audit))
    board = cached_property(lambda tx: Board(tx.db))
    comments = cached_property(lambda tx: Comments(tx.db))
    staff = cached_property(lambda tx: Staff(tx.db))
    accounts = cached_property(lambda tx: Accounts(tx.db))
    notices = cached_property(lambda tx: Notices(tx.db))
    channel_posts = cached_property(lambda tx: ChannelPosts(tx.db))
    failing_checks = cached_property(lambda tx: FailingChecks(tx.db))
    passkeys = cached_property(lambda tx: Passkeys(tx.db))
    sessions = cached_property(lambda tx: Sessions(tx.db))
    staff_links = cached_property(lambda tx: StaffLinks(tx.db))
    tokens = cached_property(lambda tx: Tokens(tx.db))
    throttle = cached_property(lambda tx: Throttle(tx.db, tx.store.hash_address))
    schedules = cached_property(lambda tx: Schedules(tx.db))
    drafts = cached_property(lambda tx: Drafts(tx.db))
    pictures = cached_property(lambda tx: Pictures(tx.db))
    digests = cached_property(lambda tx: Digests(tx.db))
    campaigns = cached_property(lambda tx: Campaigns(tx.db))
    counted_links = cached_property(lambda tx: CountedLinks(tx.db))
    starts = cached_property(lambda tx: Starts(tx.db, tx.store.chain))
    change_requests = cached_property(lambda tx: ChangeRequests(tx.db))
    audiences = cached_property(lambda tx: Audiences(tx.db))
    batches = cached_property(lambda tx: Batches(tx.db, tx.store.hash_address))
    unknowns = cached_property(lambda tx: Unknowns(tx.db))
    rate_limits = cached_property(lambda tx: RateLimits(tx.db))
    readers = cached_property(lambda tx: Readers(tx.db, tx.store.hash_address))
    imports = cached_property(lambda tx: Imports(tx.db))
    choices = cached_property(lambda tx: Choices(tx.db))
    data_exports = cached_property(lambda tx: DataExports(tx.db))
    traces = cached_property(lambda tx: Traces(tx.db))
    emails = cached_property(lambda tx: TransactionalEmails(tx.db, tx.store.hash_address))
    consents = cached_property(lambda tx: Consents(tx.db))
    events = cached_property(lambda tx: Events(tx.db, tx.store.hash_address))
    feeds = cached_property(lambda tx: Feeds(tx.db))
    search = cached_property(lambda tx: Search(tx.db))
    public_notes = cached_property(lambda tx: PublicNotes(tx.db))
    hold = cached_property(lambda tx: Hold(tx.db))
    running_service = cached_property(lambda tx: RunningService(tx.db))
    generation = cached_property(lambda tx: Generation(tx.db))
    workers = cached_property(lambda tx: Workers(tx.db))


@dataclass(eq=False)
class Store:
    """The database of a workspace.

    ``hash_address`` returns the keyed hash of an address (16 bytes). ``chain`` seals audit lines
    and approvals. ``clock`` gives each transaction its time.
    """

    database: Backend
    hash_address: AddressHash = field(kw_only=True)
    chain: Chain = field(kw_only=True)
    clock: Clock = field(kw_only=True)
    channel: str = ""
    _writer_lock: threading.Lock = field(default_factory=threading.Lock)

    def acting_through(self, channel: str) -> "Store":
        """Return the same store with a channel, such as the API, that its audit lines name."""
        return replace(self, channel=channel)

    @contextmanager
    def begin(self, *, is_durable: bool = True) -> Iterator[Transaction]:
        """Begin a transaction that commits at the end of the block and rolls back on an error.

        A transaction that is not durable does not wait for the disk: a power cut may undo it
        until the next durable one is committed. It must not write to the audit log.
        """
        # writers of this process queue here, because SQLite would sleep and try again
        with self._writer_lock:
            with self.database.transaction(is_durable=is_durable) as db:
                tx = Transaction(db, self)
                yield tx
                if not is_durable and tx.audit.last_entered:
                    raise Defect("the audit log has to last")
                head = tx.audit.new_head()
            if head is not None:
                self.chain.head.write(head)

    @contextmanager
    def begin_sending(self, *, is_durable: bool = True) -> Iterator[Transaction]:
        """Begin a transaction of the sender, which claims a batch or records its outcome.

        On PostgreSQL such transactions write at the same time, but not with those of ``begin``. So
        each UPDATE names the state or fence that was read, and shared rows are written last.
        """
        with self.database.transaction(is_durable=is_durable, is_shared=True) as db:
            tx = Transaction(db, self)
            yield tx
            if tx.audit.last_entered:
                raise Defect("the audit log is written by one transaction at a time")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self.database.transaction(is_read_only=True) as db:
            yield Transaction(db, self)

    def change_number(self) -> int:
        """Return a number that changes with each commit, by any process. Costs almost nothing."""
        return self.database.change_number()

    def check_rows(self, *, seconds: float) -> list[IntegrityReport]:
        """Compare rows with their hashes and seals, each kind for at most ``seconds``."""
        with self.read() as tx:
            return IntegrityCheck(tx.db, self.hash_address, self.chain, seconds).all()

    def secure_erase(self) -> bool:
        """Overwrite erased data. Return False if the database is too busy now."""
        with self._writer_lock:  # other writers of this process wait here
            return self.database.overwrite_erased()

    def close(self) -> None:
        self.database.close()
