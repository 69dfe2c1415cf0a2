"""Deliveries of which somebody knows after all that the provider took them."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, insert, literal, select, true, update

from newsletter.domain.delivery.batch import Way
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.store.delivery.claiming import add_rows, has_own_row
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms
from newsletter.store.schema.json_sql import each_id

_batch = tables.batch.c
_UNPROVED = {
    BatchState.UNKNOWN.value: "unknown",
    BatchState.QUEUED.value: "pending",  # to be handed over again: an earlier call had arrived
    BatchState.GIVEN_UP.value: "cancelled",
}
"""Which count those are in of whom it is not known that the provider has their message."""


def unproved(campaign_id: int) -> tuple[Select[Any], Any]:
    """(batch id, state, subscriber id) of all such deliveries, and the table of the members.

    A batch that no call was ever begun for is left out: nobody can have got it.
    """
    member = each_id(_batch.members)
    query = (
        select(_batch.id, _batch.state, member.c.value.label("subscriber_id"))
        .select_from(tables.batch)
        .join(member, true())
        .where(
            _batch.campaign_id == campaign_id,
            _batch.state.in_(_UNPROVED),
            _batch.attempts > 0,
            ~has_own_row(campaign_id, member.c.value),
        )
        .order_by(_batch.id)
    )
    return query, member


def confirm(
    connection: Connection,
    campaign_id: int,
    provider_ids: Mapping[int, str],
    *,
    at: datetime,
    reason: str,
) -> int:
    """Book them as accepted, each with a row of its own; returns how many were not known so."""
    query, member = unproved(campaign_id)
    wanted = select(each_id(bindparam("wanted")).c.value)
    rows = connection.execute(
        query.where(member.c.value.in_(wanted)), {"wanted": json.dumps(list(provider_ids))}
    ).all()
    for (batch_id, state), members in groupby(rows, key=itemgetter(0, 1)):
        confirmed = {
            row.subscriber_id: (DeliveryState.ACCEPTED, reason, provider_ids[row.subscriber_id])
            for row in members
        }
        add_rows(connection, batch_id, campaign_id, confirmed, at)
        _move(connection, batch_id, state, len(confirmed), at)
        note(connection, campaign_id, batch_id, (Way.EVENT, "accepted", len(confirmed)), at)
    return len(rows)


def note(
    connection: Connection,
    campaign_id: int,
    batch_id: int,
    came_out: tuple[Way, str, int],
    at: datetime,
) -> None:
    """Write down which way how many came out, and as what."""
    way, outcome, people = came_out
    connection.execute(
        insert(tables.resolution).values(
            campaign_id=campaign_id,
            batch_id=batch_id,
            at=to_ms(at),
            way=way.value,
            outcome=outcome,
            people=people,
        )
    )


def _move(connection: Connection, batch_id: int, state: str, people: int, at: datetime) -> None:
    before = _batch[_UNPROVED[state]]
    proved = before == people
    connection.execute(
        update(tables.batch)
        .where(_batch.id == batch_id)
        .values(
            {
                before: before - people,
                _batch.accepted: _batch.accepted + people,
                _batch.fence: _batch.fence + 1,  # whoever holds it does not know of this
                _batch.lease_until: None,
                _batch.state: case((proved, literal(BatchState.DONE.value)), else_=_batch.state),
                _batch.settled_at: case((proved, literal(to_ms(at))), else_=_batch.settled_at),
            }
        )
    )
