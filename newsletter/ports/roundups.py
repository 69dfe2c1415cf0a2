"""Round-ups: what is kept of them, and what puts into words what they say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.campaigns.roundup import Abstract, Issue
    from newsletter.domain.statements.statement import Statement


class Roundups(Protocol):
    """Since when each round-up is configured, and its issues."""

    def since(self) -> dict[str, datetime]:
        """Name → when the round-up began, for each that is configured."""
        ...

    def begin(self, name: str, at: datetime) -> None:
        """A round-up that was not there, and gathers nothing older. Known ones stay as they are."""
        ...

    def end(self, name: str) -> None:
        """It is not configured any more. Its issues stay."""
        ...

    def issues(self) -> list[Issue]:
        """All issues, by name and day."""
        ...

    def some(self, slugs: Collection[str]) -> list[Issue]:
        """Those whose statement has one of these slugs, by name and day."""
        ...

    def waiting(self) -> list[Issue]:
        """Those with a statement that has not begun to go out, by name and day."""
        ...

    def last(self, name: str) -> date | None:
        """The day of the newest issue of a round-up."""
        ...

    def put(self, issue: Issue, at: datetime) -> None:
        """Insert it, or replace what is stored under its name and day."""
        ...


class Abstracts(Protocol):
    """Says in a few words what a statement says."""

    def of(self, statement: Statement, went_out: date, language: str) -> Abstract:
        """What a round-up in this language says of a statement that went out that day."""
        ...

    def dated(self, day: date, language: str) -> str:
        """A day in words."""
        ...
