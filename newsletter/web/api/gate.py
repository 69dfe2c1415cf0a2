"""The checks of every request to the API: token, scope, limits, size, version, repetition.

No cookie is read or set, and no header lets a page of another site read an answer.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter.credentials.codes import hash_of
from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.errors import (
    Fault,
    InvalidInput,
    NewsletterError,
    NotFound,
    Refused,
    StoreUnavailable,
)
from newsletter.domain.staff.token import Token
from newsletter.pipeline.staff.tokens import bearer
from newsletter.store.sql import Store
from newsletter.web.api.operation import MOST, ROOT, Call, Operation, names_in
from newsletter.web.api.problem import NO_STORE, problem, problem_of
from newsletter.web.http.forms import BodyMemory, host_of
from newsletter.web.http.limits import RequestLimit
from newsletter.web.http.threads import Lane

log = logging.getLogger("newsletter.api")
_MINUTE = timedelta(minutes=1)
_OF_A_TOKEN, _OF_STRANGERS = 3_000, 60
"""Requests of a token in a minute; requests without a token that works, of a network in an hour."""
_BEARER = "bearer "
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="newsletter"'}
_LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request whose token and scope suffice."""

    call: Call
    path: Mapping[str, str]
    query: Mapping[str, object]
    headers: Mapping[str, str]
    body: bytes


class Gate:
    """Carries out the operations for requests that may have them done."""

    def __init__(
        self,
        operations: Sequence[Operation],
        store: Store,
        lane: Lane,
        *,
        most: int = _OF_A_TOKEN,
    ) -> None:
        self._operations = operations
        self._store = store
        self._lane = lane
        self._memory = BodyMemory(total=8 << 20, each=1 << 20)
        self._requests = RequestLimit(most, store.clock, _MINUTE)
        self._strangers = RequestLimit(_OF_STRANGERS, store.clock)

    def routes(self) -> list[Route]:
        """Return the routes for Starlette."""
        return [
            Route(ROOT + one.path, self._guarded(one), methods=[one.method])
            for one in self._operations
        ]

    def _guarded(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def answer(http: Request) -> Response:
            network = network_of(host_of(http))
            token = await self._lane.run(self._bearer, http)
            if token is None:
                return self._stranger(network, http)
            sender = str(token.id)
            is_over = self._requests.is_over(sender)
            left, seconds = self._requests.left(sender)
            limits = {
                "RateLimit-Policy": f'"token";q={self._requests.most};w={_MINUTE.seconds}',
                "RateLimit": f'"token";r={left};t={seconds}',
            }
            if is_over:
                again = {**limits, "Retry-After": str(seconds)}
                return problem(429, "This token made too many requests.", headers=again)
            response = _forbidden(operation, token)
            if response is None:
                response = await self._respond(operation, http, token, network)
            response.headers.update(limits)
            where = f"{operation.method} {operation.path}"
            log.info("api=%s token=%d status=%d", where, token.id, response.status_code)
            return response

        return answer

    def _bearer(self, http: Request) -> Token | None:
        given = http.headers.get("authorization", "")
        if given[: len(_BEARER)].lower() != _BEARER:
            return None
        return bearer(given[len(_BEARER) :].strip(), store=self._store)

    def _stranger(self, network: str, http: Request) -> Response:
        if self._strangers.is_over(network):
            _, seconds = self._strangers.left(network)
            again = {"Retry-After": str(seconds)}
            return problem(429, "Too many requests came without a token.", headers=again)
        given = "authorization" in http.headers
        fault = "This token is wrong, expired or revoked" if given else "A token is missing"
        return problem(401, f"{fault}. An admin makes tokens at the desk.", headers=_CHALLENGE)

    async def _respond(
        self, operation: Operation, http: Request, token: Token, network: str
    ) -> Response:
        kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            async with self._memory.body(http, sender=str(token.id), most=MOST) as body:
                if operation.body is not None and kind != "application/json":
                    return problem(415, "Send the body as application/json.")
                asked = _Asked(
                    call=Call(
                        token=token,
                        store=self._store.acting_through(f"through token {token.id}, {token.name}"),
                        network=network,
                        seen=_seen(operation, http),
                    ),
                    path=http.path_params,
                    query=_query(http),
                    headers=http.headers,
                    body=body,
                )
                return await self._lane.run(self._answer, operation, asked)
        except (InvalidInput, NotFound, Refused, StoreUnavailable, HTTPException) as error:
            return problem_of(error)

    def _answer(self, operation: Operation, asked: _Asked) -> Response:
        """Answer in a thread. Raises what the pipeline raises."""
        values = self._values(operation, asked)
        key = asked.headers.get("idempotency-key", "") if operation.repeatable else ""
        if not key:
            return _response(operation, operation.handle(**values), asked.headers)
        return self._once(operation, asked, values, key)

    def _values(self, operation: Operation, asked: _Asked) -> dict[str, Any]:
        values: dict[str, Any] = {"call": asked.call, **operation.path_values(asked.path)}
        if operation.query is not None:
            values["query"] = operation.query.read(asked.query)
        elif asked.query:
            faults = [
                Fault(file="query", key=key, message="means nothing here") for key in asked.query
            ]
            raise InvalidInput(faults)
        if operation.body is not None:
            values["body"] = operation.body.read(_json(asked.body))
        return values

    def _once(
        self, operation: Operation, asked: _Asked, values: dict[str, Any], key: str
    ) -> Response:
        """Carry a request out once, however often it comes under its key.

        The answer to a repetition is the resource as it is now.
        """
        if len(key) > _LONGEST_KEY:
            raise HTTPException(400, f"An Idempotency-Key has at most {_LONGEST_KEY} characters.")
        number, hashed = asked.call.token.id, hash_of(key)
        request = sha256(f"{operation.name} {dict(asked.path)}\0".encode() + asked.body).digest()
        with self._store.begin() as tx:
            before = tx.tokens.repeated(number, hashed, request, tx.now)
        if before is not None:
            if before.request != request:
                raise HTTPException(422, "Another request came under this Idempotency-Key.")
            if before.made is None:
                raise Refused(
                    "The first request under this Idempotency-Key is under way, or was cut off."
                    " Look at what it did before you send it under another key"
                )
            return self._again(operation, asked, json.loads(before.made))
        try:
            result = operation.handle(**values)
        except NewsletterError:
            with self._store.begin() as tx:
                tx.tokens.forget(number, hashed)
            raise
        response = _response(operation, result, asked.headers)
        named = {name: getattr(result, name) for name in names_in(operation.makes)}
        with self._store.begin() as tx:
            tx.tokens.made(number, hashed, json.dumps(named))
        return response

    def _again(self, operation: Operation, asked: _Asked, named: Mapping[str, Any]) -> Response:
        shows = next(
            (
                one
                for one in self._operations
                if operation.makes and (one.method, one.path) == ("GET", operation.makes)
            ),
            None,
        )
        result = None
        if shows is not None:
            result = shows.handle(call=asked.call, **named)
        return _response(operation, result, asked.headers)


def _forbidden(operation: Operation, token: Token) -> Response | None:
    if operation.scope is None or operation.scope in token.scopes:
        return None
    needed = operation.scope.value
    challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'}
    return problem(403, f"This takes a token with the scope {needed}.", headers=challenge)


def _seen(operation: Operation, http: Request) -> str:
    """Return the version in If-Match. Raises HTTPException."""
    if not operation.of_version:
        return ""
    given = http.headers.get("if-match", "").strip()
    if not given:
        raise HTTPException(428, "Say in If-Match which ETag you saw.")
    if len(given) < 3 or given[0] != '"' or given[-1] != '"' or '"' in given[1:-1]:
        raise HTTPException(412, "If-Match takes one ETag, as the answer had it.")
    return given[1:-1]


def _query(http: Request) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in http.query_params.multi_items():
        values[key] = [values[key], value] if key in values else value
    return values


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON.") from error


def _response(operation: Operation, result: Any, headers: Mapping[str, str]) -> Response:
    fields = dict(NO_STORE)
    if operation.makes and result is not None:
        fields["Location"] = ROOT + operation.makes.format(**vars(result))
    version = getattr(result, "version", None)
    if version is not None:
        fields["ETag"] = f'"{version}"'
        if operation.method == "GET" and headers.get("if-none-match") == fields["ETag"]:
            return Response(status_code=304, headers=fields)
    if operation.answer is None:
        return Response(status_code=operation.status, headers=fields)
    return JSONResponse(operation.answer.write(result), operation.status, fields)
