"""The readers' pages: leave, and whether we are alive. What went out is read in the archive.

A GET changes nothing: scanners open every link. Only a POST ends a subscription, be it from the
page's one button or from a mail client (RFC 8058: no redirect, no cookie, 200).
"""

import logging
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter.app import App
from newsletter.domain.errors import NotFound, StoreUnavailable
from newsletter.pipeline.subscribe import Departure, look_up, unsubscribe
from newsletter.web.archive import Archive
from newsletter.web.confirming import Confirming
from newsletter.web.frame import Frame
from newsletter.web.joining import Joining
from newsletter.web.webhooks import Hearing

_ENDS_NOTHING = (
    "This link ends nothing",
    ["It is from a test mail. The link in a mail to you is your own, and works."],
)
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
            *Archive(self._app, self._frame).routes(),
            *Joining(self._app, self._frame).routes(),
            *Confirming(self._app, self._frame).routes(),
            Route("/u/{token}", self.leave, methods=["GET"]),
            Route("/u/{token}", self.left, methods=["POST"]),
            Route("/healthz", self.health),
        ]

    async def leave(self, request: Request) -> Response:
        """One button, for a person who followed the link in a mail."""
        departure = await self._with_store(look_up, request.path_params["token"])
        if not departure.lists:
            return self._page(*_ENDS_NOTHING)
        if departure.ended:
            text = f"We send you nothing that goes to {_named(departure)}."
            return self._page("You are not subscribed", [text])
        text = f"You will get nothing more that goes to {_named(departure)}, from now on."
        return self._page("Do you want to leave?", [text], button="Unsubscribe")

    async def left(self, request: Request) -> Response:
        """The effect is committed before the answer."""
        departure = await self._with_store(
            unsubscribe, request.path_params["token"], clock=self._app.clock
        )
        if not departure.lists:
            return self._page(*_ENDS_NOTHING)
        text = f"You will get nothing more that goes to {_named(departure)}."
        return self._page("You are unsubscribed", [text])

    async def _with_store(self, deed: Callable[..., Any], token: str, **more: Any) -> Any:
        app = self._app
        try:
            return await run_in_threadpool(deed, token, store=app.store, links=app.links, **more)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error

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


def _named(departure: Departure) -> str:
    """The lists in words."""
    *most, last = (f"“{name}”" for name in departure.lists)
    if not most:
        return f"the list {last}"
    return f"the lists {', '.join(most)} and {last}"


def make(app: App) -> Starlette:
    """The application."""
    pages = Pages(app)
    handlers: dict[Any, Any] = {HTTPException: pages.failed, StoreUnavailable: pages.failed}
    routes = [*pages.routes(), Hearing(app).route()]
    made = Starlette(routes=routes, exception_handlers=handlers)
    made.router.redirect_slashes = False  # mail programs and providers are never redirected
    return made
