"""Connections that are cut off when their call must be over, and know whether a byte has left.

The time-outs of sockets count from each read, so a server that trickles could hold a call for ever.
"""

import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from newsletter.ports import NotAfter

_NEVER = float("inf")
_RUNS_IN_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _now() -> float:
    """Seconds of a clock that nobody can set and that runs on while the machine sleeps."""
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
        """Its time has run out, whether or not it has been told."""
        return self.expired or _now() >= self.ends_at

    def begin(self, sock: socket.socket) -> None:
        """Name the socket that bytes are about to leave by. Raises TimeoutError if too late."""
        with self._lock:
            if self.is_over:
                raise TimeoutError("its time is over")
            if not self.began:
                self.check_claim()
            self._socket, self.began = sock, True

    def check_claim(self) -> None:
        """Raises TimeoutError where the claim is over before the call has to be."""
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


class Watchdog:
    """One thread that expires each call at its time, for any number of calls at once."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._changed = threading.Condition()
        self._wakes_at = _NEVER
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, call: Call) -> None:
        """Expire this call when its time is over, unless it is released before."""
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._stopped = False
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif call.ends_at < self._wakes_at:
                self._changed.notify()

    def release(self, call: Call) -> None:
        """The call is over."""
        with self._changed:
            self._calls.discard(call)

    def stop(self) -> None:
        """End the thread; the next call starts another."""
        with self._changed:
            thread, self._thread, self._stopped = self._thread, None, True
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = _now()
                for call in [call for call in self._calls if call.ends_at <= now]:
                    call.expire()
                    self._calls.discard(call)
                self._wakes_at = min((call.ends_at for call in self._calls), default=_NEVER)
                self._changed.wait(None if self._wakes_at == _NEVER else self._wakes_at - now)


class _Connection(HTTPConnection):
    """A connection that belongs to the current call while it is used."""

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

    def send(self, data: Any) -> None:
        """Send bytes, telling the call first."""
        if self.sock is None:
            self.connect()
        CURRENT.get().begin(self.sock)
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class Pool(HTTPConnectionPool):
    """Connections without TLS."""

    ConnectionCls = _Connection


class TlsPool(HTTPSConnectionPool):
    """Connections with TLS."""

    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """Makes one attempt, on connections that are cut off in time."""

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
