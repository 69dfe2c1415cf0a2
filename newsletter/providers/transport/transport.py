"""One HTTP call, made once: the transport of all providers.

A failure before the first byte is *not sent*, a complete answer is *answered*, the rest is
*unknown*. A connection is used again only if everything that came over it was the complete answer.
"""

import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from newsletter import __version__
from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.errors import (
    ClaimOver,
    Defect,
    Fault,
    InvalidConfiguration,
    ProviderUnreachable,
)
from newsletter.formats.http_answers import FinalAnswer, has_spoken
from newsletter.providers.transport.http import AnswerLost, HttpRequest, HttpResponse, words

_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


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
            # once a byte has left none can be taken back: the rest follows whatever the claim says
            if not self.began:
                self.check_claim()
            self._socket, self.began = sock, True

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


CURRENT: ContextVar[Call] = ContextVar("call")
"""The call that this thread is making."""


LONGEST_ANSWER = 1_048_576


class _Connection(HTTPConnection):
    """A connection that belongs to the current call while it is used."""

    speaks_first = False
    """The other side may send bytes of its own before it is asked anything."""
    answer: FinalAnswer | None = None
    """The last answer; None before the first request."""

    def response_class(self, sock: socket.socket, **keywords: Any) -> FinalAnswer:  # type: ignore[override]
        """Read only a final answer."""
        self.answer = FinalAnswer(sock, body_bytes=LONGEST_ANSWER + 1, **keywords)
        return self.answer

    @property
    def is_clean(self) -> bool:
        """Return whether only complete answers to our requests came over it."""
        if self.sock is None:
            return True
        return not (self.answer and self.answer.surplus) and not has_spoken(self.sock)

    def connect(self) -> None:
        """Resolve, connect and shake hands in a thread that can be left behind.

        Nothing can interrupt the resolver. A thread left behind sends nothing: sending is done
        by the caller, who has gone.
        """
        call, failed = CURRENT.get(), list[BaseException]()

        def attempt() -> None:
            try:
                super(_Connection, self).connect()
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
            raise ConnectTimeoutError(self, "connecting took too long")
        if failed:
            raise failed.pop()
        self.answer = None

    def send(self, data: Any) -> None:
        """Send bytes, telling the call first."""
        call = CURRENT.get()
        if self.sock is None:
            self.connect()
        may_have_spoken = self.answer is None and self.speaks_first
        if not call.began and not may_have_spoken and not self.is_clean:
            self.close()
            raise NewConnectionError(self, "something came before anything was asked")
        call.begin(self.sock)
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    speaks_first = True  # TLS 1.3 sends its tickets when the handshake is over


class _CleanPool(HTTPConnectionPool):
    """Keeps a connection only while nothing unrequested came over it."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and not conn.is_clean:
            conn.close()
        super()._put_conn(conn)


class Pool(_CleanPool):
    """Connections without TLS."""

    ConnectionCls = _Connection


class TlsPool(_CleanPool, HTTPSConnectionPool):
    """Connections with TLS."""

    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """Makes one attempt, on connections that are cut off in time."""

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}


_BACKSTOP = 5  # seconds by which a socket's own time-out is longer: the deadline comes first


class _PreparedRequest(requests.PreparedRequest):
    """A request whose address was read before: the same one is called for each batch."""

    def prepare_url(self, url: Any, params: Any) -> None:
        self.url = _address(url)


@lru_cache(maxsize=64)
def _address(url: str) -> str | None:
    return requests.Request("GET", url).prepare().url


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


class Transport:
    """The HTTP client of a process, for any number of threads. Nothing is ever repeated.

    ``timeout`` is the longest that a whole call may take, from resolving the name to the last
    byte of the answer; ``concurrency`` is how many connections are kept; ``clock`` dates answers.
    """

    def __init__(
        self, *, timeout: timedelta, concurrency: int = 4, clock: Clock | None = None
    ) -> None:
        self._seconds = timeout.total_seconds()
        self._clock = clock
        never = Retry(total=None, connect=0, read=False, redirect=0, status=0, other=0)
        # no session: it would follow a 302, which loses the body and says 200, and keep cookies
        self._adapter = Adapter(pool_maxsize=concurrency, max_retries=never)
        self._deadlines = _Deadlines()

    def call(self, request: HttpRequest, not_after: NotAfter | None = None) -> HttpResponse:
        """Make the call once and return the full answer, whatever its status.

        Raises ProviderUnreachable when no byte has left, AnswerLost when one may have, ClaimOver
        when none has since ``not_after`` would come first, and InvalidConfiguration for a request
        that cannot be written down.
        """
        prepared = _prepared(request)
        call = Call(self._seconds, not_after)
        token = CURRENT.set(call)
        self._deadlines.add(call)
        try:
            call.check_claim()
            response = self._exchange(prepared)
            if call.expired:  # then what looks like its end may be where it was cut off
                raise TimeoutError("its time was over")
        except Exception as error:
            raise self._translated(error, call, str(urlsplit(request.url).hostname)) from error
        finally:
            self._deadlines.remove(call)
            CURRENT.reset(token)
        return response

    def close(self) -> None:
        """Close idle connections."""
        self._adapter.close()
        self._deadlines.close()

    def _exchange(self, prepared: requests.PreparedRequest) -> HttpResponse:
        most = self._seconds + _BACKSTOP
        with self._adapter.send(prepared, stream=True, timeout=most) as answer:
            # one byte more shows an answer that is too long
            body = answer.raw.read(LONGEST_ANSWER + 1, decode_content=False)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        at = self._clock.now() if self._clock else None
        response = HttpResponse(status=answer.status_code, headers=headers, body=body, at=at)
        fault = _incomplete(response)
        final: Any = answer.raw._original_response
        # of several answers, which is the one to this request?
        if not fault and final.surplus.strip():
            fault = "more came than one answer"
        if fault:
            raise ValueError(fault)
        return response

    def _translated(self, error: Exception, call: Call, host: str) -> Exception:
        if call.late:
            return ClaimOver(
                "Between the claim and the call so much time went by that the claim does not cover"
                " the call any more. Nothing was sent; it is claimed again."
            )
        why = f"not within {self._seconds:g} s" if call.expired else words(_innermost(error))
        if call.began:
            return AnswerLost(f"No full answer came from {host} ({why}). It may have taken it all.")
        if not isinstance(error, OSError | HTTPError):
            return Defect(f"The call to {host} could not be made ({why}); please report it.")
        return ProviderUnreachable(
            f"{host} cannot be reached ({why}). Nothing was sent; trying again is safe."
        )


def _incomplete(response: HttpResponse) -> str:
    """Return why this may not be the complete answer. http.client misses an end in headers or
    body."""
    body, length = response.body, response.headers.get("content-length")
    if len(body) > LONGEST_ANSWER:
        return f"the answer is longer than {LONGEST_ANSWER} bytes"
    # the first ones have no body; a chunked body marks its own end
    if response.status in {204, 304}:
        return ""
    if coding := response.headers.get("transfer-encoding"):
        return "" if coding.lower() == "chunked" else f"it is coded as {words(coding)}"
    if length is None:
        return "" if body else "the answer has neither a length nor a body"
    return "" if length == str(len(body)) else f"{len(body)} of {words(length)} bytes came"


def _prepared(request: HttpRequest) -> requests.PreparedRequest:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # whether a compressed answer is complete could not be seen
        "User-Agent": f"newsletter/{__version__}",
        **request.headers,
    }
    try:
        # http.client would trip over it as late as the call is made: a defect, not a setting
        for value in headers.values():
            value.encode("latin-1")
        prepared = _PreparedRequest()
        prepared.prepare(request.method, request.url, headers, data=request.body)
        return prepared
    except ValueError:
        message = "the address or a header of its calls cannot be written; look at its keys"
        fault = Fault(file="newsletter.yaml", key="provider", message=message)
        raise InvalidConfiguration([fault]) from None  # the cause quotes the header: a secret


def _innermost(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
