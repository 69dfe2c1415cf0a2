"""The rate at each provider, and until when it is left alone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from newsletter.domain.delivery.rate_limit import Cause, RateLimit
from newsletter.store.database import Repository

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A row: its ``free_at`` is in microseconds, as a turn may take less than a millisecond."""

    free_at: int
    blocked_until: datetime
    cause: Cause
    reason: str
    failing_since: datetime | None
    day: date
    used: int


class RateLimits(Repository):
    """The rate limit at each provider and sending domain."""

    def get(self, provider: str, domain: str) -> RateLimit:
        """Return the rate limit as it was last put, or a fresh one."""
        row = self._db.first(
            _Stored,
            "SELECT free_at, blocked_until, cause, reason, failing_since, day, used"
            " FROM rate_limit WHERE provider = :provider AND domain = :domain",
            provider=provider,
            domain=domain,
        )
        if row is None:
            return RateLimit()
        return RateLimit(**{**vars(row), "free_at": _EPOCH + row.free_at * _MICROSECOND})

    def put(self, provider: str, domain: str, rate_limit: RateLimit) -> None:
        """Insert the rate limit, or replace the stored one."""
        self._db.put(
            "rate_limit",
            "provider, domain",
            provider=provider,
            domain=domain,
            **{**vars(rate_limit), "free_at": (rate_limit.free_at - _EPOCH) // _MICROSECOND},
        )

    def forgive(self, provider: str) -> None:
        """Forget that the provider was to be left alone, and since when it took nothing."""
        self._db.update("rate_limit", {"provider": provider}, blocked_until=0, failing_since=None)
