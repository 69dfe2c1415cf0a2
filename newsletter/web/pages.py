"""All pages of one workspace: who answers at which path, and what is said where nobody does."""

import logging
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter.app import App
from newsletter.domain.errors import StoreUnavailable
from newsletter.web.archive import Archive
from newsletter.web.confirming import Confirming
from newsletter.web.frame import Frame
from newsletter.web.gate import Gate
from newsletter.web.joining import Joining
from newsletter.web.leaving import Leaving
from newsletter.web.preferences import Mine
from newsletter.web.webhooks import Hearing

_FAILURES = {
    400: ("failed", "garbled"),
    413: ("failed", "garbled"),
    404: ("not_found", "no_page"),
    405: ("failed", "not_allowed"),
    503: ("failed", "try_again"),
}

log = logging.getLogger("newsletter.web")


class Pages:
    """All pages of one workspace."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._frame = Frame(house=app.settings.house(), language=app.settings.language)
        self._page = self._frame.page

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            # first those that programs ask for, hundreds a second
            *Leaving(self._app, self._frame).routes(),
            *Mine(self._app, self._frame).routes(),
            *Archive(self._app, self._frame).routes(),
            *Joining(self._app, self._frame).routes(),
            *Confirming(self._app, self._frame).routes(),
            Route("/healthz", self.health),
        ]

    def _on_hold(self) -> bool:
        with self._app.store.read() as tx:
            return bool(tx.hold.reasons())

    async def health(self, _request: Request) -> Response:
        """Whether the process answers, its database can be read, and everything is on hold.

        It does not say why: anybody may ask.
        """
        try:
            hold = await run_in_threadpool(self._on_hold)
        except StoreUnavailable as error:
            log.error("not healthy: %s", error)
            return JSONResponse(
                {"ok": False}, status_code=503, headers=dict(self._frame.data_fields)
            )
        return JSONResponse({"ok": True, "on_hold": hold}, headers=dict(self._frame.data_fields))

    async def failed(self, request: Request, error: Exception) -> Response:
        """What could not be done, as a page."""
        status = error.status_code if isinstance(error, HTTPException) else 503
        language = self._frame.language_of(request)
        words, _ = self._frame.words(language)
        title, text = (words[key] for key in _FAILURES.get(status, _FAILURES[503]))
        if isinstance(error, HTTPException) and status == 404 and error.detail != "Not Found":
            text = error.detail[:1].upper() + error.detail[1:] + "."
        page = self._page(title, [text], language=language, status=status)
        page.headers.update(getattr(error, "headers", None) or {})
        return page


def make(app: App) -> Starlette:
    """The application."""
    pages = Pages(app)
    handlers: dict[Any, Any] = {HTTPException: pages.failed, StoreUnavailable: pages.failed}
    routes = [*pages.routes(), Hearing(app).route()]
    secure = app.settings.public_url.startswith("https://")
    made = Starlette(
        routes=routes,
        exception_handlers=handlers,
        middleware=[Middleware(Gate, secure=secure)],
    )
    made.router.redirect_slashes = False  # mail programs and providers are never redirected
    return made
