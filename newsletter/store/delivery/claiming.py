"""Taking hold of a batch: who in it may still be written to is decided in the same transaction."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    TextClause,
    bindparam,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from newsletter.domain.delivery.batch import ClaimedBatch
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.file.copies import DOUBT, STOP
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, to_ms
from newsletter.store.schema.json_sql import as_list, each_id, in_lines
from newsletter.store.subscribers.eligibility_core import eligible, why_not

_batch = tables.batch.c
_campaign = tables.campaign.c
_delivery = tables.delivery.c
_left = tables.address_history.c
_subscriber = tables.subscriber.c
DAMAGED = "the address was damaged in the database: it is not the one that was stored"
"""Why nothing is sent to somebody."""
_LONGEST_WAIT = to_ms(datetime(1970, 1, 5, tzinfo=UTC))
"""Four days. What lies further ahead was written by a clock that was wrong, and is due."""


def is_open() -> TextClause:
    """The batch of the row is queued or claimed.

    In the words of the partial index of such batches: SQLite uses it for nothing else. A claim
    then costs the same however many batches are done.
    """
    return text("batch.state IN ('queued', 'claimed')")


def is_unknown() -> TextClause:
    """The batch of the row is unknown, in the words of the partial index of such batches."""
    return text("batch.state = 'unknown'")


def is_at(provider: Any, accounts: Mapping[str, str]) -> ColumnElement[bool]:
    """The provider in this column is one of these, and the last attempt went to its account."""
    each = [(provider == name) & (_batch.account == account) for name, account in accounts.items()]
    return or_(false(), *each)


def is_free() -> TextClause:
    """Nothing holds the workspace: said as plain SQL, which costs a claim next to nothing."""
    return text(f"NOT EXISTS (SELECT 1 FROM meta WHERE key IN ('{DOUBT}', '{STOP}'))")


def is_due(at: Any) -> ColumnElement[bool]:
    """The batch of the row need not wait any longer at this time, in milliseconds."""
    return or_(_batch.not_before <= at, _batch.not_before > at + _LONGEST_WAIT)


def next_queued(
    connection: Connection, at: datetime, allowance: Mapping[str, int | None]
) -> tuple[int, str] | None:
    """The batch to be claimed next, locked where the database can, and its provider.

    The campaign is chosen first: an order over all that is open would cost more with each batch.
    """
    for campaign in connection.execute(_sending()).all():
        provider = _carrier(campaign.carrier or campaign.provider, allowance)
        # a campaign at the other provider may go on; None would be no limit
        if allowance.get(provider) == 0:
            continue
        values = {"at": to_ms(at), "campaign": campaign.id}
        found = connection.scalar(_next_queued(), values)
        if found is not None:
            return found, provider
    return None


def _carrier(named: str, allowance: Mapping[str, int | None]) -> str:
    """The provider of a campaign; where its own is not configured any more, the first that is."""
    return next(iter(allowance)) if allowance and named not in allowance else named


# Building a statement takes longer than running it, so those of each batch are built once.


@cache
def _sending() -> Select[Any]:
    """In the words of the partial index of such campaigns."""
    return (
        select(_campaign.id, _campaign.provider, _campaign.carrier)
        .where(text("campaign.state = 'sending'"), is_free())
        .order_by(_campaign.urgent.desc(), _campaign.id)
    )


@cache
def _next_queued() -> Select[Any]:
    """Of one campaign."""
    return (
        select(_batch.id)
        .where(
            is_open(),
            is_free(),
            _batch.state == BatchState.QUEUED.value,
            _batch.campaign_id == bindparam("campaign"),
            is_due(bindparam("at", type_=BigInteger)),
        )
        .order_by(_batch.no)
        .limit(1)
        # SQLite, in which one transaction writes at a time, leaves it out
        .with_for_update(skip_locked=True, of=tables.batch)
    )


@cache
def _hold() -> Any:
    return (
        update(tables.batch)
        .where(_batch.id == bindparam("batch"))
        .values(
            state=BatchState.CLAIMED.value,
            fence=_batch.fence + 1,
            attempts=_batch.attempts + 1,
            attempt_id=bindparam("attempt"),
            provider=bindparam("to"),
            # empty until it is intended: by that a restart knows what cannot have left
            body_hash="",
            # the addresses are read in this very transaction: what changes later, it went not to
            last_change=select(func.coalesce(func.max(_left.number), 0)).scalar_subquery(),
            claimed_at=bindparam("at"),
            lease_until=bindparam("until"),
        )
        .returning(
            _batch.id,
            _batch.campaign_id,
            _batch.members,
            _batch.pending,
            _batch.fence,
            _batch.attempts,
            _batch.claimed_at,
            _batch.regardless,
        )
    )


@cache
def _count() -> Any:
    claims = tables.restore_guard.c.claims
    return update(tables.restore_guard).values(claims=claims + 1).returning(claims)


@lru_cache(maxsize=16)
def _numbered(names: Sequence[str]) -> Select[Any]:
    listed = tables.mailing_list.c
    return select(listed.id).where(or_(false(), *(listed.name == name for name in names)))


@lru_cache(maxsize=16)
def _reachable(lists: tuple[int, ...] | None) -> Select[Any]:
    """Their numbers, addresses and hashes, a value each: a thousand rows would cost the most."""
    member = each_id(bindparam("members"))
    return (
        select(
            as_list(_subscriber.id),
            in_lines(_subscriber.address),
            # as digits: what is joined is text, and a hash may hold any byte
            func.group_concat(func.hex(_subscriber.address_hash), ""),
        )
        .join_from(member, tables.subscriber, _subscriber.id == member.c.value)
        .where(eligible(lists), ~has_own_row(bindparam("campaign"), member.c.value))
    )


@cache
def _each_of() -> Select[Any]:
    """The same of subscribers by their numbers, a row each.

    Addresses as hexadecimal digits, since what was damaged may be no text any more.
    """
    member = each_id(bindparam("members"))
    address, hashed = func.hex(_subscriber.address), _subscriber.address_hash
    return select(_subscriber.id, address, hashed).join_from(
        member, tables.subscriber, _subscriber.id == member.c.value
    )


def claim(
    connection: Connection,
    batch_id: int,
    hash_address: Callable[[str], bytes],
    *,
    provider: str,
    at: datetime,
    lease: timedelta,
    attempt_id: str,
) -> ClaimedBatch:
    """Claim one queued batch, booking those who left since the audience was frozen.

    An address that is not the one whose hash was stored is nobody's: nothing goes there.
    """
    held = {"batch": batch_id, "attempt": attempt_id, "to": provider}
    times = {"at": to_ms(at), "until": to_ms(at + lease)}
    # asks for no state: ``next_queued`` found it in this very transaction, where nobody else writes
    row = connection.execute(_hold(), held | times).one()
    campaign = Campaigns(connection).head(row.campaign_id)
    lists = None if row.regardless else campaign.lists
    # SQLite looks a subscription up by its key where it knows the numbers of the lists, but not
    # where it has to find them by name: that took a third of the whole question
    numbers = None if lists is None else connection.scalars(_numbered(lists)).all()
    reachable = _reachable(None if numbers is None else tuple(numbers))
    asked = {"members": row.members, "campaign": row.campaign_id}
    found, addresses, hashes = connection.execute(reachable, asked).one()
    damaged: list[int] = []
    members = _all_as_stored(json.loads(found), addresses, hashes, hash_address)
    if members is None:
        members, damaged = _each_as_stored(connection, found, hash_address)
    # only then has anybody left: who and why takes a query of its own, which most claims spare
    if len(members) + len(damaged) < row.pending:
        _book_departed(connection, row, lists, at)
    if damaged:
        _book_damaged(connection, row, damaged, at)
    return ClaimedBatch(
        id=batch_id,
        campaign=campaign,
        provider=provider,
        fence=row.fence,
        attempts=row.attempts,
        at=from_ms(row.claimed_at),
        members=members,
    )


def count(connection: Connection) -> int:
    """Count one more attempt that is about to leave; returns how many there ever were."""
    return int(connection.scalar(_count()) or 0)


def _all_as_stored(
    numbers: list[int],
    addresses: bytes | None,
    hashes: str | None,
    hash_address: Callable[[str], bytes],
) -> list[tuple[int, str]] | None:
    """(number, address) of each, if every address is what was stored; else None."""
    if not numbers:
        return []
    try:
        texts = (addresses or b"").decode().split("\n")
        if b"".join(map(hash_address, texts)) != bytes.fromhex(hashes or ""):
            return None
        # the database may join in any order; a batch has one
        return sorted(zip(numbers, texts, strict=True))
    except ValueError:  # somebody's is no text any more
        return None


def _each_as_stored(
    connection: Connection, found: str, hash_address: Callable[[str], bytes]
) -> tuple[list[tuple[int, str]], list[int]]:
    """(number, address) of those whose address is what was stored, and the others' numbers."""
    members, damaged = [], []
    for number, address, stored in connection.execute(_each_of(), {"members": found}).all():
        text = as_stored(bytes.fromhex(address), stored, hash_address)
        if text is None:
            damaged.append(number)
        else:
            members.append((number, text))
    return sorted(members), damaged


def as_stored(address: bytes, stored: bytes, hash_address: Callable[[str], bytes]) -> str | None:
    """The address, if it is the one whose hash was stored; else one of the two was damaged."""
    try:
        decoded = address.decode()
        return decoded if hash_address(decoded) == stored else None
    except ValueError:  # no text any more, or nothing that could be an address
        return None


def _book_damaged(
    connection: Connection, row: Row[Any], damaged: Sequence[int], at: datetime
) -> None:
    outcomes = dict.fromkeys(damaged, (DeliveryState.REJECTED, DAMAGED, ""))
    add_rows(connection, row.id, row.campaign_id, outcomes, at)
    connection.execute(
        update(tables.batch)
        .where(_batch.id == row.id)
        .values(pending=_batch.pending - len(damaged), rejected=_batch.rejected + len(damaged))
    )


def _book_departed(
    connection: Connection, row: Row[Any], lists: Sequence[str] | None, at: datetime
) -> None:
    member = each_id(row.members)
    departed = (
        select(member.c.value, why_not(lists))
        .join_from(member, tables.subscriber, _subscriber.id == member.c.value, isouter=True)
        .where(
            # of who was erased there is no row, so that the condition is neither true nor false
            func.coalesce(~eligible(lists), True),
            ~has_own_row(row.campaign_id, member.c.value),
        )
    )
    outcomes = {
        number: (DeliveryState.SUPPRESSED, reason, "")
        for number, reason in connection.execute(departed).all()
    }
    add_rows(connection, row.id, row.campaign_id, outcomes, at)
    connection.execute(
        update(tables.batch)
        .where(_batch.id == row.id)
        .values(
            pending=_batch.pending - len(outcomes), suppressed=_batch.suppressed + len(outcomes)
        )
    )


def add_rows(
    connection: Connection,
    batch_id: int,
    campaign_id: int,
    outcomes: Mapping[int, tuple[DeliveryState, str, str]],
    at: datetime,
) -> None:
    """Write a row for each delivery that differs from its batch: id → state, reason, their id."""
    if outcomes:
        connection.execute(
            insert(tables.delivery),
            [
                {
                    "campaign_id": campaign_id,
                    "subscriber_id": number,
                    "batch_id": batch_id,
                    "state": state.value,
                    "reason": reason,
                    "provider_id": provider_id,
                    "at": to_ms(at),
                }
                for number, (state, reason, provider_id) in outcomes.items()
            ],
        )


def has_own_row(campaign_id: Any, member: Any) -> Any:
    """The delivery to this member differs from its batch."""
    return exists().where(_delivery.campaign_id == campaign_id, _delivery.subscriber_id == member)
