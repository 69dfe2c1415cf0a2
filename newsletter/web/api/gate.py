"""The checks of every request to the API, and refusals as Problem Details (RFC 9457).

The checks are of token, scope, limits, size, ETag and repetition. No cookie is
read or set, and no header lets a page of another site read an answer.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from importlib import resources
from types import MappingProxyType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter.credentials.codes import hash_token
from newsletter.domain import errors
from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.staff.token import Token
from newsletter.domain.wording import say, without_commands
from newsletter.pipeline.staff.tokens import bearer
from newsletter.store.sql import Store
from newsletter.web.api.operation import API_ROOT, Call, Operation, parameters_in
from newsletter.web.http.forms import BodyMemory, client_ip
from newsletter.web.http.limits import RequestLimit
from newsletter.web.http.threads import Lane

log = logging.getLogger("newsletter.api")
_MINUTE = timedelta(minutes=1)
_MAX_BYTES = 64 << 10
"""Largest body of a request."""
_MAX_PER_MINUTE, _MAX_TOKENLESS_PER_HOUR = 3_000, 60
"""Requests per token and minute; requests without a valid token per network and hour."""
_MAX_KEY_CHARS = 255

NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})
_STATUS_OF_ERROR: Mapping[type[Exception], int] = {
    errors.StoreUnavailable: 503,
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.Outdated: 412,
    errors.Refused: 409,
}
"""Error class → HTTP status; the first matching class counts."""
HANDLED_ERRORS: tuple[type[Exception], ...] = (HTTPException, *_STATUS_OF_ERROR)


def problem_of(error: Exception) -> Response:
    fields: dict[str, Any] = {}
    headers: Mapping[str, str] = {}
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, error.detail, error.headers or {}
    else:
        status = next(each for kind, each in _STATUS_OF_ERROR.items() if isinstance(error, kind))
        detail = without_commands(str(error))
    if status == 503:
        detail, headers = "The database or the memory is busy. Try again.", {"Retry-After": "10"}
    if isinstance(error, errors.InvalidInput):
        fields["errors"] = [
            {"at": fault.key or fault.file, "detail": without_commands(fault.message)}
            for fault in error.faults
        ]
        detail = "; ".join(f"{one['at']} {one['detail']}" for one in fields["errors"])
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, **fields}
    return JSONResponse(problem, status, {**NO_STORE, **headers}, "application/problem+json")


class Gate:
    """Checks each request to the API, and runs its operation."""

    def __init__(
        self,
        operations: Sequence[Operation],
        store: Store,
        lane: Lane,
        *,
        limit: int = _MAX_PER_MINUTE,
    ) -> None:
        self._operations = operations
        self._store = store
        self._lane = lane
        self._memory = BodyMemory(total=8 << 20, per_sender=1 << 20)
        self._requests = RequestLimit(limit, store.clock, _MINUTE)
        self._tokenless = RequestLimit(_MAX_TOKENLESS_PER_HOUR, store.clock)

    def routes(self) -> list[Route]:
        routes = [
            Route(API_ROOT + one.path, self._guard(one), methods=[one.method])
            for one in self._operations
        ]
        return [*routes, Route(f"{API_ROOT}/openapi.json", self._describe)]

    async def _describe(self, _: Request) -> Response:
        """Return the OpenAPI document. It is the same in all workspaces and takes no token."""
        description = resources.files("newsletter.web.api").joinpath("openapi.json").read_bytes()
        return Response(description, headers=NO_STORE, media_type="application/json")

    def _guard(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def answer(http: Request) -> Response:
            limits: dict[str, str] = {}
            try:
                token = await self._lane.run(self._bearer, http)
                caller = str(token.id)
                is_over = self._requests.is_over(caller)
                left, seconds = self._requests.remaining(caller)
                policy = f'"token";q={self._requests.limit};w={_MINUTE.seconds}'
                limits = {"RateLimit-Policy": policy, "RateLimit": f'"token";r={left};t={seconds}'}
                if is_over:
                    headers = {"Retry-After": str(seconds)}
                    raise HTTPException(429, "This token made too many requests.", headers)
                if operation.scope is not None and operation.scope not in token.scopes:
                    scope = operation.scope.value
                    raise HTTPException(403, f"This takes a token with the scope {scope}.")
                async with self._memory.body(http, sender=caller, max_bytes=_MAX_BYTES) as body:
                    response = await self._lane.run(self._answer, operation, token, http, body)
                log.info("api=%s token=%d", operation.name, token.id)
            except HANDLED_ERRORS as error:
                response = problem_of(error)
            response.headers.update(limits)
            return response

        return answer

    def _bearer(self, http: Request) -> Token:
        """Return the API token in the Authorization field. Raises HTTPException 401."""
        kind, _, secret = http.headers.get("authorization", "").partition(" ")
        token = bearer(secret.strip(), store=self._store) if kind.lower() == "bearer" else None
        if token is not None:
            return token
        network = network_of(client_ip(http))
        if self._tokenless.is_over(network):
            headers = {"Retry-After": str(self._tokenless.remaining(network)[1])}
            raise HTTPException(429, "Too many requests came without a token.", headers)
        fault = "This token is wrong, expired or revoked" if secret else "A token is missing"
        challenge = {"WWW-Authenticate": 'Bearer realm="newsletter"'}
        raise HTTPException(401, f"{fault}. An admin makes tokens at the desk.", challenge)

    def _answer(self, operation: Operation, token: Token, http: Request, body: bytes) -> Response:
        """Run an operation and return its response; runs in a thread. Raises NewsletterError."""
        values = operation.read(http, body)
        through = say("through token {number}, {name}", number=str(token.id), name=token.name)
        values["call"] = Call(
            token=token,
            store=self._store.acting_through(through),
            if_match=_if_match(http) if operation.requires_version else "",
        )
        key = http.headers.get("idempotency-key", "") if operation.is_repeatable else ""
        if key:
            # with the key, which is stored nowhere, so that no address can be guessed from the hash
            request = sha256(f"{key}\0{http.url.path}\0".encode() + body).digest()
            result = self._run_once(operation, values, token.id, key, request)
        else:
            result = operation.handle(**values)
        return _response(operation, result, http)

    def _run_once(
        self, operation: Operation, values: Mapping[str, Any], token: int, key: str, request: bytes
    ) -> Any:
        """Run an operation once per Idempotency-Key.

        A repeated request gets the current state of what the first one created.
        """
        if len(key) > _MAX_KEY_CHARS:
            raise HTTPException(400, f"An Idempotency-Key has at most {_MAX_KEY_CHARS} characters.")
        key_hash = hash_token(key)
        # the commit of what it does also makes the key last, which comes before it
        with self._store.begin(is_durable=False) as tx:
            earlier_request = tx.tokens.note_request(token, key_hash, request, tx.now)
        if earlier_request is not None:
            content, resource_id = earlier_request
            if content != request:
                raise HTTPException(422, "Another request came under this Idempotency-Key.")
            if resource_id is None:
                raise errors.Refused(
                    "The first request under this Idempotency-Key is under way, or was cut off."
                    " Look at what it did before you send it under another key"
                )
            if not operation.show_path:
                return None
            path = "GET", operation.show_path
            reader = next(one for one in self._operations if (one.method, one.path) == path)
            return reader.handle(call=values["call"], **json.loads(resource_id))
        try:
            result = operation.handle(**values)
        except (errors.NewsletterError, HTTPException) as error:
            if not isinstance(
                error, errors.StoreUnavailable
            ):  # a commit without an answer may hold
                with self._store.begin(is_durable=False) as tx:
                    tx.tokens.forget(token, key_hash)
            raise
        parameters = {name: getattr(result, name) for name in parameters_in(operation.show_path)}
        with self._store.begin(is_durable=False) as tx:
            tx.tokens.note_result(token, key_hash, json.dumps(parameters))
        return result


def _if_match(http: Request) -> str:
    """Return the ETag in If-Match without quotes. Raises HTTPException 400 or 428."""
    tag = http.headers.get("if-match", "").strip()
    if not tag:
        raise HTTPException(428, "Say in If-Match which ETag you saw.")
    if len(tag) < 3 or tag[0] != '"' or tag[-1] != '"' or '"' in tag[1:-1]:
        raise HTTPException(400, "If-Match takes one ETag, as the answer had it.")
    return tag[1:-1]


def _response(operation: Operation, result: Any, http: Request) -> Response:
    fields = dict(NO_STORE)
    if operation.status == HTTPStatus.CREATED:
        fields["Location"] = API_ROOT + operation.show_path.format(**vars(result))
    version, answer = getattr(result, "version", None), operation.values("answer")
    if version is not None:
        fields["ETag"] = f'"{version}"'
        if operation.method == "GET" and http.headers.get("if-none-match") == fields["ETag"]:
            return Response(status_code=304, headers=fields)
    if answer is None:
        return Response(status_code=operation.status, headers=fields)
    return JSONResponse(answer.write(result), operation.status, fields)
