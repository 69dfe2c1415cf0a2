"""An operation of the API: its declaration serves requests, the OpenAPI document and the client.

To add one, write a method with a docstring under ``@operation``. Its parameters are the names in
the path, ``body`` or ``query``, each with its type, and it returns a frozen dataclass. If that has
a field ``version``, the answer gets an ETag. Values are read, written and described from one
annotation.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cache, cached_property
from threading import Lock
from types import NoneType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.config.document import Document, key_text
from newsletter.config.fields import Section
from newsletter.config.shape import Shape
from newsletter.config.wording import explain, find
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.setting import setting
from newsletter.domain.staff.token import Scope, Token
from newsletter.domain.wording import did_you_mean, say
from newsletter.store.sql import Store
from newsletter.web.http.forms import parse_number

T = TypeVar("T")


class _Value(Section):
    """A model that refuses unknown fields and converts no types, as in newsletter.yaml."""

    # built under the lock of `values_of`, not by the first thread that reads with it
    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=False)


class _Text(_Value):
    """A model that converts texts to numbers, for queries."""

    model_config = ConfigDict(strict=False)


class _Answer(_Value):
    """A model that ignores unknown fields: a newer version may have written them."""

    model_config = ConfigDict(extra="ignore")


_BASE_OF_PLACE = {"body": _Value, "query": _Text, "answer": _Answer}


ModelPlace = Literal["body", "query", "answer"]


_BUILD_LOCK = Lock()


@cache
def values_of(kind: Any, name: str, place: ModelPlace) -> "Values":
    """Return the cached ``Values`` of a type at a place of an operation."""
    with _BUILD_LOCK:  # ast.parse, which reads the docstrings, fails in two threads before 3.11.5
        return Values(kind, name, place)


class Values:
    """Reads and writes values of one type at one place: body, query or answer."""

    def __init__(self, kind: Any, name: str, place: ModelPlace) -> None:
        self._place = place
        self.model: Any = create_model(name, __base__=_BASE_OF_PLACE[place], value=(kind, ...))
        """A Pydantic model with the one field ``value``."""
        self._adapter = TypeAdapter[Any](kind)

    def read(self, data: object) -> Any:
        """Validate JSON data. Return the value. Raises InvalidInput with all faults."""
        document = {"value": data}
        try:
            return self.model.model_validate_json(json.dumps(document)).value
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise InvalidInput([self._fault(each, document) for each in found]) from error

    def _fault(self, error: ErrorDetails, document: Mapping[str, object]) -> Fault:
        finding = find(error, Document(file=self._place), Shape(type=self.model), document)
        message = explain(finding)
        if error["type"] == "unexpected_keyword_argument":
            known_keys = Shape(type=self.model).at(finding.path[:-1], document).keys
            hint = did_you_mean(str(finding.path[-1]), known_keys, is_listed=True)
            message = say("means nothing here{hint}", hint=hint)
        return Fault(file=self._place, key=key_text(finding.path[1:]), message=message)

    def write(self, value: object) -> Any:
        return self._adapter.dump_python(value, mode="json")


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The page of a collection that is asked for."""

    after: int = setting("The `next` of the page before.", default=0, ge=0, le=10**15)
    limit: int = setting("The most items of a page.", default=100, ge=1, le=500)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A page of a collection."""

    items: tuple[T, ...]
    next: str | None
    """The `after` of the next page; null on the last page."""

    @classmethod
    def of(cls, rows: Sequence[T], limit: int, cursor: Callable[[T], object]) -> "Page[T]":
        """Return a page of ``limit`` items; ``rows`` has one more if there is a next page."""
        items = tuple(rows[:limit])
        return cls(items=items, next=str(cursor(items[-1])) if len(rows) > len(items) else None)


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
