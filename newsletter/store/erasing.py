"""What names a person is gone from all tables but for the hash that blocks their address."""

import json
from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.audience import fold
from newsletter.ports import Trace
from newsletter.store import asking, tables
from newsletter.store.scrubbing import DUE

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_REASONS = (tables.batch, tables.campaign, tables.delivery, tables.receipt, asking.letter)
"""Tables with a reason, in which a provider may have quoted an address of anybody's."""
_QUOTING = {table.name: table for table in (tables.event, *_REASONS)}


def erase(connection: Connection, subscriber_id: int) -> None:
    """Erase what is kept of a person under their number."""
    for table in (tables.delivery, tables.receipt):
        connection.execute(
            update(table)
            .where(
                table.c.campaign_id.in_(select(tables.campaign.c.id)),  # leads into the key
                table.c.subscriber_id == subscriber_id,
            )
            .values(reason="")
        )
    persons: tuple[tuple[Table, Column[int]], ...] = (
        (tables.event, tables.event.c.subscriber_id),
        (asking.letter, asking.letter.c.subscriber_id),
        (asking.consent, asking.consent.c.subscriber_id),
        (tables.subscription, tables.subscription.c.subscriber_id),
        (tables.tag, tables.tag.c.subscriber_id),
        (tables.subscriber, tables.subscriber.c.id),
    )
    for table, person in persons:
        connection.execute(delete(table).where(person == subscriber_id))


def note_scrub(connection: Connection) -> None:
    """Note that the file has to be scrubbed, in the transaction that erases."""
    due = insert(tables.meta).values(key=DUE, value="").on_conflict_do_nothing()
    connection.execute(due)


def erase_letters(connection: Connection, address_hash: bytes) -> None:
    """Erase the letters to an address, whoever asked for them."""
    connection.execute(delete(asking.letter).where(asking.letter.c.address_hash == address_hash))


class SqlTraces:
    """Where providers quote an address, in what they told and in reasons."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, address: str) -> list[Trace]:
        found = self._quoting(tables.event, tables.event.c.raw, address)
        for table in _REASONS:
            found += self._quoting(table, table.c.reason, address)
        return found

    def _quoting(self, table: Table, text: Column[str], address: str) -> list[Trace]:
        rows = self._connection.execute(
            select(*table.primary_key.columns).where(text != "", _quotes(text, address))
        )
        return [Trace(kind=table.name, key=tuple(row)) for row in rows]

    def left(self) -> bool:
        query = select(tables.meta.c.key).where(tables.meta.c.key == DUE)
        return self._connection.scalar(query) is not None

    def erase(self, traces: Sequence[Trace]) -> None:
        for trace in traces:
            table = _QUOTING[trace.kind]
            columns = table.primary_key.columns
            row = [column == value for column, value in zip(columns, trace.key, strict=True)]
            if table is tables.event:
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
        for one in spellings
        for form in (one, json.dumps(one)[1:-1], quote(one).lower(), quote(one, safe="").lower())
    }
    lowered = func.lower(text)
    return or_(*(func.instr(lowered, form) > 0 for form in sorted(written)))
