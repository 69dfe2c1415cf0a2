"""The state of the rate limits: next free slot, block, failure and usage of the day."""

from datetime import UTC, date, datetime, timedelta

from newsletter.domain.delivery.rate_limit import RateLimit
from newsletter.store.database import FOR_UPDATE, Repository, from_row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RateLimits(Repository):
    """The rate limits by provider and sending domain."""

    def get(self, provider: str, domain: str, *, is_locked: bool = False) -> RateLimit:
        """Return the stored rate limit, or a new one.

        With ``is_locked``, no other transaction changes it before this one ends.
        """
        rows = self._db.mappings(
            "SELECT free_at, blocked_until, cause, reason, failing_since, day, used"
            " FROM rate_limit WHERE provider = :provider AND domain = :domain"
            f" {FOR_UPDATE * is_locked}",
            provider=provider,
            domain=domain,
        )
        if not rows and is_locked:  # only a row can be locked
            self._db.insert_new("rate_limit", **_row(provider, domain, RateLimit()))
            return self.get(provider, domain, is_locked=True)
        if not rows:
            return RateLimit()
        # in microseconds, because a slot may be shorter than a millisecond
        free_at = _EPOCH + rows[0].pop("free_at") * _MICROSECOND
        return from_row(RateLimit, rows[0], free_at=free_at)

    def put(self, provider: str, domain: str, rate_limit: RateLimit) -> None:
        """Insert the rate limit, or replace the stored one."""
        self._db.put("rate_limit", "provider, domain", **_row(provider, domain, rate_limit))

    def count(self, provider: str, domain: str, messages: int, *, day: date, quota: int) -> bool:
        """Count messages of a day; return False, uncounted, if they exceed the quota."""
        return self._db.changes(
            "UPDATE rate_limit SET used = used + :messages WHERE provider = :provider"
            " AND domain = :domain AND day = :day AND used + :messages <= :quota",
            provider=provider,
            domain=domain,
            messages=messages,
            day=day,
            quota=quota,
        )

    def clear_block(self, provider: str) -> None:
        """Delete the block of a provider and the beginning of its failure."""
        self._db.update("rate_limit", {"provider": provider}, blocked_until=0, failing_since=None)


def _row(provider: str, domain: str, rate_limit: RateLimit) -> dict[str, object]:
    free_at = (rate_limit.free_at - _EPOCH) // _MICROSECOND
    return {"provider": provider, "domain": domain, **vars(rate_limit), "free_at": free_at}
