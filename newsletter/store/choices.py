"""What readers choose for themselves: lists, language, zone and a pause."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, TextClause, exists, select, text, update

from newsletter.domain.audience import SubscriptionState
from newsletter.domain.preference import Preferences
from newsletter.store import tables
from newsletter.store.times import maybe_from_ms, to_ms

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c


class SqlChoices:
    """What readers decide about themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, subscriber_id: int) -> Preferences | None:
        row = self._connection.execute(
            select(tables.subscriber).where(_subscriber.id == subscriber_id)
        ).one_or_none()
        if row is None:
            return None
        names = (
            select(tables.mailing_list.c.name)
            .join(tables.subscription, _subscription.list_id == tables.mailing_list.c.id)
            .where(
                _subscription.subscriber_id == subscriber_id,
                _subscription.state == SubscriptionState.CONFIRMED.value,
            )
        )
        return Preferences(
            name=row.name,
            language=row.language,
            timezone=row.timezone,
            lists=frozenset(self._connection.scalars(names)),
            paused_until=maybe_from_ms(row.paused_until),
        )

    def pause(self, subscriber_id: int, until: datetime | None) -> None:
        self._connection.execute(
            update(tables.subscriber)
            .where(_subscriber.id == subscriber_id)
            .values(paused_until=until and to_ms(until))
        )

    def any_over(self, at: datetime) -> bool:
        return bool(self._connection.scalar(select(exists().where(*_is_over(at)))))

    def resume(self, at: datetime) -> int:
        return self._connection.execute(
            update(tables.subscriber).where(*_is_over(at)).values(paused_until=None)
        ).rowcount


def _is_over(at: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    """The pause of the row is over, in the words of the partial index of those who pause."""
    return text("subscriber.paused_until IS NOT NULL"), _subscriber.paused_until <= to_ms(at)
