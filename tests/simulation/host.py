"""One installation: its database, its guard file, its clock, and the process that runs."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.domain.delivery.rate_limit import Limits
from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location
from newsletter.domain.errors import Defect, Refused
from newsletter.domain.ports import Links
from newsletter.domain.statements.statement import ApprovalPolicy
from newsletter.pipeline.campaigns import plan
from newsletter.pipeline.campaigns.control import OperatorActions
from newsletter.pipeline.delivery import reconcile as recover
from newsletter.pipeline.delivery.attempt import PooledProvider, ProviderPool, RateLimiter
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.reconcile import Reconciler
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.pipeline.delivery.transactional import TransactionalSender
from newsletter.pipeline.events import record
from newsletter.pipeline.subscribers import prefer
from newsletter.store.sql import Transaction
from tests.fakes import PlainLinks, PlainWriter
from tests.simulation.baton import Actor, Crash
from tests.simulation.database import BATCH, Rows, database
from tests.simulation.oracle import LEASE, Bar, Expected, figures
from tests.simulation.service import Claimed, Customer, Service

if TYPE_CHECKING:
    from tests.simulation.world import World

LISTS = {"press": "Press releases"}
PROVIDERS = ("recording", "second")
_FAILS_OVER_AFTER = timedelta(minutes=1)
WORKERS = ("dispatch-1", "dispatch-2", "reconcile", "look", "post")


def as_it_is(part: Any) -> Any:
    return part


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run is made of. A planted bug puts another part in the place of one."""

    transaction: Callable[[Transaction], Any] = as_it_is
    provider: Callable[[Customer], Any] = as_it_is
    guard_file: Callable[["Noted"], Any] = as_it_is
    links: Links = field(default_factory=PlainLinks)
    tick: Callable[[sqlite3.Connection, datetime], object] = lambda _books, _now: None
    """What a look does besides."""
    full: bool = True
    """A commit is on the disk. False: the last one is lost with the power."""


@dataclass(kw_only=True)
class Disk:
    """What outlives a process, beside the database."""

    location: Location
    """Where the database's file lies."""
    record: GuardRecord | None = None
    flushed: GuardRecord | None = None
    """What outlives a power cut."""
    best: GuardRecord | None = None
    """The last that was written."""
    times: int = 0
    """How often the file was replaced: a process that is older writes into one that is gone."""


class Noted:
    """The watermark as a process has it."""

    def __init__(self, disk: Disk, point: Callable[[str], None]) -> None:
        self._disk = disk
        self._point = point
        self._written: GuardRecord | None = None
        self._times = 0
        self._lock = threading.Lock()

    def location(self) -> Location:
        return self._disk.location

    def read(self) -> GuardRecord | Absence:
        return self._disk.record or Absence.MISSING

    def write(self, record: GuardRecord) -> None:
        self._point("write")
        self._disk.times += 1
        self._times = self._disk.times
        self._written = self._disk.record = self._disk.flushed = self._disk.best = record

    def follow(self, claims: int) -> None:
        if claims <= self._known().mark.claims:
            raise Refused("the database was exchanged")

    def note(self, claims: int) -> None:
        self._point("note")
        with self._lock:
            known = self._known()
            if claims > known.mark.claims:
                self._written = replace(known, mark=replace(known.mark, claims=claims))
                if self._times == self._disk.times:
                    self._disk.record = self._disk.best = self._written

    def flush(self) -> None:
        self._disk.flushed = self._disk.record

    def close(self) -> None:
        self._written = None

    def _known(self) -> GuardRecord:
        if self._written is None:
            raise Defect("a claim was made before its generation began")
        return self._written


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A workspace at one moment."""

    books: Rows
    expected: Expected
    record: GuardRecord | None
    location: Location


class Host:
    """A machine with one workspace."""

    def __init__(self, world: "World", number: int, copy: Copy) -> None:
        self.world = world
        self.name = "AB"[number]
        self.number = number
        self.database = database(number)
        self.disk = Disk(
            location=copy.location, record=copy.record, flushed=copy.record, best=copy.record
        )
        self.ahead = timedelta(0)
        self.jumps = 0
        self.account = "first"
        self.process: Process | None = None
        self.starts = 0
        self.older: list[Actor] = []
        """Of processes that live on beside a newer one."""
        self.before: Copy | None = None
        """What a power cut leaves, where that is less than was committed."""
        self.become(copy)

    def become(self, copy: Copy) -> None:
        """Have the books of a copy."""
        self.database.fill(copy.books)
        self.expected = copy.expected.copy()
        self.before = None

    def copy(self) -> Copy:
        return Copy(
            books=self.database.copy(),
            expected=self.expected.copy(),
            record=self.disk.record,
            location=self.disk.location,
        )

    @property
    def books(self) -> sqlite3.Connection:
        return self.database.connection

    def now(self) -> datetime:
        """By its own clock: the port."""
        return self.world.now + self.ahead

    def uptime(self) -> timedelta:
        """Nobody sets this one."""
        return self.world.now - self.world.start

    def committed(self) -> None:
        """Somebody committed: it is numbered, and its figures balance."""
        self.world.commit += 1
        now = Bar(commit=self.world.commit, at=self.world.now)
        said = figures(self.books, self.expected, now)
        claimed = Claimed(
            commit=self.world.commit,
            at=self.world.now,
            host=self.name,
            host_at=self.now(),
            jumps=self.jumps,
            noted=self.world.commit,
        )
        first = self.world.claimed.setdefault(self.world.holder, claimed)
        self.world.claimed[self.world.holder] = replace(first, noted=self.world.commit)
        self.world.say(f"{self.world.commit:5} {self.name} {said}")

    def claimed(self) -> Claimed:
        """What whoever has the baton committed in this deed: first the claim, last the note."""
        return self.world.claimed[self.world.holder]


class Books:
    """The store as a process has it: others may get a turn before each transaction."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.clock = host
        self.staging = host.database.store.staging

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Any]:
        host, world = self._host, self._host.world
        world.point("begin")
        if not world.parts.full or (not lasting and host.before is None):
            host.before = host.copy()
        with host.database.store.begin(lasting=lasting) as tx:
            tx.now = host.now()
            world.inside = True
            try:
                yield world.parts.transaction(tx)
                if world.cut:
                    raise Crash  # before the commit
            finally:
                world.inside = False
        if lasting and world.parts.full:
            host.before = None
        host.committed()

    @contextmanager
    def read(self) -> Iterator[Any]:
        with self._host.database.store.read() as tx:
            tx.now = self._host.now()
            yield self._host.world.parts.transaction(tx)

    def secure_erase(self) -> bool:
        return True


class Process:
    """What is built when a process starts, and gone when it ends."""

    def __init__(self, host: Host) -> None:
        world = host.world
        self.host = host
        self.up = False
        """It began an epoch, and may send."""
        self.store = Books(host)
        self.guard_file = world.parts.guard_file(Noted(host.disk, world.point))
        self.actors = {name: Actor(f"{host.name}{host.starts} {name}") for name in WORKERS}
        first, *others = (self._line(service) for service in world.services)
        second = others[0] if others else None
        self.pool = ProviderPool(first=first, second=second, after=_FAILS_OVER_AFTER)
        self.rules = plan.PlanRules(
            policy=ApprovalPolicy(),
            undo_window=timedelta(0),
            timezone="America/New_York",
            provider=first.name,
            batch_size=BATCH,
            capabilities=first.provider.capabilities,
            second=second.provider.capabilities if second else None,
        )
        self.dispatcher = Dispatcher(
            store=self.store,
            guard_file=self.guard_file,
            pool=self.pool,
            links=world.parts.links,
            lease=LEASE,
            attempt_ids=world.attempt,
            jitter=lambda: 0.0,
        )
        self.reconciler = Reconciler(
            store=self.store,
            pool=self.pool,
            links=world.parts.links,
            lease=LEASE,
            jitter=lambda: 0.0,
        )
        self.transactional_sender = TransactionalSender(
            store=self.store,
            guard_file=self.guard_file,
            pool=self.pool,
            links=world.parts.links,
            writer=PlainWriter(),
            titles=LISTS,
            public_url="https://news.forum.example",
            language="en",
            most_per_hour=100,
            lease=LEASE,
            attempt_ids=world.attempt,
            jitter=lambda: 0.0,
            desk="https://news.forum.example/desk",
            link_word=str,
        )
        self.deeds: dict[str, Callable[[], object]] = {
            "dispatch-1": self._anew(self.dispatcher.dispatch),
            "dispatch-2": self._anew(self.dispatcher.dispatch),
            "reconcile": self._anew(self.reconciler.reconcile),
            "look": self.look,
            "post": self._anew(self.transactional_sender.post),
        }

    def _anew(self, deed: Callable[[], object]) -> Callable[[], object]:
        """A deed whose first commit is its claim."""

        def begun() -> object:
            self.host.world.claimed.pop(self.host.world.holder, None)
            return deed()

        return begun

    def _line(self, service: Service) -> PooledProvider:
        host, world = self.host, self.host.world
        customer = Customer(
            service=service,
            account=host.account,
            point=world.point,
            now=lambda: world.now,
            how=lambda: world.how,
            claimed=host.claimed,
        )
        limits = Limits(timezone="America/New_York")
        limiter = RateLimiter(provider=service.name, domain="forum.example", limits=limits)
        return PooledProvider(
            provider=world.parts.provider(customer), limiter=limiter, account=host.account
        )

    def guard(self) -> Guard:
        return Guard(
            store=self.store,
            guard_file=self.guard_file,
            names=lambda: f"{self.host.world.number():032x}",
        )

    def hand(self) -> OperatorActions:
        return OperatorActions(store=self.store, actor="ada@forum.example")

    def begin(self) -> None:
        """What a run does first: it opens the database, as every command does, then begins."""
        self.guard().attend()
        self.guard().begin()
        recover.recover(store=self.store, accounts=self.pool.accounts)
        self.up = True

    def look(self) -> None:
        """What the scheduler does at each tick, as far as it changes what goes out."""
        self.guard_file.flush()
        prefer.resume(store=self.store)
        plan.plan(store=self.store, rules=self.rules)
        record.retire(store=self.store)
        plan.start_due(store=self.store, rules=self.rules)
        self.host.world.parts.tick(self.host.books, self.host.now())
