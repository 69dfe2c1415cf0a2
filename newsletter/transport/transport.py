"""One HTTP call, made once: the transport of providers and feeds.

A failure before the first byte is *not sent*, a complete answer is *answered*, the rest is
*unknown*. A connection is used again only if everything that came over it was the complete answer.
No redirect is followed, and no proxy, cookie or password of the environment is used.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from http.client import HTTPException
from typing import Any

import certifi

from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.errors import ClaimOver, Defect, NewsletterError, ProviderUnreachable
from newsletter.transport import http
from newsletter.transport.answers import FinalAnswer, has_spoken

LONGEST_ANSWER = 1_048_576
_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BACKSTOP_SECONDS = 5
"""A socket's own time-out is longer by this: the deadline comes first."""

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host for a port. It may raise anything."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _now() -> float:
    """Return the seconds of a monotonic clock that also runs during sleep."""
    return time.clock_gettime(_RUNS_IN_SLEEP)


class Call:
    """One call under way: when it must be over, and whether a byte has left.

    Its first byte leaves only while the claim behind it lasts until the call must be over.
    """

    def __init__(self, seconds: float, not_after: NotAfter | None = None) -> None:
        self.ends_at = _now() + seconds
        self.began = False
        self.expired = False
        self.late = False
        """The claim was over first, so that no byte has left and none will."""
        self._not_after = not_after
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Return whether its time is over, whether or not it was cut off yet."""
        return self.expired or _now() >= self.ends_at

    def begin(self, sock: socket.socket) -> None:
        """Name the socket that bytes are about to leave by. Raises TimeoutError if too late."""
        with self._lock:
            if self.is_over:
                raise TimeoutError("its time is over")
            self.check_claim()
            self._socket, self.began = sock, True

    def end(self) -> None:
        """Release the socket. Raises TimeoutError if the deadline cut the call off."""
        with self._lock:
            self._socket = None
            if self.expired:  # then what looks like its end may be where it was cut off
                raise TimeoutError("its time was over")

    def check_claim(self) -> None:
        """Raise TimeoutError if the claim ends before the call would."""
        if self._not_after is None:
            return
        if self._not_after.left().total_seconds() < self.ends_at - _now():
            self.late = True
            raise TimeoutError("the claim is over")

    def expire(self) -> None:
        """End all waiting. The TLS layer is left alone: another thread is inside it."""
        with self._lock:
            self.expired = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Connection:
    """A connection to one origin. It belongs to one call at a time."""

    def __init__(self, origin: http.Origin, resolve: Resolve, tls: ssl.SSLContext | None) -> None:
        self.origin = origin
        self._resolve = resolve
        self._tls = tls
        self._sock: socket.socket | None = None
        self._answer: FinalAnswer | None = None
        """The last answer; None before the first request."""

    @property
    def is_clean(self) -> bool:
        """Return whether only complete answers to our requests came over it."""
        if self._sock is None or self._answer is None:
            # TLS 1.3 sends its tickets when the handshake is over
            return self._sock is None or self.origin.is_secure or not has_spoken(self._sock)
        return not (self._answer.will_close or self._answer.surplus or has_spoken(self._sock))

    def connect(self, call: Call) -> None:
        """Resolve, connect and shake hands in a thread that can be left behind.

        Nothing can interrupt the resolver. A thread left behind sends nothing: sending is done
        by the caller, who has gone.
        """
        failed = list[BaseException]()

        def attempt() -> None:
            try:
                self._sock = self.open(call.ends_at)
            except BaseException as error:  # raised again in the caller's thread
                failed.append(error)
            # the caller has given up: a connection that comes now belongs to no call
            if call.expired:
                self.close()

        thread = threading.Thread(target=attempt, name="connect", daemon=True)
        thread.start()
        thread.join(max(call.ends_at - _now(), 0))
        if thread.is_alive() or call.is_over:
            call.expire()
            raise TimeoutError("connecting took too long")
        if failed:
            raise failed.pop()

    def open(self, ends_at: float) -> socket.socket:
        """Return a socket to the first address that answers; each has its share of the time."""
        addresses = self._resolve(self.origin.host, self.origin.port)
        for place, address in enumerate(addresses, start=1):
            left = (ends_at - _now()) / (len(addresses) - place + 1)
            try:
                sock = socket.create_connection((address, self.origin.port), max(left, 0.01))
                break
            except OSError:
                if place == len(addresses):
                    raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(ends_at - _now(), 0) + _BACKSTOP_SECONDS)
        if self._tls is None:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=self.origin.host)
        except BaseException:
            sock.close()
            raise

    def exchange(self, data: bytes, method: str, call: Call, body_bytes: int) -> FinalAnswer:
        """Send a request and read the head of its answer. Connects first, if need be."""
        if self._sock is None:
            self.connect(call)
        if self._sock is None or not self.is_clean:
            raise ConnectionError("something came before anything was asked")
        self._sock.settimeout(max(call.ends_at - _now(), 0) + _BACKSTOP_SECONDS)
        call.begin(self._sock)
        # a server may refuse the rest of a long body, and say why
        with suppress(BrokenPipeError):
            self._sock.sendall(data)
        self._answer = self.read(self._sock, method, body_bytes)
        self._answer.begin()
        return self._answer

    def read(self, sock: socket.socket, method: str, body_bytes: int) -> FinalAnswer:
        """Return the answer that begins on a socket."""
        return FinalAnswer(sock, method=method, body_bytes=body_bytes)

    def close(self) -> None:
        """Close the socket, which an unread answer would keep open."""
        if self._answer is not None:
            self._answer.close()
        if self._sock is not None:
            self._sock.close()

    def __del__(self) -> None:
        self.close()  # of a transport that was dropped without closing it


class AnswerTooLong(HTTPException):
    """The answer has more bytes than the caller allows."""


class _Deadlines:
    """Ends each call that takes too long. A socket's time-out counts from each read alone.

    One thread does it for all calls: one for each took a quarter of a call's CPU. All may last
    equally long, so that what begins while it sleeps is over later than what it sleeps for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: set[Call] = set()
        self._watched = False
        self._wake = threading.Event()

    def add(self, call: Call) -> None:
        """Watch a call."""
        with self._lock:
            self._calls.add(call)
            if not self._watched:
                threading.Thread(target=self._watch, name="deadlines", daemon=True).start()
                self._watched = True

    def remove(self, call: Call) -> None:
        """Stop watching a call."""
        with self._lock:
            self._calls.discard(call)

    def close(self) -> None:
        """Stop the thread at once if no call is under way."""
        self._wake.set()

    def _watch(self) -> None:
        while (seconds := self._end_the_late()) is not None:
            self._wake.wait(seconds)
            self._wake.clear()

    def _end_the_late(self) -> float | None:
        """End late calls. Return the time until the next may be late; None without calls."""
        with self._lock:
            late = [call for call in self._calls if call.is_over]
            self._calls.difference_update(late)
            ends = min((call.ends_at for call in self._calls), default=None)
            self._watched = ends is not None
        for call in late:
            call.expire()
        return None if ends is None else max(ends - _now(), 0)


class Connections:
    """Makes each call once, on a connection of this call alone.

    ``kept`` is how many connections wait for another call.
    """

    connection_class = Connection

    def __init__(
        self, *, kept: int, resolve: Resolve, tls: ssl.SSLContext | None, answer_bytes: int
    ) -> None:
        self._kept = kept
        self._resolve = resolve
        self._tls = tls
        self._answer_bytes = answer_bytes
        self._idle: list[Connection] = []
        """The one used last is at the end."""
        self._lock = threading.Lock()

    def send(self, request: http.HttpRequest, data: bytes, call: Call) -> http.HttpResponse:
        """Send the bytes of a request; return its full answer."""
        connection = self._connection(http.origin_of(request.url))
        try:
            # one byte more shows an answer that is too long
            with connection.exchange(data, request.method, call, self._answer_bytes + 1) as answer:
                body = answer.read(self._answer_bytes + 1)
            response = self._complete(answer, body)
            call.end()
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if connection.is_clean and len(self._idle) < self._kept:
                self._idle.append(connection)
                return response
        connection.close()
        return response

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connection(self, origin: http.Origin) -> Connection:
        """Return a kept connection that is still clean, or a new one."""
        while True:
            with self._lock:
                kept = [each for each in self._idle if each.origin == origin]
                if not kept:
                    break
                self._idle.remove(kept[-1])
            if kept[-1].is_clean:
                return kept[-1]
            kept[-1].close()
        tls = (self._tls or _trust()) if origin.is_secure else None
        return self.connection_class(origin, self._resolve, tls)

    def _complete(self, answer: FinalAnswer, body: bytes) -> http.HttpResponse:
        """Return the answer. Raises AnswerTooLong, and ValueError if it may not be complete."""
        if len(body) > self._answer_bytes:
            raise AnswerTooLong(f"the answer is longer than {self._answer_bytes} bytes")
        headers = dict[str, str]()
        for name, value in answer.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        response = http.HttpResponse(status=answer.status, headers=headers, body=body)
        fault = _incomplete(response)
        # of several answers, which is the one to this request?
        if not fault and answer.surplus.strip():
            fault = "more came than one answer"
        if fault:
            raise ValueError(fault)
        return response


class Transport:
    """An HTTP client for any number of threads. Nothing is ever repeated.

    ``timeout`` is the longest that a whole call may take, from resolving the name to the last
    byte of the answer; ``concurrency`` is how many connections are kept; ``clock`` dates answers.
    ``resolve`` may refuse a host; the connection goes to the addresses that it returns.
    """

    def __init__(
        self,
        *,
        timeout: timedelta,
        concurrency: int = 4,
        clock: Clock | None = None,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        answer_bytes: int = LONGEST_ANSWER,
    ) -> None:
        self._seconds = timeout.total_seconds()
        self._clock = clock
        self.connections = Connections(
            kept=concurrency, resolve=resolve, tls=tls, answer_bytes=answer_bytes
        )
        self._deadlines = _Deadlines()

    def call(
        self, request: http.HttpRequest, not_after: NotAfter | None = None
    ) -> http.HttpResponse:
        """Make the call once and return the full answer, whatever its status.

        Raises ProviderUnreachable when no byte has left, AnswerLost when one may have, ClaimOver
        when none has since ``not_after`` would come first, and InvalidConfiguration for a request
        that cannot be written down.
        """
        data = http.written(request)
        call = Call(self._seconds, not_after)
        self._deadlines.add(call)
        try:
            call.check_claim()
            answer = self.connections.send(request, data, call)
        except Exception as error:
            raise self._translated(error, call, http.origin_of(request.url).host) from error
        finally:
            self._deadlines.remove(call)
        return replace(answer, at=self._clock.now()) if self._clock else answer

    def close(self) -> None:
        """Close idle connections."""
        self.connections.close()
        self._deadlines.close()

    def _translated(self, error: Exception, call: Call, host: str) -> Exception:
        if call.late:
            return ClaimOver(
                "Between the claim and the call so much time went by that the claim does not cover"
                " the call any more. Nothing was sent; it is claimed again."
            )
        if call.is_over:
            why = f"not within {self._seconds:g} s"
        else:
            why = http.words(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        if call.began:
            return http.AnswerLost(
                f"No full answer came from {host} ({why}). It may have taken it all."
            )
        if isinstance(error, Defect) or not isinstance(error, OSError | NewsletterError):
            return Defect(f"The call to {host} could not be made ({why}); please report it.")
        return ProviderUnreachable(
            f"{host} cannot be reached ({why}). Nothing was sent; trying again is safe."
        )


def call_once(
    request: http.HttpRequest, *, timeout: timedelta, **options: Any
) -> http.HttpResponse:
    """Make one call on a connection of its own, with the options and errors of ``Transport``."""
    transport = Transport(timeout=timeout, concurrency=1, **options)
    try:
        return transport.call(request)
    finally:
        transport.close()


def _incomplete(response: http.HttpResponse) -> str:
    """Return why this may not be the complete answer. http.client misses an end in headers or
    body."""
    body, length = response.body, response.headers.get("content-length")
    # the first ones have no body; a chunked body marks its own end
    if response.status in {204, 304}:
        return ""
    if coding := response.headers.get("transfer-encoding"):
        return "" if coding.lower() == "chunked" else f"it is coded as {http.words(coding)}"
    if length is None:
        # a redirect needs no body: whether one is missing does not matter
        whole = body or 300 <= response.status < 400
        return "" if whole else "the answer has neither a length nor a body"
    return "" if length == str(len(body)) else f"{len(body)} of {http.words(length)} bytes came"


@cache
def _trust() -> ssl.SSLContext:
    """Return the certificates of the system, and those of Mozilla, which small systems lack."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
