"""The rate at each provider, and until when it is left alone."""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from newsletter.domain.delivery.rate_limit import Cause, RateLimit
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, from_us, maybe_from_ms, to_ms, to_us

_rate_limit = tables.rate_limit.c


class RateLimits(Repository):
    """The rate limit at each provider and sending domain."""

    def get(self, provider: str, domain: str) -> RateLimit:
        """The rate limit as it was last put; a fresh one where none was."""
        row = self._connection.execute(_get(), {"of": provider, "from": domain}).one_or_none()
        if row is None:
            return RateLimit()
        return RateLimit(
            free_at=from_us(row.free_at),
            blocked_until=from_ms(row.blocked_until),
            cause=Cause(row.cause),
            reason=row.reason,
            failing_since=maybe_from_ms(row.failing_since),
            day=date.fromisoformat(row.day),
            used=row.used,
        )

    def put(self, provider: str, domain: str, rate_limit: RateLimit) -> None:
        failing = rate_limit.failing_since
        self._connection.execute(
            _put(),
            {
                "provider": provider,
                "domain": domain,
                "free_at": to_us(rate_limit.free_at),
                "blocked_until": to_ms(rate_limit.blocked_until),
                "cause": rate_limit.cause.value,
                "reason": rate_limit.reason,
                "failing_since": None if failing is None else to_ms(failing),
                "day": rate_limit.day.isoformat(),
                "used": rate_limit.used,
            },
        )

    def forgive(self, provider: str) -> None:
        """Forget that it was to be left alone, and since when it took nothing."""
        self._connection.execute(
            update(tables.rate_limit)
            .where(_rate_limit.provider == provider)
            .values(blocked_until=0, failing_since=None)
        )


# Building a statement takes longer than running it, so those of each batch are built once.


@cache
def _get() -> Select[Any]:
    return select(tables.rate_limit).where(
        _rate_limit.provider == bindparam("of"), _rate_limit.domain == bindparam("from")
    )


@cache
def _put() -> Insert:
    adding = insert(tables.rate_limit)
    changed = {
        column.name: adding.excluded[column.name]
        for column in tables.rate_limit.c
        if not column.primary_key
    }
    return adding.on_conflict_do_update(index_elements=["provider", "domain"], set_=changed)
