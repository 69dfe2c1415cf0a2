"""Two conditions of ``eligibility`` for the modules whose queries SQLAlchemy still builds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select

from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.schema import tables

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c


def list_ids(lists: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Whether a subscription belongs to one of these lists, by their names or numbers."""
    if lists and isinstance(lists[0], int):
        # an IN is written anew each time it is asked, as its values may be of any number
        return or_(*(_subscription.list_id == number for number in lists))
    return _subscription.list_id.in_(
        select(tables.mailing_list.c.id).where(tables.mailing_list.c.name.in_(lists))
    )


def subscribed(lists: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """The subscriber of the row has a confirmed subscription to one of these lists."""
    return exists().where(
        _subscription.subscriber_id == _subscriber.id,
        _subscription.state == SubscriptionState.CONFIRMED.value,
        list_ids(lists),
    )
