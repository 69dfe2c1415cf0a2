"""The one place that reads the clock."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's time, in UTC."""

    def now(self) -> datetime:
        """The instant, aware."""
        return datetime.now(UTC)
