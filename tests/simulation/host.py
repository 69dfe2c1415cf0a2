"""One installation: its database, guard file, clock and process."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from newsletter.credentials.codes import link_token
from newsletter.credentials.links import SignedLinks
from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.campaigns.notices import Channel, NoticeKind
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location
from newsletter.domain.delivery.worker import DEAD_AFTER, ProcessRole
from newsletter.domain.errors import Defect, Refused, StoreUnavailable
from newsletter.domain.statements.statement import Approvals, Reading
from newsletter.pipeline.campaigns import plan
from newsletter.pipeline.campaigns.control import OperatorActions, Starter
from newsletter.pipeline.delivery import reconcile as recover
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.pipeline.delivery.reconcile import Reconciler
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.pipeline.delivery.transactional import TransactionalSender
from newsletter.pipeline.events.record import pause_harmful
from newsletter.pipeline.ledger import ConfigurationCheck
from newsletter.pipeline.staff.notify import PostSender, compose_email, compose_post, notify
from newsletter.pipeline.statements.ingest import (
    DeskSource,
    DigestSource,
    FeedSource,
    IngestState,
    ingest,
)
from newsletter.pipeline.statements.render import RenderState, render
from newsletter.pipeline.subscribers import choose
from newsletter.sources.statements import Defaults
from newsletter.store.sql import Transaction
from newsletter.transport.transport import FinalAnswer
from tests.fakes import PlainLinks, PlainRenderer, PlainWriter, hash_address
from tests.simulation.baton import Actor, Crash
from tests.simulation.cast import DONORS, EDITORIAL, KEY, LISTS, SETTINGS, ZONE, Version
from tests.simulation.database import Rows, database, digests
from tests.simulation.documented import Documented
from tests.simulation.expected import Bar, Expected, Rule, Violation
from tests.simulation.oracle import LEASE, figures
from tests.simulation.service import Arrival, Claimed, Request, Service
from tests.simulation.wire import TIMEOUT, Customer, Network, network

if TYPE_CHECKING:
    from tests.simulation.world import World

PROVIDERS = ("recording", "second")
_COMMIT_TAKES = timedelta(milliseconds=1)
CONFIGURATION = ConfigurationCheck(
    digest=lambda: "ours", changed_on_disk=lambda: "", is_service_running=lambda: False
)
DESK = "https://news.forum.example/desk"
CHANNEL = Channel(name="room", kinds=frozenset(NoticeKind) - {NoticeKind.MENTIONED})
_FAILS_OVER_AFTER = timedelta(minutes=1)
WORKERS = ("dispatch-1", "dispatch-2", "reconcile", "look", "post")


def as_it_is(part: Any) -> Any:
    return part


def _nothing_more(_books: sqlite3.Connection, _now: datetime) -> None:
    pass


def _overwritten(database: Any) -> None:
    database.overwrite()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a run. A planted bug replaces one."""

    transaction: Callable[[Transaction], Any] = as_it_is
    provider: Callable[[Customer], Any] = as_it_is
    guard_file: Callable[["Noted"], Any] = as_it_is
    links: SignedLinks = field(default_factory=PlainLinks)
    sending_store: Callable[["Books"], Any] = as_it_is
    """The store of the dispatcher."""
    answer: type[FinalAnswer] = FinalAnswer
    """The reader of HTTP answers."""
    tick: Callable[[sqlite3.Connection, datetime], object] = _nothing_more
    """An extra step of each tick."""
    forgets_the_time: bool = False
    """A form gives back the time that is set, not the one that its page showed."""
    overwrite: Callable[[Any], object] = _overwritten
    """Overwrite erased bytes."""
    keeps_refused: bool = False
    """An act that is refused is committed."""
    full: bool = True
    """Each commit is on the disk. False: a power failure loses the last one."""
    database: Callable[[int], Any] = database
    """The database of an installation, by its number."""


@dataclass(kw_only=True)
class Disk:
    """The files that outlive a process, except the database."""

    location: Location
    """The location of the database's file."""
    record: GuardRecord | None = None
    flushed: GuardRecord | None = None
    """The record that outlives a power failure."""
    best: GuardRecord | None = None
    """The record that was written last."""
    times: int = 0
    """The number of times that the file was replaced. An older process writes to the old file."""


class Noted:
    """The guard file as a process sees it."""

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

    def store_claim(self, claims: int, _beat_at: int = 0) -> None:
        self._point("note")
        with self._lock:
            known = self._known()
            if claims > known.mark.claims:
                self._written = replace(known, mark=replace(known.mark, claims=claims))
                if self._times == self._disk.times:
                    self._disk.record = self._disk.best = self._written

    def flush(self, *, is_replica_checked: bool = False) -> None:
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

    books: Rows | bytes
    expected: Expected
    record: GuardRecord | None
    location: Location
    files: dict[str, Version]
    keys: dict[str, str] = field(default_factory=dict)


class Host:
    """A machine with one workspace."""

    def __init__(
        self, world: "World", number: int, copy: Copy, beside: "Host | None" = None
    ) -> None:
        """Set up a machine. ``beside`` is another one that uses the same database."""
        self.world = world
        self.name = "AB"[number]
        self.number = number
        self.database = beside.database if beside else world.parts.database(number)
        self.database.between = lambda: world.point("statement")
        self.database.make_way = world.make_way
        self.disk = Disk(
            location=copy.location, record=copy.record, flushed=copy.record, best=copy.record
        )
        self.reading: Any = None
        """The transaction that reads now."""
        self.reading_as = ""
        self.ahead = timedelta(0)
        self.jumps = 0
        self.keys = copy.keys or {name: f"{name}-1" for name in PROVIDERS}
        """The credentials at each provider, from the next start on."""
        self.process: Process | None = None
        self.starts = 0
        self.is_checked = False
        """A command has compared the database with the guard record since it was put here."""
        self.changed = 0
        """Rows that were changed since the last act began."""
        self.files = copy.files
        """The texts in the source."""
        self.read: dict[str, Version] | None = None
        """The texts that the program has read and not yet stored."""
        self.older: list[Actor] = []
        """The actors of processes that still run next to a newer one."""
        self.before: Copy | None = None
        """The state after a power failure, if it differs from the last commit."""
        if beside is None:
            self.become(copy)
        else:
            self.expected = beside.expected
        self._connect()

    def become(self, copy: Copy) -> None:
        """Take the database of a copy."""
        self.is_checked = False
        self.database.fill(copy.books)
        self.expected = copy.expected.copy()
        self.before = None

    def copy(self) -> Copy:
        return Copy(
            books=self.database.copy(),
            expected=self.expected.copy(),
            record=self.disk.record,
            location=self.disk.location,
            files={**self.files},
            keys={**self.keys},
        )

    def network(self, provider: str) -> Network:
        """Return the connections to a provider."""
        return network(self.number, provider, self.world.parts.answer)

    def _connect(self) -> None:
        for service in self.world.services:
            wire = self.network(service.name)
            wire.clear()
            wire.serve, wire.now = partial(self._serve, service), self.now

    def disconnect(self) -> None:
        """Close idle connections."""
        for service in self.world.services:
            self.network(service.name).forget()

    def _serve(self, service: Service | Documented, request: Request) -> Arrival:
        """Let a provider answer. Raises TimeoutError if it takes too long."""
        world, begun = self.world, self.world.now

        def refuse_late() -> None:
            if world.now - begun > TIMEOUT:
                raise TimeoutError("its time is over")

        claimed = self.claimed()
        if attempt := service.attempt(request):
            world.true.attempts.setdefault(attempt, claimed.commit)
        world.point("flight")
        refuse_late()  # cut off before it arrived
        try:
            arrival = service.answer(request, world.how, world.now, claimed)
        except Exception as error:  # else the transport takes it for a broken connection
            raise Violation(Rule.FAULT, f"of the simulator: {error!r}") from error
        world.point("answer")
        refuse_late()
        return arrival

    @property
    def books(self) -> sqlite3.Connection:
        return self.database.connection

    def now(self) -> datetime:
        """Return the time by the machine's own clock."""
        return self.world.now + self.ahead

    def uptime(self) -> timedelta:
        """Return the time since the start, which no clock change affects."""
        return self.world.now - self.world.start

    def committed(self) -> None:
        """Number a commit, and check its figures."""
        self.world.commit += 1
        self.world.now += _COMMIT_TAKES
        now = Bar(commit=self.world.commit, at=self.world.now)
        if self.read is not None:
            self.expected.known, self.read = self.read, None
        said = figures(self.books, self.expected, now, self.now())
        self.world.claimed[self.world.holder] = Claimed(
            commit=self.world.commit,
            at=self.world.now,
            host=self.name,
            host_at=self.now(),
            jumps=self.jumps,
        )
        self.world.say(f"{self.world.commit:5} {self.name} {said}")

    def claimed(self) -> Claimed:
        """Return the last commit of the running actor: its claim."""
        return self.world.claimed[self.world.holder]


class Books:
    """The store as a process has it, with a point before each transaction."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.clock = host
        self.database = host.database.backend
        self.hash_address = hash_address

    @contextmanager
    def begin(self, *, is_durable: bool = True, is_shared: bool = False) -> Iterator[Any]:
        host, world = self.host, self.host.world
        world.point("begin")
        if world.loses and (not world.parts.full or (not is_durable and host.before is None)):
            host.before = host.copy()
        lapse, before, refusal = "", host.books.total_changes, None
        with host.database.begin(host, is_durable=is_durable, is_shared=is_shared) as tx:
            world.inside = not is_shared
            try:
                try:
                    yield world.parts.transaction(tx)
                except Refused as error:
                    if not world.parts.keeps_refused:
                        raise
                    refusal = error
                if world.cut:
                    host.database.cut(tx)
                    raise Crash  # before the commit
                lapse = world.lapsed()
                if lapse == "undone":
                    raise StoreUnavailable("the connection was lost before the commit")
            finally:
                world.inside = False
        if is_durable and world.parts.full:
            host.before = None
        host.changed += host.books.total_changes - before
        host.committed()
        if refusal:
            raise refusal
        if lapse:
            raise StoreUnavailable("the connection was lost during the commit")

    def begin_sending(self, *, is_durable: bool = True) -> Any:
        return self.begin(is_durable=is_durable, is_shared=True)

    @contextmanager
    def read(self) -> Iterator[Any]:
        """Begin a transaction that reads. One within another shares the only connection."""
        host = self.host
        if host.reading is not None and host.reading_as == host.world.holder:
            yield host.reading
            return
        with host.database.read(host) as tx:
            host.reading = host.world.parts.transaction(tx)
            host.reading_as = host.world.holder
            try:
                yield host.reading
            finally:
                host.reading = None

    def secure_erase(self) -> bool:
        self.host.world.parts.overwrite(self.host.database)
        return True

    def change_number(self) -> int:
        # another one in each run: the pages of all runs remember by it
        return self.host.books.total_changes

    def acting_through(self, _what: str) -> "Books":
        return self


class Files:
    """The texts of a workspace: a source that notes which were read."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._last: tuple[dict[str, Version], Reading] | None = None

    def read(self) -> Reading:
        files = self._host.files
        if self._last is None or self._last[0] != files:
            statements = tuple(version.statement() for version in files.values())
            self._last = {**files}, Reading(statements=statements)
        self._host.read = {**files}
        return self._last[1]


class Latch:
    """A lock of the threads of a process, for which an actor waits without keeping the baton."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._is_taken = False

    def __enter__(self) -> None:
        while self._is_taken:
            self._world.make_way()
        self._is_taken = True
        self._actor = self._world.baton.holder
        if self._actor is not None:
            self._world.latched.append(self._actor)

    def __exit__(self, *_: object) -> None:
        self._is_taken = False
        if self._actor is not None:
            self._world.latched.remove(self._actor)


class Process:
    """The services of a running process, made when they are needed: a command needs few."""

    def __init__(self, host: Host) -> None:
        world = host.world
        self.host = host
        self.up = False
        """The process has begun an epoch and may send."""
        self.shares = world.shares
        self.owner: int | None = None
        """The number of the process, if several share the sending."""
        self.leads = not world.shares
        self.store = Books(host)
        self.planned = plan.PlanState()
        self.guard_file = world.parts.guard_file(Noted(host.disk, world.point))
        self.actors = {name: Actor(f"{host.name}{host.starts} {name}") for name in WORKERS}

    @cached_property
    def pool(self) -> ProviderPool:
        first, *others = (self._line(service) for service in self.host.world.services)
        return ProviderPool(
            first=first, second=others[0] if others else None, after=_FAILS_OVER_AFTER
        )

    @cached_property
    def rules(self) -> plan.PlanRules:
        setting = SETTINGS[self.host.world.kind]
        return plan.PlanRules(
            policy=Approvals(required=setting.required),
            shares_email=setting.together,
            undo_window=setting.undo_window,
            timezone=ZONE,
            start=StartBy.SENDER if setting.by_sender else StartBy.APPROVAL,
            provider=self.pool.first.name,
            batch_size=setting.batch,
            capabilities=tuple(one.provider.capabilities for one in self.pool.all),
            words_of=lambda content: ("", content.text),
        )

    @cached_property
    def starter(self) -> Starter:
        return Starter(store=self.store, rules=self.rules, configuration=CONFIGURATION)

    @cached_property
    def stages(self) -> "Stages | None":
        return Stages(self) if self.host.world.kind in EDITORIAL else None

    @cached_property
    def dispatcher(self) -> Dispatcher:
        world = self.host.world
        return Dispatcher(
            store=world.parts.sending_store(self.store),
            guard_file=self.guard_file,
            pool=self.pool,
            links=world.parts.links,
            lease=LEASE,
            attempt_ids=world.attempt,
            owner=self.owner,
            jitter=lambda: 0.0,
            goes_on=lambda: world.number() % 3 == 0,
            waits=lambda: world.number() % 2 == 0,
        )

    @cached_property
    def reconciler(self) -> Reconciler:
        return Reconciler(
            store=self.store,
            pool=self.pool,
            links=self.host.world.parts.links,
            lease=LEASE,
            jitter=lambda: 0.0,
        )

    @cached_property
    def transactional_sender(self) -> TransactionalSender:
        world = self.host.world
        return TransactionalSender(
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
            owner=self.owner,
            jitter=lambda: 0.0,
            desk=DESK,
            link_token=partial(link_token, KEY),
            news=partial(compose_email, rules=self.rules, desk=DESK),
        )

    @cached_property
    def deeds(self) -> dict[str, Callable[[], object]]:
        return {
            "dispatch-1": self._anew(self._dispatch),
            "dispatch-2": self._anew(self._dispatch),
            "reconcile": self._anew(lambda: (self.leads and self.reconciler.reconcile()) or None),
            "look": self.look,
            "post": self._anew(lambda: (self.leads and self.transactional_sender.post()) or None),
        }

    def _dispatch(self) -> object:
        """Send a batch. Every third record claims the next one."""
        return [*self.dispatcher.dispatch_all()] or None

    def _anew(self, deed: Callable[[], object]) -> Callable[[], object]:
        """Return a task whose first commit is its claim."""

        def begun() -> object:
            self.host.world.claimed.pop(self.host.world.holder, None)
            return deed()

        return begun

    def _line(self, service: Service | Documented) -> PooledProvider:
        host, world = self.host, self.host.world
        customer = Customer(
            service=service,
            key=host.keys[service.name],
            network=host.network(service.name),
            point=world.point,
            calling=world.calling,
        )
        limits = SETTINGS[world.kind].limits
        limiter = RateLimiter(provider=service.name, domain="forum.example", limits=limits)
        limiter._reservation.lock = cast(Any, Latch(world))
        return PooledProvider(
            provider=world.parts.provider(customer), limiter=limiter, account=customer.key
        )

    def guard(self) -> Guard:
        return Guard(
            store=self.store,
            guard_file=self.guard_file,
            names=lambda: f"{self.host.world.number():032x}",
            shares_sending=self.shares,
            waits=lambda: self.host.world.wait(1),
        )

    def hand(self) -> OperatorActions:
        return OperatorActions(store=self.store, actor="ada@forum.example")

    def begin(self) -> None:
        """Open the database as every command does, then begin an epoch."""
        self.guard().check_on_open()
        self.guard().begin()
        self._recover()
        if self.shares:
            self._enter()
        self.up = True

    def _recover(self, leaving: int | None = None) -> None:
        recover.recover(
            store=self.store,
            accounts=self.pool.accounts,
            shares_sending=self.shares,
            leaving=leaving,
        )

    def _enter(self) -> None:
        """Enter the process in the database."""
        role, name = ProcessRole.SCHEDULER, self.host.name
        with self.store.begin() as tx:
            self.owner = tx.workers.enter(name=name, host=name, role=role, slots=2, at=tx.now)

    def beat(self) -> None:
        """Give a sign of life. Raises StoreUnavailable if the process counts as dead."""
        if self.owner is None:
            return
        self.guard().follow()
        with self.store.begin() as tx:
            is_known = tx.workers.beat(self.owner, tx.now)
            leads = tx.workers.lead(self.owner, tx.now, DEAD_AFTER)
            mark = tx.generation.mark()
        if not is_known or (self.leads and not leads):
            raise StoreUnavailable("others have taken over")
        self.guard_file.store_claim(mark.claims, mark.beat_at)
        self.guard_file.flush(is_replica_checked=True)
        self.leads = leads

    def leave(self) -> None:
        """Take the process out of the database, after its tasks have ended."""
        if self.owner is not None:
            self.guard().follow()
            self._recover(leaving=self.owner)

    def look(self) -> None:
        """Run the steps of a tick that decide about sending."""
        self.beat()
        self.guard_file.flush()
        if self.shares:
            with self.store.read() as tx:
                lost = tx.workers.silent(tx.now - DEAD_AFTER) or tx.batches.has_orphans(tx.now)
            if lost:
                self._recover()
        if not self.leads:
            return
        if self.stages is not None:
            self.stages.refresh_with_approvals()
        choose.resume(store=self.store)
        plan.plan(store=self.store, rules=self.rules, state=self.planned)
        plan.start_due(store=self.store, rules=self.rules)
        if self.stages is not None:
            self.stages.tell()
        self.host.world.parts.tick(self.host.books, self.host.now())


class Stages:
    """The stages from a text to its content, with the caches of a process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        store = cast(Any, process.store)
        feed = FeedSource(feed="press", address=_FEED, store=store, lists=("press",), language="en")
        own = DigestSource(store), DeskSource(store, _DEFAULTS), Files(process.host)
        self._sources = (*own, feed)
        self._read, self._tried = IngestState(), RenderState()

    def refresh_with_approvals(self) -> None:
        """Read the texts and render those that changed."""
        store, rules = self._process.store, self._process.rules
        if SETTINGS[self._process.host.world.kind].gathers:
            digests(store).build()
        shares_email = rules.shares_email
        ingest(store=store, sources=self._sources, shares_email=shares_email, state=self._read)
        render(store=store, renderer=_RENDERER, shares_email=shares_email, state=self._tried)

    def tell(self) -> None:
        """Run the stages that only tell of the others, and pause what does harm."""
        store, rules = cast(Any, self._process.store), self._process.rules
        pause_harmful(store=store)
        notify(store=store, rules=rules, channels=(CHANNEL,))
        compose = partial(compose_post, rules=rules, desk=DESK)
        PostSender(
            store=store,
            channels={CHANNEL.name: CHANNEL},
            compose=lambda tx, post, channel: compose(tx, post, channel=channel),
            call=lambda post, _news: Answer(outcome=Outcome(verdict=self._answer(post.id))),
            jitter=lambda: 0.0,
        ).post()

    def _answer(self, post: int) -> Verdict:
        """Return what the channel's server answers. It must not get again what it took."""
        host = self._process.host
        if host.world.number() % 3 == 0:
            return Verdict.RETRY
        if post in host.expected.posted:
            raise Violation(Rule.TWICE, f"the channel got post {post} twice")
        host.expected.posted.add(post)
        return Verdict.ACCEPTED


_FEED = "https://forum.example/feed"
_RENDERER = PlainRenderer()
_DEFAULTS = Defaults(lists=("press",), language="en", timezone=ZONE, segments=(DONORS,))
