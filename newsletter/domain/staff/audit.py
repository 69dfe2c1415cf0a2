"""The audit log: its entries, and its head."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.wording import unpack

OPERATOR_NAME = "operator"
"""The actor of a command that names no person."""
READER_NAME = "the reader"
"""The actor of a change that subscribers make to their own data."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the audit log."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    """The values of the act, as JSON."""
    digest: str

    @property
    def values(self) -> Mapping[str, object]:
        """Return name → value of the act; nothing if somebody changed the line to no JSON."""
        try:
            return {name: unpack(one) for name, one in json.loads(self.detail).items()}
        except (ValueError, TypeError, AttributeError, LookupError):
            return {}


@dataclass(frozen=True, kw_only=True)
class AuditSearch:
    """The conditions of a search in the audit log; an empty field matches everything."""

    actors: tuple[str, ...] = ()
    action: str = ""
    words: str = ""
    """Parts of the subject or of the values, in any order."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AuditHead:
    """The number and hash of the last line of the audit log. They prove all earlier lines."""

    number: int
    """Counts from 1; 0 if the log is empty."""
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"
