"""Whom an event speaks of, and of which delivery."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from newsletter.domain.delivery.batch import Origin, origin
from newsletter.domain.delivery.state import BatchState
from newsletter.domain.events import Event, Place
from newsletter.store.schema import tables

_batch = tables.batch.c
_campaign = tables.campaign.c
_left = tables.address_history.c
_subscriber = tables.subscriber.c
_suppression = tables.suppression.c
_CANDIDATES = 4
"""Batches that may hold a member by their first one: one, or some halves of one."""


class Locator:
    """Reads what a handful of events needs at once; good for one transaction."""

    def __init__(
        self,
        connection: Connection,
        hash_address: Callable[[str], bytes],
        events: Sequence[Event],
        *,
        provider: str,
        workspace: str,
    ) -> None:
        self._connection = connection
        self._provider = provider
        self._workspace = workspace
        self._hashes = {
            event.address: hashed
            for event in events
            if (hashed := _maybe_hash(hash_address, event.address)) is not None
        }
        self._changes, self._left_by = self._find_changes(events)
        self._people = self._find_people(events)
        self._erased = self._find_erased()
        self._batches = self._by_attempt({event.attempt_id for event in events} - {""})
        self._members: dict[int, frozenset[int]] = {}
        self._slugs: dict[str, list[int]] = {}

    def place(self, event: Event) -> Place:
        """Whom this one of the events speaks of."""
        hashed = self._hashes.get(event.address)
        number = event.subscriber_id if self._knows(event, hashed) else None
        person, batch = self._people.get(number), self._batch_of(event, number)
        if person is None and batch is None:  # a number that is none of ours, or no number
            person = self._people.get(hashed)
            number = person.id if person else self._left_by.get(hashed)
            person, batch = self._people.get(number), self._batch_of(event, number)
        place = Place(
            subscriber_id=number if person or batch else None,
            address=self._address(event, hashed, person, batch) if person else "",
            erased=person is None and (batch is not None or hashed in self._erased),
        )
        if batch is None:
            return place
        return replace(
            place,
            campaign_id=batch.campaign_id,
            lists=batch.lists,
            batch=BatchState(batch.state),
        )

    def _address(
        self, event: Event, hashed: bytes | None, person: Row[Any], batch: Row[Any] | None
    ) -> str:
        """The address that the event speaks of: not always the one that the person has now."""
        changes = self._changes.get(person.id, [])
        if not changes or hashed == person.address_hash:
            return str(person.address)
        if any(change.address_hash == hashed for change in changes):
            return event.address
        # a spelling that we do not know, or none: then it is where the attempt went
        if batch is None or batch.attempt_id != event.attempt_id:
            return ""
        since = [change for change in changes if change.number > batch.last_change]
        return (since[0].address or "") if since else str(person.address)

    def _find_changes(
        self, events: Iterable[Event]
    ) -> tuple[dict[int, list[Row[Any]]], dict[bytes | None, int]]:
        """Subscriber id → changes of their address, oldest first; hash → who left it last."""
        numbers = {event.subscriber_id for event in events} - {None}
        hashes = set(self._hashes.values())
        left = select(_left.subscriber_id).where(_left.address_hash.in_(hashes))
        now = select(_subscriber.id).where(_subscriber.address_hash.in_(hashes))
        theirs = select(tables.address_history).where(
            _left.subscriber_id.in_(numbers)
            | _left.subscriber_id.in_(left)
            | _left.subscriber_id.in_(now)
        )
        changes: dict[int, list[Row[Any]]] = {}
        left_by: dict[bytes | None, int] = {}
        for row in self._connection.execute(theirs.order_by(_left.number)):
            changes.setdefault(row.subscriber_id, []).append(row)
            left_by[row.address_hash] = row.subscriber_id
        return changes, left_by

    def _find_people(self, events: Iterable[Event]) -> dict[object, Any]:
        """By number and by hash."""
        columns = select(_subscriber.id, _subscriber.address, _subscriber.address_hash)
        numbers = ({event.subscriber_id for event in events} | self._changes.keys()) - {None}
        found: dict[object, Any] = {}
        for row in self._connection.execute(columns.where(_subscriber.id.in_(numbers))):
            found[row.id] = row
        hashes = set(self._hashes.values())
        for row in self._connection.execute(columns.where(_subscriber.address_hash.in_(hashes))):
            found[row.address_hash] = found[row.id] = row
        return found

    def _find_erased(self) -> set[bytes | None]:
        nobody = set(self._hashes.values()) - self._people.keys()
        if not nobody:
            return set()
        return set(
            self._connection.scalars(
                select(_suppression.address_hash).where(
                    _suppression.address_hash.in_(nobody),
                    _suppression.address.is_(None),
                )
            )
        )

    def _by_attempt(self, attempts: set[str]) -> dict[str, Row[Any]]:
        if not attempts:
            return {}
        rows = self._connection.execute(_batches().where(_batch.attempt_id.in_(attempts)))
        return {row.attempt_id: row for row in rows}

    def _origin(self, event: Event) -> Origin:
        """Whose message it was. What went to another provider, this one knows nothing of."""
        batch = self._batches.get(event.attempt_id)
        if batch is None:
            return origin(event.attempt_id, self._workspace)
        return Origin.OURS if batch.provider == self._provider else Origin.ANOTHER

    def _knows(self, event: Event, hashed: bytes | None) -> bool:
        """The number is one of ours: others number their readers too."""
        person = self._people.get(event.subscriber_id)
        same = person is not None and person.address_hash == hashed
        return same or self._origin(event) is Origin.OURS

    def _batch_of(self, event: Event, number: int | None) -> Row[Any] | None:
        if number is None or self._origin(event) is Origin.ANOTHER:
            return None
        batch = self._batches.get(event.attempt_id)
        if batch is not None and self._holds(batch, number):
            return batch
        found = [
            candidate
            for campaign_id in self._campaigns(event.campaign)
            for candidate in self._within(campaign_id, number)
        ]
        if len(found) > 1:
            # a campaign that was cancelled before it called anybody is no rival
            found = [candidate for candidate in found if candidate.attempts]
        return found[0] if len(found) == 1 else None  # of two tries, nobody knows whose it was

    def _within(self, campaign_id: int, number: int) -> list[Row[Any]]:
        """The batch of a campaign that holds somebody, if one does."""
        values = {"campaign": campaign_id, "number": number}
        rows = self._connection.execute(_candidates(), values).all()
        return [row for row in rows if self._holds(row, number)]

    def _holds(self, batch: Row[Any], number: int) -> bool:
        if batch.id not in self._members:
            self._members[batch.id] = frozenset(json.loads(batch.members))
        return number in self._members[batch.id]

    def _campaigns(self, slug: str) -> list[int]:
        """Those of a statement, newest first."""
        if slug not in self._slugs:
            query = select(_campaign.id).where(_campaign.slug == slug).order_by(_campaign.id.desc())
            self._slugs[slug] = list(self._connection.scalars(query)) if slug else []
        return self._slugs[slug]


def _maybe_hash(hash_address: Callable[[str], bytes], address: str) -> bytes | None:
    try:
        return hash_address(address) if "@" in address else None
    except ValueError:  # no domain that could ever be one of ours
        return None


def _batches() -> Select[Any]:
    return select(
        _batch.id,
        _batch.campaign_id,
        _batch.attempt_id,
        _batch.state,
        _batch.members,
        _batch.provider,
        _batch.attempts,
        _batch.last_change,
        _campaign.lists,
    ).join_from(tables.batch, tables.campaign, _campaign.id == _batch.campaign_id)


def _candidates() -> Select[Any]:
    """Members are sorted, so whoever is in a batch is in one of the last that begin before them."""
    return (
        _batches()
        .where(_batch.campaign_id == bindparam("campaign"), _batch.first <= bindparam("number"))
        .order_by(_batch.first.desc(), _batch.no.desc())
        .limit(_CANDIDATES)
    )
