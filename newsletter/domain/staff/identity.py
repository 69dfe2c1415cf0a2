"""A person as an identity provider knows them (OpenID Connect)."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.errors import NewsletterError


class Unproven(NewsletterError):
    """The provider proved no identity. The message is for the audit log."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a verified ID token says."""

    issuer: str
    subject: str
    """The provider's name of the person, which never goes to another person."""
    email: str
    """The address that the provider verified; "" without one."""
    has_factor: bool
    """The provider asked for a second factor."""
    authenticated_at: datetime | None
    """When the person last proved who they are; None if the provider does not say."""
