"""A Chromium without a window, told what to do over two pipes by its DevTools protocol.

Nobody else can reach it: it opens no port. It ends with the block that started it, whatever
happens, and has a profile of its own that goes with it.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
)
# the protocol's pipes are the descriptors 3 and 4, which only a shell can set up portably
_ON_PIPES = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
_CHUNK = 1 << 16
_GRACE = 2.0


class BrowserFailed(Exception):
    """Chromium did not do what it was told. The message says what happened."""


def find_browser() -> str | None:
    """The path of a Chromium that is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def started(browser: str, *, hosts: Sequence[str], seconds: float) -> Iterator["Browser"]:
    """A browser that can reach these hosts alone, for so long. Raises BrowserFailed."""
    with tempfile.TemporaryDirectory(prefix="newsletter-", ignore_cleanup_errors=True) as profile:
        command = [browser, *_flags(profile, hosts), "about:blank"]
        process = _start(command)
        try:
            yield Browser(process, until=time.monotonic() + seconds)
        finally:
            _end(process)


def _flags(profile: str, hosts: Sequence[str]) -> Iterator[str]:
    yield from _FLAGS
    yield f"--user-data-dir={profile}"
    allowed = "".join(f", EXCLUDE {host.partition(':')[0]}" for host in hosts)
    yield f"--host-resolver-rules=MAP * ~NOTFOUND{allowed}"
    if os.geteuid() == 0:
        yield "--no-sandbox"  # Chromium refuses to start with it as root


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the browser that the person has, or names
            ["/bin/sh", "-c", _ON_PIPES, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise BrowserFailed(f"it cannot be started: {error}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all it started. Its session is its own, so nobody else is hit."""
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe:
                pipe.close()
    for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with suppress(OSError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)


class Browser:
    """Speaks to it: a message is one JSON object with a zero byte behind it."""

    def __init__(self, process: subprocess.Popen[bytes], *, until: float) -> None:
        if process.stdin is None or process.stdout is None:
            raise BrowserFailed("it was started without pipes")
        self._to = process.stdin.fileno()
        self._from = process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._until = until
        self._read = bytearray()
        self._last = 0

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Do something, and wait for the answer. What happens meanwhile is not kept."""
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters}
        self._write(message | ({"sessionId": session} if session else {}))
        while (answer := self._next()).get("id") != number:
            pass
        if "error" in answer:
            raise BrowserFailed(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def page(self) -> Iterator[str]:
        """A new page; its session, to be named in calls."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        yield self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Target.closeTarget", targetId=target)

    def _write(self, message: dict[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            self._wait([], [self._to])
            try:
                data = data[os.write(self._to, data[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise BrowserFailed("it ended at once") from error

    def _next(self) -> dict[str, Any]:
        while (end := self._read.find(b"\0")) < 0:
            self._wait([self._from], [])
            more = os.read(self._from, _CHUNK)
            if not more:
                raise BrowserFailed("it ended before it had answered")
            self._read += more
        message: dict[str, Any] = json.loads(bytes(self._read[:end]))
        del self._read[: end + 1]
        return message

    def _wait(self, reading: list[int], writing: list[int]) -> None:
        left = self._until - time.monotonic()
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise BrowserFailed("it took too long")


def is_program(path: Path) -> bool:
    """Whether this file can be started."""
    return path.is_file() and os.access(path, os.X_OK)
