"""Read HTTP answers: skip interim ones, and keep what follows the end.

``http.client`` skips only 100. It takes 102 and 103 for the answer, and the real answer for that of
the next request. It also discards bytes after the end of an answer.
"""

import io
import select
import socket
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any

_SWITCHING_PROTOCOLS = 101
_WITHOUT_BODY = {204, 304}
_HEAD_BYTES = 262_144
"""Room for status lines and fields."""


class _Bytes(io.RawIOBase):
    """The bytes of a socket up to a limit; after ``stop`` only those already received."""

    def __init__(self, raw: io.RawIOBase, limit: int) -> None:
        self._raw = raw
        self._left = limit
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._stopped:
            return None
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise HTTPException("the answer is too long")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class FinalAnswer(HTTPResponse):
    """The final answer on a connection, without interim ones.

    Raises HTTPException for 101, and for more than ``body_bytes`` plus room for the head.
    """

    surplus = b""
    """Bytes received after the end. They belong to no request."""

    def __init__(self, sock: socket.socket, *args: Any, body_bytes: int, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.fp.close()
        raw = sock.makefile("rb", buffering=0)
        # twice: the frames of small chunks may take as much as their content
        self._bytes = _Bytes(raw, 2 * body_bytes + _HEAD_BYTES)
        self.fp = io.BufferedReader(self._bytes)

    def begin(self) -> None:
        super().begin()
        while self.status < 200:
            if self.status == _SWITCHING_PROTOCOLS:
                raise BadStatusLine("101: another protocol, which was not requested")
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        # where it is in doubt where the answer ends, nothing is asked on the connection again
        self.will_close = self.will_close or not self._is_framed()

    def _is_framed(self) -> bool:
        """Whether the head states the end of the answer in exactly one way."""
        lengths = self.headers.get_all("content-length") or []
        codings = self.headers.get_all("transfer-encoding") or []
        if codings:
            return not lengths and [each.lower() for each in codings] == ["chunked"]
        if self.status in _WITHOUT_BODY:
            return True
        return len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit()

    def _close_conn(self) -> None:
        self._bytes.stop()
        if not self.fp.closed:
            self.surplus = self.fp.peek(1)
        super()._close_conn()  # type: ignore[misc]


def has_spoken(sock: socket.socket) -> bool:
    """Whether there is something to read, or the other side has hung up."""
    if getattr(sock, "pending", int)():  # decrypted already
        return True
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))
