"""Who may be written to, and whom a segment picks, said once in SQL for counting and each claim."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.schema import tables
from newsletter.store.schema.columns import to_ms

if TYPE_CHECKING:
    from newsletter.domain.subscribers.segment import Segment

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


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


def suppressed() -> ColumnElement[bool]:
    """The subscriber of the row is suppressed."""
    return exists().where(_suppression.address_hash == _subscriber.address_hash)


def eligible(lists: Sequence[str] | Sequence[int] | None) -> ColumnElement[bool]:
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
    # whoever is on none of the lists would not get it after the pause either
    on_them = literal(False) if lists is None else subscribed(lists)
    return case(
        (_subscriber.id.is_(None), literal("erased")),
        (reason.is_not(None), reason),
        (paused() & on_them, literal("paused")),
        else_=literal("unsubscribed"),
    )


_tag = tables.tag.c


def aimed(
    lists: Sequence[str],
    segment: Segment | None,
    languages: Collection[str] | None = None,
) -> ColumnElement[bool]:
    """The subscriber of the row gets what goes to these lists, or of them to a segment."""
    conditions = [eligible(lists)]
    if segment is not None:
        conditions.append(picked(segment))
    if languages is not None:
        conditions.append(_subscriber.language.in_(sorted(languages)))
    return and_(*conditions)


def picked(segment: Segment) -> ColumnElement[bool]:
    """The segment picks the subscriber of the row, whether they may be written to or not."""
    return and_(*_conditions(segment))


def _conditions(segment: Segment) -> Iterator[ColumnElement[bool]]:
    """The cheap ones first: the database asks in this order."""
    if segment.languages:
        yield or_(*map(_reads, segment.languages))
    if segment.places:
        # ASCII letters alone are folded, by the database and here
        yield func.lower(_subscriber.place).in_([_folded(place) for place in segment.places])
    yield _joined(segment)
    yield from (_tagged([tag]) for tag in segment.tags)
    if segment.any_tag:
        yield _tagged(segment.any_tag)
    if segment.without_tags:
        yield ~_tagged(segment.without_tags)


def _reads(language: str) -> ColumnElement[bool]:
    named, wanted = func.lower(_subscriber.language), language.lower()
    return or_(named == wanted, named.startswith(f"{wanted}-", autoescape=True))


def _folded(place: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in place)


def _joined(segment: Segment) -> ColumnElement[bool]:
    conditions = [
        _subscription.subscriber_id == _subscriber.id,
        _subscription.state == SubscriptionState.CONFIRMED.value,
        list_ids([segment.list_name]),
    ]
    if segment.since is not None:
        conditions.append(_subscription.changed_at >= to_ms(segment.since))
    if segment.before is not None:
        conditions.append(_subscription.changed_at < to_ms(segment.before))
    return exists().where(*conditions)


def _tagged(names: Sequence[str]) -> ColumnElement[bool]:
    """With one of these tags."""
    return exists().where(_tag.subscriber_id == _subscriber.id, _tag.name.in_(names))
