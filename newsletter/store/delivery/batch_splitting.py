"""Splits claimed batches: in halves, by an allowance, or by the members to retry."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from newsletter.domain.delivery.batch import BatchState, ClaimedBatch, UnknownBatch
from newsletter.store.database import Database


def update_if_claimed(
    db: Database, batch: ClaimedBatch | UnknownBatch, assignments: str, **values: object
) -> bool:
    """Change a batch by these SQL assignments; return False if its claim was lost."""
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
    state = db.value("SELECT state FROM campaign WHERE id = :id", id=campaign_id)
    return bool(state == "cancelled")


def halve(db: Database, claim: ClaimedBatch) -> bool:
    """Move the reachable members to two new batches. The other members stay in the old row."""
    numbers = [number for number, _ in claim.members]
    if not update_if_claimed(
        db,
        claim,
        "members = :members, state = 'done', size = size - pending, pending = 0, reason = 'split'",
        members=_other_members(db, claim.id, numbers),
    ):
        return False
    middle = len(numbers) // 2
    halves = [half for half in (numbers[:middle], numbers[middle:]) if half]
    add(db, claim.campaign.id, claim.id, halves)
    return True


def move_out(
    db: Database,
    batch: ClaimedBatch | UnknownBatch,
    numbers: Collection[int],
    *,
    reason: str = "",
    not_before: datetime | int = 0,
    attempts: int | None = None,
) -> bool:
    """Move members of a claimed batch to a new batch, which is due at ``not_before``.

    A later decision about the old batch does not concern them. Return False if the claim was lost.
    """
    column = "unknown" if isinstance(batch, UnknownBatch) else "pending"
    if not update_if_claimed(
        db,
        batch,
        f"members = :members, size = size - :moved, {column} = {column} - :moved",
        members=_other_members(db, batch.id, numbers),
        moved=len(numbers),
    ):
        return False
    add(
        db,
        batch.campaign.id,
        batch.id,
        [sorted(numbers)],
        is_over=is_cancelled(db, batch.campaign.id),
        reason=reason,
        not_before=not_before,
        attempts=attempts,
    )
    return True


def requeue(db: Database, campaign_id: int, batch_id: int, numbers: Sequence[int]) -> None:
    """Move rejected members of a finished batch to a new queued batch."""
    remaining = _other_members(db, batch_id, numbers)
    db.change(
        "UPDATE batch SET members = :members, size = size - :moved, rejected = rejected - :moved"
        " WHERE id = :id",
        id=batch_id,
        members=remaining,
        moved=len(numbers),
    )
    db.change(
        "DELETE FROM delivery WHERE campaign_id = :campaign_id"
        " AND subscriber_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:numbers))",
        campaign_id=campaign_id,
        numbers=list(numbers),
    )
    add(db, campaign_id, batch_id, [numbers])


def limit(db: Database, claim: ClaimedBatch, allowance: int | None) -> ClaimedBatch:
    """Keep at most ``allowance`` members in the claim; move the others to a new batch."""
    if allowance is None or len(claim.members) <= allowance:
        return claim
    excess_ids = [number for number, _ in claim.members[allowance:]]
    move_out(db, claim, excess_ids, attempts=claim.attempts - 1)  # they have not been tried
    return replace(claim, members=claim.members[:allowance])


def _other_members(db: Database, batch_id: int, numbers: Collection[int]) -> list[int]:
    """Return the ids of the batch's stored members without these ids."""
    members = db.value("SELECT members FROM batch WHERE id = :id", id=batch_id)
    excluded = set(numbers)
    return [number for number in json.loads(members) if number not in excluded]


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
    """Add a batch for each group at the end of the campaign: queued, or cancelled if it is over.

    The members come from the batch ``batch_id``. Its attempts count, because an event about one of
    them may still prove that a reader has the message.
    """
    # so that no two batches get the same number; batches are locked before campaigns
    lock_campaign = "SELECT id FROM campaign WHERE id = :id /*postgres FOR NO KEY UPDATE*/"
    db.value(lock_campaign, id=campaign_id)
    [(last_id, ignores_lists, account, attempted_at)] = db.rows(
        """
        SELECT (SELECT MAX(no) FROM batch WHERE campaign_id = :campaign_id), ignores_lists, account,
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
                "no": last_id + index,
                "members": list(group),
                "state": BatchState.DONE if is_over else BatchState.QUEUED,
                "size": len(group),
                "pending": 0 if is_over else len(group),
                "cancelled": len(group) if is_over else 0,
                "ignores_lists": ignores_lists,
                "account": account,
                "attempts": attempted_at if attempts is None else attempts,
                "reason": reason,
                "not_before": not_before,
            }
            for index, group in enumerate(groups, start=1)
        ),
    )
