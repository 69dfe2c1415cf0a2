"""Where readers are, as far as their clocks go."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from newsletter.ports import Aim
from newsletter.store import tables
from newsletter.store.segments import aimed

_subscriber = tables.subscriber.c


class SqlZones:
    """The time zones of readers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self, aim: Aim) -> dict[str, int]:
        rows = self._connection.execute(
            select(_subscriber.timezone, func.count())
            .where(aimed(aim.lists, aim.segment, aim.languages))
            .group_by(_subscriber.timezone)
            .order_by(_subscriber.timezone)
        ).all()
        return {row[0]: row[1] for row in rows}

    def has(self, aim: Aim, zones: Collection[str]) -> bool:
        found = (
            select(_subscriber.id)
            .where(
                _subscriber.timezone.in_(sorted(zones)),
                aimed(aim.lists, aim.segment, aim.languages),
            )
            .limit(1)
        )
        return self._connection.scalar(found) is not None
