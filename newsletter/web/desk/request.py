"""A request to the desk as its pages see it, and the route that answers it."""

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
from newsletter.web.http.forms import Posted, Upload, whole


@dataclass(frozen=True, kw_only=True)
class DeskRequest:
    """One request. The body is read; an answer may block, as it has a thread of its own."""

    http: Request
    member: Member | None
    posted: Posted = field(default_factory=Posted)
    body: bytes = b""

    @property
    def who(self) -> Member:
        """The person who is signed in. Raises Defect if no one is: the gate should have refused."""
        if self.member is None:
            raise Defect(f"{self.path} was opened to somebody who is not signed in")
        return self.member

    @property
    def path(self) -> str:
        """Return the path without its query."""
        return self.http.url.path

    @property
    def address(self) -> str:
        """Return the path with its query, for a link back."""
        query = self.http.url.query
        return f"{self.path}?{query}" if query else self.path

    def param(self, name: str) -> str:
        return str(self.http.path_params[name])

    def number(self, name: str) -> int:
        """Return a number in the path. Raises NotFound if no row can have it."""
        found = whole(self.param(name))
        if found is None:
            raise NotFound(say("There is nothing at this address."))
        return found

    @property
    def page(self) -> int:
        """Return the number of the page of a list, from 1 on."""
        return max(1, whole(self.query("page")) or 1)

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
    """One page or act of the desk."""

    method: Literal["GET", "POST"]
    path: str
    """Below ``/desk``, in Starlette's words."""
    role: Role | None
    """The least role; None opens it to people who are not signed in."""
    answer: Callable[[DeskRequest], Response]
    _: KW_ONLY
    step_up: bool = False
    """It needs a second factor that was given within the last ten minutes."""
    may_step_up: bool = False
    """Its answer may ask for one, by ``Desk.step_up``, depending on the form."""
    most: int = 64 << 10
    """Bytes of the body."""
    files: bool = False
    """Files may come along."""
    calls: bool = False
    """It waits for the identity provider, on a thread that other pages do not need."""
    is_read: bool = False
    """The upload is parsed in a sandbox, on a thread that other pages do not need."""


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
