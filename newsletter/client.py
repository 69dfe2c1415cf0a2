"""A client of the HTTP API, typed by the operations that the service declares.

``client.call(SubscriberOperations.add, NewSubscriber(…))`` returns what that method returns.
"""

import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import quote
from uuid import uuid4

import requests

from newsletter.web.api.operation import API_ROOT, Call, Page, operation_of
from newsletter.web.http.hosts import host_name_of, is_this_machine

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Query = TypeVar("Query")

_STATUSES_WITH_WAIT = {429, 503}
_MAX_TRIES, _MAX_WAIT_SECONDS, _FIRST_PAUSE_SECONDS = 5, 60, 0.5


class ApiProblem(requests.HTTPError):
    """The service refused a request; its response has the Problem Details (RFC 9457)."""


class Client:
    """Calls the operations of one service. Raises ValueError for an address without TLS."""

    def __init__(self, url: str, token: str) -> None:
        if not (url.startswith("https://") or is_this_machine(host_name_of(url))):
            raise ValueError(f"{url!r} is not secure, and a token is a secret; write https://")
        self._url = url.rstrip("/") + API_ROOT
        self._seen = ""
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.auth = lambda request: request  # else a password in .netrc replaces the token

    def at(self, version: str) -> "Client":
        """Return a client whose changes are refused if the resource has a later version."""
        same = copy(self)
        same._seen = version
        return same

    def call(
        self, handle: Callable[Concatenate[Any, Call, P], R], /, *args: P.args, **named: P.kwargs
    ) -> R:
        """Call an operation. Wait as long as the service says. Raises ApiProblem.

        If the connection breaks or the service is unavailable, a GET or a request with an
        idempotency key is sent again. Other requests may have been carried out.
        """
        operation = operation_of(handle)
        given = signature(handle).bind(None, None, *args, **named).arguments
        headers = {"If-Match": f'"{self._seen}"'} if operation.requires_version else {}
        if operation.is_repeatable:
            headers["Idempotency-Key"] = uuid4().hex
        query, body, answer_shape = (
            operation.values(place) for place in ("query", "body", "answer")
        )
        names = {key: quote(str(value), "") for key, value in given.items()}
        answer = self._send(
            operation.method,
            self._url + operation.path.format(**names),
            params=query.write(given["query"]) if query else None,
            json=body.write(given["body"]) if body else None,
            headers=headers,
        )
        return cast("R", answer_shape.read(answer.json()) if answer_shape else None)

    def every(self, handle: Callable[[Any, Call, Query], Page[T]], query: Query) -> Iterator[T]:
        """Yield the items of all pages."""
        more: Any = vars(query)["after"]
        while more is not None:
            page = self.call(handle, replace(query, after=more))  # type: ignore[type-var] # a query
            yield from page.items
            more = type(more)(page.next) if page.items and page.next else None

    def _send(self, method: str, url: str, **how: Any) -> requests.Response:
        may_repeat = method == "GET" or "Idempotency-Key" in how["headers"]
        waits = _STATUSES_WITH_WAIT if may_repeat else {429}  # a 429 was not carried out
        for tries_left in reversed(range(_MAX_TRIES)):
            try:
                answer = self._session.request(
                    method, url, timeout=_MAX_WAIT_SECONDS, allow_redirects=False, **how
                )
            except requests.ConnectionError:
                if not (tries_left and may_repeat):
                    raise
                time.sleep(_FIRST_PAUSE_SECONDS)
                continue
            if answer.status_code not in waits or not tries_left:
                break
            wait = answer.headers.get("Retry-After", "")  # seconds, or a date from a proxy
            time.sleep(min(int(wait) if wait.isdecimal() else 1, _MAX_WAIT_SECONDS))
        if answer.status_code >= 300:
            raise ApiProblem(answer.text, response=answer)
        return answer
