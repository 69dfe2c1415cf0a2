"""The token itself, and the description of the API."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.staff.token import Scope
from newsletter.web.api.operation import Call, Operation


@dataclass(frozen=True, kw_only=True)
class TokenRecord:
    """The token of this request."""

    name: str
    by: str
    """The admin in whose name it acts."""
    scopes: tuple[Scope, ...]
    expires_at: datetime


class TokenOperations:
    """What any token may ask."""

    def operations(self) -> list[Operation]:
        return [Operation("GET", "/token", None, self.show)]

    def show(self, call: Call) -> TokenRecord:
        """Show the token's own name, scopes and end: a test that it works."""
        token = call.token
        return TokenRecord(
            name=token.name, by=token.by, scopes=token.scopes, expires_at=token.expires_at
        )
