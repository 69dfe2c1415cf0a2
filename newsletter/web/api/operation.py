"""An operation of the API: its declaration serves requests, the OpenAPI document and the client.

To add one, write a method with a docstring under ``@operation``. Its parameters are the names in
the path, ``body`` or ``query``, each with its type, and it returns a frozen dataclass. If that has
a field ``version``, the answer gets an ETag.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from types import NoneType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, get_type_hints

from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.staff.token import Scope, Token
from newsletter.store.sql import Store
from newsletter.web.api.values import ModelPlace, Values, values_of
from newsletter.web.http.forms import parse_number

API_ROOT = "/api/v1"

P = ParamSpec("P")
R = TypeVar("R")


def parameters_in(path: str) -> list[str]:
    """Return the parameter names in a path: ``id`` of ``/drafts/{id}``."""
    return re.findall(r"{(\w+)}", path)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of an operation: its caller, its store, and the version that it saw."""

    token: Token
    store: Store
    """A store whose audit entries name the token."""
    if_match: str = ""
    """The ETag in If-Match, or ""."""


@dataclass(frozen=True)
class Operation:
    """The declaration of an operation: one HTTP method at one path."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """The path without the prefix ``/api/v1``."""
    scope: Scope | None
    """The scope that a token needs; None if any token may call it."""
    handle: Callable[..., Any]
    _: KW_ONLY
    status: int = 200
    show_path: str = ""
    """The GET path of the created record, filled with fields of the answer, for repeats."""
    requires_version: bool = False
    """The operation requires If-Match, and changes only that version."""

    @property
    def name(self) -> str:
        """Return the unique operationId of the OpenAPI document."""
        return (
            f"{self.handle.__qualname__.partition('Operations')[0]}_{self.handle.__name__}".lower()
        )

    @property
    def is_repeatable(self) -> bool:
        """Return whether it takes an Idempotency-Key: a POST whose answer can be repeated."""
        return self.method == "POST" and (bool(self.show_path) or self.values("answer") is None)

    def read(self, http: Request, body: bytes) -> dict[str, Any]:
        """Parse the handler's arguments. Raises InvalidInput, NotFound and HTTPException."""
        values: dict[str, Any] = {}
        for name, text in http.path_params.items():
            values[name] = parse_number(text) if self.types[name] is int else text
            if values[name] is None:
                raise NotFound("There is nothing at this address.")
        query: dict[str, object] = {}
        for key, value in http.query_params.multi_items():
            query[key] = [query[key], value] if key in query else value
        if query_values := self.values("query"):
            values["query"] = query_values.read(query)
        elif query:
            faults = (Fault(file="query", key=key, message="means nothing here") for key in query)
            raise InvalidInput(faults)
        if body_values := self.values("body"):
            kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                raise HTTPException(415, "Send the body as application/json.")
            try:
                values["body"] = body_values.read(json.loads(body))
            except (ValueError, RecursionError) as error:
                raise HTTPException(400, "The body is not JSON.") from error
        return values

    @cached_property
    def types(self) -> dict[str, Any]:
        return get_type_hints(self.handle)

    def values(self, place: ModelPlace) -> Values | None:
        """Return the type at a place (body, query or answer); None if there is none."""
        kind = self.types.get("return" if place == "answer" else place, NoneType)
        return None if kind is NoneType else values_of(kind, f"{self.name}_{place}", place)


def operation(
    method: Literal["GET", "POST", "PUT", "DELETE"], path: str, scope: Scope | None, **more: Any
) -> Callable[[Callable[Concatenate[Any, Call, P], R]], Callable[Concatenate[Any, Call, P], R]]:
    """Decorate a method as an operation; ``more`` are the other fields of ``Operation``."""

    def declare(
        handle: Callable[Concatenate[Any, Call, P], R],
    ) -> Callable[Concatenate[Any, Call, P], R]:
        setattr(handle, _DECLARED, Operation(method, path, scope, handle, **more))
        return handle

    return declare


_DECLARED = "operation"


def operation_of(handle: Callable[..., Any]) -> Operation:
    found: Operation = getattr(handle, _DECLARED)
    return found


def declarations(resource: type) -> list[Operation]:
    return [operation_of(each) for each in vars(resource).values() if hasattr(each, _DECLARED)]


def operations_of(resources: Iterable[object]) -> list[Operation]:
    return [
        replace(one, handle=getattr(resource, one.handle.__name__))
        for resource in resources
        for one in declarations(type(resource))
    ]


class TokenOperations:
    """The operations that any token may call."""

    @operation("GET", "/token", None)
    def show(self, call: Call) -> Token:
        """Show the token itself: a test that it works."""
        return call.token
