"""Reading what strangers wrote in a sandbox: a process of its own, cut off when it takes too much.

A text can be made so that reading it takes for ever, or all memory there is; no thread can be cut
off in the middle of that, and it would hold up all others. So a process reads it that knows nothing
but how to read: no database, no keys, nothing of our environment. It gets one JSON line that says
what to do, then the bytes, and gives back JSON lines, one a thing that it has read. It is started
when there is something to read, and ends with its work, at the end of its time, or with its parent.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import IO, Any

WITHIN = timedelta(seconds=30)
"""The longest that one answer may take. One of 20,000 items takes 13 s on a busy small machine."""
MEMORY = 1 << 30
"""Bytes of address space. The largest feed that is fetched (10 MB) takes about 200 MB."""
_LARGEST = 64_000_000
"""Bytes of what is given back."""
_PR_SET_PDEATHSIG = 1

Handle = Callable[[Mapping[str, Any], bytes], Iterable[Any]]
"""Reads: what to do and the bytes, to whatever JSON can say."""


class CutOff(Exception):
    """It did not come to its end. ``read`` is what it had read until then, in order."""

    def __init__(self, why: str, read: list[Any]) -> None:
        super().__init__(why)
        self.read = read


class NotStarted(CutOff):
    """There was no process to read it in: the machine is short of something just now."""


def ask(
    module: str, task: Mapping[str, Any], body: bytes = b"", *, within: timedelta = WITHIN
) -> list[Any]:
    """What ``module``, run as a process, reads in the bytes. Raises CutOff."""
    seconds = within.total_seconds()
    late = False
    with _started(module, seconds) as process:
        try:
            out, _ = process.communicate(json.dumps(task).encode() + b"\n" + body, timeout=seconds)
        except subprocess.TimeoutExpired:
            late = True
            process.kill()
            out, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    read = _lines(out)
    if late or process.returncode == -signal.SIGALRM:
        raise CutOff(f"it could not be read within {seconds:g} s", read)
    if process.returncode:
        raise CutOff("it could not be read with the memory that there is for that", read)
    return read


def _started(module: str, seconds: float) -> "subprocess.Popen[bytes]":
    """A process with nothing of our environment but where modules are. Raises NotStarted."""
    try:
        return subprocess.Popen(  # noqa: S603 - this very interpreter, and a module of ours
            [sys.executable, "-P", "-m", module, str(os.getpid()), f"{seconds:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            process_group=0,  # who interrupts us from a terminal does not mean it
        )
    except OSError as error:
        raise NotStarted(f"no process could be started for it ({error.strerror})", []) from error


def _lines(out: bytes) -> list[Any]:
    """All whole lines: what was being written when it ended is none."""
    return [json.loads(line) for line in out.split(b"\n")[:-1]]


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
        line = json.dumps(one).encode() + b"\n"
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
    if os.getppid() != parent:
        sys.exit(1)
