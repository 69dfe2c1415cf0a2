"""What readers choose for themselves: their lists, their language and hour, and a pause."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What one person chose, as it stands."""

    name: str = ""
    language: str = ""
    timezone: str = ""
    lists: frozenset[str] = frozenset()
    """Where the subscription is confirmed."""
    paused_until: datetime | None = None
    """Nothing is sent before, but for corrections of what they have."""
