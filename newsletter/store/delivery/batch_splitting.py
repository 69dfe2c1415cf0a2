"""Dividing a held batch: into halves, into what leaves now and later, or who is tried again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import ClaimedBatch, UnknownBatch
from newsletter.domain.delivery.state import BatchState
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms

_batch = tables.batch.c
_campaign = tables.campaign.c


@cache
def held(state: BatchState = BatchState.CLAIMED) -> Update:
    """An update of the batch that is ``batch``, if its fence is still the one ``held``."""
    return update(tables.batch).where(
        _batch.id == bindparam("batch"),
        _batch.fence == bindparam("held"),
        _batch.state == state.value,
    )


def change(
    connection: Connection, batch: ClaimedBatch | UnknownBatch, values: Mapping[Any, Any]
) -> bool:
    """Change a held batch; tells whether it was still held."""
    state = BatchState.UNKNOWN if isinstance(batch, UnknownBatch) else BatchState.CLAIMED
    changed = connection.execute(
        held(state).values(dict(values)), {"batch": batch.id, "held": batch.fence}
    )
    return changed.rowcount == 1


def is_cancelled(campaign_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody cancelled it."""
    return exists().where(
        _campaign.id == campaign_id, _campaign.state == CampaignState.CANCELLED.value
    )


def halve(connection: Connection, claimed: ClaimedBatch) -> bool:
    """The two halves of those reachable take new numbers; who left stays with the old row."""
    numbers = [number for number, _ in claimed.members]
    values = {
        "members": _packed(_without(connection, claimed, numbers)),
        "state": BatchState.DONE.value,
        "size": _batch.size - _batch.pending,
        "pending": 0,
        "reason": "split",
    }
    if not change(connection, claimed, values):
        return False
    middle = len(numbers) // 2
    halves = [half for half in (numbers[:middle], numbers[middle:]) if half]
    _add(connection, claimed, halves, {"state": BatchState.QUEUED.value})
    return True


def set_aside(
    connection: Connection,
    batch: ClaimedBatch | UnknownBatch,
    numbers: Collection[int],
    *,
    reason: str = "",
    not_before: datetime,
) -> bool:
    """Move some of those in a held batch to one of their own, which is due at this time.

    They leave the old row altogether: should it be unknown, nobody decides about them with it.
    """
    column = _batch.unknown if isinstance(batch, UnknownBatch) else _batch.pending
    values = {
        "members": _packed(_without(connection, batch, numbers)),
        "size": _batch.size - len(numbers),
        column.name: column - len(numbers),
    }
    if not change(connection, batch, values):
        return False
    given_up = bool(connection.scalar(select(is_cancelled(batch.campaign.id))))
    state = BatchState.DONE if given_up else BatchState.QUEUED
    common = {"state": state.value, "not_before": to_ms(not_before), "reason": reason}
    _add(connection, batch, [sorted(numbers)], common, cancelled=given_up)
    return True


def shorten(connection: Connection, claimed: ClaimedBatch, allowance: int | None) -> ClaimedBatch:
    """Keep as many members as there is room for; the others become a batch of their own."""
    if allowance is None or len(claimed.members) <= allowance:
        return claimed
    rest = [number for number, _ in claimed.members[allowance:]]
    values = {
        "members": _packed(_without(connection, claimed, rest)),
        "size": _batch.size - len(rest),
        "pending": _batch.pending - len(rest),
    }
    change(connection, claimed, values)
    # this try is not theirs
    before = {"state": BatchState.QUEUED.value, "attempts": claimed.attempts - 1}
    _add(connection, claimed, [rest], before)
    return replace(claimed, members=claimed.members[:allowance])


def _without(
    connection: Connection, batch: ClaimedBatch | UnknownBatch, numbers: Collection[int]
) -> list[int]:
    """The members of the batch, those who left since the freeze too, without these."""
    members = connection.scalar(select(_batch.members).where(_batch.id == batch.id))
    gone = set(numbers)
    return [number for number in json.loads(str(members)) if number not in gone]


def _add(
    connection: Connection,
    batch: ClaimedBatch | UnknownBatch,
    groups: Sequence[Sequence[int]],
    common: Mapping[str, Any],
    *,
    cancelled: bool = False,
) -> None:
    """Add batches after the last of the campaign.

    The tries so far count: an event of one of them may still tell that somebody has the message.
    """
    campaign_id = batch.campaign.id
    of_it = _batch.id == batch.id
    # aggregates with a filter: one query for the last number of all and the values of this one
    last, regardless, account, attempts = connection.execute(
        select(
            func.max(_batch.no),
            func.max(_batch.regardless).filter(of_it),
            func.max(_batch.account).filter(of_it),
            func.max(_batch.attempts).filter(of_it),
        ).where(_batch.campaign_id == campaign_id)
    ).one()
    rows = [
        {
            "campaign_id": campaign_id,
            "no": last + place,
            "members": _packed(group),
            "size": len(group),
            "pending": 0 if cancelled else len(group),
            "cancelled": len(group) if cancelled else 0,
            "regardless": regardless,
            "account": account,
            "attempts": attempts,
            **common,
        }
        for place, group in enumerate(groups, start=1)
    ]
    connection.execute(insert(tables.batch), rows)


def _packed(numbers: Sequence[int]) -> str:
    return json.dumps(list(numbers), separators=(",", ":"))
