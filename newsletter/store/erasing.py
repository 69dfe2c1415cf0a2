"""What names a person is gone from all tables but for the hash that blocks their address."""

from sqlalchemy import Connection, delete, func, select, update

from newsletter.store import tables

_event = tables.event.c


def erase(connection: Connection, subscriber_id: int | None, address: str) -> None:
    """Erase the person, if we know one of this address, and whatever providers said of them."""
    # Also events of a time when the address was nobody's whom we knew.
    named = func.instr(func.lower(_event.raw), address.lower()) > 0
    connection.execute(delete(tables.event).where(named))
    if subscriber_id is None:
        return
    connection.execute(delete(tables.event).where(_event.subscriber_id == subscriber_id))
    for table in (tables.delivery, tables.receipt):
        connection.execute(
            update(table)
            .where(
                table.c.campaign_id.in_(select(tables.campaign.c.id)),  # leads into the key
                table.c.subscriber_id == subscriber_id,
            )
            .values(reason="")
        )
    for table, person in (
        (tables.subscription, tables.subscription.c.subscriber_id),
        (tables.tag, tables.tag.c.subscriber_id),
        (tables.subscriber, tables.subscriber.c.id),
    ):
        connection.execute(delete(table).where(person == subscriber_id))
