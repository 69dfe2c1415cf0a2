"""The program, wired as ever but for parts that count the points it passes and die at one.

A point is a name and which passage of it: ``Point("claim: before its commit", 3)``. The process
ends there by a signal that nothing can catch. Points that lie within the provider's process are
passed by ``Deadly`` servers instead.
"""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from typing import IO, Any

from newsletter.config import environment
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.reconcile import Reconciler, ReconcileResult
from newsletter.pipeline.delivery.transactional import EmailResult, TransactionalSender
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.services import open_workspace
from newsletter.store.sql import Store
from tests.acceptance.workspace import Running, Workspace
from tests.interrupted import Instead, between, watched
from tests.servers import DATE, Exchange, LoopbackServer, Received, Step


def _transaction(name: str) -> tuple[str, ...]:
    moments = ("before it begins", "before its commit", "after its commit")
    return tuple(f"{name}: {moment}" for moment in moments)


def _act(name: str) -> tuple[str, str]:
    return f"{name}: before it", f"{name}: after it"


DISPATCH = (*_transaction("claim"), *_act("note"), *_act("call"), *_transaction("record"))
RECONCILE = (*_transaction("take"), *_transaction("settle"))
LETTER = (*_transaction("letter"), *_act("note"), *_act("post"), *_transaction("booking"))
REPLAY, LOOK_UP = _act("replay"), _act("look-up")
SERVER = (
    "server: connected",
    "server: before it reads the body",
    "server: whole and not taken",
    "server: taken",
    "server: half of the answer",
)
FOLDER = ("folder: a draft opens", "folder: a draft gets its name", "folder: the journal opens")


@dataclass(frozen=True, kw_only=True)
class Point:
    """The point to die at, at the given passage; any point if ``name`` is empty."""

    name: str = ""
    passage: int = 1


class Fuse:
    """Counts passages, and ends the process at the one that it was made for."""

    def __init__(self, point: Point | None, begun: Path) -> None:
        self._point = point
        self._begun = begun
        self._lock = threading.Lock()
        self._passed = 0

    def burn(self, name: str) -> None:
        if self._point is None or self._point.name not in {"", name}:
            return
        with self._lock:
            self._passed += 1
            if self._passed == 1:
                self._begun.touch()
            if self._passed == self._point.passage:
                os.kill(os.getpid(), signal.SIGKILL)


class Stages(threading.local):
    """The names of the next transactions of this thread. The last name repeats."""

    names: tuple[str, ...] = ()
    current = ""

    def next(self) -> str:
        self.current, *rest = self.names
        self.names = tuple(rest) or (self.current,)
        return self.current


def fused_store(store: Store, fuse: Fuse, stages: Stages) -> Any:
    """Return a store that passes a point before each transaction, before its commit and after."""
    return watched(
        store,
        before=lambda: fuse.burn(f"{stages.next()}: before it begins"),
        within=lambda _: fuse.burn(f"{stages.current}: before its commit"),
        after=lambda: fuse.burn(f"{stages.current}: after its commit"),
    )


@dataclass(frozen=True, kw_only=True)
class FusedDispatcher(Dispatcher):
    """Names its two transactions. That of a record claims the next batch too."""

    stages: Stages

    def claim_next(self) -> Any:
        self.stages.names = ("claim",)
        return super().claim_next()

    def record(self, *given: Any, **named: Any) -> Any:
        self.stages.names = ("record",)
        return super().record(*given, **named)


@dataclass(frozen=True, kw_only=True)
class FusedReconciler(Reconciler):
    """Names its two transactions."""

    stages: Stages

    def reconcile(self) -> ReconcileResult | None:
        self.stages.names = ("take", "settle")
        return super().reconcile()


@dataclass(frozen=True, kw_only=True)
class FusedTransactionalSender(TransactionalSender):
    """Names its two transactions."""

    stages: Stages

    def post(self) -> EmailResult | None:
        self.stages.names = ("letter", "booking")
        return super().post()


@dataclass(frozen=True, kw_only=True)
class FusedDelivery(Delivery):
    """Sending, whose dispatcher, reconciler and courier carry the fuse."""

    fuse: Fuse
    own_lease: timedelta | None = None
    """Instead of the usual one."""
    stages: Stages = field(default_factory=Stages)

    def dispatcher(self, **checks: Any) -> Dispatcher:
        usual = _fields(super().dispatcher(**checks))
        return FusedDispatcher(**usual | self._fused("call") | self._leased())

    def reconciler(self) -> Reconciler:
        fused = self._fused("replay") | self._leased()
        del fused["guard_file"]
        return FusedReconciler(**_fields(super().reconciler()) | fused)

    def transactional_sender(self, owner: int | None = None) -> TransactionalSender:
        usual = _fields(super().transactional_sender(owner))
        return FusedTransactionalSender(**usual | self._fused("post"))

    def _fused(self, call: str) -> dict[str, Any]:
        """Return the parts that pass points. ``call`` is the name of a call to the provider."""
        burn, first, guard_file = self.fuse.burn, self.pool.first, self.guard_file
        provider = Instead(
            first.provider,
            send=between(burn, call, first.provider.send),
            look_up=between(burn, "look-up", first.provider.look_up),
        )
        pooled: Any = replace(first, provider=provider)
        return {
            "store": fused_store(self.store, self.fuse, self.stages),
            "stages": self.stages,
            "pool": replace(self.pool, first=pooled),
            "guard_file": Instead(
                guard_file, store_claim=between(burn, "note", guard_file.store_claim)
            ),
        }

    def _leased(self) -> dict[str, Any]:
        return {"lease": self.own_lease} if self.own_lease else {}


def _fields(value: Any) -> dict[str, Any]:
    """The parts of the body."""
    return {each.name: getattr(value, each.name) for each in fields(value) if each.init}


def start(workspace: Workspace, point: Point | None, *, lease: timedelta | None = None) -> Running:
    """A run until nothing is left, with a fuse; at the first point it passes, it makes a file."""
    begun = begun_in(workspace)
    begun.unlink(missing_ok=True)
    return workspace.start(program=functools.partial(_work, point, begun, lease))


def begun_in(workspace: Workspace) -> Path:
    """The file that ``start`` creates while a message is being sent."""
    return workspace.folder.with_name(f"{workspace.folder.name}-begun")


def _work(
    point: Point | None, begun: Path, lease: timedelta | None, _arguments: Sequence[str]
) -> None:
    fuse = Fuse(point, begun)
    _watch_folder(fuse, Path.cwd() / "var" / "outbox")
    with open_workspace(Path.cwd(), environment()) as services:
        fused = FusedDelivery(**_fields(services.delivery), fuse=fuse, own_lease=lease)
        Scheduler(replace(services.tick, delivery=fused)).run(until_idle=True)


def _watch_folder(fuse: Fuse, folder: Path) -> None:
    """Pass a point at each deed of the outbox, as the interpreter reports them."""
    drafts, journal = f"{folder}/", f"{folder}/journal.jsonl"

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]) == journal:
            fuse.burn("folder: the journal opens")
        elif event == "open" and str(arguments[0]).startswith(drafts):
            fuse.burn("folder: a draft opens")
        elif event == "os.rename" and str(arguments[0]).startswith(drafts):
            fuse.burn("folder: a draft gets its name")

    sys.addaudithook(hear)


class Executioner:
    """Kills a process when a server has seen so many requests come to a point."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kill: Callable[[], None] | None = None
        self._point = Point()

    def wait_for(self, point: Point, kill: Callable[[], None]) -> None:
        with self._lock:
            self._point, self._kill = point, kill

    def reached(self, name: str) -> bool:
        """Return whether this call killed the victim."""
        with self._lock:
            if self._kill is None or name != self._point.name:
                return False
            self._point = replace(self._point, passage=self._point.passage - 1)
            if self._point.passage:
                return False
            self._kill()
            self._kill = None
            return True


class Deadly(LoopbackServer):
    """A server at whose hands its client dies. To be mixed in before another server."""

    def __init__(self) -> None:
        self.executioner = Executioner()
        self.pause = 0.0
        super().__init__()

    def opened(self, connection: Any) -> None:
        super().opened(connection)
        self.executioner.reached("server: connected")

    def read_body(self, file: IO[bytes], length: int) -> bytes:
        self.executioner.reached("server: before it reads the body")
        return super().read_body(file, length)

    def perform(self, step: Step, received: Received, connection: Any) -> None:
        if step.takes and self.executioner.reached("server: whole and not taken"):
            return self._lost(received)
        return super().perform(
            replace(step, act=lambda exchange: self._act(step, exchange)), received, connection
        )

    def _lost(self, received: Received) -> None:
        """A server that keeps answers by key has not kept this one."""
        kept: Mapping[str, Any] = getattr(self, "answered", {})
        if isinstance(kept, dict):
            kept.pop(received.headers.get("idempotency-key", ""), None)

    def _act(self, step: Step, exchange: Exchange) -> None:
        if step.takes:
            self.executioner.reached("server: taken")
        if self.pause:
            exchange.wait(self.pause)
        exchange = Dated(**vars(exchange))
        if step.takes:
            exchange = replace(exchange, connection=Halved(exchange.connection, self.executioner))
        step.act(exchange)


class Dated(Exchange):
    """Answers with the time of now: by it the silence of records is measured."""

    def write(self, data: bytes) -> None:
        super().write(data.replace(DATE.encode(), formatdate(usegmt=True).encode(), 1))


class Halved:
    """A connection that writes an answer in two halves."""

    def __init__(self, connection: Any, executioner: Executioner) -> None:
        self._connection = connection
        self._executioner = executioner

    def sendall(self, data: bytes) -> None:
        middle = len(data) // 2
        self._connection.sendall(data[:middle])
        self._executioner.reached("server: half of the answer")
        self._connection.sendall(data[middle:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
