"""The audit log: who did what, an entry at a time."""

from dataclasses import dataclass
from datetime import datetime

OPERATOR = "operator"
"""The actor of a command that names no person: anyone who may use the shell."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the audit log."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class AuditHead:
    """A line of the audit log, by which the whole log before it is known."""

    number: int
    """From one; 0 of an empty log."""
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"
