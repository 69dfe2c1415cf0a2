"""A real HTTP server on loopback that answers, stalls and breaks as a test says."""

import base64
import contextlib
import io
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formataddr, getaddresses, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, Self
from urllib.parse import parse_qs, urlsplit

import python_multipart

DATE = "Wed, 21 Sep 2011 18:00:00 GMT"


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it arrived. The names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Step:
    """The server's treatment of one request."""

    act: Callable[["Exchange"], None]
    read_body: bool = True
    takes: bool = False
    """Keep the request in the journal before acting: it was accepted, whatever comes back."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The means of a step to use its connection."""

    received: Received
    connection: socket.socket
    closing: threading.Event

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float = 60) -> None:
        """Do nothing until the server closes."""
        self.closing.wait(seconds)

    def reset(self) -> None:
        """End with a reset instead of a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answer_bytes(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, framed: bool = True
) -> bytes:
    """A full answer; without a length if not ``framed``."""
    fields = {"Date": DATE, **(headers or {})}
    if framed:
        fields.setdefault("Content-Length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def reply(
    status: int,
    body: bytes | str | dict[str, Any] = b"",
    headers: Mapping[str, str] | None = None,
    *,
    takes: bool = False,
) -> Step:
    """Answer properly and keep the connection."""
    if isinstance(body, dict):
        body = json.dumps(body)
    data = answer_bytes(status, body.encode() if isinstance(body, str) else body, headers)
    return Step(act=lambda exchange: exchange.write(data), takes=takes)


def bytes_then_close(
    data: bytes, *, reset: bool = False, read_body: bool = True, takes: bool = False
) -> Step:
    """Write these bytes and hang up."""

    def act(exchange: Exchange) -> None:
        if data:
            exchange.write(data)
        if reset:
            exchange.reset()
        raise _HangUp

    return Step(act=act, read_body=read_body, takes=takes)


def bytes_then_silence(data: bytes = b"", *, read_body: bool = True, takes: bool = False) -> Step:
    """Write these bytes and then nothing, with the connection open."""

    def act(exchange: Exchange) -> None:
        exchange.write(data)
        exchange.wait()
        raise _HangUp

    return Step(act=act, read_body=read_body, takes=takes)


def trickle(data: bytes, *, pause: float = 0.03) -> Step:
    """Write byte by byte, each soon enough for a time-out that counts from each read."""

    def act(exchange: Exchange) -> None:
        for byte in data:
            exchange.write(bytes([byte]))
            if exchange.closing.wait(pause):
                break
        raise _HangUp

    return Step(act=act)


def endless(head: bytes, piece: bytes) -> Step:
    """Write a head and then the same piece until the other side has had enough."""

    def act(exchange: Exchange) -> None:
        exchange.write(head)
        while not exchange.closing.is_set():
            exchange.write(piece)

    return Step(act=act)


class _HangUp(Exception):
    pass


class LoopbackServer:
    """Takes requests on 127.0.0.1 until it is closed; use it in a ``with``."""

    def __init__(self) -> None:
        self.script: deque[Step] = deque()
        """The steps of the next requests; after those, ``usual`` decides."""
        self.requests: list[Received] = []
        self.taken: list[Received] = []
        self.connections = 0
        self.finished = 0
        """Steps that have come to their end: all that they wrote is on its way."""
        self.faults: list[BaseException] = []
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = _server(self)
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def usual(self, received: Received) -> Step:
        """The step for a request without a script."""
        return reply(200, {"path": received.path}, takes=True)

    def take(self, received: Received) -> None:
        """Journal a request that is accepted."""
        self.taken.append(received)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        # not serve_forever, whose end waits for ever where its thread never came to begin
        while not self._closing.is_set():
            self._server.handle_request()

    def close(self) -> None:
        """Hang up on everybody and stop. Raises what went wrong inside the server."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        if self.faults:
            raise self.faults[0]

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def read_body(self, file: IO[bytes], length: int) -> bytes:
        """Read the body; half of one, because the client is gone, is no request."""
        wanted = length if not self.script or self.script[0].read_body else 0
        body = file.read(wanted)
        if len(body) < wanted:
            raise ConnectionError("the client is gone")
        return body

    def next_step(self, received: Received) -> Step:
        with self._lock:
            self.requests.append(received)
            return self.script.popleft() if self.script else self.usual(received)

    def perform(self, step: Step, received: Received, connection: socket.socket) -> None:
        if step.takes:
            with self._lock:
                self.take(received)
        try:
            step.act(Exchange(received=received, connection=connection, closing=self._closing))
        finally:
            with self._lock:
                self.finished += 1

    def finish(self, steps: int) -> None:
        """Wait until so many steps have come to their end."""
        while self.finished < steps:
            time.sleep(0.005)


def _server(owner: LoopbackServer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            owner.opened(self.connection)

        def finish(self) -> None:
            owner.closed(self.connection)
            super().finish()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = owner.read_body(self.rfile, length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(method=self.command, path=self.path, headers=headers, body=body)
            try:
                owner.perform(owner.next_step(received), received, self.connection)
            except _HangUp:
                self.close_connection = True

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        request_queue_size = 128
        timeout = 0.02

        def handle_error(self, request: Any, client_address: Any) -> None:
            fault = sys.exc_info()[1]
            if fault is not None and not isinstance(fault, OSError):
                owner.faults.append(fault)

    return Server(("127.0.0.1", 0), Handler)


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port that never completes a connection: its queue is full (Linux drops what comes then)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


def closed_port() -> int:
    """A port without a listener: this process keeps it, or another would take it."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()
    return port


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A message as one reader has it."""

    to: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str

    def all(self, name: str) -> list[str]:
        """The values of a header field, as often as it is there."""
        return [value for field, value in self.headers if field.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The value of a header field that must be there once."""
        (value,) = self.all(name)
        return value


def letter(
    to: str, sender: tuple[str, str], fields: list[tuple[str, str]], *, text: str, html: str
) -> Delivered:
    """A message from a name and an address to one reader; a field without a value is left out."""
    headers = [("From", formataddr(sender)), ("To", to), *fields]
    given = tuple((name, value) for name, value in headers if value)
    return Delivered(to=to, headers=given, text=text, html=html)


@dataclass
class MailgunServer(LoopbackServer):
    """Takes messages as Mailgun does, merging recipient-variables."""

    domain: str = "forum.example"
    api_key: str = "key-for-tests"
    delivered: list[Delivered] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    events_are_hidden: bool = False
    page_rows: int = 300
    _events_of: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _found: list[dict[str, Any]] = field(default_factory=list)
    now: Callable[[], float] = parsedate_to_datetime(DATE).timestamp

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        credentials = base64.b64encode(f"api:{self.api_key}".encode()).decode()
        if received.headers.get("authorization") != f"Basic {credentials}":
            return reply(401, "Forbidden")
        if received.method == "GET":
            return self._events(received)
        if received.path != f"/v3/{self.domain}/messages":
            return reply(404, {"message": f"Domain not found: {received.path}"})
        form = parse_form(received)
        fault = _fault(form)
        if fault:
            return reply(400, {"message": fault})
        number = len(self.taken) + 1
        return reply(
            200, {"id": f"<{number}@{self.domain}>", "message": "Queued. Thank you."}, takes=True
        )

    def take(self, received: Received) -> None:
        super().take(received)
        form = parse_form(received)
        variables = json.loads(form.get("recipient-variables", ["{}"])[0])
        addresses = _addresses(form)
        for address in addresses:
            shown = address if variables else ", ".join(addresses)
            self.delivered.append(_merged(form, shown, variables.get(address, {})))
            self._note(address, form)

    def _note(self, address: str, form: Mapping[str, list[str]]) -> None:
        about = {name[2:]: values[0] for name, values in form.items() if name.startswith("v:")}
        event = {
            "event": "accepted",
            "id": f"event-{len(self.events)}",
            "timestamp": self.now(),
            "recipient": address,
            "tags": form.get("o:tag", []),
            "user-variables": about,
        }
        self.events.append(event)
        self._events_of[address].append(event)

    def _events(self, received: Received) -> Step:
        """A page of what happened; the last one is empty and names a next one all the same."""
        if self.events_are_hidden:
            return reply(404, {"message": "not found"})
        split, events = urlsplit(received.path), f"/v3/{self.domain}/events"
        if not split.path.startswith(events):
            return reply(404, {"message": f"Domain not found: {received.path}"})
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        page, limit = 0, min(self.page_rows, int(query.get("limit", "300")))
        if split.path == events:
            self._found = [each for each in self._candidates(query) if _matches(each, query)]
        else:
            page = int(split.path.rpartition("/")[2])
        items = self._found[page : page + limit]
        address = f"https://api.mailgun.net{events}/{page + limit}"
        return reply(200, {"items": items, "paging": {"next": address, "previous": address}})

    def _candidates(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if "recipient" not in query:
            return self.events
        return [e for one in query["recipient"].split(" OR ") for e in self._events_of[one]]


def _matches(event: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    return (
        float(query["begin"]) <= event["timestamp"] <= float(query["end"])
        and query.get("event", event["event"]) == event["event"]
        and ("tags" not in query or query["tags"] in event["tags"])
    )


def parse_form(received: Received) -> dict[str, list[str]]:
    """The fields of a multipart form, in the order in which they came."""
    form: dict[str, list[str]] = {}

    def keep(part: Any) -> None:
        form.setdefault(part.field_name.decode(), []).append((part.value or b"").decode())

    headers = {name.title(): value.encode() for name, value in received.headers.items()}
    python_multipart.parse_form(headers, io.BytesIO(received.body), keep, None)
    return form


def _addresses(form: Mapping[str, list[str]]) -> list[str]:
    return [address for _, address in getaddresses(form.get("to", []))]


def _fault(form: Mapping[str, list[str]]) -> str:
    addresses = _addresses(form)
    if not addresses or not all(re.fullmatch(r"[^@\s]+@[^@\s]+", each) for each in addresses):
        return "'to' parameter is not a valid address. please check documentation"
    if "from" not in form or "@" not in form["from"][0]:
        return "'from' parameter is not a valid address. please check documentation"
    if len(addresses) > 1000:
        return "'to' parameter has too many recipients"
    if "text" not in form and "html" not in form:
        return "Need at least one of 'text' or 'html' parameters specified"
    return ""


def _merged(form: Mapping[str, list[str]], shown: str, variables: Mapping[str, str]) -> Delivered:
    def fill(template: str) -> str:
        return re.sub(r"%recipient\.([\w:-]+)%", lambda m: variables.get(m[1], m[0]), template)

    headers = [("From", form["from"][0]), ("To", shown), ("Subject", fill(form["subject"][0]))]
    for name, values in form.items():
        if name.startswith("h:"):
            headers += [(name[2:], fill(value)) for value in values]
    return Delivered(
        to=shown,
        headers=tuple(headers),
        text=fill(form.get("text", [""])[0]),
        html=fill(form.get("html", [""])[0]),
    )
