"""What only a person can do who confirmed it, and consent as proof."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.domain.subscribers.signup import ConsentRecord, Method, wording_of
from newsletter.store.schema import asking, tables
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms
from newsletter.store.subscribers.eligibility import list_ids

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def consent_of(consent: Consent | None) -> str:
    """A consent as a subscriber's row has it."""
    if consent is None:
        return "{}"
    known = {"source": consent.source, "at": consent.at and consent.at.isoformat()}
    return json.dumps(known, ensure_ascii=False)


def come_back(connection: Connection, address_hash: bytes, entry: Entry, at: datetime) -> int:
    """Confirm a known subscriber's lists, also those that they left; returns the id."""
    number = connection.execute(
        update(tables.subscriber)
        .where(_subscriber.address_hash == address_hash)
        .values(consent=consent_of(entry.consent), paused_until=None)
        .returning(_subscriber.id)
    ).scalar_one()
    confirmed = SubscriptionState.CONFIRMED.value
    connection.execute(
        update(tables.subscription)
        .where(
            _subscription.subscriber_id == number,
            _subscription.state != confirmed,
            list_ids(entry.lists),
        )
        .values(state=confirmed, changed_at=to_ms(at))
    )
    return int(number)


def lift(connection: Connection, address_hash: bytes) -> SuppressionReason | None:
    """End a suppression that its person can end; returns its reason."""
    reason = connection.scalar(
        delete(tables.suppression)
        .where(
            _suppression.address_hash == address_hash,
            _suppression.reason != SuppressionReason.MANUAL.value,
        )
        .returning(_suppression.reason)
    )
    return None if reason is None else SuppressionReason(reason)


def move(connection: Connection, subscriber_id: int, address: str, address_hash: bytes) -> bool:
    """Give a subscriber another address, unless somebody else has it."""
    others = select(_subscriber.id).where(
        _subscriber.address_hash == address_hash, _subscriber.id != subscriber_id
    )
    old = connection.scalar(select(_subscriber.address_hash).where(_subscriber.id == subscriber_id))
    moved = connection.execute(
        update(tables.subscriber)
        .where(_subscriber.id == subscriber_id, ~exists(others))
        .values(address=address, address_hash=address_hash)
    )
    if moved.rowcount != 1:
        return False
    if old is not None and old != address_hash:
        _let_go(connection, subscriber_id, old)
    return True


def _let_go(connection: Connection, subscriber_id: int, old: bytes) -> None:
    """What names the address before goes with the person, should they be erased."""
    letter = asking.letter.c
    connection.execute(
        update(asking.letter)
        .where(letter.address_hash == old, letter.subscriber_id.is_(None))
        .values(subscriber_id=subscriber_id)
    )
    connection.execute(
        update(tables.suppression).where(_suppression.address_hash == old).values(address=None)
    )


_consent = asking.consent.c


class Consents:
    """Who said yes to what, when, in which words. Erased with the person, and only then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep_words(self, words: str, language: str, at: datetime) -> str:
        """Store what people are asked to say yes to, once; returns its SHA-256 (64 hex digits)."""
        digest = wording_of(words)
        self._connection.execute(
            insert_or(asking.wording)
            .values(hash=digest, language=language, words=words, first_at=to_ms(at))
            .on_conflict_do_nothing()
        )
        return digest

    def words(self, wording: str) -> str:
        """The words with this hash; empty if there are none."""
        words = asking.wording.c
        return self._connection.scalar(select(words.words).where(words.hash == wording)) or ""

    def add(self, subscriber_id: int, records: Sequence[ConsentRecord]) -> None:
        rows = [
            {
                "subscriber_id": subscriber_id,
                "list": record.list,
                "given": int(record.given),
                "method": record.method.value,
                "source": record.source,
                "wording": record.wording,
                "asked_at": record.asked_at and to_ms(record.asked_at),
                "at": to_ms(record.at),
            }
            for record in records
        ]
        if rows:
            self._connection.execute(insert(asking.consent), rows)

    def of(self, subscriber_id: int) -> list[ConsentRecord]:
        """Oldest first."""
        rows = self._connection.execute(
            select(asking.consent)
            .where(_consent.subscriber_id == subscriber_id)
            .order_by(_consent.id)
        )
        return [
            ConsentRecord(
                list=row.list,
                given=bool(row.given),
                method=Method(row.method),
                source=row.source,
                wording=row.wording,
                asked_at=maybe_from_ms(row.asked_at),
                at=from_ms(row.at),
            )
            for row in rows
        ]
