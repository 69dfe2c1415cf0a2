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

_RESERVED_DESCRIPTORS = 400
"""File descriptors left for the database (three a connection), provider calls and files."""
_MIN_OPEN, _MAX_OPEN = 8, 1_000
MAX_HEAD_BYTES = 32 << 10
"""Largest request line with header fields."""


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """The number of connections, and time limits in seconds."""

    connections: int
    head: float = 10
    """From the connection, or the first byte of a later request, to the end of the header."""
    body: float = 30
    """From the end of the header to the end of the body."""
    answer: float = 120
    """From the end of the body until the client has read the whole response."""
    idle: float = 5
    """From a response to the first byte of the next request."""
    end: float = 5
    """From the shutdown to the last byte of the open responses."""

    @property
    def backlog(self) -> int:
        """Return how many connections asyncio accepts in one go, before it counts them."""
        return max(1, min(64, self.connections // 8))


def default_limits() -> ConnectionLimits:
    """Return the limits for this process's file descriptors, of which half stay free."""
    # -1 is unlimited
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_files = soft_limit if soft_limit > 0 else _MAX_OPEN + _RESERVED_DESCRIPTORS
    return ConnectionLimits(connections=connections_for(open_files))


def connections_for(open_files: int) -> int:
    """Return how many connections to accept if the process may open so many files."""
    return max(_MIN_OPEN, min(_MAX_OPEN, open_files - min(_RESERVED_DESCRIPTORS, open_files // 2)))


_UNREAD = "the rest of an answer to be read"
_SLICE_BYTES, _BODY_SLICE_BYTES = 1 << 10, 64 << 10
"""Bytes to parse in one turn of the event loop: 1 KB of tiny chunks takes some 5 ms."""
_MAX_HEAD_LINES = 700
_LINGER_SECONDS = 2.0


class _Wire:
    """A transport that reads only while all input is parsed, and closes without a reset."""

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        is_parsed: Callable[[], bool],
        is_received: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self.is_parsed = is_parsed
        self.is_received = is_received
        self._is_closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def resume_reading(self) -> None:
        if self.is_parsed():
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._is_closing or self._transport.is_closing()

    def close(self) -> None:
        """Close the connection; slowly if the client is still sending its request."""
        if self.is_received():
            self._transport.close()
        else:
            self.close_slowly()

    def close_slowly(self) -> None:
        """Close a connection whose client is still sending, after it read the response.

        Closing at once would reset the connection, and the response would be lost.
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
    """A connection with a time limit on every wait for the client.

    Input is parsed in slices, one in each turn of the loop, so that other connections have their
    turns.
    """

    def __init__(self, *args: Any, bounds: ConnectionLimits, **named: Any) -> None:
        super().__init__(*args, **named)
        self._bounds = bounds
        self._unparsed = bytearray()
        self._is_parsing = False
        self._head_lines = 0
        self._waits_for = ""
        self._timer: asyncio.TimerHandle | None = None
        self.since = 0.0
        """Start of the current wait, in the event loop's time."""

    @property
    def is_waiting(self) -> bool:
        return self._waits_for in {"", "head", "body", _UNREAD}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection. At the limit, close the longest waiting one, or refuse this."""
        # before this one is among them: it must not be asked to make room for itself
        is_full = len(self.connections) >= self._bounds.connections
        evicted = self._longest_waiting() if is_full else None
        self._wire = _Wire(
            transport,
            self.loop,
            self._parse_on,
            lambda: not getattr(self.cycle, "more_body", False),
        )
        super().connection_made(cast("asyncio.Transport", self._wire))
        if evicted is not None:
            evicted.transport.abort()
            self.connections.discard(evicted)
        elif is_full:
            self._refuse(503)
            return
        self._limit_wait("head")

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
        if not self._request_phase:
            self._head_lines += data.partition(b"\r\n\r\n")[0].count(b"\n")
        if self._head_lines > _MAX_HEAD_LINES:
            self._refuse(431)
            return
        super().data_received(data)
        if not self.transport.is_closing():
            unread = self._waits_for == _UNREAD and self.transport.get_write_buffer_size()
            self._limit_wait(self._request_phase or (_UNREAD if unread else "head"))

    def _parse_on(self) -> bool:
        """Schedule the rest for the next turn of the loop. Return whether all input is parsed."""
        if self._unparsed and not self._is_parsing:
            self._is_parsing = True
            self.loop.call_soon(self._parse)
        return not self._unparsed

    @property
    def _slice_bytes(self) -> int:
        # a body with a length is one piece, however long
        is_whole = self._request_phase == "body" and any(
            name == b"content-length" for name, _ in self.headers
        )
        return _BODY_SLICE_BYTES if is_whole else _SLICE_BYTES

    def send_400_response(self, msg: str) -> None:
        """Refuse an invalid request. uvicorn calls this for every parse error."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.transport.abort()  # amid an answer nothing else can be said
        else:
            head_bytes = len(self.conn.trailing_data[0])
            self._refuse(431 if head_bytes > MAX_HEAD_BYTES else 400)

    def on_response_complete(self) -> None:
        """Begin the next request, or wait for one as long as idle connections may.

        An answer is complete once it is written here. While the other side does not read, the time
        limit of the answer keeps running.
        """
        self._head_lines = 0
        if self.cycle.more_body:  # the rest is not read: it may be megabytes
            self._limit_wait("")
            self._wire.close_slowly()
        elif self.transport.get_write_buffer_size():
            self._waits_for = _UNREAD
        else:
            self._limit_wait("")
        super().on_response_complete()
        if not self.transport.is_closing() and (phase := self._request_phase):
            self._limit_wait(phase)

    @property
    def _request_phase(self) -> str:
        """Return what the open request waits for: ``body``, ``answer``, or "" if none is open."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            return ""
        return "body" if cycle.more_body else "answer"

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer, and release the body of a closed connection."""
        self._limit_wait("")
        super().connection_lost(exc)
        # else the two hold each other, and a body with them
        self._wire.is_parsed = self._wire.is_received = bool

    def _limit_wait(self, condition: str) -> None:
        """Limit the time for waiting for a condition; "" ends the limit."""
        if condition and condition == self._waits_for:
            return  # its time goes on
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waits_for, self.since = condition, self.loop.time()
        if condition:
            self._timer = self.loop.call_later(getattr(self._bounds, condition), self._time_out)

    def _time_out(self) -> None:
        if self._waits_for in {"head", "body"} and not self.transport.get_write_buffer_size():
            self._refuse(408)
        else:
            self.transport.abort()  # what was written is not read

    def _refuse(self, status: int) -> None:
        self._limit_wait("")
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        self.transport.write(f"{head}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self._wire.close_slowly()


_LISTEN_BACKLOG = 1_024
_SWITCH_SECONDS = 0.001
"""The interpreter's thread switch interval. At the default of 5 ms a health check waits for
several such intervals while a template is compiled."""


class WebServer:
    """Serves in a thread within a ``with`` block. Raises NewsletterError if the port is taken.

    ``listening`` stays open at the end, so that requests wait for the next server.
    """

    def __init__(
        self,
        services: Services,
        *,
        host: str,
        port: int,
        limits: ConnectionLimits | None = None,
        listening: socket.socket | None = None,
        make: Callable[[Services], ASGIApp] = make,
    ) -> None:
        services.tick.prepare()  # the threads share what is built
        self._socket = listening.dup() if listening else listen_on(host, port)
        self._server = build_server(make(services), limits or default_limits())
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web")

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def __enter__(self) -> "WebServer":
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.freeze()  # a full collection would pass over all modules, and halt every thread for that
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        gc.unfreeze()
        self._thread.join(timeout=30)
        self._socket.close()

    def stop(self) -> None:
        """Shut down after the open requests are answered."""
        self._server.should_exit = True

    def wait(self, *, is_done: Callable[[], bool]) -> bool:
        """Wait until the server ends or ``is_done`` is true. Return whether ``is_done`` is true."""
        while self._thread.is_alive():
            if is_done():
                return True
            self._thread.join(timeout=0.5)
        return False


class _Server(uvicorn.Server):
    """Accepts few connections at a time. Many may wait in the backlog, without a descriptor."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. asyncio uses one number for both limits, so the backlog is set again."""
        await super().startup(sockets)
        for bound in sockets or []:
            bound.listen(_LISTEN_BACKLOG)


def _answer_503_at_shutdown(application: ASGIApp) -> ASGIApp:
    """Wrap an application: a request that the shutdown interrupts is answered by 503."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except asyncio.CancelledError:
            with suppress(RuntimeError):  # where an answer has begun there is no other
                headers = {"Connection": "close", "Retry-After": "10"}
                await Response(status_code=503, headers=headers)(scope, receive, send)

    return answer


def build_server(application: ASGIApp, limits: ConnectionLimits) -> _Server:
    return _Server(
        uvicorn.Config(
            _answer_503_at_shutdown(application),
            http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, bounds=limits)),
            ws="none",
            timeout_keep_alive=cast("int", limits.idle),
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            # asyncio accepts as many in one go, and then again before it makes their protocols
            backlog=limits.backlog,
            timeout_graceful_shutdown=cast("int", limits.end),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )


_PORT_ERRORS = {errno.EADDRINUSE, errno.EACCES}


def listen_on(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises NewsletterError that names the option to change."""
    if not host:  # to the system it means all networks
        raise NewsletterError("--host is empty; write 127.0.0.1, or 0.0.0.0 for every network")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends each packet at once (TCP_NODELAY) only where the protocol is named
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # else the port stays taken for a minute after a restart (TIME_WAIT)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # who comes before the server is ready waits instead of being refused
    except OSError as error:
        listener.close()
        advice = "another with --port"
        if error.errno not in _PORT_ERRORS:
            advice = "an address of this machine with --host, like 127.0.0.1"
        where = f"{host}, port {port}" if ":" in host else f"{host}:{port}"
        raise NewsletterError(
            f"cannot listen on {where}: {error.strerror}; choose {advice}"
        ) from error
    return listener
