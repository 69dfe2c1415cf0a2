"""A request to the desk, and the declaration of the route that answers it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Literal, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from newsletter.domain.errors import Defect, Fault, InvalidInput, NotFound
from newsletter.domain.staff.account import Member
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.web.http.forms import Posted, Upload, parse_number


@dataclass(frozen=True, kw_only=True)
class DeskRequest:
    """A request to the desk whose body has been read. Its handler may block: it has a thread."""

    http: Request
    member: Member | None
    posted: Posted = field(default_factory=Posted)
    body: bytes = b""

    @property
    def who(self) -> Member:
        """Return the signed-in member of staff. Raises Defect if there is none."""
        if self.member is None:
            raise Defect(f"{self.path} was opened to somebody who is not signed in")
        return self.member

    @property
    def path(self) -> str:
        """Return the path without its query."""
        return self.http.url.path

    @property
    def address(self) -> str:
        """Return the path with its query."""
        query = self.http.url.query
        return f"{self.path}?{query}" if query else self.path

    def param(self, name: str) -> str:
        return str(self.http.path_params[name])

    def number(self, name: str) -> int:
        """Return the number in this path parameter. Raises NotFound if it is no row number."""
        found = parse_number(self.param(name))
        if found is None:
            raise NotFound(say("There is nothing at this address."))
        return found

    @property
    def page(self) -> int:
        """Return the page number in the query, from 1 on."""
        return max(1, parse_number(self.query("page")) or 1)

    def query(self, name: str) -> str:
        """Return a value of the query, or ""."""
        return self.http.query_params.get(name, "")

    def field(self, name: str) -> str:
        """Return the first value of a field of the form, or ""."""
        return self.posted.first(name)

    def upload(self, name: str) -> Upload | None:
        """Return the file of a field; None if none was chosen."""
        found = next(iter(self.posted.files.get(name, ())), None)
        return found if found is not None and (found.name or found.data) else None

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises InvalidInput."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise InvalidInput([Fault(file="body", message=f"is not JSON: {error}")]) from error
        if not isinstance(read, dict):
            raise InvalidInput([Fault(file="body", message="is no JSON object")])
        return read


@dataclass(frozen=True)
class Route:
    """A page or an act of the desk, and the checks that the gate makes before it."""

    method: Literal["GET", "POST"]
    path: str
    """A Starlette path pattern, without the prefix ``/desk``."""
    role: Role | None
    """The least role; None opens it to people who are not signed in."""
    answer: Callable[[DeskRequest], Response]
    _: KW_ONLY
    step_up: bool = False
    """It requires a second factor that was checked within the last ten minutes."""
    may_step_up: bool = False
    """Its answer may require a second factor, by ``Desk.step_up``, depending on the form."""
    max_bytes: int = 64 << 10
    """Largest body."""
    takes_files: bool = False
    """Its form may contain files."""
    calls_provider: bool = False
    """It calls the identity provider, on threads reserved for that."""
    is_parsed: bool = False
    """It parses an upload in a sandbox, on threads reserved for that."""


Answer = TypeVar("Answer", bound=Callable[..., Response])
_DECLARED = "route"


def route(
    method: Literal["GET", "POST"], path: str, role: Role | None, **more: Any
) -> Callable[[Answer], Answer]:
    """Declare a method as the answer of a route; ``more`` are the other fields of ``Route``."""

    def declare(answer: Answer) -> Answer:
        setattr(answer, _DECLARED, Route(method, path, role, answer, **more))
        return answer

    return declare


def routes_of(pages: Iterable[object]) -> list[Route]:
    """Return the routes that these pages declare, in their order."""
    return [
        replace(getattr(each, _DECLARED), answer=getattr(page, name))
        for page in pages
        for name, each in vars(type(page)).items()
        if hasattr(each, _DECLARED)
    ]
