"""Runs ``examples.sh`` in a folder of its own and returns what its commands print.

The commands run in this process, which does nothing else. The clock stands still during each, and
the next one is a minute later.
"""

import io
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from newsletter.cli import main
from newsletter.runtime.clock import SystemClock

SCRIPT = Path(__file__).with_suffix(".sh")
_START = datetime(2024, 9, 10, 14, tzinfo=UTC)
_MAX_LINES = 10
_VARYING = {
    r"(?<=/invitation/)\S+": "dab3PbO-F521v-v5nSzQ9W",
    r"(?<=python: )\S+": "3.…",
    r"(?<=disk: )\S+": "…",
    r"(?<=127\.0\.0\.1:)\d{4,5}": "8000",
    r"(?<=holds all )\d+(?= rows)": "100",
}
"""What chance and the machine decide, and its replacement."""
_HASH = re.compile(r"\b(?:[0-9a-f]{4} [0-9a-f]{4}|[0-9a-f]{12,})\b")
"""A hash or its beginning. The templates of emails or chance decide it."""


class _Terminal(io.TextIOWrapper):
    """The output of a command, which gets Ctrl-C as soon as it says that it waits for that."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def write(self, text: str) -> int:
        """Write a text."""
        count = super().write(text)
        if "stop with Ctrl-C" in text:
            signal.raise_signal(signal.SIGINT)
        return count


@contextmanager
def closed_port() -> Iterator[str]:
    """Yield a port on which nothing can listen: it is bound, and refuses each call."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield str(bound.getsockname()[1])


def transcripts() -> dict[str, str]:
    """Return what each command of the script prints first, and its exit code if that is not 0."""
    printed: dict[str, str] = {}
    hashes: dict[str, str] = {}
    now = _START
    SystemClock.now = lambda _: now  # type: ignore[method-assign] # for the life of this process
    with TemporaryDirectory() as folder, chdir(folder):
        for line in SCRIPT.read_text(encoding="utf-8").splitlines():
            if not line.startswith("newsletter "):
                subprocess.run(["sh", "-c", line], check=True)
                continue
            now += timedelta(minutes=1)
            terminal = _Terminal()
            with redirect_stdout(terminal), redirect_stderr(terminal), closed_port() as port:
                asked = ["--port", port] if line.endswith(" healthcheck") else []
                code = main.run([*shlex.split(line)[1:], *asked])
            terminal.seek(0)
            output = terminal.read().replace(folder, "/srv/forum")
            ending = f"[exit code {code}]\n" if code else ""
            printed.setdefault(line, _first_lines(_stable(output, hashes)) + ending)
    return printed


def _stable(output: str, hashes: dict[str, str]) -> str:
    """Replace what varies. Equal hashes stay equal, and others do not become so."""

    def replacement(found: re.Match[str]) -> str:
        beginning = found[0].replace(" ", "")[:8]
        stable = hashes.setdefault(beginning, sha256(bytes([len(hashes)])).hexdigest())
        return f"{stable[:4]} {stable[4:8]}" if " " in found[0] else stable[: len(found[0])]

    for varying, fixed in _VARYING.items():
        output = re.sub(varying, fixed, output)
    return _HASH.sub(replacement, output)


def _first_lines(output: str) -> str:
    lines = [line.rstrip() for line in output.splitlines()]
    shown = lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], "…"]
    return "".join(f"{line}\n" for line in shown)
