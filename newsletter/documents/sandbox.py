"""Reading what strangers wrote in a sandbox: a process of its own, cut off when it takes too much.

A text can be made so that reading it takes for ever, or all memory there is; no thread can be cut
off in the middle of that, and it would hold up all others. So a process reads it that knows nothing
but how to read: no database, no keys, nothing of our environment. It gets one JSON line that says
what to do, then the bytes, and gives back JSON lines, one a thing that it has read. It is started
when there is something to read, and ends with its work, at the end of its time, or with its parent.
What comes back is validated: a text may have taken over the process that read it.
"""

import base64
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Union

from newsletter.domain.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

WITHIN = timedelta(seconds=30)
"""The longest that one answer may take. One of 20,000 items takes 13 s on a busy small machine."""
MEMORY = 1 << 30
"""Bytes of address space. The largest feed that is fetched (10 MB) takes about 200 MB."""
_LARGEST = 64_000_000
"""Bytes of what is given back."""
_PR_SET_PDEATHSIG = 1

Handle = Callable[[Mapping[str, Any], bytes], Iterable[Any]]
"""Reads: what to do and the bytes, to values of ours and InvalidInput."""


class CutOff(Exception):
    """It did not come to its end. ``read`` is what it had read until then, in order."""

    def __init__(self, why: str, read: list[Any]) -> None:
        super().__init__(why)
        self.read = read


class NotStarted(CutOff):
    """There was no process to read it in: the machine is short of something just now."""


def ask(
    module: str,
    task: Mapping[str, Any],
    body: bytes = b"",
    *,
    answer: Any = Any,
    within: timedelta = WITHIN,
) -> list[Any]:
    """What ``module``, run as a process, reads in the bytes. Raises CutOff.

    Each thing is of the type ``answer``, or InvalidInput.
    """
    seconds = within.total_seconds()
    late = False
    with _started(module, seconds) as process:
        try:
            out, _ = process.communicate(written(task) + b"\n" + body, timeout=seconds)
        except subprocess.TimeoutExpired:
            late = True
            process.kill()
            out, _ = process.communicate()
        # interrupted: else the process would read on for nobody
        except BaseException:
            process.kill()
            raise
    read = _answers(out, answer)
    if late or process.returncode == -signal.SIGALRM:
        raise CutOff(f"it could not be read within {seconds:g} s", read)
    if process.returncode:
        raise CutOff("it could not be read with the memory that there is for that", read)
    return read


def _started(module: str, seconds: float) -> "subprocess.Popen[bytes]":
    """A process with nothing of our environment but where modules are. Raises NotStarted."""
    try:
        return subprocess.Popen(  # noqa: S603 - this very interpreter, and a module of ours
            # -P: no module out of whatever folder this was started in
            [sys.executable, "-P", "-m", module, str(os.getpid()), f"{seconds:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            process_group=0,  # who interrupts us from a terminal does not mean it
        )
    except OSError as error:
        raise NotStarted(f"no process could be started for it ({error.strerror})", []) from error


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """InvalidInput, as it is written."""

    faults: tuple[Fault, ...]


def _answers(out: bytes, answer: Any) -> list[Any]:
    """Read all whole lines: what was being written when it ended is none. Raises CutOff."""
    read: list[Any] = []
    for line in out.split(b"\n")[:-1]:
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
    return {"faults": value.faults} if isinstance(value, InvalidInput) else vars(value)


# --- within that process -----------------------------------------------------------------------


def work(handle: Handle) -> None:
    """The whole life of that process: be bounded, read, and end."""
    parent, seconds = int(sys.argv[1]), float(sys.argv[2])
    _be_bounded(parent, seconds)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nobody else's print is an answer
    serve(handle, sys.stdin.buffer, sink)


def serve(handle: Handle, source: IO[bytes], sink: IO[bytes], *, largest: int = _LARGEST) -> None:
    """Read what stands in ``source``, and write down each thing as soon as it is read."""
    task = json.loads(source.readline())
    left = largest
    for one in handle(task, source.read()):
        line = written(one) + b"\n"
        left -= len(line)
        if left < 0:
            raise MemoryError
        sink.write(line)
        sink.flush()


def _be_bounded(parent: int, seconds: float) -> None:
    """The kernel ends this process, whatever it is at: no code of ours has to run for that."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + 1)  # where nobody is left to kill it
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # some systems do not have it, or allow less already
            resource.setrlimit(limit, (value, value))
    with suppress(OSError, AttributeError):  # Linux alone
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # the parent may have ended before the kernel was asked to tell of it, and then it never does
    if os.getppid() != parent:
        sys.exit(1)
