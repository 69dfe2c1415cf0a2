"""Which pages are at which host, by the Host field of a request.

With ``desk.url`` the desk and the public pages have a host each, and no other host has either.
"""

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.web.http.forms import host_of

ROOT = "/desk"
_MONITORED = ("/healthz", "/readyz", "/metrics")
_ALSO_AT_THE_DESK = ("/media/", "/proxy/", *_MONITORED)
"""Pictures, which are in a sandbox, and what monitoring and doctor ask for."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")

log = logging.getLogger("newsletter.web")


def name_in(host: str) -> str:
    """Return the name in a Host field as names are compared, or "" if it is none."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower().removesuffix(".") if found else ""


def name_of(url: str) -> str:
    """Return the host of a URL as names are compared, or "" if it has none."""
    try:
        return name_in(urlsplit(url).netloc)
    except ValueError:
        return ""


def is_this_machine(name: str) -> bool:
    """Whether a host is the machine itself: localhost, or a loopback address."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def hides_the_host(request: Request) -> bool:
    """Whether a proxy put its own Host in the place of the one that the browser asked for.

    Then the browser's origin has another name, or another machine asks for this one's.
    """
    host = name_in(request.headers.get("host", ""))
    if request.headers.get("sec-fetch-site") == "same-origin":
        origin = name_of(request.headers.get("origin", ""))
        if origin and origin != host:
            return True
    client = host_of(request)
    return is_this_machine(host) and client != "" and not is_this_machine(client)


class Proxied:
    """Says once in the log that a proxy does not say whom it speaks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_said = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if not self._is_said:
            self._look(Request(scope))
        await self._app(scope, receive, send)

    def _look(self, request: Request) -> None:
        host, client = name_in(request.headers.get("host", "")), host_of(request)
        if host and is_this_machine(client) and not is_this_machine(host):
            self._is_said = True
            log.warning(
                "requests for %s come from %s: have the proxy set X-Forwarded-For, or no limit per"
                " network holds",
                host,
                client,
            )


class Hosts:
    """Lets requests through to the pages that are at their host; 421 for every other host.

    Only ``/healthz``, ``/readyz`` and ``/metrics`` are also there by a name or address of the
    machine itself, and without a Host field.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        desk: str,
        public: str,
        absent: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._desk = desk
        self._public = public
        self._absent = absent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at the host that is asked for."""
        await (await self._elsewhere(Request(scope)) or self._app)(scope, receive, send)

    async def _elsewhere(self, request: Request) -> Response | None:
        path, given = request.scope["path"], request.headers.get("host")
        host = name_in(given or "")
        if path in _MONITORED and (given is None or is_this_machine(host)):
            return None
        if host not in {self._desk, self._public}:
            return PlainTextResponse("There is nothing at this host.\n", status_code=421)
        if self._desk == self._public:
            return None
        staff = path == ROOT or path.startswith(f"{ROOT}/")
        if host == self._desk and path == "/":
            return RedirectResponse(ROOT, status_code=303)
        absent = not staff and not path.startswith(_ALSO_AT_THE_DESK)
        if (host == self._desk and absent) or (host == self._public and staff):
            return await self._absent(request, HTTPException(404))
        return None
