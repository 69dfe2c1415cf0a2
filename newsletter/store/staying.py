"""Whom a file names although they are to be left alone."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from newsletter.domain.audience import SubscriptionState
from newsletter.store import tables

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def suppressed_hashes(connection: Connection, hashes: Sequence[bytes]) -> frozenset[bytes]:
    """Those of the hashes whose addresses are suppressed."""
    return frozenset(
        connection.scalars(
            select(_suppression.address_hash).where(_suppression.address_hash.in_(hashes))
        )
    )


def leavers(connection: Connection, named: Iterable[tuple[bytes, Sequence[str]]]) -> int:
    """How many of the people, each with lists, left one of them."""
    wanted = {hash_: frozenset(lists) for hash_, lists in named}
    rows = connection.execute(
        select(_subscriber.address_hash, tables.mailing_list.c.name)
        .join_from(
            tables.subscriber,
            tables.subscription,
            _subscription.subscriber_id == _subscriber.id,
        )
        .join(tables.mailing_list, tables.mailing_list.c.id == _subscription.list_id)
        .where(
            _subscriber.address_hash.in_(list(wanted)),
            _subscription.state == SubscriptionState.ENDED.value,
        )
    )
    return len({hash_ for hash_, name in rows if name in wanted[hash_]})
