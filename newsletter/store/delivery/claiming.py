"""The claim of a batch: one transaction decides which members may still get the email."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.delivery.batch import ClaimedBatch, DeliveryState, Outcome
from newsletter.domain.subscribers.address import AddressHash
from newsletter.domain.wording import say
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.database import MEMBER, TLI, Condition, Database
from newsletter.store.subscribers.eligibility import People, eligible, exclusion, ids_of, people_on

DAMAGED = say("the address was damaged in the database: it is not the one that was stored")
"""The reason of a rejected delivery to a damaged address."""
_MAX_WAIT = timedelta(days=4)
"""The longest wait for a local time or a provider's records. A wrong clock sets longer ones."""
MAX_RETRY = timedelta(hours=2)
"""The longest wait after a failed attempt. A provider's wait is cut to an hour."""

# SQLite uses a partial index only if the query repeats its condition word for word. Thanks to the
# indexes of open and unknown batches, the cost of a claim does not grow with finished batches.
IS_OPEN = "batch.state IN ('queued', 'claimed')"
IS_UNKNOWN = "batch.state = 'unknown'"
NO_HOLD = "NOT EXISTS (SELECT 1 FROM meta WHERE key IN ('doubt', 'stop'))"
"""A condition: sending is not on hold."""
IS_ALIVE = (
    "(CAST(:owner AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM worker WHERE worker.id = :owner)"
    " AND EXISTS (SELECT 1 FROM restore_guard WHERE sends_from <= :at))"
    f" /*postgres AND EXISTS (SELECT 1 FROM restore_guard WHERE timeline IN ('', {TLI})) */"
)
"""A condition: the claiming process counts as alive, and no fail-over is being checked."""
ALL_CLAIMS = (
    "SELECT claims + (SELECT COALESCE(SUM(worker.claims), 0) FROM worker) FROM restore_guard"
)
_SKIP_LOCKED = "/*postgres FOR UPDATE SKIP LOCKED*/"
"""At the end of a query: lock its rows, and skip rows that another transaction has locked.

SQLite has one writer, which needs no lock of rows.
"""
_DENSE_IDS = 2
"""Up to this many ids per member, a scan from first to last id costs less than look-ups."""


def attempted_at(accounts: Mapping[str, str]) -> Condition:
    """Return the condition that the last attempt went to one of these accounts, by provider."""
    condition = Condition("1 = 0")
    for index, (name, account) in enumerate(accounts.items()):
        condition |= Condition(
            f"batch.provider = :provider_{index} AND batch.account = :account_{index}",
            {f"provider_{index}": name, f"account_{index}": account},
        )
    return condition


def due(at: datetime) -> Condition:
    return Condition(
        "batch.not_before <= :due_at OR batch.not_before > :due_too_far"
        " OR batch.state = 'queued' AND batch.attempts > 0 AND batch.not_before > :retry_too_far",
        {"due_at": at, "due_too_far": at + _MAX_WAIT, "retry_too_far": at + MAX_RETRY},
    )


def next_queued(
    db: Database, at: datetime, allowance: Mapping[str, int | None], owner: int | None
) -> tuple[int, str] | None:
    """Return the id of the batch to claim next and its provider's name, or None.

    First the campaign is chosen, because sorting all open batches would cost more with each one.
    """
    is_due = due(at)
    for campaign_id, provider in db.rows(
        "SELECT id, COALESCE(NULLIF(fallback_provider, ''), provider) FROM campaign"
        f" WHERE campaign.state = 'sending' AND {IS_ALIVE}"
        " ORDER BY urgent DESC, id",
        owner=owner,
        at=at,
    ):
        if allowance and provider not in allowance:  # it is not configured any more
            provider = next(iter(allowance))
        # a campaign at another provider may go on; None is no limit
        if allowance.get(provider) == 0:
            continue
        found = db.value(
            f"SELECT id FROM batch WHERE {IS_OPEN} AND {NO_HOLD} AND state = 'queued'"
            f" AND campaign_id = :campaign_id AND {is_due} ORDER BY no LIMIT 1 {_SKIP_LOCKED}",
            is_due,
            campaign_id=campaign_id,
        )
        if found is not None:
            return found, provider
    return None


@dataclass(frozen=True, kw_only=True)
class _Claimed:
    """The row of a batch that was just claimed."""

    id: int
    campaign_id: int
    members: str
    pending: int
    fence: int
    attempts: int
    claimed_at: datetime
    ignores_lists: bool


def claim(
    db: Database,
    campaigns: Campaigns,
    batch_id: int,
    hash_address: AddressHash,
    *,
    provider: str,
    at: datetime,
    lease: timedelta,
    attempt_id: str,
    owner: int | None,
) -> ClaimedBatch:
    """Claim one queued batch, and record its members who unsubscribed since the freeze.

    An address that does not match its stored hash is damaged: nothing is sent to it.
    """
    [row] = db.all(
        _Claimed,
        """
        UPDATE batch SET state = 'claimed', fence = fence + 1, attempts = attempts + 1,
            attempt_id = :attempt_id, provider = :provider,
            -- empty until record_start: a restart knows by it that nothing was sent
            body_hash = '',
            -- addresses are read in this transaction, so the attempt knows no later change
            last_change = (SELECT COALESCE(MAX(number), 0) FROM address_history),
            claimed_at = :at, lease_until = :until, owner = :owner,
            -- an earlier attempt's look-ups prove nothing about this one
            tries = 0, silent_at = NULL, silent_looks = 0, call_until = NULL
        WHERE id = :id AND state = 'queued'
        RETURNING id, campaign_id, members, pending, fence, attempts, claimed_at, ignores_lists
        """,
        id=batch_id,
        attempt_id=attempt_id,
        provider=provider,
        at=at,
        until=at + lease,
        owner=owner,
    )
    campaign = campaigns.get_without_counts(row.campaign_id)
    lists = None if row.ignores_lists else campaign.lists
    members, damaged_ids = _reachable(db, row, lists, hash_address)
    # a second query finds the reasons, which most claims do not need
    if len(members) < row.pending:
        _record_excluded(db, row, lists, damaged_ids, at)
    return ClaimedBatch(
        id=batch_id,
        campaign=campaign,
        provider=provider,
        fence=row.fence,
        attempts=row.attempts,
        at=row.claimed_at,
        members=members,
    )


def count(db: Database, owner: int | None) -> int:
    """Count one more attempt; return the number of all attempts.

    Each owner counts in its own row, so that owners do not wait for each other. The returned
    numbers rise for each owner.
    """
    if owner is None:
        db.change("UPDATE restore_guard SET claims = claims + 1")
    else:
        db.change("UPDATE worker SET claims = claims + 1 WHERE id = :owner", owner=owner)
    # a separate query, so that it sees what others committed before this one had the row
    return db.number(ALL_CLAIMS)


def _reachable(
    db: Database, row: _Claimed, lists: Sequence[str] | None, hash_address: AddressHash
) -> tuple[list[tuple[int, str]], list[int]]:
    """Return (id, address) of the members who may get the email, and the ids of damaged rows."""
    frozen_ids = json.loads(row.members)
    first, last = min(frozen_ids), max(frozen_ids)
    values: dict[str, object] = {"campaign_id": row.campaign_id, "first": first, "last": last}
    if lists and last - first < _DENSE_IDS * len(frozen_ids):
        people = people_on(ids_of(db, lists), id_range=(first, last))
    else:
        people = People(
            tables=f"json_each(:members) AS member JOIN subscriber ON subscriber.id = {MEMBER}",
            id="subscriber.id",
            who=eligible(lists and ids_of(db, lists)),
        )
        values["members"] = row.members
    # one row with three lists is faster than a thousand rows. Addresses are bytes, because a
    # damaged one may be no valid text. No valid one contains a comma
    [(id_list, addresses, stored_hashes)] = db.rows(
        f"""
        SELECT /*sqlite*/ group_concat(subscriber.id),
            /*postgres string_agg(CAST(subscriber.id AS text), ','), */
            /*sqlite*/ CAST(group_concat(subscriber.address) AS BLOB),
            /*postgres convert_to(string_agg(subscriber.address, ','), 'UTF8'), */
            /*sqlite*/ CAST(group_concat(subscriber.address_hash) AS BLOB)
            /*postgres string_agg(subscriber.address_hash, ',') */
        FROM {people.tables}
        WHERE {people.who} AND (
            -- asked once for all: most batches have no outcomes yet
            NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.campaign_id = :campaign_id
                AND delivery.subscriber_id BETWEEN :first AND :last)
            OR NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.campaign_id = :campaign_id
                AND delivery.subscriber_id = subscriber.id
                -- the range once more: a kept plan of PostgreSQL may read all before it compares
                AND delivery.subscriber_id BETWEEN :first AND :last))
        """,
        people.who,
        **values,
    )
    is_whole = f"[{id_list}]" == row.members
    numbers = frozen_ids if is_whole else json.loads(f"[{id_list or ''}]")
    try:
        is_sound = hash_address.hash_list(addresses or b"") == stored_hashes
    except ValueError:  # an address is no valid text, or no address
        is_sound = False
    if is_sound and is_whole:  # nearly always
        return list(zip(numbers, addresses.decode().split(","), strict=True)), []
    found: dict[int, str | None] = (
        dict(zip(numbers, addresses.decode().split(","), strict=True))
        if is_sound
        else _verify_each(db, numbers, hash_address)
    )
    # the range of ids may contain subscribers who joined since the freeze
    addresses_by_id = {one: found[one] for one in sorted(frozen_ids) if one in found}
    return [(number, one) for number, one in addresses_by_id.items() if one is not None], [
        number for number, one in addresses_by_id.items() if one is None
    ]


def _verify_each(
    db: Database, numbers: Sequence[int], hash_address: AddressHash
) -> dict[int, str | None]:
    """Return subscriber id → address, None if it does not match its hash."""
    rows = db.rows(
        "SELECT id, hex(address), address_hash FROM subscriber"
        " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:numbers))",
        numbers=numbers,
    )
    return {
        number: verified(bytes.fromhex(address), stored_hash, hash_address)
        for number, address, stored_hash in rows
    }


def verified(address: bytes, stored: bytes, hash_address: Callable[[str], bytes]) -> str | None:
    """Return the address; None if it does not match its hash, because one was damaged."""
    try:
        text = address.decode()
        return text if hash_address(text) == stored else None
    except ValueError:  # no valid text, or no address
        return None


def _record_excluded(
    db: Database, row: _Claimed, lists: Sequence[str] | None, damaged: Sequence[int], at: datetime
) -> None:
    """Record the members who unsubscribed since the freeze, or whose address is damaged."""
    who, why = eligible(lists), exclusion(lists)
    left_ids = db.rows(
        f"""
        SELECT {MEMBER}, {why}
        FROM json_each(:members) AS member LEFT JOIN subscriber ON subscriber.id = {MEMBER}
        -- an erased subscriber has no row, so the condition is NULL
        WHERE COALESCE(NOT {who}, TRUE) AND NOT EXISTS (SELECT 1 FROM delivery
            WHERE delivery.campaign_id = :campaign_id AND delivery.subscriber_id = {MEMBER})
        """,
        who,
        why,
        members=row.members,
        campaign_id=row.campaign_id,
    )
    outcomes = {number: (DeliveryState.SUPPRESSED, reason, "") for number, reason in left_ids}
    outcomes |= dict.fromkeys(damaged, (DeliveryState.REJECTED, DAMAGED, ""))
    add_rows(db, row.id, row.campaign_id, outcomes, at)
    db.change(
        "UPDATE batch SET pending = pending - :departed - :damaged,"
        " suppressed = suppressed + :departed, rejected = rejected + :damaged WHERE id = :id",
        id=row.id,
        departed=len(left_ids),
        damaged=len(damaged),
    )


def state_after(outcome: Outcome) -> DeliveryState:
    """Return the state of a delivery for ACCEPTED, REJECTED or UNKNOWN, which have its names."""
    return DeliveryState(outcome.verdict.value)


def add_rows(
    db: Database,
    batch_id: int,
    campaign_id: int,
    outcomes: Mapping[int, tuple[DeliveryState, str, str]],
    at: datetime,
) -> None:
    """Insert a row for each delivery that differs from its batch: subscriber id → outcome."""
    db.insert_all(
        "delivery",
        (
            {
                "campaign_id": campaign_id,
                "subscriber_id": number,
                "batch_id": batch_id,
                "state": state,
                "reason": reason,
                "provider_id": provider_id,
                "at": at,
            }
            for number, (state, reason, provider_id) in outcomes.items()
        ),
    )
