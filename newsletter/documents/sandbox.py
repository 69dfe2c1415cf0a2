"""Reading what strangers wrote in a sandbox: a process of its own, cut off when it takes too much.

A text can be made so that reading it takes for ever, or all memory there is; no thread can be cut
off in the middle of that, and it would hold up all others. So a process reads it that knows nothing
but how to read: no database, no keys, nothing of our environment, and the kernel holds it to that
(``confinement``). It gets a pickle that says what to do, then the bytes, and gives back JSON lines,
one for each thing that it has read, and a last one that says that these were all. It is started
when there is something to read, and ends with its work, at the end of its time, or with its parent;
whatever it started ends with it. Only a few run at once. What comes back is validated: a text may
have taken over the process that read it.
"""

import base64
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from functools import cache
from threading import Condition
from typing import IO, TYPE_CHECKING, Any, Union

from newsletter.domain.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

WITHIN = timedelta(seconds=30)
"""The longest that one answer may take. One of 20,000 items takes 13 s on a busy small machine."""
MAX_ANSWER_BYTES = 64_000_000
_CHUNK_BYTES = 1 << 16
_LAST_SECOND = 1.0
"""Seconds for a process to end that has closed its answer."""
_ENDING = "newsletter is about to end"
_END = b"."
"""The line behind the last answer."""

Handle = Callable[[Mapping[str, Any], bytes], Iterable[Any]]
"""Reads: what to do and the bytes, to values of ours and InvalidInput."""


class CutOff(Exception):
    """It did not come to its end. ``read`` is what it had read until then, in order."""

    def __init__(self, why: str, read: list[Any]) -> None:
        super().__init__(why)
        self.read = read


class NotStarted(CutOff):
    """There was no process to read it in: the machine is short of something just now."""

    def __init__(self, why: str) -> None:
        super().__init__(why, [])


# --- a few at once -----------------------------------------------------------------------------


@dataclass(kw_only=True)
class Gate:
    """Lets a few sandboxes run at once and a few wait for them, and refuses all others."""

    at_once: int
    waiting: int
    patience: timedelta = timedelta(seconds=20)
    _changed: Condition = field(default_factory=Condition)
    _running: int = 0
    _waiting: int = 0
    _closed: bool = False
    _ends: dict[int, Callable[[], None]] = field(default_factory=dict)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until there is room. Raises NotStarted where there is none in time."""
        with self._changed:
            self._wait()
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _wait(self) -> None:
        if self._running >= self.at_once and self._waiting < self.waiting:
            self._waiting += 1
            free = lambda: self._closed or self._running < self.at_once  # noqa: E731
            self._changed.wait_for(free, self.patience.total_seconds())
            self._waiting -= 1
        if self._closed:
            raise NotStarted(_ENDING)
        if self._running >= self.at_once:
            raise NotStarted("too much else is being read just now")

    @property
    def is_closed(self) -> bool:
        """Whether it lets none run."""
        return self._closed

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run."""
        with self._changed:
            return tuple(self._ends)

    @contextmanager
    def ended_by_closing(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        """Have the process ended once this is closed."""
        with self._changed:
            self._ends[process.pid] = lambda: end(process)
            closed = self._closed
        try:
            if closed:
                end(process)
            yield
        finally:
            with self._changed:
                del self._ends[process.pid]

    def close(self) -> None:
        """End what runs, and refuse what waits and what comes."""
        with self._changed:
            self._closed = True
            for end in self._ends.values():
                end()
            self._changed.notify_all()

    def open(self) -> None:
        """Let them run again."""
        with self._changed:
            self._closed = False


DOCUMENTS = Gate(at_once=2, waiting=8)
"""What somebody brings to the desk, or imports. Each may take ``confinement.MEMORY_BYTES``."""
FEEDS = Gate(at_once=1, waiting=4, patience=timedelta(seconds=60))
"""What is visited by itself: no upload holds it up."""
TEXTS = Gate(at_once=2, waiting=2)
"""Long texts that are rendered or reviewed: each that waits keeps a thread of the desk's pages."""
GATES = (DOCUMENTS, FEEDS, TEXTS)


def ask(
    module: str,
    task: Mapping[str, Any],
    body: bytes = b"",
    *,
    answer: Any = Any,
    within: timedelta = WITHIN,
    gate: Gate = DOCUMENTS,
) -> list[Any]:
    """What ``module``, run as a process, reads in the bytes. Raises CutOff.

    Each thing is of the type ``answer``, or InvalidInput.
    """
    seconds = within.total_seconds()
    with gate.turn(), _started(module, seconds) as process:
        try:
            with gate.ended_by_closing(process):
                out, is_late = exchange(process, pickle.dumps(task) + body, seconds)
            if not is_late and len(out) <= MAX_ANSWER_BYTES and not _is_whole(out):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LAST_SECOND)  # how it ended says why
        finally:  # interrupted or not: else something would read on for nobody
            end(process)
    read = _answers(out, answer)
    if _is_whole(out):
        return read
    if gate.is_closed:
        raise NotStarted(_ENDING)
    if is_late or process.returncode in {-signal.SIGALRM, -signal.SIGXCPU}:
        raise CutOff(f"it could not be read within {seconds:g} s", read)
    raise CutOff("it could not be read with the memory that there is for that", read)


def _started(module: str, seconds: float) -> "subprocess.Popen[bytes]":
    """A process with nothing of our environment but where modules are. Raises NotStarted."""
    try:
        return subprocess.Popen(  # noqa: S603 - this very interpreter, and a module of ours
            # -P: no module out of whatever folder this was started in
            [sys.executable, "-P", "-m", module, str(os.getpid()), f"{seconds:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
            cwd="/",
            # ended as a whole, and not interrupted by whoever interrupts us from a terminal
            process_group=0,
        )
    except OSError as error:
        raise NotStarted(f"no process could be started for it ({error.strerror})") from error


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it, and all that it started."""
    with suppress(ProcessLookupError, PermissionError):  # on macOS where all of them are gone
        os.killpg(process.pid, signal.SIGKILL)


def exchange(
    process: "subprocess.Popen[bytes]", question: bytes, seconds: float
) -> tuple[bytes, bool]:
    """Write and read at once; returns what came back, and whether the time was over before.

    A process that was started in there may hold the other end for ever: nothing is waited for
    beyond the time.
    """
    until = time.monotonic() + seconds
    source, sink = process.stdout, process.stdin
    if source is None or sink is None:
        raise NotStarted("there is no way to speak to its process")
    left, out = memoryview(question), bytearray()
    with selectors.DefaultSelector() as ready:
        for pipe, event in ((source, selectors.EVENT_READ), (sink, selectors.EVENT_WRITE)):
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, event)
        while (wait := until - time.monotonic()) > 0:
            for key, _ in ready.select(wait):
                if key.fileobj is sink:
                    left = _write_some(sink, left)
                    if not left:
                        ready.unregister(sink)
                        _close(sink)
                    continue
                chunk = os.read(key.fd, _CHUNK_BYTES)
                out += chunk
                if not chunk or _is_whole(out) or len(out) > MAX_ANSWER_BYTES:
                    return bytes(out), False
    return bytes(out), True


def _write_some(sink: IO[bytes], left: memoryview) -> memoryview:
    """What is left to be written; nothing where it reads no more."""
    try:
        return left[os.write(sink.fileno(), left[:_CHUNK_BYTES]) :]
    except BrokenPipeError:
        return left[:0]


def _close(sink: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        sink.close()


def _is_whole(out: bytes | bytearray) -> bool:
    return out.endswith(b"\n" + _END + b"\n") or out == _END + b"\n"


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """InvalidInput, as it is written."""

    faults: tuple[Fault, ...]


def _answers(out: bytes, answer: Any) -> list[Any]:
    """Read all whole lines: what was being written when it ended is none. Raises CutOff."""
    read: list[Any] = []
    lines = out.split(b"\n")[:-1]
    for line in lines[:-1] if _is_whole(out) else lines:
        try:
            one = _reader(answer).validate_json(line)
        except ValueError as error:
            raise CutOff("what came back is no answer", read) from error
        read.append(InvalidInput(one.faults) if isinstance(one, _Refusal) else one)
    return read


@cache
def _reader(answer: Any) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter  # which whoever reads in there does not need

    return TypeAdapter(
        Union[answer, _Refusal],  # noqa: UP007 - made when it runs
        config=ConfigDict(strict=True, extra="forbid", val_json_bytes="base64"),
    )


def written(value: Any) -> bytes:
    """One line of JSON; half a character becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """In words of JSON what it does not know itself."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return {"faults": value.faults} if isinstance(value, InvalidInput) else vars(value)


# --- within that process -----------------------------------------------------------------------


def work(handle: Handle) -> None:
    """The whole life of that process: be confined, read, and end."""
    from newsletter.documents.confinement import confine  # not where somebody only asks

    parent, seconds = int(sys.argv[1]), float(sys.argv[2])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nobody else's print is an answer
    confine(parent=parent, seconds=seconds)
    serve(handle, sys.stdin.buffer, sink)


def serve(
    handle: Handle, source: IO[bytes], sink: IO[bytes], *, largest: int = MAX_ANSWER_BYTES
) -> None:
    """Read what stands in ``source``, and write down each thing as soon as it is read."""
    task = pickle.load(source)  # noqa: S301 - what our own parent wrote
    left = largest
    for one in handle(task, source.read()):
        line = written(one) + b"\n"
        left -= len(line)
        if left < 0:
            raise MemoryError
        sink.write(line)
        sink.flush()
    sink.write(_END + b"\n")
    sink.flush()
