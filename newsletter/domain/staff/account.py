"""What a member of staff signs in with: password, second factor, links that are used once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.statements.statement import Role

INVITATION_LIVES = timedelta(hours=72)
RESET_LIVES = timedelta(minutes=15)
RECOVERY_CODES = 10


class Stage(Enum):
    """How far somebody has come with signing in."""

    HALF = "half"
    """The password was right; the second factor is still to come."""
    ENROLLING = "enrolling"
    """The password was right; the role demands a second factor, and there is none yet."""
    WHOLE = "whole"
    """Signed in."""


class LinkKind(Enum):
    """What a link for one person does."""

    INVITATION = "invitation"
    """Opens an account."""
    RESET = "reset"
    """Sets a new password and takes the second factor away."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What one member of staff signs in with."""

    address: str
    password: str
    """Its hash, in Argon2's own words."""
    password_at: datetime
    factor: str = ""
    """What the secret of the one-time codes is made of; empty where there is none."""
    factor_at: datetime | None = None
    factor_step: int = 0
    """The step of time whose code was used last: no code up to it counts again."""
    pending: str = ""
    """The same of one that is being set up, until a first code proves it."""
    kept_at: datetime | None = None
    """When a recovery code was typed back; None where nobody knows whether they were kept."""

    @property
    def has_factor(self) -> bool:
        return self.factor != ""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A link that was made for one person, who uses it once."""

    id: int
    kind: LinkKind
    address: str
    role: Role
    by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Whether it still does something."""
        return self.used_at is None and self.withdrawn_at is None and now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class DeskRules:
    """What the configuration demands of those who sign in."""

    second_factor: Role = Role.SENDER
    """The least role that needs a second factor."""

    def demands_factor(self, role: Role) -> bool:
        return role.includes(self.second_factor)
