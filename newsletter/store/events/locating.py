"""Finds the subscriber and the delivery of an event."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from newsletter.domain.delivery.batch import BatchState, Origin, find_origin
from newsletter.domain.events import Event, EventTarget
from newsletter.store.database import NO_LIMIT, Database, one_of
from newsletter.store.delivery.unknowns import may_hold


@dataclass(frozen=True, kw_only=True)
class _Person:
    """A subscriber, with their current address."""

    id: int
    address: str
    address_hash: bytes


@dataclass(frozen=True, kw_only=True)
class _FormerAddress:
    """A former address of a subscriber. ``address`` is None once only the hash is kept."""

    number: int
    subscriber_id: int
    address_hash: bytes
    address: str | None


@dataclass(frozen=True, kw_only=True)
class _Batch:
    id: int
    campaign_id: int
    attempt_id: str
    state: BatchState
    members: str
    provider: str
    attempts: int
    rejected: int
    cancelled: int
    last_change: int
    lists: tuple[str, ...]


_SELECT_BATCH = """
    SELECT batch.id, batch.campaign_id, batch.attempt_id, batch.state, batch.members,
        batch.provider, batch.attempts, batch.rejected, batch.cancelled, batch.last_change,
        campaign.lists
    FROM batch JOIN campaign ON campaign.id = batch.campaign_id
"""


class Locator:
    """Finds the subscribers and deliveries of some events, within one transaction."""

    def __init__(
        self,
        db: Database,
        hash_address: Callable[[str], bytes],
        events: Sequence[Event],
        *,
        provider: str,
        workspace: str,
    ) -> None:
        self._db = db
        self._provider = provider
        self._workspace = workspace
        self._hashes = {
            event.address: hashed
            for event in events
            if (hashed := _hash_or_none(hash_address, event.address)) is not None
        }
        self._former, self._last_owners = self._find_former_addresses(events)
        self._people = self._find_people(events)
        former_hashes = sorted(set(self._hashes.values()) - self._people.keys())
        which = one_of("address_hash", former_hashes, "hash")
        self._erased = set(
            self._db.column(
                f"SELECT address_hash FROM suppression WHERE {which} AND address IS NULL", which
            )
        )
        attempts = {event.attempt_id for event in events} - {""}
        found = self._db.all(
            _Batch,
            f"{_SELECT_BATCH} WHERE batch.attempt_id IN (SELECT value FROM json_each(:attempts))",
            attempts=sorted(attempts),
        )
        self._batches = {batch.attempt_id: batch for batch in found}
        self._members: dict[int, frozenset[int]] = {}
        self._campaign_ids: dict[str, list[int]] = {}

    def locate(self, event: Event) -> EventTarget:
        """Return the subscriber and delivery of one of the events."""
        address_hash = self._hashes.get(event.address)
        # another workspace may use the same ids
        person = self._people.get(event.subscriber_id)
        is_current = person is not None and person.address_hash == address_hash
        number = event.subscriber_id if (is_current or self._origin(event) is Origin.OURS) else None
        person, batch = self._people.get(number), self._find_batch_of(event, number)
        if person is None and batch is None:  # the id is unknown or not of this workspace
            person = self._people.get(address_hash)
            number = person.id if person else self._last_owners.get(address_hash)
            person, batch = self._people.get(number), self._find_batch_of(event, number)
        target = EventTarget(
            subscriber_id=number if person or batch else None,
            address=self._address(event, address_hash, person, batch) if person else "",
            erased=person is None and (batch is not None or address_hash in self._erased),
        )
        if batch is None:
            return target
        return replace(
            target,
            campaign_id=batch.campaign_id,
            lists=batch.lists,
            batch=batch.state,
            may_leave=self._may_leave(batch, number),
        )

    def _may_leave(self, batch: _Batch, subscriber_id: int | None) -> bool:
        if batch.state is BatchState.CLAIMED:
            return True
        # an event settles readers of unfinished batches, as long as they have no row of their own
        is_cancelled = batch.state is BatchState.DONE and batch.cancelled > 0
        if not (is_cancelled or batch.rejected):
            return False
        own_state = self._db.value(
            "SELECT state FROM delivery"
            " WHERE campaign_id = :campaign_id AND subscriber_id = :number",
            campaign_id=batch.campaign_id,
            number=subscriber_id,
        )
        return is_cancelled if own_state is None else own_state == "rejected"

    def _address(
        self, event: Event, address_hash: bytes | None, person: _Person, batch: _Batch | None
    ) -> str:
        """Return the address that the event is about, which may be a former one, or ""."""
        changes = self._former.get(person.id, [])
        if not changes or address_hash == person.address_hash:
            return person.address
        if any(change.address_hash == address_hash for change in changes):
            return event.address
        # an unknown spelling or none: the address is that of the attempt
        if batch is None or batch.attempt_id != event.attempt_id:
            return ""
        since = [change for change in changes if change.number > batch.last_change]
        return (since[0].address or "") if since else person.address

    def _find_former_addresses(
        self, events: Iterable[Event]
    ) -> tuple[dict[int, list[_FormerAddress]], dict[bytes | None, int]]:
        """Return subscriber id → former addresses, oldest first, and hash → last former owner."""
        hashes = one_of("address_hash", sorted(set(self._hashes.values())), "hash")
        changes: dict[int, list[_FormerAddress]] = {}
        left_by: dict[bytes | None, int] = {}
        for change in self._db.all(
            _FormerAddress,
            f"""
            SELECT number, subscriber_id, address_hash, address FROM address_history
            WHERE subscriber_id IN (
                SELECT CAST(value AS BIGINT) FROM json_each(:numbers)
                UNION SELECT subscriber_id FROM address_history WHERE {hashes}
                UNION SELECT id FROM subscriber WHERE {hashes})
            ORDER BY number
            """,
            hashes,
            numbers=_subscriber_ids(events),
        ):
            changes.setdefault(change.subscriber_id, []).append(change)
            left_by[change.address_hash] = change.subscriber_id
        return changes, left_by

    def _find_people(self, events: Iterable[Event]) -> dict[object, _Person]:
        numbers = sorted({*_subscriber_ids(events), *self._former})
        hashes = one_of("address_hash", sorted(set(self._hashes.values())), "hash")
        found: dict[object, _Person] = {}
        for person in self._db.all(
            _Person,
            "SELECT id, address, address_hash FROM subscriber"
            " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:numbers))",
            numbers=numbers,
        ):
            found[person.id] = person
        for person in self._db.all(
            _Person, f"SELECT id, address, address_hash FROM subscriber WHERE {hashes}", hashes
        ):
            found[person.address_hash] = found[person.id] = person
        return found

    def _origin(self, event: Event) -> Origin:
        """Return whether this workspace sent the message through this provider."""
        batch = self._batches.get(event.attempt_id)
        if batch is None:
            return find_origin(event.attempt_id, self._workspace)
        return Origin.OURS if batch.provider == self._provider else Origin.ANOTHER

    def _find_batch_of(self, event: Event, subscriber_id: int | None) -> _Batch | None:
        if subscriber_id is None or self._origin(event) is Origin.ANOTHER:
            return None
        batch = self._batches.get(event.attempt_id)
        if batch is not None and self._has_member(batch, subscriber_id):
            return batch
        if event.campaign not in self._campaign_ids:
            self._campaign_ids[event.campaign] = self._db.column(
                "SELECT id FROM campaign WHERE slug = :slug AND slug <> '' ORDER BY id DESC",
                slug=event.campaign,
            )
        found = [
            candidate
            for campaign_id in self._campaign_ids[event.campaign]
            for candidate in self._find_batch(campaign_id, subscriber_id)
        ]
        # a campaign without attempts sent nothing; but a restored database may lack an attempt that
        # the event proves to be ours
        if len(found) > 1 or self._origin(event) is not Origin.OURS:
            found = [candidate for candidate in found if candidate.attempts]
        return found[0] if len(found) == 1 else None  # of two, either may have sent it

    def _find_batch(self, campaign_id: int, subscriber_id: int) -> list[_Batch]:
        """Return the batches of a campaign that hold a subscriber: one or none."""
        query = f"{_SELECT_BATCH} WHERE {may_hold(':id')} ORDER BY batch.first DESC LIMIT :limit"
        values = {"campaign_id": campaign_id, "id": subscriber_id}
        rows = self._db.all(_Batch, query, **values, limit=1)
        # the id ranges of batches overlap
        if rows and not self._has_member(rows[0], subscriber_id):
            rows = self._db.all(_Batch, query, **values, limit=NO_LIMIT)
        return [row for row in rows if self._has_member(row, subscriber_id)]

    def _has_member(self, batch: _Batch, subscriber_id: int) -> bool:
        if batch.id not in self._members:
            self._members[batch.id] = frozenset(json.loads(batch.members))
        return subscriber_id in self._members[batch.id]


def _hash_or_none(hash_address: Callable[[str], bytes], address: str) -> bytes | None:
    try:
        return hash_address(address) if "@" in address else None
    except ValueError:  # no valid domain
        return None


def _subscriber_ids(events: Iterable[Event]) -> list[int]:
    return sorted({event.subscriber_id for event in events if event.subscriber_id is not None})
