"""The readers' pages: leave, and whether we are alive. What went out is read in the archive.

A GET changes nothing: scanners open every link. Only a POST ends a subscription, be it from the
page's one button or from a mail client (RFC 8058: no redirect, no cookie, 200).
"""

import base64
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from newsletter.app import App
from newsletter.domain.errors import NotFound, StoreUnavailable
from newsletter.pipeline.subscribe import Departure, look_up, unsubscribe
from newsletter.rendering.templates import Templates, default_templates
from newsletter.web.archive import Archive, Frame
from newsletter.web.webhooks import Hearing

_POLICY = (
    "default-src 'none'; style-src {styles}; img-src https:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_JSON_HEADERS = _HEADERS | {"Content-Security-Policy": _POLICY.format(styles="'none'")}
# A mail carries its styles within; it still may not run anything, nor load more than pictures.
_MAIL_HEADERS = _HEADERS | {"Content-Security-Policy": _POLICY.format(styles="'unsafe-inline'")}
_ENDS_NOTHING = (
    "This link ends nothing",
    ["It is from a test mail. The link in a mail to you is your own, and works."],
)
_FAILURES = {
    404: ("Not found", "There is no page at this address."),
    405: ("That did not work", "This address does not do that."),
    503: ("That did not work", "Nothing was changed. Please try again in a few minutes."),
}

log = logging.getLogger("newsletter.web")


class Pages:
    """All pages of one workspace."""

    def __init__(self, app: App) -> None:
        self._app = app
        folder = default_templates() / "web"
        self._templates = Templates(folder, None, filters={})
        self._headers = _HEADERS | {"Content-Security-Policy": _policy_for(folder / "page.css")}

    def routes(self) -> list[Route]:
        """Path and method → page."""
        frame = Frame(
            page=self._page,
            notice=lambda notice: self._templates.fill("notice.html.j2", {"notice": notice}),
            mail_fields=_MAIL_HEADERS,
            data_fields=_JSON_HEADERS,
        )
        return [
            *Archive(self._app, frame).routes(),
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
            return JSONResponse({"ok": False}, status_code=503, headers=_JSON_HEADERS)
        return JSONResponse({"ok": True, "on_hold": hold}, headers=_JSON_HEADERS)

    async def failed(self, _request: Request, error: Exception) -> Response:
        """What could not be done, as a page."""
        status = error.status_code if isinstance(error, HTTPException) else 503
        title, text = _FAILURES.get(status, _FAILURES[503])
        if isinstance(error, HTTPException) and status == 404 and error.detail != "Not Found":
            text = error.detail[:1].upper() + error.detail[1:] + "."
        page = self._page(title, [text])
        page.status_code = status
        page.headers.update(getattr(error, "headers", None) or {})
        return page

    def _page(self, title: str, paragraphs: list[str], **more: Any) -> Response:
        house = self._app.settings.house()
        values = {
            "title": title,
            "paragraphs": paragraphs,
            "language": "en",  # the language these pages are written in
            "organisation": house.organisation,
            "button": "",
            "statements": [],
            "feeds": "",
        }
        return HTMLResponse(
            self._templates.fill("page.html.j2", values | more), headers=self._headers
        )


def _named(departure: Departure) -> str:
    """The lists in words."""
    *most, last = (f"“{name}”" for name in departure.lists)
    if not most:
        return f"the list {last}"
    return f"the lists {', '.join(most)} and {last}"


def _policy_for(css: Path) -> str:
    """Allow the page's one style sheet, by its hash, and no other."""
    digest = hashlib.sha256(css.read_bytes()).digest()
    return _POLICY.format(styles=f"'sha256-{base64.b64encode(digest).decode()}'")


def make(app: App) -> Starlette:
    """The application."""
    pages = Pages(app)
    handlers: dict[Any, Any] = {HTTPException: pages.failed, StoreUnavailable: pages.failed}
    routes = [*pages.routes(), Hearing(app).route()]
    made = Starlette(routes=routes, exception_handlers=handlers)
    made.router.redirect_slashes = False  # mail programs and providers are never redirected
    return made
