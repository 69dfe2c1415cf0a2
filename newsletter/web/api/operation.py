"""An operation of the API: its declaration serves requests, the OpenAPI document and the tests.

To add one, write a method with a docstring, whose parameters are the names in the path, ``body`` or
``query``, each with its type, and return a frozen dataclass. Then add its row to ``operations``. An
answer with a field ``version`` gets an ETag.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from inspect import cleandoc
from typing import Any, Literal, get_type_hints

from newsletter.domain.errors import NotFound
from newsletter.domain.staff.token import Scope, Token
from newsletter.store.sql import Store
from newsletter.web.api.values import Values
from newsletter.web.http.forms import whole

ROOT = "/api/v1"
MOST = 64 << 10
"""Bytes of a body."""


def names_in(path: str) -> list[str]:
    """Return the names in a path."""
    return re.findall(r"{(\w+)}", path)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an operation."""

    token: Token
    store: Store
    """Its entries in the audit log name the token."""
    network: str
    """The network that the request comes from."""
    seen: str = ""
    """The version that the request names in If-Match."""

    @property
    def by(self) -> str:
        """The person in whose name the token acts."""
        return self.token.by


@dataclass(frozen=True)
class Operation:
    """One method at one path."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """Below ``/api/v1``."""
    scope: Scope | None
    """The right that it takes; None if any token will do."""
    handle: Callable[..., Any]
    _: KW_ONLY
    status: int = 200
    makes: str = ""
    """The path of what it makes, filled from its answer: a Location, and what a repetition gets."""
    of_version: bool = False
    """It changes the version that If-Match names, and no other."""

    @property
    def name(self) -> str:
        """A name that no other operation has."""
        words = re.findall(r"[a-z]+", self.path)
        return "_".join((self.method.lower(), *words))

    @property
    def repeatable(self) -> bool:
        """An idempotency key makes it happen once."""
        return self.method == "POST" and self.status in {201, 202}

    @property
    def about(self) -> str:
        return cleandoc(self.handle.__doc__ or "")

    def path_values(self, path: Mapping[str, str]) -> dict[str, str | int]:
        """Return the values in a path, each by its type. Raises NotFound for no number of ours."""
        values: dict[str, str | int] = {}
        for name, text in path.items():
            number = whole(text) if self.types[name] is int else None
            if self.types[name] is int and number is None:
                raise NotFound("There is nothing at this address.")
            values[name] = text if number is None else number
        return values

    @cached_property
    def types(self) -> dict[str, Any]:
        return get_type_hints(self.handle)

    def _values(self, key: str, place: str) -> Values | None:
        kind = self.types.get(key, type(None))
        return None if kind is type(None) else Values(kind, name=f"{self.name}_{key}", place=place)

    @cached_property
    def body(self) -> Values | None:
        return self._values("body", "body")

    @cached_property
    def query(self) -> Values | None:
        return self._values("query", "query")

    @cached_property
    def answer(self) -> Values | None:
        return self._values("return", "answer")
