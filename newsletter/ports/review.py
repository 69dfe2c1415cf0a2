"""Who looks a statement over before anybody says yes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.statements.content import Content
    from newsletter.domain.statements.review import Remark, Surroundings
    from newsletter.domain.statements.statement import Statement


class Reviewer(Protocol):
    """Says what there is to say about a statement. It visits no link and changes nothing."""

    def review(
        self, statement: Statement, content: Content | None, around: Surroundings
    ) -> tuple[Remark, ...]:
        """All remarks in order; the same for the same. Never raises for what a person wrote.

        ``content`` is None where the statement cannot be rendered.
        """
        ...
