"""The web server, in a thread of its own next to the scheduler, and the limits of its connections.

uvicorn only ends connections that are idle between two requests. Here the head, the body and the
answer each have a time limit, however slowly bytes arrive. The number of connections leaves enough
descriptors to the database and to calls to providers. If all are taken, the connection that has
made us wait longest is closed: a page is answered in milliseconds, so it is slow or hostile.
"""

import asyncio
import errno
import gc
import resource
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from newsletter.domain.errors import NewsletterError
from newsletter.runtime.services import Services
from newsletter.web.pages import make

_KEPT_BACK = 400
"""Descriptors for the database (three a connection), calls and files."""
_MIN_OPEN, _MAX_OPEN = 8, 1_000
LONGEST_HEAD = 32 << 10
"""Bytes of a request's line and header fields."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Seconds, and a number of connections."""

    connections: int
    head: float = 10
    """From a connection's beginning, or a request's first byte, to the end of its header fields."""
    body: float = 30
    """From there to the end of the body."""
    answer: float = 120
    """From there to the last byte of the answer: also for those who do not read it."""
    idle: float = 5
    """From an answer to the next request."""
    end: float = 5
    """From the end of the server to the last byte of its open requests."""

    @property
    def backlog(self) -> int:
        """Connections that are accepted at once, before any of them is counted."""
        return max(1, min(64, self.connections // 8))


def bounds() -> Bounds:
    """Return the limits of this process: at least half of its descriptors stay free."""
    # -1 is unlimited
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_files = soft if soft > 0 else _MAX_OPEN + _KEPT_BACK
    return Bounds(connections=connections_for(open_files))


def connections_for(open_files: int) -> int:
    """Return how many connections leave enough descriptors to the rest of the process."""
    return max(_MIN_OPEN, min(_MAX_OPEN, open_files - min(_KEPT_BACK, open_files // 2)))


_UNREAD = "the rest of an answer to be read"
_SLICE_BYTES, _BODY_SLICE_BYTES = 1 << 10, 64 << 10
"""Bytes that are parsed in one turn of the loop: 1 KB of tiny chunks takes some 5 ms."""
_MAX_HEAD_LINES = 700
_LINGER_SECONDS = 2.0


class _Wire:
    """The transport of a connection: reads no more than is parsed, and closes without a reset."""

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        is_parsed: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self.is_parsed = is_parsed
        self._is_closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def resume_reading(self) -> None:
        if self.is_parsed():
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._is_closing or self._transport.is_closing()

    def close_slowly(self) -> None:
        """Close while the other side is still sending, which goes on until it has our answer.

        To close at once would make the system reset the connection and the answer be lost.
        """
        if self.is_closing():
            return
        self._is_closing = True
        if not self._transport.get_write_buffer_size():
            try:
                self._transport.write_eof()
            except OSError:  # the other side is gone already
                self._transport.abort()
                return
        self._transport.resume_reading()
        self._loop.call_later(_LINGER_SECONDS, self._transport.abort)


class BoundedProtocol(H11Protocol):
    """One connection with a limit on every wait for the other side.

    Input is parsed in slices, one in each turn of the loop, so that other connections have their
    turns.
    """

    def __init__(self, *args: Any, bounds: Bounds, **named: Any) -> None:
        super().__init__(*args, **named)
        self._bounds = bounds
        self._unparsed = bytearray()
        self._is_parsing = False
        self._head_lines = 0
        self._waits_for = ""
        self._timer: asyncio.TimerHandle | None = None
        self.since = 0.0
        """The beginning of the current wait."""

    @property
    def is_waiting(self) -> bool:
        """Return whether the other side must send something first."""
        return self._waits_for in {"", "head", "body", _UNREAD}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or refuse it if none can be closed for it."""
        # before this one is among them: it must not be asked to make room for itself
        full = len(self.connections) >= self._bounds.connections
        room = self._longest_waiting() if full else None
        self._wire = _Wire(transport, self.loop, self._parse_on)
        super().connection_made(cast("asyncio.Transport", self._wire))
        if room is not None:
            room.transport.abort()
            self.connections.discard(room)
        elif full:
            self._refuse(503)
            return
        self._wait_for("head")

    def _longest_waiting(self) -> "BoundedProtocol | None":
        waiting = [
            connection
            for connection in self.connections
            if isinstance(connection, BoundedProtocol) and connection.is_waiting
        ]
        return min(waiting, key=lambda connection: connection.since, default=None)

    def data_received(self, data: bytes) -> None:
        """Receive data. The deadline does not move, however many bytes arrive."""
        self._unparsed += data
        if not self._is_parsing:
            self._parse()

    def _parse(self) -> None:
        self._is_parsing = False
        if self.transport.is_closing():
            self._unparsed.clear()  # an answer is on its way, and the rest of the request is moot
        elif not self.flow.read_paused:
            size = self._slice_bytes
            data = bytes(self._unparsed[:size])
            del self._unparsed[:size]
            self._parse_slice(data)
            if self._parse_on():
                self._wire.resume_reading()
            else:
                self._wire.pause_reading()

    def _parse_slice(self, data: bytes) -> None:
        # thousands of tiny header fields would be parsed at once
        if not self._wanted:
            self._head_lines += data.partition(b"\r\n\r\n")[0].count(b"\n")
        if self._head_lines > _MAX_HEAD_LINES:
            self._refuse(431)
            return
        super().data_received(data)
        if not self.transport.is_closing():
            # bytes while nothing is asked are the beginning of the next head
            self._wait_for(self._wanted or "head")

    def _parse_on(self) -> bool:
        """Parse the rest in the next turn of the loop; returns whether there is no rest."""
        if self._unparsed and not self._is_parsing:
            self._is_parsing = True
            self.loop.call_soon(self._parse)
        return not self._unparsed

    @property
    def _slice_bytes(self) -> int:
        # a body with a length is one piece, however long
        whole = self._wanted == "body" and any(
            name == b"content-length" for name, _ in self.headers
        )
        return _BODY_SLICE_BYTES if whole else _SLICE_BYTES

    def send_400_response(self, msg: str) -> None:
        """Refuse an invalid request: uvicorn has one answer for all of them."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.transport.abort()  # amid an answer nothing else can be said
        else:
            head_bytes = len(self.conn.trailing_data[0])
            self._refuse(431 if head_bytes > LONGEST_HEAD else 400)

    def on_response_complete(self) -> None:
        """Begin the next request, or wait for one as long as idle connections may.

        An answer is complete once it is written here. While the other side does not read, the time
        limit of the answer keeps running.
        """
        self._head_lines = 0
        if self.cycle.more_body:  # the rest is not read: it may be megabytes
            self._wait_for("")
            self._wire.close_slowly()
        elif self.transport.get_write_buffer_size():
            self._waits_for = _UNREAD
        else:
            self._wait_for("")
        super().on_response_complete()
        if not self.transport.is_closing() and (wanted := self._wanted):
            self._wait_for(wanted)

    @property
    def _wanted(self) -> str:
        """Return the part that the current request still lacks; empty if there is none."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            return ""
        return "body" if cycle.more_body else "answer"

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up after either side closed the connection."""
        self._wait_for("")
        super().connection_lost(exc)
        self._wire.is_parsed = bool  # else the two hold each other, and a body with them

    def _wait_for(self, what: str) -> None:
        if what and what == self._waits_for:
            return  # its time goes on
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waits_for, self.since = what, self.loop.time()
        if what:
            self._timer = self.loop.call_later(getattr(self._bounds, what), self._too_late)

    def _too_late(self) -> None:
        if self._waits_for in {"head", "body"} and not self.transport.get_write_buffer_size():
            self._refuse(408)
        else:
            self.transport.abort()  # what was written is not read

    def _refuse(self, status: int) -> None:
        self._wait_for("")
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        self.transport.write(f"{head}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self._wire.close_slowly()


_MAY_WAIT = 1_024
_TURN_SECONDS = 0.001
"""Until a thread that computes lets others work: with the default, five times as long, a health
check waits for several such turns while a template is compiled."""


class WebServer:
    """Serves for the length of a block. Raises NewsletterError where the port is taken.

    ``listening`` stays open at the end: requests then wait for the next server.
    """

    def __init__(
        self,
        services: Services,
        *,
        host: str,
        port: int,
        limits: Bounds | None = None,
        listening: socket.socket | None = None,
        make: Callable[[Services], ASGIApp] = make,
    ) -> None:
        services.tick.prepare()  # the threads share what is built
        self._socket = listening.dup() if listening else listen_on(host, port)
        self._server = serving(make(services), limits or bounds())
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web")

    @property
    def address(self) -> str:
        """The address on which it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def __enter__(self) -> "WebServer":
        sys.setswitchinterval(_TURN_SECONDS)
        gc.freeze()  # a full collection would pass over all modules, and halt every thread for that
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        gc.unfreeze()
        self._thread.join(timeout=30)
        self._socket.close()

    def stop(self) -> None:
        """Answer the open requests, then end."""
        self._server.should_exit = True

    def wait(self, *, until: Callable[[], bool]) -> bool:
        """Wait until it ends, or until the condition holds; return whether that holds."""
        while self._thread.is_alive():
            if until():
                return True
            self._thread.join(timeout=0.5)
        return False


class _Server(uvicorn.Server):
    """Accepts a few connections in one go, and lets many wait for it, which takes no descriptor."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen. One figure means both to asyncio, so the second is said again."""
        await super().startup(sockets)
        for bound in sockets or []:
            bound.listen(_MAY_WAIT)


def _ending(application: ASGIApp) -> ASGIApp:
    """Have a request that the end of the server cuts off answered by 503."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except asyncio.CancelledError:
            with suppress(RuntimeError):  # where an answer has begun there is no other
                again = {"Connection": "close", "Retry-After": "10"}
                await Response(status_code=503, headers=again)(scope, receive, send)

    return answer


def serving(application: ASGIApp, bounds: Bounds) -> _Server:
    """Return an HTTP server for an application, with limits on its connections."""
    return _Server(
        uvicorn.Config(
            _ending(application),
            http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, bounds=bounds)),
            ws="none",
            timeout_keep_alive=cast("int", bounds.idle),
            h11_max_incomplete_event_size=LONGEST_HEAD,
            # asyncio accepts as many in one go, and then again before it makes their protocols
            backlog=bounds.backlog,
            timeout_graceful_shutdown=cast("int", bounds.end),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )


_BY_PORT = {errno.EADDRINUSE, errno.EACCES}


def listen_on(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises NewsletterError, saying which option to change."""
    if not host:  # to the system it means all networks
        raise NewsletterError("--host is empty; write 127.0.0.1, or 0.0.0.0 for every network")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends each packet at once (TCP_NODELAY) only where the protocol is named
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # else the port stays taken for a minute after a restart (TIME_WAIT)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # who comes before the server is ready waits instead of being refused
    except OSError as error:
        bound.close()
        advice = "another with --port"
        if error.errno not in _BY_PORT:
            advice = "an address of this machine with --host, like 127.0.0.1"
        where = f"{host}, port {port}" if ":" in host else f"{host}:{port}"
        raise NewsletterError(
            f"cannot listen on {where}: {error.strerror}; choose {advice}"
        ) from error
    return bound
