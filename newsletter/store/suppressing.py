"""Addresses that are never to be sent to, written down a chunk at a time."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, update
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.audience import SuppressedEntry, SuppressionReason
from newsletter.store import tables
from newsletter.store.times import to_ms

_CHUNK = 5_000
_suppression = tables.suppression.c


class Suppressing:
    """Suppressions of one origin. ``hash_address`` gives the keyed hash of an address."""

    def __init__(
        self,
        connection: Connection,
        hash_address: Callable[[str], bytes],
        at: datetime,
        origin: str,
    ) -> None:
        self._connection = connection
        self._hash = hash_address
        self._at = at
        self._origin = origin

    def add(self, entries: Iterable[SuppressedEntry]) -> int:
        """Suppress addresses; returns how many were not suppressed before."""
        added = 0
        waiting = iter(entries)
        while chunk := list(islice(waiting, _CHUNK)):
            hashes = [self._hash(entry.address) for entry in chunk]
            added += self._add_absent(chunk, hashes)
            for reason in SuppressionReason:
                self._replace_lighter(
                    reason,
                    [
                        hash_
                        for entry, hash_ in zip(chunk, hashes, strict=True)
                        if entry.reason is reason
                    ],
                )
        return added

    def _add_absent(self, chunk: Sequence[SuppressedEntry], hashes: Sequence[bytes]) -> int:
        rows = [
            {
                "address_hash": hash_,
                "address": entry.address,
                "reason": entry.reason.value,
                "origin": self._origin,
                "at": to_ms(self._at),
            }
            for entry, hash_ in zip(chunk, hashes, strict=True)
        ]
        adding = insert(tables.suppression).on_conflict_do_nothing()
        return self._connection.execute(adding, rows).rowcount

    def _replace_lighter(self, reason: SuppressionReason, hashes: Sequence[bytes]) -> None:
        lighter = [each.value for each in reason.replaces]
        if lighter and hashes:
            self._connection.execute(
                update(tables.suppression)
                .where(_suppression.address_hash.in_(hashes), _suppression.reason.in_(lighter))
                .values(reason=reason.value, origin=self._origin)
            )
