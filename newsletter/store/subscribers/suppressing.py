"""Addresses that are never to be sent to: a few as they come, or all those that lie ready."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms
from newsletter.store.subscribers import staged

_CHUNK = 5_000
_suppression = tables.suppression.c
_entry = staged.suppression.c


class Suppressing:
    """Suppressions of one origin. A reason stays, unless one comes that replaces it."""

    def __init__(self, connection: Connection, at: datetime, origin: str) -> None:
        self._connection = connection
        self._at = to_ms(at)
        self._origin = origin

    def add(self, entries: Iterable[SuppressedEntry], hash_address: Callable[[str], bytes]) -> int:
        """Suppress addresses; returns how many were not suppressed before."""
        added = 0
        waiting = iter(entries)
        while chunk := list(islice(waiting, _CHUNK)):
            rows = [
                {
                    "address_hash": hash_address(entry.address),
                    "address": entry.address,
                    "reason": entry.reason.value,
                    "origin": self._origin,
                    "at": self._at,
                }
                for entry in chunk
            ]
            added += self._connection.execute(_absent(), rows).rowcount
            for reason in SuppressionReason:
                hashes = [row["address_hash"] for row in rows if row["reason"] == reason.value]
                if hashes:
                    self._replace_lighter(reason, hashes)
        return added

    def bring_in(self) -> None:
        """Suppress whoever lies ready."""
        entries = select(
            _entry.address_hash,
            _entry.address,
            _entry.reason,
            literal(self._origin),
            literal(self._at),
        ).order_by(_entry.no)
        columns = ["address_hash", "address", "reason", "origin", "at"]
        self._connection.execute(_absent().from_select(columns, entries))
        for reason in SuppressionReason:
            these = select(_entry.address_hash).where(_entry.reason == reason.value)
            self._replace_lighter(reason, these)

    def _replace_lighter(
        self, reason: SuppressionReason, hashes: Sequence[Any] | Select[Any]
    ) -> None:
        lighter = [each.value for each in reason.replaces]
        if lighter:
            self._connection.execute(
                update(tables.suppression)
                .where(_suppression.address_hash.in_(hashes), _suppression.reason.in_(lighter))
                .values(reason=reason.value, origin=self._origin)
            )


def weigh(connection: Connection) -> int:
    """How many of those who lie ready are not suppressed yet."""
    known = select(_suppression.reason).where(_suppression.address_hash == _entry.address_hash)
    fresh = select(_entry.address_hash).where(~known.exists()).distinct()
    return connection.scalar(select(func.count()).select_from(fresh.subquery())) or 0


def _absent() -> Insert:
    return insert(tables.suppression).on_conflict_do_nothing()
