"""The provider's end: a process that takes every call and remembers whom it was for.

It is ``sink.c``; where there is no C compiler, ``python -m bench.sink [FOLDER]``, which says and
keeps the same, and being slower takes more of the cores it shares.
"""

import http.client
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote_plus

ROOT = Path(__file__).parents[1]
_SOURCE = Path(__file__).with_name("sink.c")
_PATIENCE = 30  # seconds, for anything that takes milliseconds


@dataclass(frozen=True, kw_only=True)
class Program:
    """How to start a sink."""

    command: tuple[str, ...]
    description: str


def compiled(folder: Path) -> Program:
    """The C sink, compiled into a folder; the Python one where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":  # it stands on epoll
        return in_python()
    target = folder / "sink"
    command = [compiler, "-O2", "-Wall", "-Werror", "-o", str(target), str(_SOURCE)]
    subprocess.run(command, check=True, timeout=_PATIENCE)
    return Program(command=(str(target),), description="in C, one thread")


def in_python() -> Program:
    """The sink that needs no compiler."""
    return Program(
        command=(sys.executable, "-m", "bench.sink"),
        description="IN PYTHON, for want of cc on Linux: it slows down everything measured",
    )


@dataclass(frozen=True, kw_only=True)
class Sink:
    """A sink at work."""

    port: int
    smtp_port: int
    """0 for the sink in Python, which takes calls alone."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        """Every address that a call or a mail was for, as often as it was named."""
        return addresses(self._get("/recipients"))

    def figures(self) -> dict[str, int]:
        """``calls``, mails too, and ``bytes``, of bodies alone."""
        figures: dict[str, int] = json.loads(self._get("/figures"))
        return figures

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


def addresses(fields: bytes) -> list[str]:
    """Read what the sink kept: a field a line, after a letter for its encoding."""
    found: list[str] = []
    for line in fields.decode().splitlines():
        value = unquote_plus(line[1:]) if line[0] == "u" else line[1:]
        found += [address.strip() for address in value.split(",")]
    return found


@contextmanager
def sink(program: Program, *, keep: Path | None = None) -> Iterator[Sink]:
    """Run a sink for the length of the block; it keeps each call as a file in ``keep``."""
    command: Sequence[str] = [*program.command, *([str(keep)] if keep else [])]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        port, smtp_port = (int(process.stdout.readline()) for _ in range(2))
        yield Sink(port=port, smtp_port=smtp_port)
    finally:
        process.kill()
        process.communicate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.lock = threading.Lock()
        self.recipients: list[bytes] = []
        self.calls = self.bytes = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = self.server
        if self.path == "/recipients":
            self._answer(b"".join(server.recipients))
        else:
            self._answer(json.dumps({"calls": server.calls, "bytes": server.bytes}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        with server.lock:
            server.calls += 1
            server.bytes += len(body)
            server.recipients += _fields(body)
            number = server.calls
        if server.folder is not None:
            head = f"{self.requestline}\r\n{self.headers.as_string()}".replace("\r", "")
            whole = head.replace("\n", "\r\n").encode() + body
            (server.folder / f"{number:08}.call").write_bytes(whole)
        answer = {"id": f"<{number}@sink.example>", "message": "Queued. Thank you."}
        self._answer(json.dumps(answer).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """No program reads along."""


def _fields(body: bytes) -> list[bytes]:
    if body.startswith(b"--"):
        values = [part.split(b"\r\n", 1)[0] for part in body.split(b'name="to"\r\n\r\n')[1:]]
        return [b"m" + value + b"\n" for value in values]
    return [b"u" + pair[3:] + b"\n" for pair in body.split(b"&") if pair.startswith(b"to=")]


def main() -> None:
    """Serve until standard input ends."""
    server = _Server(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, 0, sep="\n", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
