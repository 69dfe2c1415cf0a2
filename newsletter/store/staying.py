"""Whom a file names although they are to be left alone."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from newsletter.domain.audience import SubscriptionState, SuppressionReason
from newsletter.store import tables

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def suppressed_hashes(
    connection: Connection, hashes: Sequence[bytes]
) -> dict[bytes, SuppressionReason]:
    """Those of the hashes whose addresses are suppressed."""
    rows = connection.execute(
        select(_suppression.address_hash, _suppression.reason).where(
            _suppression.address_hash.in_(hashes)
        )
    )
    return {hash_: SuppressionReason(reason) for hash_, reason in rows}


def leavers(connection: Connection, named: Mapping[bytes, Sequence[str]]) -> frozenset[bytes]:
    """Those of the hashes whose people left one of the lists beside them."""
    rows = connection.execute(
        select(_subscriber.address_hash, tables.mailing_list.c.name)
        .join_from(
            tables.subscriber,
            tables.subscription,
            _subscription.subscriber_id == _subscriber.id,
        )
        .join(tables.mailing_list, tables.mailing_list.c.id == _subscription.list_id)
        .where(
            _subscriber.address_hash.in_(list(named)),
            _subscription.state == SubscriptionState.ENDED.value,
        )
    )
    return frozenset(hash_ for hash_, name in rows if name in named[hash_])
