"""What a file says of people, written down a chunk at a time."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, case, func, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.audience import Entry, SubscriptionState
from newsletter.store import tables
from newsletter.store.joining import consent_of
from newsletter.store.times import to_ms

_subscriber = tables.subscriber.c
# What an entry leaves open stays as it is known.
_KEPT = ("name", "language", "timezone", "place")
_NO_CONSENT = "{}"


class Importing:
    """One import. ``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(
        self, connection: Connection, hash_address: Callable[[str], bytes], at: datetime
    ) -> None:
        self._connection = connection
        self._hash = hash_address
        self._at = at
        self._lists = _ListIds(connection)

    def add(self, chunk: Sequence[Entry]) -> None:
        """Add or update these people, their subscriptions and their tags."""
        hashes = [self._hash(entry.address) for entry in chunk]
        self._add_subscribers(chunk, hashes)
        known = self._ids(hashes)
        numbered = [(known[hash_], entry) for entry, hash_ in zip(chunk, hashes, strict=True)]
        # Whoever left a list stays away from it, whatever a file says; nor does a file end what
        # stands here: the person may have come back since.
        self._add_absent(tables.subscription, self._subscriptions(numbered))
        self._add_absent(
            tables.tag,
            (
                {"name": name, "subscriber_id": id_}
                for id_, entry in numbered
                for name in entry.tags
            ),
        )

    def _add_subscribers(self, chunk: Sequence[Entry], hashes: Sequence[bytes]) -> None:
        adding = insert(tables.subscriber)
        given = adding.excluded
        updated: dict[str, ColumnElement[Any]] = {
            name: func.coalesce(func.nullif(given[name], ""), _subscriber[name]) for name in _KEPT
        }
        updated["consent"] = func.coalesce(
            func.nullif(_subscriber.consent, _NO_CONSENT), given.consent
        )
        updated["paused_until"] = _later(given.paused_until, _subscriber.paused_until)
        adding = adding.on_conflict_do_update(index_elements=["address_hash"], set_=updated)
        rows = [_row(entry, hash_, self._at) for entry, hash_ in zip(chunk, hashes, strict=True)]
        self._connection.execute(adding, rows)

    def _ids(self, hashes: list[bytes]) -> dict[bytes, int]:
        rows = self._connection.execute(
            select(_subscriber.address_hash, _subscriber.id).where(
                _subscriber.address_hash.in_(hashes)
            )
        ).all()
        return {row[0]: row[1] for row in rows}

    def _subscriptions(self, people: Sequence[tuple[int, Entry]]) -> Iterator[dict[str, Any]]:
        return (
            {
                "list_id": self._lists[name],
                "subscriber_id": id_,
                "state": state.value,
                "changed_at": to_ms(self._at),
            }
            for id_, entry in people
            for state, names in (
                (SubscriptionState.CONFIRMED, entry.lists),
                (SubscriptionState.ENDED, entry.left),
            )
            for name in names
        )

    def _add_absent(self, table: Table, rows: Iterator[dict[str, Any]]) -> None:
        values = list(rows)
        if values:
            self._connection.execute(insert(table).on_conflict_do_nothing(), values)


class _ListIds(dict[str, int]):
    """List names to ids; a name not seen before becomes a list."""

    def __init__(self, connection: Connection) -> None:
        rows = connection.execute(select(tables.mailing_list.c.name, tables.mailing_list.c.id))
        super().__init__((name, number) for name, number in rows.all())
        self._connection = connection

    def __missing__(self, name: str) -> int:
        added = self._connection.execute(
            insert(tables.mailing_list).values(name=name).returning(tables.mailing_list.c.id)
        )
        self[name] = int(added.scalar_one())
        return self[name]


def _later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > func.coalesce(other, one - 1), one), else_=other)


def _row(entry: Entry, address_hash: bytes, at: datetime) -> dict[str, object]:
    return {
        "address": entry.address,
        "address_hash": address_hash,
        "name": entry.name,
        "language": entry.language,
        "timezone": entry.timezone,
        "consent": consent_of(entry.consent),
        "added_at": to_ms(at),
        "place": entry.place,
        "paused_until": entry.paused_until and to_ms(entry.paused_until),
    }
