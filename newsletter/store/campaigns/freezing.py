"""Fixing an audience: one statement divides the readers of a campaign into batches."""

from newsletter.domain.schedule import ByZone
from newsletter.store.database import Condition, Database, stored
from newsletter.store.subscribers.eligibility import People


def freeze(
    db: Database, campaign_id: int, people: People, batch_size: int, by_zone: ByZone | None
) -> int:
    """Put people into batches; return how many they are.

    With ``by_zone`` each batch holds readers of one instant and waits for it.
    """
    if by_zone is not None:
        return _freeze_by_instant(db, campaign_id, people, batch_size, by_zone)
    # by number, and so sorted within each batch: an event's reader is looked for by the first
    reader = Condition(
        f"SELECT {people.id} AS id, 0 AS regardless,"
        f" (ROW_NUMBER() OVER (ORDER BY {people.id}) - 1) / :batch_size AS no"
        f" FROM {people.tables} WHERE {people.who}",
        {**people.who.values, "batch_size": batch_size},
    )
    return fill(db, campaign_id, reader)


def fill(db: Database, campaign_id: int, reader: Condition) -> int:
    """Put readers into batches; return how many they are.

    ``reader`` is a query of their ``id``, the ``no`` of their batch, and ``regardless``: 1 for
    readers who get it whatever they are subscribed to. It is the same within a batch.
    """
    sizes = db.column(
        f"""
        INSERT INTO batch
            (campaign_id, no, members, state, size, pending, regardless, not_before)
        SELECT :campaign_id, no, json_group_array(id), 'queued', COUNT(*), COUNT(*),
            MAX(regardless), 0
        FROM {reader} AS reader GROUP BY no
        RETURNING size
        """,
        reader,
        campaign_id=campaign_id,
    )
    return sum(sizes)


def _freeze_by_instant(
    db: Database, campaign_id: int, people: People, batch_size: int, by_zone: ByZone
) -> int:
    """Number the batches from the earliest instant. A zone that is not named has ``otherwise``."""
    sizes = db.column(
        f"""
        WITH zone AS MATERIALIZED (
            SELECT key, CAST(value AS BIGINT) AS instant FROM json_each(:instants)),
        reader AS (
            SELECT {people.id} AS id, COALESCE(zone.instant, :otherwise) AS at,
                (ROW_NUMBER() OVER (
                    PARTITION BY COALESCE(zone.instant, :otherwise) ORDER BY {people.id}
                ) - 1) / :batch_size AS place
            FROM {people.tables} LEFT JOIN zone ON zone.key = subscriber.timezone
            WHERE {people.who})
        INSERT INTO batch
            (campaign_id, no, members, state, size, pending, regardless, not_before)
        SELECT :campaign_id, ROW_NUMBER() OVER (ORDER BY at, place) - 1, json_group_array(id),
            'queued', COUNT(*), COUNT(*), 0, at
        FROM reader GROUP BY at, place
        RETURNING size
        """,
        people.who,
        campaign_id=campaign_id,
        batch_size=batch_size,
        instants={zone: stored(instant) for zone, instant in by_zone.instants.items()},
        otherwise=by_zone.otherwise,
    )
    return sum(sizes)
