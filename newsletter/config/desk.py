"""The settings of the desk, where staff write, approve and send."""

from typing import Literal

from pydantic import Field

from newsletter.config.fields import PublicUrl, Section
from newsletter.domain.staff.account import DeskRules
from newsletter.domain.statements.statement import Role


class DeskOptions(Section):
    """Where the desk is, and what it asks of those who use it."""

    enabled: bool = Field(
        default=True, description="Whether there is a desk at all.", examples=[True]
    )
    url: PublicUrl | None = Field(
        default=None,
        description="Where staff find it, if that is another host than `public_url`; `/desk` is"
        " added. A host of its own keeps it apart from the pages that everybody sees: neither is"
        " there at the host of the other.",
        examples=["https://desk.forum.example"],
    )
    typed_count: int = Field(
        default=1000,
        ge=1,
        description="From so many recipients on, whoever starts a statement types their number and"
        " confirms that it's them.",
        examples=[1000],
    )
    second_factor: Literal["viewer", "writer", "approver", "sender", "admin"] = Field(
        default="sender",
        description="The least role that signs in with a second factor; everybody may.",
        examples=["sender"],
    )

    def rules(self) -> DeskRules:
        """What is asked of those who sign in."""
        return DeskRules(second_factor=Role(self.second_factor))
