"""Who stopped all sending, when and why, as it is written down in one line."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_KEPT = re.compile(
    r"stopped by (?P<by>\S+)(?: \((?P<why>.*)\))? on (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) UTC"
)


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A person stopped all sending."""

    by: str
    """A folded address, or the operator."""
    at: datetime
    why: str
    """Empty where no reason was given."""

    def __str__(self) -> str:
        """As it is kept, and as logs and commands show it."""
        why = f" ({self.why})" if self.why else ""
        return f"stopped by {self.by}{why} on {self.at:%Y-%m-%d %H:%M} UTC"


def read_stopped(kept: str) -> Stopped | None:
    """What such a line says; None for a hold of another kind."""
    found = _KEPT.fullmatch(kept)
    if found is None:
        return None
    at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return Stopped(by=found["by"], at=at, why=found["why"] or "")
