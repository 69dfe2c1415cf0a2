"""Deliveries of which it comes out after all that the provider took them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from newsletter.domain.delivery.batch import Way
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.store.database import MEMBER, Condition, Database
from newsletter.store.delivery.claiming import add_rows

_COUNTED_AS = {
    BatchState.UNKNOWN: "unknown",
    BatchState.QUEUED: "pending",  # to be sent again: an earlier call had arrived
    BatchState.GIVEN_UP: "cancelled",
}
"""Which count has the readers of whom it is not known that the provider has their message."""


@dataclass(frozen=True, kw_only=True)
class Unproved:
    """A delivery of which it is not known that the provider took it."""

    batch_id: int
    state: BatchState
    subscriber_id: int


def unproved(db: Database, campaign_id: int, of: Condition) -> list[Unproved]:
    """Return the unproved deliveries of a campaign to those whom ``of`` names, by batch.

    ``of`` is a condition on MEMBER, the subscriber's id. A batch for which no call was
    ever begun is left out: it cannot have reached a reader.
    """
    return db.all(
        Unproved,
        f"""
        SELECT batch.id AS batch_id, batch.state, {MEMBER} AS subscriber_id
        FROM batch CROSS JOIN json_each(batch.members) AS member
        WHERE batch.campaign_id = :campaign_id AND batch.attempts > 0
            AND batch.state IN ('unknown', 'queued', 'given up') AND {of}
            AND NOT EXISTS (
                SELECT 1 FROM delivery
                WHERE campaign_id = :campaign_id AND subscriber_id = {MEMBER})
        ORDER BY batch.id
        """,
        of,
        campaign_id=campaign_id,
    )


def confirm(
    db: Database,
    campaign_id: int,
    provider_ids: Mapping[int, str],
    *,
    at: datetime,
    reason: str,
) -> int:
    """Book deliveries as accepted, each with a row of its own; return how many were unproved."""
    found = unproved(
        db,
        campaign_id,
        Condition(
            f"{MEMBER} IN (SELECT CAST(value AS BIGINT) FROM json_each(:wanted))",
            {"wanted": list(provider_ids)},
        ),
    )
    for (batch_id, state), members in groupby(found, key=attrgetter("batch_id", "state")):
        confirmed = {
            each.subscriber_id: (DeliveryState.ACCEPTED, reason, provider_ids[each.subscriber_id])
            for each in members
        }
        add_rows(db, batch_id, campaign_id, confirmed, at)
        _move(db, batch_id, _COUNTED_AS[state], len(confirmed), at)
        note(db, campaign_id, batch_id, (Way.EVENT, "accepted", len(confirmed)), at)
    return len(found)


def note(
    db: Database,
    campaign_id: int,
    batch_id: int,
    came_out: tuple[Way, str, int],
    at: datetime,
) -> None:
    """Write down which way how many came out, and as what."""
    way, outcome, people = came_out
    db.change(
        "INSERT INTO resolution (campaign_id, batch_id, at, way, outcome, people)"
        " VALUES (:campaign_id, :batch_id, :at, :way, :outcome, :people)",
        campaign_id=campaign_id,
        batch_id=batch_id,
        at=at,
        way=way,
        outcome=outcome,
        people=people,
    )


def _move(db: Database, batch_id: int, column: str, people: int, at: datetime) -> None:
    """Move people of a batch to accepted. The batch is done if the column is empty then."""
    db.change(
        f"""
        UPDATE batch SET {column} = {column} - :people, accepted = accepted + :people,
            fence = fence + 1, -- whoever holds it does not know of this
            lease_until = NULL,
            state = CASE WHEN {column} = :people THEN 'done' ELSE state END,
            settled_at = CASE WHEN {column} = :people THEN :at ELSE settled_at END
        WHERE id = :id
        """,
        id=batch_id,
        people=people,
        at=at,
    )
