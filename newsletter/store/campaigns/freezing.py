"""Fixing an audience: who gets a campaign is parted into batches by one statement."""

import json

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    func,
    insert,
    literal,
    select,
)

from newsletter.domain.delivery.state import BatchState
from newsletter.domain.schedule import ByZone
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms
from newsletter.store.schema.json_sql import as_list, each_entry

_batch = tables.batch.c
_subscriber = tables.subscriber.c
_COLUMNS = ["campaign_id", "no", "members", "state", "size", "pending", "regardless", "not_before"]


def freeze(
    connection: Connection,
    campaign_id: int,
    whom: ColumnElement[bool],
    batch_size: int,
    by_zone: ByZone | None,
) -> int:
    """Put the subscribers whom a condition names into batches; returns how many they are.

    With ``by_zone`` each batch holds readers of one instant and waits for it.
    """
    if by_zone is not None:
        return _fill(connection, _by_instant(campaign_id, whom, batch_size, by_zone))
    # by number, and so sorted within each batch: an event's reader is looked for by the first
    place = func.row_number().over(order_by=_subscriber.id) - 1
    numbered = (
        select(_subscriber.id, (place // literal(batch_size)).label("no"))
        .where(whom)
        .subquery("reader")
    )
    return fill(connection, campaign_id, numbered, regardless=literal(0))


def fill(
    connection: Connection, campaign_id: int, numbered: Subquery, *, regardless: ColumnElement[int]
) -> int:
    """Put readers (``id``, and ``no`` of their batch) into batches; returns how many they are."""
    groups = select(
        literal(campaign_id),
        numbered.c.no,
        as_list(numbered.c.id),
        literal(BatchState.QUEUED.value),
        func.count(),
        func.count(),
        regardless,
        literal(0),
    ).group_by(numbered.c.no)
    return _fill(connection, groups)


def _by_instant(
    campaign_id: int, whom: ColumnElement[bool], batch_size: int, by_zone: ByZone
) -> Select[tuple[object, ...]]:
    """The earliest first. No zone is left out: one that is not named has ``by_zone.otherwise``."""
    moments = {zone: to_ms(instant) for zone, instant in by_zone.instants.items()}
    zone = each_entry(json.dumps(moments), "zone")
    at = func.coalesce(zone.c.value, to_ms(by_zone.otherwise))
    place = func.row_number().over(partition_by=at, order_by=_subscriber.id) - 1
    reader = (
        select(_subscriber.id, at.label("at"), (place // literal(batch_size)).label("place"))
        .join_from(tables.subscriber, zone, zone.c.key == _subscriber.timezone, isouter=True)
        .where(whom)
        .subquery("reader")
    )
    number = func.row_number().over(order_by=(reader.c.at, reader.c.place)) - 1
    return select(
        literal(campaign_id),
        number,
        as_list(reader.c.id),
        literal(BatchState.QUEUED.value),
        func.count(),
        func.count(),
        literal(0),
        reader.c.at,
    ).group_by(reader.c.at, reader.c.place)


def _fill(connection: Connection, groups: Select[tuple[object, ...]]) -> int:
    made = insert(tables.batch).from_select(_COLUMNS, groups).returning(_batch.size)
    return sum(connection.scalars(made))
