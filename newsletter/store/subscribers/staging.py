"""A file of people on its way in: laid ready without a lock, then brought in by one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import Connection, func, insert, select

from newsletter.domain.subscribers.audience import (
    EXAMPLES,
    Away,
    Brought,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.engine import begun
from newsletter.store.schema import tables
from newsletter.store.subscribers import importing, staged
from newsletter.store.subscribers.importing import Suppressing, weigh_suppressions

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
        # an aggregate of a constant: somebody may have left several of the lists
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


_CACHE = 64 * 1024
"""KiB of the database that are held: new hashes fall anywhere in their index."""


T = TypeVar("T")
"""A transaction over all that is kept."""


class Staging(Generic[T]):
    """Has a connection to itself, with which all that lies ready goes.

    ``writing`` is a transaction of it, in which nobody else writes.
    """

    def __init__(
        self,
        connection: Connection,
        hash_address: Callable[[str], bytes],
        writing: Callable[[], AbstractContextManager[T]],
    ) -> None:
        self._connection = connection
        self._writing = writing
        self._staged = staged.Staged(connection, hash_address)
        with begun(connection, reads=True):
            connection.exec_driver_sql(f"PRAGMA main.cache_size = -{_CACHE}")
            staged.prepare(connection)

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Lay subscribers ready, each with the place where they stand in the file."""
        # A deferred transaction in which the temporary tables alone are named locks nothing else.
        with begun(self._connection, reads=True):
            self._staged.add(people)

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        """Lay ready who is never to be written to."""
        with begun(self._connection, reads=True):
            self._staged.suppress(entries)

    def rehearse(self) -> Brought:
        """What would come of it now. Only reads."""
        self._sort()
        with begun(self._connection, reads=True):
            return self._weigh()

    @contextmanager
    def begin(self) -> Iterator[tuple[T, Brought]]:
        """The transaction that brings everybody in, and what will come of it.

        It commits at the end of the block. Whoever is suppressed here at that moment is not
        written down again.
        """
        self._sort()
        with self._writing() as tx:
            yield tx, self._weigh()

    def bring_in(self, at: datetime, import_id: int, origin: str) -> None:
        """Bring everybody in, within the block of ``begin``, as the import of this number.

        The rules are those of ``Readers.upsert`` and ``Readers.suppress``.
        """
        importing.bring_in(self._connection, at, import_id)
        Suppressing(self._connection, at, origin, import_id).bring_in()

    def lists(self) -> list[str]:
        """The lists that the people who lie ready are in, or left."""
        with begun(self._connection, reads=True):
            return list(self._connection.scalars(select(staged.mailing_list.c.name)))

    def _sort(self) -> None:
        """Whoever is looked up in the order of the hashes is found at once."""
        with begun(self._connection, reads=True):
            staged.sort(self._connection)

    def _weigh(self) -> Brought:
        connection = self._connection
        staged.empty(connection, staged.away, staged.number)  # of a rehearsal
        note_refused(connection)
        importing.note_known(connection)
        note_left(connection)
        new, known = importing.weigh(connection)
        return Brought(
            new=new,
            known=known,
            suppressed=weigh_suppressions(connection),
            refused=refused(connection),
            left=left(connection),
            changed=importing.count_changed(connection),
            joined=importing.count_joined(connection),
            ended=importing.count_ended(connection),
        )
