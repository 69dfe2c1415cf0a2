"""One request to the desk, as a page sees it: who asks, and with which fields."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from newsletter.domain.errors import Defect, Fault, InvalidInput, NotFound
from newsletter.domain.staff.account import Member

_DIGITS = 15
"""SQLite knows no longer numbers, and Starlette's own ``:int`` fails on those that are."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that a form brought along."""

    name: str
    kind: str
    """The media type that the browser named; nobody believes it."""
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a form holds."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request. The body is read; an answer may block, as it has a thread of its own."""

    request: Request
    member: Member | None
    posted: Posted = field(default_factory=Posted)
    body: bytes = b""

    @property
    def who(self) -> Member:
        """Who is signed in. Raises Defect where nobody is: the gate let in whom it should not."""
        if self.member is None:
            raise Defect(f"{self.path} was opened to somebody who is not signed in")
        return self.member

    @property
    def path(self) -> str:
        """As it was asked for, without the query."""
        return self.request.url.path

    @property
    def address(self) -> str:
        """The path with its query, to come back to."""
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    def param(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A part of the path that is a number. Raises NotFound for what no row can have."""
        said = self.param(name)
        if not (said.isascii() and said.isdecimal() and len(said) <= _DIGITS):
            raise NotFound("There is nothing at this address.")
        return int(said)

    def query(self, name: str) -> str:
        """A value of the query; empty where there is none."""
        return self.request.query_params.get(name, "")

    def field(self, name: str) -> str:
        """The value of a field of the form, or its first one; empty where there is none."""
        return next(iter(self.posted.fields.get(name, ())), "")

    def values(self, name: str) -> list[str]:
        """All values of a field."""
        return list(self.posted.fields.get(name, ()))

    def upload(self, name: str) -> Upload | None:
        """The file of a field; None where none was chosen."""
        found = next(iter(self.posted.files.get(name, ())), None)
        return found if found is not None and (found.name or found.data) else None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises InvalidInput."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise InvalidInput([Fault(file="body", message=f"is not JSON: {error}")]) from error
        if not isinstance(read, dict):
            raise InvalidInput([Fault(file="body", message="is no JSON object")])
        return read
