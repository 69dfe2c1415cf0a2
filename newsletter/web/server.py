"""The web server, in a thread of its own beside the scheduler."""

import asyncio
import socket
import threading
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from newsletter.domain.errors import NewsletterError
from newsletter.runtime.services import Services
from newsletter.web.http.connections import LONGEST_HEAD, BoundedProtocol, Bounds
from newsletter.web.http.connections import bounds as what_we_can_hold
from newsletter.web.pages import make

_MAY_WAIT = 1_024
_LAST_WORDS = 10
"""Seconds for what is under way at the end: nobody keeps us by half a request."""


class WebServer:
    """Serves for the length of a block. Raises NewsletterError where the port is taken."""

    def __init__(
        self, services: Services, *, host: str, port: int, bounds: Bounds | None = None
    ) -> None:
        services.tick.prepare()  # the threads share what is built
        self._socket = _bind(host, port)
        self._server = serving(make(services), bounds or what_we_can_hold())
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web")

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def __enter__(self) -> "WebServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._thread.join(timeout=30)
        self._socket.close()

    def stop(self) -> None:
        """Answer what has been asked, then end."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Wait until it ends."""
        while self._thread.is_alive():
            self._thread.join(timeout=0.5)


class _Server(uvicorn.Server):
    """Accepts a few connections in one go, and lets many wait for it, which takes no descriptor.

    It wakes up once a second for the date in its answers, and at once to end: uvicorn's own loop
    looks ten times a second whether it is to end, which is most of what an idle server takes.
    """

    tick = 1.0
    """Seconds from one date to the next."""
    _over = False
    _ended: asyncio.Event
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def should_exit(self) -> bool:
        """Whether it is to end, or has."""
        return self._over

    @should_exit.setter
    def should_exit(self, over: bool) -> None:
        self._over = over
        if over and (loop := self._loop):
            loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        """Serve until it is to end."""
        self._ended, self._loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            while not await self.on_tick(0):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), self.tick)
        finally:
            self._loop = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen. One figure means both to asyncio, so the second is said again."""
        await super().startup(sockets)
        for one in sockets or []:
            one.listen(_MAY_WAIT)


def serving(application: ASGIApp, bounds: Bounds) -> _Server:
    """What speaks HTTP for an application, and holds no connection for longer than it may."""
    return _Server(
        uvicorn.Config(
            application,
            http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, bounds=bounds)),
            ws="none",
            timeout_keep_alive=cast("int", bounds.idle),
            h11_max_incomplete_event_size=LONGEST_HEAD,
            # asyncio accepts as many in one go, and then again before it makes their protocols
            backlog=bounds.backlog,
            timeout_graceful_shutdown=_LAST_WORDS,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # who comes before the server is ready waits instead of being refused
    except OSError as error:
        bound.close()
        raise NewsletterError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from error
    return bound
