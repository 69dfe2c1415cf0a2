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

_pace = tables.pace.c


class RateLimits(Repository):
    """The pace at each provider and sending domain."""

    def get(self, provider: str, domain: str) -> RateLimit:
        """The pace as it was last put; a fresh one where none was."""
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

    def put(self, provider: str, domain: str, pace: RateLimit) -> None:
        failing = pace.failing_since
        self._connection.execute(
            _put(),
            {
                "provider": provider,
                "domain": domain,
                "free_at": to_us(pace.free_at),
                "blocked_until": to_ms(pace.blocked_until),
                "cause": pace.cause.value,
                "reason": pace.reason,
                "failing_since": None if failing is None else to_ms(failing),
                "day": pace.day.isoformat(),
                "used": pace.used,
            },
        )

    def forgive(self, provider: str) -> None:
        """Forget that it was to be left alone, and since when it took nothing."""
        self._connection.execute(
            update(tables.pace)
            .where(_pace.provider == provider)
            .values(blocked_until=0, failing_since=None)
        )


# Building a statement takes longer than running it, so those of each batch are built once.


@cache
def _get() -> Select[Any]:
    return select(tables.pace).where(
        _pace.provider == bindparam("of"), _pace.domain == bindparam("from")
    )


@cache
def _put() -> Insert:
    adding = insert(tables.pace)
    changed = {
        column.name: adding.excluded[column.name]
        for column in tables.pace.c
        if not column.primary_key
    }
    return adding.on_conflict_do_update(index_elements=["provider", "domain"], set_=changed)
