"""The roles of staff, and the conditions of signing in."""

from dataclasses import dataclass
from enum import Enum

from newsletter.domain.setting import Line, PublicUrl, setting


class Role(Enum):
    """The role of a member of staff. Each role includes the roles before it."""

    VIEWER = "viewer"
    """Sees statements, campaigns and figures."""
    WRITER = "writer"
    """Writes statements."""
    APPROVER = "approver"
    """Approves statements, and revokes approvals."""
    SENDER = "sender"
    """Schedules, pauses, resumes and cancels; stops all sending."""
    ADMIN = "admin"
    """Adds staff and decides about unknown deliveries."""

    def includes(self, other: "Role") -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """The registration of the desk at an identity provider (OpenID Connect)."""

    name: Line = setting("The provider's name on the button.", "Google")
    issuer: PublicUrl = setting("The provider's address.", "https://accounts.google.com")
    client_id: Line = setting("The desk's name there.", "newsletter-desk")
    factor: str = setting(
        "The value of `acr` or `amr` in its tokens that proves a second factor. The desk then asks"
        " for none of its own. Without it, the desk does.",
        "mfa",
        default="",
    )


@dataclass(frozen=True, kw_only=True)
class DeskRules:
    """The URL of the desk, and the rules for signing in."""

    enabled: bool = setting("Whether there is a desk.", True, default=True)
    url: PublicUrl = setting(
        "The desk's own host, if it is not that of `public_url`; `/desk` is added. Desk and public"
        " pages are then absent at each other's host, and any other host gets 421.",
        "https://desk.forum.example",
        default="",
    )
    typed_count: int = setting(
        "From this number of recipients on, the sender types the number and gives a fresh code.",
        1000,
        default=1000,
        ge=1,
    )
    second_factor: Role = setting(
        "The lowest role that must use a second factor.", "sender", default=Role.SENDER
    )
    passwords: Role = setting(
        "The lowest role that may sign in with a password; others use `oidc`. Admins always may, in"
        " case the provider fails.",
        "admin",
        default=Role.VIEWER,
    )

    def demands_factor(self, role: Role) -> bool:
        return role.includes(self.second_factor)
