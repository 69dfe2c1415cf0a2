"""Read untrusted files in a sandbox: a process that is killed when it takes too much.

A crafted file may take for ever or all memory to read, and a thread cannot be stopped. So a process
reads the file: without database, keys and environment, and confined by the kernel
(``confinement``). The process calls one function with pickled arguments. It writes JSON into a
temporary file, whose size the kernel limits: a line for each item, and a last line that marks the
end. It ends with its work, at its limit of CPU time, or with its parent, and its children with it.
Only a few run at once. The parent validates the output, because a file may have taken over the
process. Run as a module, this is the process.
"""

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from functools import cache
from importlib import import_module
from tempfile import TemporaryFile
from threading import Condition
from typing import IO, TYPE_CHECKING, Any, TypeVar, Union

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.wording import say

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
CALL_TIMEOUT = timedelta(seconds=30)
"""Default limit of CPU time. Reading 20,000 items takes 13 s on a small machine."""
_SLACK, _START_SECONDS = 3, 5
"""The limit by the clock is three times that of CPU time, and 5 s for the start of a process."""
MAX_ANSWER_BYTES = 64_000_000
_SANDBOX_MODULE = "newsletter.documents.sandbox"
_ENDING_MESSAGE = say("newsletter is about to end")
_LAST_LINE = b".\n"
"""The line that marks the end of the output."""


class CutOff(Exception):
    """The sandbox did not finish. ``read`` has the items that it returned before, in order."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.read: list[Any] = []


class MachineBusy(CutOff):
    """The machine is too busy or low on resources. The same may work later."""


@dataclass(kw_only=True)
class Gate:
    """Runs ``max_running`` sandboxes. Up to ``max_waiting`` others wait for at most ``patience``.

    It refuses more.
    """

    max_running: int
    max_waiting: int
    patience: timedelta = timedelta(seconds=20)
    _changed: Condition = field(default_factory=Condition)
    _running: int = 0
    _waiting: int = 0
    is_closed: bool = False
    processes: "set[subprocess.Popen[bytes]]" = field(default_factory=set)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free slot and hold it. Raises MachineBusy if none is free in time."""
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
        if self._running >= self.max_running and self._waiting < self.max_waiting:
            self._waiting += 1
            free = lambda: self.is_closed or self._running < self.max_running  # noqa: E731
            self._changed.wait_for(free, self.patience.total_seconds())
            self._waiting -= 1
        if self.is_closed:
            raise MachineBusy(_ENDING_MESSAGE)
        if self._running >= self.max_running:
            raise MachineBusy(say("too much else is being read just now"))

    @contextmanager
    def ended_by_closing(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        """End the process if the gate is closed during the block."""
        with self._changed:
            self.processes.add(process)
            if self.is_closed:
                end(process)
        try:
            yield
        finally:
            with self._changed:
                self.processes.remove(process)

    def close(self) -> None:
        """End all running sandboxes, and refuse waiting and new ones."""
        with self._changed:
            self.is_closed = True
            for process in self.processes:
                end(process)
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self.is_closed = False


DOCUMENT_GATE = Gate(max_running=2, max_waiting=8)
"""Documents from the desk and from imports. Each may take ``confinement.MEMORY_BYTES``."""
FEED_GATE = Gate(max_running=1, max_waiting=4, patience=timedelta(seconds=60))
"""Feeds. They have their own gate, so uploads do not delay them."""
READER_FILE_GATE = Gate(max_running=1, max_waiting=4, patience=timedelta(minutes=2))
"""Uploaded files of subscribers. Large ones do not delay documents."""
TEXT_GATE = Gate(max_running=2, max_waiting=2)
"""Long texts to render or review. Each one that waits blocks a thread of the web server."""
ALL_GATES = (DOCUMENT_GATE, FEED_GATE, READER_FILE_GATE, TEXT_GATE)


def ask(
    reader: str,
    arguments: Mapping[str, Any],
    *,
    answer: Any = Any,
    timeout: timedelta = CALL_TIMEOUT,
    gate: Gate = DOCUMENT_GATE,
) -> list[Any]:
    """Run a function in a sandbox, and return the items that it returns or yields.

    ``reader`` is ``module:name``. Each item is InvalidInput or has the type ``answer``. Raises
    CutOff.
    """
    read: list[Any] = []
    try:
        for one in stream(reader, arguments, answer=answer, timeout=timeout, gate=gate):
            read.append(one)
    except CutOff as error:
        error.read = read
        raise
    return read


def stream(
    reader: str,
    arguments: Mapping[str, Any],
    *,
    answer: Any,
    timeout: timedelta,
    gate: Gate,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> Iterator[Any]:
    """Yield the items of ``ask`` once the process ended. Raise CutOff if it did not finish."""
    seconds = timeout.total_seconds()
    is_late = is_whole = False
    with TemporaryFile() as output:
        with gate.slot(), _start(reader, seconds, max_bytes, output) as process:
            try:
                with gate.ended_by_closing(process):
                    process.communicate(pickle.dumps(arguments), _SLACK * seconds + _START_SECONDS)
            except subprocess.TimeoutExpired:
                is_late = True
            finally:  # also if interrupted: else the process would go on
                end(process)
        output.seek(0)
        for line in output:
            is_whole = line == _LAST_LINE
            # a line without an end was cut off
            if not is_whole and line.endswith(b"\n"):
                yield _read_answer(line, answer)
    if is_whole:
        return
    if gate.is_closed:
        raise MachineBusy(_ENDING_MESSAGE)
    if process.returncode in {-signal.SIGPROF, -signal.SIGXCPU}:
        raise CutOff(say("it could not be read within {seconds:g} s", seconds=seconds))
    if is_late:
        raise MachineBusy(say("the machine is too busy to read it"))
    raise CutOff(say("it is broken, or needs more memory than there is for that"))


def read_isolated(
    reader: str,
    arguments: Mapping[str, Any],
    *,
    file: str,
    answer: type[T],
    timeout: timedelta = CALL_TIMEOUT,
    advice: str = say("try something smaller"),
) -> T:
    """Return the single item of a function in a sandbox. Raises InvalidInput, naming ``file``."""
    found: T | InvalidInput
    try:
        [found] = ask(reader, arguments, answer=answer, timeout=timeout)
    except CutOff as error:
        raise cut_off(error, file=file, advice=advice) from error
    if isinstance(found, InvalidInput):
        raise found
    return found


def cut_off(error: CutOff, *, file: str, advice: str) -> InvalidInput:
    """Return the error to show for a file that a sandbox did not finish."""
    remedy = say("try again") if isinstance(error, MachineBusy) else advice
    message = say("was not read: {why}; {remedy}", why=str(error), remedy=remedy)
    return InvalidInput.at(file, message)


def _start(
    reader: str, seconds: float, max_bytes: int, output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    """Start the sandbox's process, with only the module path as environment. Raises MachineBusy."""
    arguments = (str(os.getpid()), f"{seconds:g}", str(max_bytes), reader)
    try:
        return subprocess.Popen(  # noqa: S603 - this very interpreter, and this module
            # -P: import no module from the current folder
            [sys.executable, "-P", "-m", _SANDBOX_MODULE, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
            cwd="/",
            # killed as a group, and not interrupted when a terminal interrupts us
            process_group=0,
        )
    except OSError as error:
        failed = "no process could be started for it ({error})"
        raise MachineBusy(say(failed, error=error.strerror)) from error


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all its children."""
    with suppress(ProcessLookupError, PermissionError):  # on macOS if all of them have ended
        os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """InvalidInput as JSON."""

    faults: tuple[Fault, ...]


def _read_answer(line: bytes, answer: Any) -> Any:
    """Parse and validate one line of output. Raises CutOff."""
    try:
        value = _type_adapter(answer).validate_json(line)
    except ValueError as error:
        raise CutOff(say("what came back is no answer")) from error
    return InvalidInput(value.faults) if isinstance(value, _Refusal) else value


@cache
def _type_adapter(answer: Any) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter  # the sandbox itself does not need it

    return TypeAdapter(
        Union[answer, _Refusal],  # noqa: UP007 - made when it runs
        config=ConfigDict(strict=True, extra="forbid", val_json_bytes="base64"),
    )


def _json_default(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return {"faults": value.faults} if isinstance(value, InvalidInput) else vars(value)


def find_escapes(folder: str) -> list[str]:
    """Return the forbidden acts that this kernel does not prevent. Raises CutOff."""
    return ask(
        "newsletter.documents.confinement:try_forbidden_acts", {"folder": folder}, answer=str
    )


def work() -> None:
    """Confine this process, run the function that its arguments name, and end."""
    from newsletter.documents.confinement import confine  # the asking process does not need it

    parent, seconds, max_bytes, place = sys.argv[1:]
    module, _, name = place.partition(":")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library's print is no answer
    reader: Callable[..., Any] = getattr(import_module(module), name)
    confine(parent=int(parent), seconds=float(seconds), max_bytes=int(max_bytes))
    serve(reader, sys.stdin.buffer, sink)
    os._exit(0)  # without clean-up, which would only take time


def serve(reader: Callable[..., Any], source: IO[bytes], sink: IO[bytes]) -> None:
    """Call a function with pickled arguments, and write each item at once."""
    arguments = pickle.load(source)  # noqa: S301 - what our own parent wrote
    for one in run_reader(reader, arguments):
        # half a character becomes a question mark
        line = json.dumps(one, ensure_ascii=False, default=_json_default).encode("utf-8", "replace")
        sink.write(line + b"\n")
        sink.flush()
    sink.write(_LAST_LINE)
    sink.flush()


def run_reader(reader: Callable[..., Any], arguments: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the items that a function returns or yields, and InvalidInput if it raises that."""
    try:
        found = reader(**arguments)
        yield from found if isinstance(found, Iterator) else [found]
    except InvalidInput as error:
        yield error


if __name__ == "__main__":
    work()
