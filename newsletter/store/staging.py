"""A file of people on its way in: laid ready without a lock, then brought in by one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from sqlalchemy import Connection

from newsletter.domain.audience import Entry, SuppressedEntry
from newsletter.ports import Brought, Transaction
from newsletter.store import importing, staged, staying
from newsletter.store.engine import begun
from newsletter.store.suppressing import Suppressing
from newsletter.store.suppressing import weigh as weigh_suppressions

_CACHE = 64 * 1024
"""KiB of the database that are held: new hashes fall anywhere in their index."""


class SqlStaging:
    """Has a connection to itself, with which all that lies ready goes.

    ``writing`` is a transaction of it, in which nobody else writes.
    """

    def __init__(
        self,
        connection: Connection,
        hash_address: Callable[[str], bytes],
        writing: Callable[[], AbstractContextManager[Transaction]],
    ) -> None:
        self._connection = connection
        self._writing = writing
        self._staged = staged.Staged(connection, hash_address)
        with begun(connection, reads=True):
            connection.exec_driver_sql(f"PRAGMA main.cache_size = -{_CACHE}")
            staged.prepare(connection)

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        # A deferred transaction in which the temporary tables alone are named locks nothing else.
        with begun(self._connection, reads=True):
            self._staged.add(people)

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        with begun(self._connection, reads=True):
            self._staged.suppress(entries)

    def rehearse(self) -> Brought:
        self._sort()
        with begun(self._connection, reads=True):
            return self._weigh()

    @contextmanager
    def bring_in(self, at: datetime, origin: str) -> Iterator[tuple[Transaction, Brought]]:
        self._sort()
        with self._writing() as tx:
            brought = self._weigh()
            importing.bring_in(self._connection, at)
            Suppressing(self._connection, at, origin).bring_in()
            yield tx, brought

    def _sort(self) -> None:
        """Whoever is looked up in the order of the hashes is found at once."""
        with begun(self._connection, reads=True):
            staged.sort(self._connection)

    def _weigh(self) -> Brought:
        connection = self._connection
        staged.empty(connection, staged.away, staged.number)  # of a rehearsal
        staying.note_refused(connection)
        importing.note_known(connection)
        staying.note_left(connection)
        new, known = importing.weigh(connection)
        return Brought(
            new=new,
            known=known,
            suppressed=weigh_suppressions(connection),
            refused=staying.refused(connection),
            left=staying.left(connection),
        )
