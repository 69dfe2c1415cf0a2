"""Tokens of the HTTP API: their scopes and lifetime."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

PREFIX = "newsletter_"
"""The beginning of each token. Secret scanners find leaked tokens by it."""
MAX_TOKEN_LIFETIME = timedelta(days=365)


class Scope(Enum):
    """A permission of a token. No scope approves, starts a campaign or creates another token."""

    STATEMENTS_READ = "statements:read"
    """Reads drafts, and statements with their status."""
    STATEMENTS_WRITE = "statements:write"
    """Writes drafts and submits them for approval."""
    CAMPAIGNS_READ = "campaigns:read"
    """Reads campaigns and their figures, without subscribers."""
    EVENTS_READ = "events:read"
    """Reads bounces, complaints and unsubscribes of subscribers, by subscriber id."""
    SIGN_UPS = "sign-ups"
    """Requests confirmation emails, as a form does, and reads no subscriber."""
    SUBSCRIBERS_READ = "subscribers:read"
    """Reads subscribers with their addresses, lists and segments."""
    SUBSCRIBERS_WRITE = "subscribers:write"
    """Adds, changes, unsubscribes and suppresses subscribers, and gets the results."""
    SUBSCRIBERS_ADMIN = "subscribers:admin"
    """Changes a subscriber's address, exports all data about one, and erases one."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of the HTTP API, without its secret."""

    id: int
    name: str
    by: str
    """The folded address of the admin who created the token, in whose name it acts."""
    scopes: tuple[Scope, ...]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    """The last use, to the hour."""
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Return whether it is neither revoked nor expired. Its creator must still be an admin."""
        return self.revoked_at is None and now < self.expires_at
