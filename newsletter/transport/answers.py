"""Reads HTTP responses: skips interim ones, and keeps bytes after the end.

``http.client`` skips only 100. It returns a 102 or 103 as the response, and the final response as
that of the next request. It also discards bytes after the end of a response.
"""

import io
import select
import socket
from collections.abc import Callable
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any

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
