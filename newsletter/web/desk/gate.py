"""The checks of every request to the desk: origin, session, role, second factor, size.

The gate makes these checks by the rows of ``desk_routes``; pages make none. A GET writes nothing:
the time of a session's last request stays in memory until the next POST.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route as HttpRoute

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_token
from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.account import Member
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from newsletter.pipeline.staff.signin import step_up
from newsletter.runtime.log_lines import limited
from newsletter.runtime.services import Staff
from newsletter.web.desk.browser import PASSKEY_FIELD, client_of, session_token, set_cookie
from newsletter.web.desk.page import PROOF_FIELD, Desk
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.http.forms import BodyMemory, Posted, client_ip, parse_form
from newsletter.web.http.hosts import DESK_ROOT, hides_the_host
from newsletter.web.http.threads import Lanes

log = logging.getLogger("newsletter.web")
_CROSS_SITE_MESSAGE = say("It came from another website. Nothing was changed.")
_SAFE_METHODS = {"GET", "HEAD"}
_MAX_FIELDS, _MAX_FILES = 4_000, 20
_MAX_ANONYMOUS_BYTES = 64 << 10
"""Largest body of a request without a session."""
_NO_HOST_MESSAGE = say(
    "The web server in front of newsletter does not pass on the Host field, so nobody can sign in"
    " safely. Nothing was changed. In nginx it takes: proxy_set_header Host $host;"
)
_TOO_LONG = say(
    "What you sent is too long to be kept while you sign in. Go back and copy your text, then sign"
    " in and paste it."
)
_TOO_LARGE = "What you sent has more than {most:,} kB. Nothing was changed. Go back and shorten it."
_MAX_SESSIONS_SEEN = 1_000
"""Sessions for which this process stores the time of the last request."""


class Gate:
    """Checks each request by its row in ``desk_routes``, then runs the route's answer."""

    def __init__(self, desk: Desk, staff: Staff, ours: Sequence[Route], lanes: Lanes) -> None:
        self._desk = desk
        self._staff = staff
        self._routes = ours
        self._lanes = lanes
        self._strangers = BodyMemory(total=16 << 20, per_sender=2 << 20)
        self._member_memory = BodyMemory(total=96 << 20, per_sender=48 << 20)
        self._seen: dict[bytes, datetime] = {}

    def routes(self) -> list[HttpRoute]:
        """Return the routes for Starlette. The desk has no other paths."""
        get_paths = {route.path for route in self._routes if route.method == "GET"}
        # first, because a path with a parameter may match them too
        found = [
            HttpRoute(DESK_ROOT + path, self._only_posted, methods=["GET"])
            for path in sorted({route.path for route in self._routes} - get_paths)
        ]
        found += [
            HttpRoute(DESK_ROOT + route.path, self._guard(route), methods=[route.method])
            for route in self._routes
        ]
        assets = HttpRoute(f"{DESK_ROOT}/static/{{version}}/{{name}}", self._asset)
        return [*found, assets, HttpRoute(f"{DESK_ROOT}/{{rest:path}}", self._missing_page)]

    def _guard(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        lanes, door = self._lanes, self._lanes.sign_in
        lane = door if route.role is None else lanes.desk
        lane = lanes.uploads if route.takes_files or route.is_parsed else lane
        lane = lanes.provider if route.calls_provider else lane

        async def answer(http: Request) -> Response:
            if hides_the_host(http):
                return await door.run(self._hidden_host_page, http)
            if http.method in _SAFE_METHODS:  # a body of a GET is no form
                return await lane.run(self._answer, route, http, b"")
            # before anything is read: another site could make a browser send megabytes
            if not _is_our_own(http):
                log.warning(
                    "a post to %s from another site was refused",
                    DESK_ROOT + route.path,  # the parameter may be the token of an invitation
                    extra=limited("post from another site"),
                )
                title, text = say("This request was refused"), _CROSS_SITE_MESSAGE
                return await door.run(self._error_page, http, title, text, 403)
            sender, memory = network_of(client_ip(http)), self._strangers
            limit = _MAX_ANONYMOUS_BYTES
            if route.max_bytes > limit and (account := await door.run(self._account, http)):
                sender, memory, limit = account, self._member_memory, route.max_bytes
            try:
                async with memory.body(http, sender=sender, max_bytes=limit) as body:
                    return await lane.run(self._answer, route, http, body)
            except HTTPException as error:
                if error.status_code != 413:
                    raise
                title, text = say("You are signed out"), _TOO_LONG
                if limit == route.max_bytes:
                    title, text = say("Too large"), say(_TOO_LARGE, most=limit // 1000)
                return await door.run(self._error_page, http, title, text, 413)

        return answer

    def _account(self, http: Request) -> str:
        """Return the address of the browser's account, by its session or an ended one; else ""."""
        if (member := self._member(session_token(http))) is not None:
            return member.address
        key, device = self._staff.key, client_of(http).device
        with self._staff.store.read() as tx:
            staff = tx.staff.roles()
        return next((one for one in staff if codes.find_device(key, one, device)), "")

    def _hidden_host_page(self, http: Request) -> Response:
        log.warning(
            "a proxy does not pass on Host: it asked for %s",
            http.headers.get("host", ""),
            extra=limited("proxy without Host"),
        )
        request = DeskRequest(http=http, desk=self._desk, member=None)
        return request.failure_page(
            say("The web server is not set up"), _NO_HOST_MESSAGE, status=421
        )

    def _answer(self, route: Route, http: Request, body: bytes) -> Response:
        form = Posted()
        if body:
            files, kind = _MAX_FILES * route.takes_files, http.headers.get("content-type", "")
            form = parse_form(kind, body, max_fields=_MAX_FIELDS, max_files=files)
        member = self._member(session_token(http))
        request = DeskRequest(http=http, desk=self._desk, member=member, posted=form, body=body)
        proof = self._prove(route, request)
        if isinstance(proof, Refusal):
            return request.step_up(proof)
        if proof is not None:
            # the session has a new token from here on, and secrets are not passed on
            others = form.fields.items()
            fields = {
                name: values for name, values in others if name not in {PROOF_FIELD, PASSKEY_FIELD}
            }
            form = replace(form, fields=fields)
            request = replace(request, member=self._member(proof.token), posted=form)
        response = self._refuse(route, request)
        if response is None:
            if request.member is not None and http.method not in _SAFE_METHODS:
                with self._staff.store.begin() as tx:
                    tx.sessions.record_use(request.member.session.hash, self._desk.now())
            response = self._answer_route(route, request)
        if proof is not None and "set-cookie" not in response.headers:
            set_cookie(response, http, proof.token)
        return response

    def _prove(self, route: Route, request: DeskRequest) -> SignedIn | Refusal | None:
        """Check the second factor in the form. Return None if it has none or needs none."""
        member, asks_for_proof = request.member, route.step_up or route.may_step_up
        if not (asks_for_proof and member and route.role and member.may(route.role)):
            return None
        proof = request.proof(PROOF_FIELD)
        if not proof or member.session.has_fresh_factor(self._desk.now()):
            return None
        return step_up(member.session.hash, proof, proofs=request.proofs)

    def _answer_route(self, route: Route, request: DeskRequest) -> Response:
        try:
            return route.answer(request)
        except NotFound as error:
            return request.failure_page(say("This page does not exist"), str(error), status=404)
        except Refused as error:
            return request.failure_page(say("That was not done"), str(error), status=409)
        except InvalidInput as error:
            faults = map(str, error.faults)
            return request.failure_page(say("Check these points"), *faults, status=422)

    def _refuse(self, route: Route, request: DeskRequest) -> Response | None:
        """Return the page that refuses the request; None if the route may answer."""
        if route.role is None:
            return None
        member = request.member
        if member is None:
            if request.http.method in _SAFE_METHODS and not request.body:
                back = urlencode({"next": request.address})
                return RedirectResponse(f"/desk/sign-in?{back}", status_code=303)
            return request.sign_in_page()
        if not member.may(route.role):
            if request.http.method not in _SAFE_METHODS:
                with self._staff.store.begin() as tx:
                    roles = {"role": say(member.role.value), "needed": say(route.role.value)}
                    tx.audit.enter(member.address, "refused", request.path[:200], **roles)
            return request.forbidden_page(route.role)
        if route.step_up and not member.session.has_fresh_factor(self._desk.now()):
            return request.step_up()
        return None

    def _member(self, session_token: str) -> Member | None:
        """Return the person behind a session token, with their role at this moment."""
        if not session_token:
            return None
        token_hash, now = hash_token(session_token), self._desk.now()
        with self._staff.store.read() as tx:
            session = tx.sessions.get(token_hash)
            # a GET writes nothing, so that the row may not know of the last one
            if session is None or not session.is_alive(now, self._seen.get(token_hash)):
                return None
            role, credential = tx.staff.role(session.address), tx.accounts.get(session.address)
            name = tx.staff.names().get(session.address, "")
            language = tx.staff.languages().get(session.address, "")
        if role is None or self._staff.proofs.lacks_factor(role, credential):
            return None
        if len(self._seen) >= _MAX_SESSIONS_SEEN and token_hash not in self._seen:
            # the one that has been quiet for longest loses the least
            self._seen.pop(min(self._seen, key=lambda session: self._seen[session]), None)
        self._seen[token_hash] = now
        return Member(
            address=session.address,
            role=role,
            session=session,
            name=name,
            language=language,
        )

    async def _asset(self, http: Request) -> Response:
        return self._desk.assets.response(http.path_params["name"]) or await self._missing_page(
            http
        )

    async def _only_posted(self, http: Request) -> Response:
        """Answer a GET of a path that takes only forms."""
        text = say("A form leads here, and this page can't be loaded again. Go to Home.")
        title = say("There is nothing to see here")
        page = await self._lanes.sign_in.run(self._error_page, http, title, text, 405)
        page.headers["Allow"] = "POST"
        return page

    async def _missing_page(self, http: Request) -> Response:
        text = say("There is nothing at this address. Go to Home and look from there.")
        title = say("This page does not exist")
        return await self._lanes.sign_in.run(self._error_page, http, title, text, 404)

    async def failed(self, http: Request, status: int) -> Response:
        """Answer an unforeseen error. Raises another if the page needs what has failed."""
        title, text = say("Something went wrong"), say("Nothing was changed. Try again.")
        if http.method not in _SAFE_METHODS:
            text = say("We don't know whether that was done. Look before you try again.")
        return await self._lanes.sign_in.run(self._error_page, http, title, text, status)

    def _error_page(self, http: Request, title: str, text: str, status: int) -> Response:
        member = self._member(session_token(http))
        request = DeskRequest(http=http, desk=self._desk, member=member)
        return request.failure_page(title, text, status=status)


def _is_our_own(http: Request) -> bool:
    """Return whether our own page sent the form, as browsers say."""
    site = http.headers.get("sec-fetch-site")  # no script can set it; old browsers send none
    if site is not None:
        return site == "same-origin"
    origin = http.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == http.headers.get("host", "")
