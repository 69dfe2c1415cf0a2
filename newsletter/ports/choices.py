"""What readers decide about themselves, as it is kept."""

from datetime import datetime
from typing import Protocol

from newsletter.domain.preference import Preferences


class Choices(Protocol):
    """What readers choose: each of it stands once the transaction is committed."""

    def of(self, subscriber_id: int) -> Preferences | None:
        """What the person chose; None where nobody has this number any more."""
        ...

    def pause(self, subscriber_id: int, until: datetime | None) -> None:
        """Send nothing until then; None ends a pause."""
        ...

    def any_over(self, at: datetime) -> bool:
        """Whether a pause is over by then."""
        ...

    def resume(self, at: datetime) -> int:
        """End every pause that is over by then; returns how many."""
        ...
