"""The roles of staff."""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """The role of a member of staff. Each role includes the roles before it."""

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
        """Return whether this role includes the rights of ``other``."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, kw_only=True)
class DeskRules:
    """The configured conditions of signing in."""

    second_factor: Role = Role.SENDER
    """The least role that needs a second factor."""

    def demands_factor(self, role: Role) -> bool:
        return role.includes(self.second_factor)
