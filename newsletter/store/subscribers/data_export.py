"""All that is kept of one person, table by table: for whoever asks, and to be erased."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.domain.subscribers.address import fold
from newsletter.domain.subscribers.audience import Trace
from newsletter.store.file.secure_erase import DUE
from newsletter.store.repository import Repository
from newsletter.store.schema import asking, event_tables, import_tables, tables
from newsletter.store.schema.columns import from_ms
from newsletter.store.schema.json_sql import holds

_batch = tables.batch.c
_campaign = tables.campaign.c
_delivery = tables.delivery.c
_SETTLED = (
    DeliveryState.CANCELLED,
    DeliveryState.ACCEPTED,
    DeliveryState.REJECTED,
    DeliveryState.SUPPRESSED,
)


class DataExports(Repository):
    """Reads every table that says something of a person. A test compares them with the schema."""

    def of(self, subscriber_id: int) -> Mapping[str, object]:
        """In words, numbers, lists and mappings, as JSON has them; times in ISO, UTC.

        What is left out are keyed hashes, which say nothing to anybody.
        """
        person = self._connection.execute(
            select(tables.subscriber).where(tables.subscriber.c.id == subscriber_id)
        ).one_or_none()
        if person is None:
            return {}
        tag = tables.tag.c
        tags = select(tag.name).where(tag.subscriber_id == subscriber_id).order_by(tag.name)
        return {
            "subscriber": {
                "number": person.id,
                "address": person.address,
                "addresses_left": self._addresses_left(subscriber_id),
                "name": person.name,
                "language": person.language,
                "timezone": person.timezone,
                "place": person.place,
                "tags": list(self._connection.scalars(tags)),
                "added_at": _time(person.added_at),
                "paused_until": _time(person.paused_until),
                "consent_when_imported": json.loads(person.consent),
            },
            "suppression": self._suppression(person.address_hash),
            "before_imports": self._before_imports(subscriber_id),
            "subscriptions": self._subscriptions(subscriber_id),
            "consents": self._consents(subscriber_id),
            "emails": self._emails(subscriber_id, person.address_hash),
            "deliveries": self._deliveries(subscriber_id),
            "delivery_statuses": self._statuses(subscriber_id),
            "events": self._events(subscriber_id),
        }

    def _rows(self, query: Select[Any]) -> list[dict[str, object]]:
        return [_shown(row) for row in self._connection.execute(query)]

    def _addresses_left(self, number: int) -> list[str]:
        """Those that are not forgotten yet, since it is unknown what became of a message there."""
        left = tables.address_history.c
        kept = select(left.address).where(left.subscriber_id == number, left.address.is_not(None))
        return list(self._connection.scalars(kept.order_by(left.number)))

    def _suppression(self, hashed: bytes) -> dict[str, object] | None:
        suppression = tables.suppression.c
        found = self._rows(
            select(suppression.reason, suppression.origin, suppression.at).where(
                suppression.address_hash == hashed
            )
        )
        return found[0] if found else None

    def _before_imports(self, number: int) -> list[dict[str, object]]:
        """What stood before an import changed it, as long as that can be undone."""
        before, entered = import_tables.import_change, import_tables.import_.c
        kept = ("name", "language", "timezone", "place", "consent", "paused_until")
        return self._rows(
            select(entered.file, entered.at, *(before.c[name] for name in kept))
            .join_from(before, import_tables.import_, entered.id == before.c.import_id)
            .where(before.c.subscriber_id == number)
            .order_by(entered.id)
        )

    def _subscriptions(self, number: int) -> list[dict[str, object]]:
        subscription, named = tables.subscription.c, tables.mailing_list.c
        return self._rows(
            select(
                named.name.label("list"),
                subscription.state,
                subscription.changed_at,
                subscription.ended_by.label("ended_by_the_link_of_campaign"),
                func.coalesce(_campaign.slug, "").label("statement"),
            )
            .join_from(tables.subscription, tables.mailing_list)
            .join(tables.campaign, _campaign.id == subscription.ended_by, isouter=True)
            .where(subscription.subscriber_id == number)
            .order_by(named.name)
        )

    def _consents(self, number: int) -> list[dict[str, object]]:
        consent, wording = asking.consent.c, asking.wording.c
        return self._rows(
            select(
                consent.list,
                consent.given,
                consent.method,
                consent.source,
                func.coalesce(wording.words, "").label("words"),
                func.coalesce(wording.language, "").label("language"),
                consent.asked_at,
                consent.at,
            )
            .join_from(
                asking.consent, asking.wording, wording.hash == consent.wording, isouter=True
            )
            .where(consent.subscriber_id == number)
            .order_by(consent.id)
        )

    def _emails(self, number: int, hashed: bytes) -> list[dict[str, object]]:
        email = asking.transactional_email.c
        hidden = {"address_hash", "mailbox_hash", "network_hash", "subscriber_id", "attempt_id"}
        shown = [column for column in email if column.name not in hidden]
        mine = or_(email.subscriber_id == number, email.address_hash == hashed)
        return self._rows(select(*shown).where(mine).order_by(email.id))

    def _statuses(self, number: int) -> list[dict[str, object]]:
        status = event_tables.delivery_status.c
        return self._rows(
            select(
                status.kind,
                type_coerce(status.bounce, Text).label("bounce"),
                status.at,
                status.reason,
                _campaign.slug,
            )
            .join_from(event_tables.delivery_status, tables.campaign)
            .where(status.subscriber_id == number)
            .order_by(status.at)
        )

    def _events(self, number: int) -> list[dict[str, object]]:
        event = event_tables.event.c
        names = ("provider", "id", "kind", "at", "received_at", "campaign_id", "raw")
        rows = self._rows(
            select(*(event[name] for name in names))
            .where(event.subscriber_id == number)
            .order_by(event.received_at, event.id)
        )
        return [{**row, "raw": _read(str(row["raw"]))} for row in rows]

    def _deliveries(self, number: int) -> list[dict[str, object]]:
        """What became of each campaign that they were in: of the delivery, or else of its batch."""
        own = (_delivery.campaign_id == _batch.campaign_id) & (_delivery.subscriber_id == number)
        rows = self._connection.execute(
            select(
                tables.batch,
                _campaign.slug,
                _delivery.state.label("own"),
                _delivery.reason.label("own_reason"),
                _delivery.provider_id.label("own_id"),
                _delivery.at.label("own_at"),
            )
            .join_from(tables.batch, tables.campaign, _campaign.id == _batch.campaign_id)
            .join(tables.delivery, own, isouter=True)
            # the cheap condition first: of most batches it spares the search through the members
            .where(_batch.first <= number, holds(_batch.members, number))
            .order_by(_batch.campaign_id)
        ).all()
        return [self._delivery(row) for row in rows]

    def _delivery(self, row: Row[Any]) -> dict[str, object]:
        alone = row.own is not None
        return {
            "campaign": row.campaign_id,
            "statement": row.slug,
            "state": row.own if alone else self._rest(row),
            "reason": row.own_reason if alone else row.reason,
            "provider": row.provider,
            "provider_id": row.own_id if alone else row.provider_id,
            "at": _time(row.own_at if alone else row.settled_at),
        }

    def _rest(self, batch: Row[Any]) -> str:
        """What became of those in a batch who have no row of their own."""
        if batch.state == BatchState.UNKNOWN.value:
            return DeliveryState.UNKNOWN.value
        if batch.state == BatchState.GIVEN_UP.value:
            return DeliveryState.CANCELLED.value
        if batch.state != BatchState.DONE.value:
            return DeliveryState.PENDING.value
        apart: dict[str, int] = dict(
            self._connection.execute(
                select(_delivery.state, func.count())
                .where(_delivery.campaign_id == batch.campaign_id, _delivery.batch_id == batch.id)
                .group_by(_delivery.state)
            ).all()
        )
        counted = batch._mapping
        return next(
            # the batch counts rows of their own too: what those do not fill is everybody else's
            state.value
            for state in _SETTLED
            if counted[state.value] > apart.get(state.value, 0)
        )


def _shown(row: Row[Any]) -> dict[str, object]:
    return {
        name: _time(value) if name == "at" or name.endswith("_at") else _plain(value)
        for name, value in row._mapping.items()
    }


def _time(stored: int | datetime | None) -> str | None:
    instant = from_ms(stored) if isinstance(stored, int) else stored
    return None if instant is None else instant.isoformat()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def _read(raw: str) -> object:
    """What a provider told, as it is written where it is JSON."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw


_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_REASONS = (
    tables.batch,
    tables.campaign,
    tables.delivery,
    event_tables.delivery_status,
    asking.transactional_email,
)
"""Tables with a reason, in which a provider may have quoted an address of anybody's."""
_QUOTING = {table.name: table for table in (event_tables.event, *_REASONS)}


def erase(connection: Connection, subscriber_id: int) -> None:
    """Erase what is kept of a person under their number."""
    for table in (tables.delivery, event_tables.delivery_status):
        connection.execute(
            update(table)
            .where(
                table.c.campaign_id.in_(select(tables.campaign.c.id)),  # leads into the key
                table.c.subscriber_id == subscriber_id,
            )
            .values(reason="")
        )
    persons: tuple[tuple[Table, Column[int]], ...] = (
        (event_tables.event, event_tables.event.c.subscriber_id),
        (asking.transactional_email, asking.transactional_email.c.subscriber_id),
        (asking.consent, asking.consent.c.subscriber_id),
        (tables.subscription, tables.subscription.c.subscriber_id),
        (tables.tag, tables.tag.c.subscriber_id),
        (import_tables.import_change, import_tables.import_change.c.subscriber_id),
        (tables.subscriber, tables.subscriber.c.id),
    )
    for table, person in persons:
        connection.execute(delete(table).where(person == subscriber_id))


def note_erasure(connection: Connection) -> None:
    """Note that the file has to be erased securely, in the transaction that erases."""
    due = insert(tables.meta).values(key=DUE, value="").on_conflict_do_nothing()
    connection.execute(due)


def erase_emails(connection: Connection, address_hash: bytes) -> None:
    """Erase the emails to an address, whoever asked for them."""
    connection.execute(
        delete(asking.transactional_email).where(
            asking.transactional_email.c.address_hash == address_hash
        )
    )


class Traces(Repository):
    """Where providers quote an address. To look for it takes long, and holds nobody up."""

    def of(self, address: str) -> list[Trace]:
        """Places that hold it, in large or small letters, and as JSON or a link writes it."""
        found = self._quoting(event_tables.event, event_tables.event.c.raw, address)
        for table in _REASONS:
            found += self._quoting(table, table.c.reason, address)
        return found

    def _quoting(self, table: Table, text: Column[str], address: str) -> list[Trace]:
        rows = self._connection.execute(
            select(*table.primary_key.columns).where(text != "", _quotes(text, address))
        )
        return [Trace(kind=table.name, key=tuple(row)) for row in rows]

    def left(self) -> bool:
        """Whether somebody was erased and ``Store.secure_erase`` was not done since."""
        query = select(tables.meta.c.key).where(tables.meta.c.key == DUE)
        return self._connection.scalar(query) is not None

    def erase(self, traces: Sequence[Trace]) -> None:
        """Delete what was told, and empty the reasons."""
        for trace in traces:
            table = _QUOTING[trace.kind]
            columns = table.primary_key.columns
            row = [column == value for column, value in zip(columns, trace.key, strict=True)]
            if table is event_tables.event:
                self._connection.execute(delete(table).where(*row))
            else:
                self._connection.execute(update(table).where(*row).values(reason=""))


def _quotes(text: Column[str], address: str) -> ColumnElement[bool]:
    """The text holds the address: as it was written, folded, and as JSON or a link writes either.

    SQLite folds the letters of ASCII alone, and so do we.
    """
    spellings = {address.translate(_LOWER), fold(address)}
    written = {
        form
        for spelling in spellings
        for form in (
            spelling,
            json.dumps(spelling)[1:-1],
            quote(spelling).lower(),
            quote(spelling, safe="").lower(),
        )
    }
    lowered = func.lower(text)
    return or_(*(func.instr(lowered, form) > 0 for form in sorted(written)))
