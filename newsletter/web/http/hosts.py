"""The check that a page is served only at its own host, by the Host field.

If ``desk.url`` is set, the desk and the public pages each have a host of their own.
"""

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.web.http.forms import client_ip

DESK_ROOT = "/desk"
_MONITORING_PATHS = ("/healthz", "/readyz", "/metrics")
_PATHS_AT_BOTH_HOSTS = ("/media/", "/proxy/", *_MONITORING_PATHS)
"""Paths that the desk's host serves too: sandboxed pictures, monitoring and doctor's check."""
_HOST_PATTERN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")

log = logging.getLogger("newsletter.web")


def host_name_in(host: str) -> str:
    """Return the normalised host name in a Host field, or "" if it is invalid."""
    found = _HOST_PATTERN.fullmatch(host)
    return found[1].strip("[]").lower().removesuffix(".") if found else ""


def host_name_of(url: str) -> str:
    """Return the normalised host name of a URL, or "" if it has none."""
    try:
        return host_name_in(urlsplit(url).netloc)
    except ValueError:
        return ""


def is_this_machine(name: str) -> bool:
    """Return whether a host name is localhost or a loopback address."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def hides_the_host(request: Request) -> bool:
    """Return whether a proxy replaced the Host field of the browser.

    Then ``Sec-Fetch-Site`` says same-origin, although Origin and Host have different names.
    """
    if request.headers.get("sec-fetch-site") != "same-origin":
        return False
    origin = host_name_of(request.headers.get("origin", ""))
    return origin not in {"", host_name_in(request.headers.get("host", ""))}


_NO_FORWARDED_FOR = (
    "requests for %s come from %s: have the proxy set X-Forwarded-For, or no limit per network"
    " holds"
)
_NO_HOST = (
    "requests for %s come from %s: have the proxy pass on Host, or no one can sign in to the desk"
)


class ProxyCheck:
    """Middleware: logs each header field that a proxy does not pass on, once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        host, client = host_name_in(request.headers.get("host", "")), client_ip(request)
        is_local = is_this_machine(client)
        if host and client and is_local != is_this_machine(host):
            what = _NO_FORWARDED_FOR if is_local else _NO_HOST
            if what not in self._logged:
                self._logged.add(what)
                log.warning(what, host, client)
        await self._app(scope, receive, send)


@dataclass
class Hosts:
    """Middleware: passes requests on to the pages of their host; answers 421 for other hosts.

    ``/healthz``, ``/readyz`` and ``/metrics`` also answer at localhost, at loopback addresses and
    without a Host field.
    """

    app: ASGIApp
    _: KW_ONLY
    desk: str
    public: str
    answer_absent: Callable[[Request, Exception], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._redirect_elsewhere(Request(scope)) or self.app)(scope, receive, send)

    async def _redirect_elsewhere(self, request: Request) -> Response | None:
        path, given = request.scope["path"], request.headers.get("host")
        host = host_name_in(given or "")
        if path in _MONITORING_PATHS and (given is None or is_this_machine(host)):
            return None
        if host not in {self.desk, self.public}:
            return PlainTextResponse("There is nothing at this host.\n", status_code=421)
        if self.desk == self.public:
            return None
        is_desk = path == DESK_ROOT or path.startswith(f"{DESK_ROOT}/")
        if host == self.desk and path == "/":
            return RedirectResponse(DESK_ROOT, status_code=303)
        is_missing = not is_desk and not path.startswith(_PATHS_AT_BOTH_HOSTS)
        if (host == self.desk and is_missing) or (host == self.public and is_desk):
            return await self.answer_absent(request, HTTPException(404))
        return None
