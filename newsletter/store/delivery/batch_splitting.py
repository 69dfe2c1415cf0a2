"""Dividing a held batch: into halves, into what leaves now and later, or who is tried again."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.domain.delivery.batch import BatchState, ClaimedBatch, UnknownBatch
from newsletter.store.database import Database


def change(
    db: Database, batch: ClaimedBatch | UnknownBatch, assignments: str, **values: object
) -> bool:
    """Change a held batch by the assignments of an UPDATE; return whether it was still held."""
    state = BatchState.UNKNOWN if isinstance(batch, UnknownBatch) else BatchState.CLAIMED
    return db.changes(
        f"UPDATE batch SET {assignments}"
        " WHERE id = :batch_id AND fence = :held_fence AND state = :held_state",
        batch_id=batch.id,
        held_fence=batch.fence,
        held_state=state,
        **values,
    )


def is_cancelled(db: Database, campaign_id: int) -> bool:
    """Return whether a person cancelled the campaign."""
    state = db.value("SELECT state FROM campaign WHERE id = :id", id=campaign_id)
    return bool(state == "cancelled")


def halve(db: Database, claimed: ClaimedBatch) -> bool:
    """Give the two halves of the reachable members new numbers; who left stays with the old row."""
    numbers = [number for number, _ in claimed.members]
    if not change(
        db,
        claimed,
        "members = :members, state = 'done', size = size - pending, pending = 0, reason = 'split'",
        members=_without(db, claimed.id, numbers),
    ):
        return False
    middle = len(numbers) // 2
    halves = [half for half in (numbers[:middle], numbers[middle:]) if half]
    add(db, claimed.campaign.id, claimed.id, halves)
    return True


def set_aside(
    db: Database,
    batch: ClaimedBatch | UnknownBatch,
    numbers: Collection[int],
    *,
    reason: str = "",
    not_before: datetime,
) -> bool:
    """Move some members of a held batch to one of their own, which is due at this time.

    They leave the old row altogether: should it be unknown, a decision on it is not about them.
    """
    column = "unknown" if isinstance(batch, UnknownBatch) else "pending"
    if not change(
        db,
        batch,
        f"members = :members, size = size - :moved, {column} = {column} - :moved",
        members=_without(db, batch.id, numbers),
        moved=len(numbers),
    ):
        return False
    is_over = is_cancelled(db, batch.campaign.id)
    place = batch.campaign.id, batch.id
    add(db, *place, [sorted(numbers)], is_over=is_over, reason=reason, not_before=not_before)
    return True


def take_out(db: Database, campaign_id: int, batch_id: int, numbers: Sequence[int]) -> None:
    """Move rejected members of a batch that is done to a queued batch of their own."""
    kept = _without(db, batch_id, numbers)
    db.change(
        "UPDATE batch SET members = :members, size = size - :moved, rejected = rejected - :moved"
        " WHERE id = :id",
        id=batch_id,
        members=kept,
        moved=len(numbers),
    )
    db.change(
        "DELETE FROM delivery WHERE campaign_id = :campaign_id"
        " AND subscriber_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:numbers))",
        campaign_id=campaign_id,
        numbers=list(numbers),
    )
    add(db, campaign_id, batch_id, [numbers])


def shorten(db: Database, claimed: ClaimedBatch, allowance: int | None) -> ClaimedBatch:
    """Keep as many members as there is room for; the others become a batch of their own."""
    if allowance is None or len(claimed.members) <= allowance:
        return claimed
    rest = [number for number, _ in claimed.members[allowance:]]
    change(
        db,
        claimed,
        "members = :members, size = size - :moved, pending = pending - :moved",
        members=_without(db, claimed.id, rest),
        moved=len(rest),
    )
    # this try is not theirs
    add(db, claimed.campaign.id, claimed.id, [rest], attempts=claimed.attempts - 1)
    return replace(claimed, members=claimed.members[:allowance])


def _without(db: Database, batch_id: int, numbers: Collection[int]) -> list[int]:
    """Return the members of the batch, also those who left since the freeze, without these."""
    members = db.value("SELECT members FROM batch WHERE id = :id", id=batch_id)
    gone = set(numbers)
    return [number for number in json.loads(members) if number not in gone]


def add(
    db: Database,
    campaign_id: int,
    batch_id: int,
    groups: Sequence[Sequence[int]],
    *,
    is_over: bool = False,
    reason: str = "",
    not_before: datetime | int = 0,
    attempts: int | None = None,
) -> None:
    """Add batches after the last of the campaign, queued or, if it is over, cancelled.

    Their members come out of the batch ``batch_id``. Its tries so far count: an event of one of
    them may still tell that a reader has the message.
    """
    # no two take the same number; the row of the batch is locked before that of its campaign
    locked = "SELECT id FROM campaign WHERE id = :id /*postgres FOR NO KEY UPDATE*/"
    db.value(locked, id=campaign_id)
    [(last, regardless, account, tried)] = db.rows(
        """
        SELECT (SELECT MAX(no) FROM batch WHERE campaign_id = :campaign_id), regardless, account,
            attempts
        FROM batch WHERE id = :id
        """,
        id=batch_id,
        campaign_id=campaign_id,
    )
    db.insert_all(
        "batch",
        (
            {
                "campaign_id": campaign_id,
                "no": last + place,
                "members": list(group),
                "state": BatchState.DONE if is_over else BatchState.QUEUED,
                "size": len(group),
                "pending": 0 if is_over else len(group),
                "cancelled": len(group) if is_over else 0,
                "regardless": regardless,
                "account": account,
                "attempts": tried if attempts is None else attempts,
                "reason": reason,
                "not_before": not_before,
            }
            for place, group in enumerate(groups, start=1)
        ),
    )
