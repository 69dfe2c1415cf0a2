"""A reader in a sandbox that obeys: it plays a text that took over its process."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.documents import sandbox
from newsletter.documents.confinement import MEMORY_BYTES
from newsletter.domain.statements.feed import FetchedFeed, Item
from newsletter.sources.feeds import reading

A_TIME = datetime(2026, 11, 24, tzinfo=UTC)
Read = Callable[[Mapping[str, Any], bytes], Iterator[Any]]


def compose_all(items: Sequence[Item], zone: str, now: datetime) -> Iterator[Any]:
    for item in items:
        if item.content == "endless":
            _never()
        yield from reading.compose_all([item], zone, now)


def ask_here(reader: str, arguments: Mapping[str, Any], **_: Any) -> list[Any]:
    """The answers to a feed's reader, within this process."""
    return list(sandbox.run_reader(getattr(reading, reader.rpartition(":")[2]), arguments))


def read_page(**_: Any) -> FetchedFeed:
    return FetchedFeed(remark=str(os.getpid()), items=(Item(id="1", published=A_TIME),))


def _endless(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield "begun"
    _never()


def _sleep(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield os.getpid()
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    while True:
        time.sleep(1)


def _flood(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    line = b'"' + b"x" * 1_000_000 + b'"\n'
    while True:
        os.write(3, line)  # past what counts what is written
    yield "never"


def _attack(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    """The result of each attempt: its error, or its loot."""
    for name, attempt in ATTEMPTS.items():
        try:
            came = repr(attempt(said))
        except (OSError, ValueError) as error:
            came = type(error).__name__
        yield [name, came]


def _forked(said: Mapping[str, Any]) -> int:
    child = os.fork()
    if not child:
        os._exit(0)
    return child


def _thread(said: Mapping[str, Any]) -> str:
    done: list[str] = []
    thread = threading.Thread(target=done.append, args=("started",))
    thread.start()
    thread.join()
    return done[0]


def _traced(said: Mapping[str, Any]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, said["parent"], None, None) < 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return 0


ATTEMPTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "read a key": lambda said: Path(said["key"]).read_bytes(),
    "list its folder": lambda said: [*Path(said["key"]).parent.iterdir()],
    "write a file": lambda said: Path(said["key"]).with_name("new").write_bytes(b"x"),
    "write to the key": lambda said: os.open(said["key"], os.O_WRONLY | os.O_APPEND),
    "delete the key": lambda said: Path(said["key"]).unlink(),
    "show the key to all": lambda said: Path(said["key"]).chmod(0o644),
    "write beside its own code": lambda said: Path(__file__).with_name("new").write_bytes(b"x"),
    "read the parent's memory": lambda said: os.open(f"/proc/{said['parent']}/mem", os.O_RDONLY),
    "read the parent's environment": lambda said: Path(
        f"/proc/{said['parent']}/environ"
    ).read_bytes(),
    "connect to loopback": lambda said: socket.create_connection(("127.0.0.1", said["port"])),
    "send a datagram": lambda said: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "open a local socket": lambda said: socket.socket(socket.AF_UNIX),
    "fork": _forked,
    "run a program": lambda said: subprocess.run(["/bin/true"], check=False),
    "end the parent": lambda said: os.kill(said["parent"], signal.SIGTERM),
    "end a sibling": lambda said: os.kill(said["sibling"], signal.SIGKILL),
    "trace the parent": _traced,
    "leave its group": lambda said: os.setsid(),
    "take more memory": lambda said: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
    "limit the parent": lambda said: resource.prlimit(said["parent"], resource.RLIMIT_CPU, (1, 1)),
    "start a thread": _thread,
}


def _memory(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield len(b"x" * (2 * MEMORY_BYTES))


def _surroundings(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    print("nobody's answer")  # noqa: T201 - which must not be taken for one
    yield sorted(os.environ)  # noqa: TID251 - what it was given is the question
    yield [one for one in sys.modules if "newsletter.store" in one]


def _back(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield from (said, body.decode("utf-8", "surrogatepass"))


def _never() -> None:
    """Its time is over soon, and it works in C and in one piece, as a steep pattern does."""
    signal.setitimer(signal.ITIMER_PROF, 0.05)
    sum(range(1 << 62))


READS: Mapping[str, Read] = {
    read.__name__[1:]: read
    for read in (*(_endless, _sleep, _memory, _surroundings, _back, _flood, _attack),)
}


def handle(body: bytes = b"", **said: Any) -> Iterator[Any]:
    """``read`` names what to do."""
    return READS[said["read"]](said, body)
