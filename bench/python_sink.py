"""The sink where there is no C compiler: slower, so it takes more of the cores it shares.

``python -m bench.python_sink [FOLDER]``; what it says and keeps is what ``sink.c`` does.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Sink(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.lock = threading.Lock()
        self.recipients: list[bytes] = []
        self.calls = self.bytes = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Sink
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        sink = self.server
        if self.path == "/recipients":
            self._answer(b"".join(sink.recipients))
        else:
            self._answer(json.dumps({"calls": sink.calls, "bytes": sink.bytes}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sink = self.server
        with sink.lock:
            sink.calls += 1
            sink.bytes += len(body)
            sink.recipients += _fields(body)
            number = sink.calls
        if sink.folder is not None:
            head = f"{self.requestline}\r\n{self.headers.as_string()}".replace("\r", "")
            whole = head.replace("\n", "\r\n").encode() + body
            (sink.folder / f"{number:08}.call").write_bytes(whole)
        said = {"id": f"<{number}@sink.example>", "message": "Queued. Thank you."}
        self._answer(json.dumps(said).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads along."""


def _fields(body: bytes) -> list[bytes]:
    if body.startswith(b"--"):
        values = [part.split(b"\r\n", 1)[0] for part in body.split(b'name="to"\r\n\r\n')[1:]]
        return [b"m" + value + b"\n" for value in values]
    return [b"u" + pair[3:] + b"\n" for pair in body.split(b"&") if pair.startswith(b"to=")]


def main() -> None:
    """Serve until standard input ends."""
    sink = _Sink(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    print(sink.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
