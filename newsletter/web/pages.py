"""All pages of one workspace: the routes, and the answers to unknown paths.

A request with two lengths or two hosts is refused. A proxy that uses the other one could take the
end of the request for another request (RFC 9112, 6.3).
"""

import logging
from contextlib import suppress

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.domain.errors import NotFound, StoreUnavailable
from newsletter.runtime.services import Services
from newsletter.web.api.gate import HANDLED_ERRORS, problem_of
from newsletter.web.api.gate import Gate as ApiGate
from newsletter.web.api.operation import API_ROOT, Operation, TokenOperations, operations_of
from newsletter.web.api.statements import CampaignOperations, StatementOperations
from newsletter.web.api.subscribers import SubscriberOperations
from newsletter.web.desk.campaigns.calendar import Calendar
from newsletter.web.desk.campaigns.campaign import CampaignPage
from newsletter.web.desk.campaigns.digests import DigestForm, DigestPages
from newsletter.web.desk.campaigns.starting import StartPages
from newsletter.web.desk.delivery import StopPages, UnknownDeliveries
from newsletter.web.desk.gate import Gate
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import Route as DeskRoute
from newsletter.web.desk.request import routes_of
from newsletter.web.desk.staff import administration
from newsletter.web.desk.staff.account import Account
from newsletter.web.desk.staff.settings import SettingGroupPages, SettingsPages
from newsletter.web.desk.staff.sign_in import SignIn
from newsletter.web.desk.statements.drafts import Drafts
from newsletter.web.desk.statements.editing import EditPages
from newsletter.web.desk.statements.preview import EmailPreview
from newsletter.web.desk.statements.reviewing import ReviewPages
from newsletter.web.desk.statements.statement import StatementPages
from newsletter.web.desk.subscribers.importing import ImportPages
from newsletter.web.desk.subscribers.readers import ReaderPages, ReadersPages
from newsletter.web.desk.subscribers.segments import SegmentPages
from newsletter.web.http.frame import shared_frame
from newsletter.web.http.hosts import DESK_ROOT, Hosts, ProxyCheck, host_name_of
from newsletter.web.http.threads import Lanes
from newsletter.web.monitoring import Monitoring
from newsletter.web.public.archive.archive import ArchivePages, Pictures
from newsletter.web.public.counted import CountedPages
from newsletter.web.public.subscribers.preferences import PreferencesPage
from newsletter.web.public.subscribers.sign_up import ConfirmationPages, SignUpPages
from newsletter.web.public.subscribers.unsubscribe import UnsubscribePages
from newsletter.web.webhooks import Webhooks

_DEFAULT_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """Middleware: adds header fields to every answer; with ``secure`` also HSTS."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._fields = _DEFAULT_HEADERS | (_HSTS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._fields.items():
                    headers.setdefault(name, value)
            await send(message)

        if _is_ambiguous(scope):
            refusal = PlainTextResponse("", status_code=400, headers={"Connection": "close"})
            await refusal(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)


def _is_ambiguous(scope: Scope) -> bool:
    names = [name for name, _ in scope.get("headers", ())]
    lengths = names.count(b"content-length")
    if lengths > 1 or (lengths > 0 and b"transfer-encoding" in names):
        return True
    # a proxy may go by the host in the target, or by another of the fields
    return names.count(b"host") > 1 or not scope["path"].startswith("/")


_WORDS_OF_STATUS = {404: ("not_found", "no_page"), 405: ("failed", "not_allowed")}

log = logging.getLogger("newsletter.web")


class Pages:
    def __init__(self, services: Services, lanes: Lanes, gate: Gate | None = None) -> None:
        self._services = services
        self._lanes = lanes
        self._gate = gate
        settings = services.settings
        self._frame = shared_frame(publisher=settings.publisher(), language=settings.language)

    def routes(self) -> list[Route]:
        services, subscribers = self._services, self._services.subscribers
        frame, readers, watch = self._frame, self._lanes.readers, self._lanes.monitoring
        return [
            # first those that programs ask for, hundreds a second
            *UnsubscribePages(subscribers, frame, self._lanes).routes(),
            *PreferencesPage(subscribers, frame, readers).routes(),
            *ArchivePages(services.statements, frame, readers).routes(),
            *Pictures(services.store, readers).routes(),
            *CountedPages(services.store, services.settings.count, frame, readers).routes(),
            *SignUpPages(subscribers, frame, self._lanes).routes(),
            *ConfirmationPages(subscribers, frame, readers).routes(),
            *Monitoring(services, frame, watch).routes(),
        ]

    async def failed(self, request: Request, error: Exception) -> Response:
        """Return the response to an error: a page, or JSON for the API."""
        if request.url.path.startswith(API_ROOT):
            known = isinstance(error, HANDLED_ERRORS)
            return _allow(problem_of(error if known else HTTPException(500)), request)
        language = self._frame.language_of(request)
        if isinstance(error, NotFound):  # the token of a link, which somebody cut off or made up
            return self._frame.notice("not_found", "broken_link", language=language, status=404)
        status = getattr(error, "status_code", 503 if isinstance(error, StoreUnavailable) else 500)
        is_of_desk = request.url.path.startswith(DESK_ROOT)
        if self._gate and is_of_desk and not isinstance(error, HTTPException):
            with suppress(Exception):  # the desk's page needs the database
                return await self._gate.failed(request, status)
        others = ("failed", "try_again" if status >= 500 else "garbled")
        keys = _WORDS_OF_STATUS.get(status, others)
        if not isinstance(error, HTTPException) and request.method == "POST":
            # an earlier transaction, or one whose commit got no answer, may have done it
            keys = ("failed", "in_doubt")
        page = self._frame.notice(*keys, language=language, status=status)
        page.headers.update(getattr(error, "headers", None) or {})
        return _allow(page, request)


def _allow(answer: Response, request: Request) -> Response:
    """Return the answer; a 405 names the methods of all routes of its path."""
    if answer.status_code == 405:
        methods = {
            method
            for route in request.app.routes
            if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
            for method in route.methods or ()
        }
        answer.headers["Allow"] = ", ".join(sorted(methods))
    return answer


def make(services: Services, lanes: Lanes | None = None) -> Starlette:
    lanes = lanes or Lanes()
    settings, gate = services.settings, None
    if settings.desk.enabled:
        gate = Gate(Desk(services.staff), services.staff, desk_routes(services), lanes)
    pages = Pages(services, lanes, gate)
    handlers = dict.fromkeys((HTTPException, NotFound, StoreUnavailable, Exception), pages.failed)
    ours = [*pages.routes(), Webhooks(services.delivery, lanes).route()]
    ours += ApiGate(operations(services), services.store, lanes.api).routes()
    ours += gate.routes() if gate else ()
    layers = [Middleware(ProxyCheck)]
    if settings.desk.url:
        at, public = host_name_of(settings.desk.url), host_name_of(settings.public_url)
        layers.append(Middleware(Hosts, desk=at, public=public, answer_absent=pages.failed))
    app = Starlette(routes=ours, exception_handlers=handlers, middleware=layers)
    app.router.redirect_slashes = False  # mail programs and providers are never redirected
    # around all layers: Starlette answers an unforeseen error outside of them
    secure = settings.public_url.startswith("https://")
    app.middleware_stack = SecurityHeaders(app.build_middleware_stack(), secure=secure)
    return app


def make_monitoring(services: Services) -> Starlette:
    frame = shared_frame(
        publisher=services.settings.publisher(), language=services.settings.language
    )
    return Starlette(routes=Monitoring(services, frame, Lanes().monitoring).routes())


OPERATION_CLASSES = (TokenOperations, StatementOperations, SubscriberOperations, CampaignOperations)
"""The classes that declare the operations of the HTTP API."""


def operations(services: Services) -> list[Operation]:
    resources = (
        TokenOperations(),
        StatementOperations(services),
        SubscriberOperations(services.subscribers),
        CampaignOperations(),
    )
    return operations_of(resources)


def desk_routes(services: Services) -> list[DeskRoute]:
    """Return the desk's routes as data: path, method, least role, second factor.

    A route without a row does not exist. The gate alone checks the conditions in a row. Role and
    state are checked again in the transaction of the act.
    """
    statements, campaigns = services.statements, services.campaigns
    delivery, staff = services.delivery, services.staff
    pages = (
        StatementPages(statements),
        EmailPreview(statements, delivery),
        SignIn(staff),
        Account(staff),
        administration.StaffPages(staff),
        administration.ChannelPages(staff),
        administration.TokenPages(staff),
        SettingsPages(staff, services.subscribers, statements),
        SettingGroupPages(staff, services.subscribers),
        administration.AuditLog(staff),
        Drafts(statements, delivery),
        EditPages(statements),
        ReviewPages(statements, campaigns),
        StartPages(statements, campaigns),
        CampaignPage(campaigns, delivery),
        Calendar(staff),
        DigestPages(statements),
        DigestForm(staff, services.subscribers),
        UnknownDeliveries(campaigns),
        StopPages(delivery),
        ReadersPages(services.subscribers),
        SegmentPages(staff, services.subscribers),
        ImportPages(services.subscribers),
        ReaderPages(services.subscribers),
    )
    return routes_of(pages)
