"""The HTTP client for providers and feeds, which makes each call exactly once.

A call fails before its first byte and was *not sent*, gets a complete response, or is *unknown*. A
connection is used again only if nothing but complete responses came over it. Redirects are not
followed; proxies, cookies and passwords of the environment are not used.

``http.client`` skips only the interim status 100. It returns a 102 or 103 as the response, and the
final response as that of the next request. It also discards bytes after the end of a response.
"""

import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any

import certifi

from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.errors import ClaimOver, Defect, NewsletterError, ProviderUnreachable
from newsletter.domain.wording import say
from newsletter.transport import http

_SWITCHING_PROTOCOLS = 101
_STATUSES_WITHOUT_BODY = {204, 304}
_MAX_HEAD_BYTES = 262_144
"""The limit for the heads of a response and of all interim ones before it."""


class _LimitedReader(io.RawIOBase):
    """Reads at most ``limit`` bytes from a socket, and none after ``stop``.

    Each read may take ``seconds_left()``, as a socket's own timeout starts again with each byte.
    """

    def __init__(self, sock: socket.socket, limit: int, seconds_left: Callable[[], float]) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._bytes_left = limit
        self._seconds_left = seconds_left
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._stopped:
            return None
        self._sock.settimeout(self._seconds_left())
        count = self._raw.readinto(buffer)
        self._bytes_left -= count or 0
        if self._bytes_left < 0:
            raise HTTPException("the answer is too long")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class FinalAnswer(HTTPResponse):
    """The final response on a connection, after any interim ones.

    Raises HTTPException for status 101, and for a head or a body that is too long.
    """

    surplus = b""
    """Bytes received after the end of the response. They belong to no request."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        method: str,
        body_bytes: int,
        seconds_left: Callable[[], float],
    ) -> None:
        """``seconds_left`` returns the time until the deadline, or raises TimeoutError after it."""
        super().__init__(sock, method=method)
        self.fp.close()
        # twice, because the frames of small chunks may be as long as their content
        self._bytes = _LimitedReader(sock, 2 * body_bytes + _MAX_HEAD_BYTES, seconds_left)
        self.fp = io.BufferedReader(self._bytes)

    def begin(self) -> None:
        super().begin()
        while self.status < 200:
            if self.status == _SWITCHING_PROTOCOLS:
                raise BadStatusLine("101: another protocol, which was not requested")
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        # if the end of the answer is ambiguous, the connection is not used again
        self.will_close = self.will_close or not self._is_framed()

    def _is_framed(self) -> bool:
        """Return whether the head states the end of the body in exactly one way."""
        lengths = self.headers.get_all("content-length") or []
        codings = self.headers.get_all("transfer-encoding") or []
        if codings:
            return not lengths and [each.lower() for each in codings] == ["chunked"]
        if self.status in _STATUSES_WITHOUT_BODY:
            return True
        return len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit()

    def _close_conn(self) -> None:
        self._bytes.stop()
        if not self.fp.closed:
            self.surplus = self.fp.peek(1)
        super()._close_conn()  # type: ignore[misc]


def is_readable(sock: socket.socket) -> bool:
    """Return whether bytes wait on a socket, or the server has closed it."""
    if getattr(sock, "pending", int)():  # decrypted already
        return True
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


MAX_ANSWER_BYTES = 1_048_576
_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host and port. May raise any exception."""


def resolve(host: str, port: int) -> list[str]:
    """Resolve a host with the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _now() -> float:
    """Return the seconds of a monotonic clock that also runs while the machine sleeps."""
    return time.clock_gettime(_RUNS_IN_SLEEP)


class Call:
    """A call under way: its deadline, and whether a byte has left.

    The first byte leaves only if the claim lasts until the deadline.
    """

    def __init__(self, seconds: float, not_after: NotAfter | None = None) -> None:
        self.ends_at = _now() + seconds
        self.has_begun = False
        self.is_late = False
        """Whether the call was not begun because its claim ends before the deadline."""
        self._not_after = not_after

    @property
    def is_over(self) -> bool:
        return _now() >= self.ends_at

    def seconds_left(self) -> float:
        """Return the seconds until the deadline. Raises TimeoutError after it."""
        left = self.ends_at - _now()
        if left <= 0:
            raise TimeoutError("its time is over")
        return left

    def check_claim(self) -> None:
        """Raise TimeoutError after the deadline, or if the claim ends before it."""
        left = self.seconds_left()
        if self._not_after is not None and self._not_after.left().total_seconds() < left:
            self.is_late = True
            raise TimeoutError("the claim is over")

    def begin(self) -> None:
        """Record that bytes are sent from now on. Raises TimeoutError when time is up."""
        self.check_claim()
        self.has_begun = True


class Connection:
    """A connection to one origin. One call uses it at a time."""

    def __init__(self, origin: http.Origin, resolve: Resolve, tls: ssl.SSLContext | None) -> None:
        self.origin = origin
        self._resolve = resolve
        self._tls = tls
        self._sock: socket.socket | None = None
        self._answer: FinalAnswer | None = None
        """The last response; None before the first request."""

    @property
    def is_clean(self) -> bool:
        """Return whether nothing but complete responses came over the connection."""
        if self._sock is None or self._answer is None:
            # over TLS 1.3 session tickets come after the handshake
            return self._sock is None or self.origin.is_secure or not is_readable(self._sock)
        return not (self._answer.will_close or self._answer.surplus or is_readable(self._sock))

    def connect(self, call: Call) -> None:
        """Connect in a thread that is abandoned after the deadline. Raises TimeoutError.

        Nothing can interrupt the system's resolver. The abandoned thread sends no request, because
        the caller sends it.
        """
        failed = list[BaseException]()
        abandoned = threading.Event()

        def attempt() -> None:
            try:
                self._sock = self.open(call.ends_at)
            except BaseException as error:  # raised again in the caller's thread
                failed.append(error)
            # the connection comes too late
            if abandoned.is_set():
                self.close()

        thread = threading.Thread(target=attempt, name="connect", daemon=True)
        thread.start()
        thread.join(max(call.ends_at - _now(), 0))
        if thread.is_alive() or call.is_over:
            abandoned.set()
            raise TimeoutError("connecting took too long")
        if failed:
            raise failed.pop()

    def open(self, ends_at: float) -> socket.socket:
        """Return a socket to the first IP address that answers. Each gets an equal time."""
        addresses = self._resolve(self.origin.host, self.origin.port)
        for number, address in enumerate(addresses, start=1):
            left = (ends_at - _now()) / (len(addresses) - number + 1)
            try:
                sock = socket.create_connection((address, self.origin.port), max(left, 0.01))
                break
            except OSError:
                if number == len(addresses):
                    raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(ends_at - _now(), 0.01))
        if self._tls is None:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=self.origin.host)
        except BaseException:
            sock.close()
            raise

    def exchange(self, data: bytes, method: str, call: Call, body_bytes: int) -> FinalAnswer:
        """Send a request, over a new socket if necessary. Return the response after its head."""
        if self._sock is None:
            self.connect(call)
        sock = self._sock
        if sock is None or not self.is_clean:
            raise ConnectionError("something came before anything was asked")
        call.begin()
        # a server may refuse the rest of a long body and answer
        with suppress(BrokenPipeError):
            left = memoryview(data)
            while left:
                sock.settimeout(call.seconds_left())
                left = left[sock.send(left) :]
        self._answer = self.read(sock, method, call, body_bytes)
        self._answer.begin()
        return self._answer

    def read(self, sock: socket.socket, method: str, call: Call, body_bytes: int) -> FinalAnswer:
        """Return the response on a socket, of which nothing is read yet."""
        return FinalAnswer(
            sock, method=method, body_bytes=body_bytes, seconds_left=call.seconds_left
        )

    def close(self) -> None:
        """Close the socket, and the response, which keeps it open."""
        if self._answer is not None:
            self._answer.close()
        if self._sock is not None:
            self._sock.close()

    def __del__(self) -> None:
        self.close()  # if the transport was not closed


class AnswerTooLong(HTTPException):
    """The response is longer than the caller allows."""


class Transport:
    """An HTTP client for any number of threads, which sends each request once.

    ``timeout`` limits the whole call, from resolving the host to the last byte of the response.
    ``concurrency`` is the maximum of idle connections. ``clock`` dates responses. ``resolve``
    returns the IP addresses of a host, or raises an error to refuse it.
    """

    connection_class = Connection

    def __init__(
        self,
        *,
        timeout: timedelta,
        concurrency: int = 4,
        clock: Clock | None = None,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._seconds = timeout.total_seconds()
        self._clock = clock
        self._max_idle = concurrency
        self._resolve = resolve
        self._tls = tls
        self._answer_bytes = answer_bytes
        self._idle: list[Connection] = []
        """The idle connections; the last used one is at the end."""
        self._lock = threading.Lock()

    def call(
        self, request: http.HttpRequest, not_after: NotAfter | None = None
    ) -> http.HttpResponse:
        """Make the call once. Return the complete response, of any status.

        Raises ProviderUnreachable if no byte has left, AnswerLost if one may have left, ClaimOver
        if the claim would end before the deadline, and InvalidConfiguration for an invalid request.
        """
        data = http.request_bytes(request)
        call = Call(self._seconds, not_after)
        try:
            call.check_claim()
            answer = self._send(request, data, call)
        except Exception as error:
            raise self._translate(error, call, http.origin_of(request.url).host) from error
        return replace(answer, at=self._clock.now()) if self._clock else answer

    def close(self) -> None:
        with self._lock:
            connections, self._idle = self._idle, []
        for connection in connections:
            connection.close()

    def _send(self, request: http.HttpRequest, data: bytes, call: Call) -> http.HttpResponse:
        connection = self._take_connection(http.origin_of(request.url))
        try:
            # one byte more than allowed shows an answer that is too long
            with connection.exchange(data, request.method, call, self._answer_bytes + 1) as answer:
                body = answer.read(self._answer_bytes + 1)
            response = self._make_response(answer, body)
            call.seconds_left()  # raises if the machine slept: another process may have the claim
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if connection.is_clean and len(self._idle) < self._max_idle:
                self._idle.append(connection)
                return response
        connection.close()
        return response

    def _take_connection(self, origin: http.Origin) -> Connection:
        """Return a clean idle connection to the origin, or a new one."""
        while True:
            with self._lock:
                usable = [each for each in self._idle if each.origin == origin]
                if not usable:
                    break
                self._idle.remove(usable[-1])
            if usable[-1].is_clean:
                return usable[-1]
            usable[-1].close()
        tls = (self._tls or _tls_context()) if origin.is_secure else None
        return self.connection_class(origin, self._resolve, tls)

    def _make_response(self, answer: FinalAnswer, body: bytes) -> http.HttpResponse:
        """Return the response. Raises AnswerTooLong, and ValueError for an incomplete one."""
        if len(body) > self._answer_bytes:
            raise AnswerTooLong(f"the answer is longer than {self._answer_bytes} bytes")
        headers = dict[str, str]()
        for name, value in answer.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        response = http.HttpResponse(status=answer.status, headers=headers, body=body)
        fault = _why_incomplete(response)
        # of several answers it is unclear which one is to this request
        if not fault and answer.surplus.strip():
            fault = "more came than one answer"
        if fault:
            raise ValueError(fault)
        return response

    def _translate(self, error: Exception, call: Call, host: str) -> Exception:
        if call.is_late:
            late = "The claim would end during the call. Nothing was sent; it is claimed again."
            return ClaimOver(say(late))
        if call.is_over:
            why: str = say("not within {seconds:g} s", seconds=self._seconds)
        else:
            why = http.shorten(
                getattr(error, "strerror", None) or str(error) or type(error).__name__
            )
        if call.has_begun:
            lost = "No full answer came from {host} ({why}). It may have taken it all."
            return http.AnswerLost(say(lost, host=host, why=why))
        if isinstance(error, Defect) or not isinstance(error, OSError | NewsletterError):
            return Defect(f"The call to {host} could not be made ({why}); please report it.")
        unreachable = "{host} cannot be reached ({why}). Nothing was sent; trying again is safe."
        return ProviderUnreachable(say(unreachable, host=host, why=why))


def call_once(
    request: http.HttpRequest, *, timeout: timedelta, **options: Any
) -> http.HttpResponse:
    """Make one call on a new connection, with the options and errors of ``Transport``."""
    with closing(Transport(timeout=timeout, concurrency=1, **options)) as transport:
        return transport.call(request)


def _why_incomplete(response: http.HttpResponse) -> str:
    """Return why the response may be incomplete, or "". ``http.client`` does not check it."""
    body, length = response.body, response.headers.get("content-length")
    # 204 and 304 have no body; a chunked body marks its end
    if response.status in {204, 304}:
        return ""
    if coding := response.headers.get("transfer-encoding"):
        return "" if coding.lower() == "chunked" else f"it is coded as {http.shorten(coding)}"
    if length is None:
        # the body of a redirect does not matter
        is_complete = body or 300 <= response.status < 400
        return "" if is_complete else "the answer has neither a length nor a body"
    return "" if length == str(len(body)) else f"{len(body)} of {http.shorten(length)} bytes came"


@cache
def _tls_context() -> ssl.SSLContext:
    """Return a TLS context that trusts the system's and Mozilla's certificates."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
