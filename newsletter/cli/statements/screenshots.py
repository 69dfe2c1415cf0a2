"""Screenshots of a mail in its views, by a Chromium that can reach no network of its own accord.

Nobody else can reach it: it opens no port. It ends with the block that started it, whatever
happens, and has a profile of its own that goes with it.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.rendering.preview import Screenshot

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
        # else a write would wait for ever where the browser reads nothing
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
                raise BrowserFailed("the browser ended at once") from error

    def _next(self) -> dict[str, Any]:
        while (end := self._read.find(b"\0")) < 0:
            self._wait([self._from], [])
            more = os.read(self._from, _CHUNK)
            if not more:
                raise BrowserFailed("the browser ended before it had answered")
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


_TALLEST = 16_000
"""Device pixels: Chromium draws nothing right below."""
_SHARP = 2.0
_FIRST_HEIGHT = 100
"""CSS pixels: less than any mail has, so that the mail itself says how high it is."""
_LOADED = """Promise.race([
  Promise.all([...document.images].map(image => image.decode().catch(() => null))),
  new Promise(done => setTimeout(done, 5000)),
]).then(() => document.fonts.ready).then(() => [...document.images]
  .filter(image => image.src.startsWith('https:') && !image.naturalWidth)
  .map(image => image.src))"""
"""Waits for pictures, but not for ever; names those that did not come."""


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """What a screenshot is to be taken of."""

    name: str
    """The file is called so, with ``.png`` behind it."""
    title: str
    html: str
    width: int
    """CSS pixels."""
    dark: bool = False
    sharpness: float = _SHARP
    """Device pixels for one CSS pixel."""


def take(browser: Browser, sittings: Iterable[Sitting]) -> Iterator[tuple[Screenshot, bytes]]:
    """One after the other, each with its PNG. Raises BrowserFailed."""
    for sitting in sittings:
        with browser.page() as session:
            yield _taken(browser, session, sitting)


def _taken(browser: Browser, session: str, sitting: Sitting) -> tuple[Screenshot, bytes]:
    def tell(method: str, **parameters: Any) -> dict[str, Any]:
        return browser.call(method, session, **parameters)

    def measure(height: int, sharpness: float) -> None:
        tell(
            "Emulation.setDeviceMetricsOverride",
            width=sitting.width,
            height=height,
            deviceScaleFactor=sharpness,
            mobile=False,
        )

    measure(_FIRST_HEIGHT, sitting.sharpness)
    scheme = "dark" if sitting.dark else "light"
    tell(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )
    frame = tell("Page.getFrameTree")["frameTree"]["frame"]["id"]
    tell("Page.setDocumentContent", frameId=frame, html=sitting.html)
    waited = tell("Runtime.evaluate", expression=_LOADED, awaitPromise=True, returnByValue=True)
    whole = max(1, round(tell("Page.getLayoutMetrics")["cssContentSize"]["height"]))
    # a long mail rather less sharp than cut off
    sharpness = sitting.sharpness if whole * sitting.sharpness <= _TALLEST else 1.0
    height = min(whole, _TALLEST)
    measure(height, sharpness)
    png = base64.b64decode(tell("Page.captureScreenshot", format="png")["data"])
    if not png:
        raise BrowserFailed(f"it made no picture of {sitting.title}")
    shot = Screenshot(
        title=sitting.title,
        file=f"{sitting.name}.png",
        width=sitting.width,
        height=height,
        cut=height < whole,
        missing=tuple(waited["result"].get("value") or ()),
    )
    return shot, png
