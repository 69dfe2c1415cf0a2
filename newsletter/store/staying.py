"""Whom a file names although they are to be left alone."""

from sqlalchemy import Connection, func, insert, select

from newsletter.domain.audience import SubscriptionState, SuppressionReason
from newsletter.ports import EXAMPLES, Away
from newsletter.store import staged, tables

_person = staged.person.c
_away = staged.away.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def note_refused(connection: Connection) -> None:
    """Note who is suppressed here."""
    found = select(_person.no, _suppression.reason).join_from(
        staged.person, tables.suppression, _suppression.address_hash == _person.address_hash
    )
    connection.execute(insert(staged.away).from_select(["person_no", "why"], found))


def note_left(connection: Connection) -> None:
    """Note who left a list here that the file names. Asks for the numbers of those known."""
    named, list_, number = staged.subscription.c, tables.mailing_list.c, staged.number.c
    found = (
        select(named.person_no, func.min(staged.LEFT))
        .join_from(
            staged.subscription, staged.mailing_list, named.list_no == staged.mailing_list.c.no
        )
        .join(tables.mailing_list, list_.name == staged.mailing_list.c.name)
        .join(staged.number, number.person_no == named.person_no)
        .join(
            tables.subscription,
            (_subscription.list_id == list_.id)
            & (_subscription.subscriber_id == number.subscriber_id),
        )
        .where(
            named.state == SubscriptionState.CONFIRMED.value,
            _subscription.state == SubscriptionState.ENDED.value,
        )
        .group_by(named.person_no)
    )
    connection.execute(insert(staged.away).from_select(["person_no", "why"], found))


def refused(connection: Connection) -> dict[SuppressionReason, Away]:
    """Who is suppressed here, by the reason, in the order of the file."""
    reasons = connection.scalars(
        select(_away.why)
        .where(_away.why != staged.LEFT)
        .group_by(_away.why)
        .order_by(func.min(_away.person_no))
    ).all()
    return {SuppressionReason(reason): _told(connection, reason) for reason in reasons}


def left(connection: Connection) -> Away:
    """Who left a list here and stays away from it."""
    return _told(connection, staged.LEFT)


def _told(connection: Connection, why: str) -> Away:
    people = connection.scalar(select(func.count()).where(_away.why == why))
    first = connection.execute(
        select(_person.stands_at, _person.address)
        .join_from(staged.away, staged.person, _person.no == _away.person_no)
        .where(_away.why == why)
        .order_by(_away.person_no)
        .limit(EXAMPLES)
    )
    return Away(people=people or 0, first=tuple((place, address) for place, address in first))
