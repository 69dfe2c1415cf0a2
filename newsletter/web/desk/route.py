"""One route of the desk, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.responses import Response

from newsletter.domain.statements.statement import Role
from newsletter.web.desk.visit import Visit


@dataclass(frozen=True, kw_only=True)
class Route:
    """One page or act of the desk."""

    method: Literal["GET", "POST"]
    path: str
    """Below ``/desk``, in Starlette's words."""
    role: Role | None
    """The least that may; None opens it to whoever is not signed in."""
    answer: Callable[[Visit], Response]
    step_up: bool = False
    """It asks for a second factor that was shown within the last ten minutes."""
    may_step_up: bool = False
    """Its answer asks for one, by ``Desk.step_up``, where much hangs on what is sent."""
    most: int = 64 << 10
    """Bytes of the body."""
    files: bool = False
    """Files may come along."""


class Group(Protocol):
    """Pages that belong together."""

    def routes(self) -> list[Route]:
        """What it answers."""
        ...
