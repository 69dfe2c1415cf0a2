"""Who may be written to, said once in SQL: for counting, freezing and each claim."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, exists, literal, select

from newsletter.domain.subscribers.audience import SubscriptionState
from newsletter.store.schema import tables

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def list_ids(lists: Sequence[str]) -> ColumnElement[bool]:
    """Whether a subscription belongs to one of these lists."""
    return _subscription.list_id.in_(
        select(tables.mailing_list.c.id).where(tables.mailing_list.c.name.in_(lists))
    )


def subscribed(lists: Sequence[str]) -> ColumnElement[bool]:
    """The subscriber of the row has a confirmed subscription to one of these lists."""
    return exists().where(
        _subscription.subscriber_id == _subscriber.id,
        _subscription.state == SubscriptionState.CONFIRMED.value,
        list_ids(lists),
    )


def suppressed() -> ColumnElement[bool]:
    """The subscriber of the row is suppressed."""
    return exists().where(_suppression.address_hash == _subscriber.address_hash)


def eligible(lists: Sequence[str] | None) -> ColumnElement[bool]:
    """The subscriber of the row gets what goes to these lists. Suppression outranks everything.

    None stands for a correction, which goes to whoever may have the original and is not erased,
    also while they want nothing else.
    """
    if lists is None:
        return _subscriber.id.is_not(None) & ~suppressed()
    return subscribed(lists) & ~paused() & ~suppressed()


def paused() -> ColumnElement[bool]:
    """The subscriber of the row wants nothing for a time. What is over is cleared by each look."""
    return _subscriber.paused_until.is_not(None)


def why_left_out(lists: Sequence[str]) -> ColumnElement[str]:
    """The same as below of a subscriber who is there, told apart from who never confirmed."""
    asked = exists().where(
        _subscription.subscriber_id == _subscriber.id,
        _subscription.state == SubscriptionState.ENDED.value,
        list_ids(lists),
    )
    left = asked | suppressed() | (paused() & subscribed(lists))
    return case((left, why_not(lists)), else_=literal("unconfirmed"))


def why_not(lists: Sequence[str] | None) -> ColumnElement[str]:
    """In a word, why the subscriber of an outer-joined row gets nothing that goes to these."""
    reason = (
        select(_suppression.reason)
        .where(_suppression.address_hash == _subscriber.address_hash)
        .scalar_subquery()
    )
    on_them = literal(False) if lists is None else subscribed(lists)
    return case(
        (_subscriber.id.is_(None), literal("erased")),
        (reason.is_not(None), reason),
        (paused() & on_them, literal("paused")),
        else_=literal("unsubscribed"),
    )
