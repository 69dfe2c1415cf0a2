"""What members of staff may do."""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a member of staff may do. Each role may also do what those before it may."""

    VIEWER = "viewer"
    """Sees statements, campaigns and figures."""
    WRITER = "writer"
    """Writes statements."""
    APPROVER = "approver"
    """Approves a statement, and takes that back."""
    SENDER = "sender"
    """Schedules, pauses, resumes and cancels; stops all sending."""
    ADMIN = "admin"
    """Adds staff and decides what a crash left open."""

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what ``other`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, kw_only=True)
class DeskRules:
    """What the configuration demands of those who sign in."""

    second_factor: Role = Role.SENDER
    """The least role that needs a second factor."""

    def demands_factor(self, role: Role) -> bool:
        return role.includes(self.second_factor)
