"""What every repository has: the connection of its transaction, and rows read into values."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Executable

from newsletter.store.database import Database

T = TypeVar("T")


class Repository:
    """What is asked about one subject, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # within the same transaction: queries move from SQLAlchemy to SQL module by module
        self._db = Database(cast("Any", connection.connection.dbapi_connection))

    def _list(self, kind: Callable[..., T], query: Executable, **values: object) -> list[T]:
        """A value of each row, whose columns are named as its fields."""
        return [kind(**row) for row in self._connection.execute(query, values).mappings()]

    def _first(self, kind: Callable[..., T], query: Executable, **values: object) -> T | None:
        """The same of the first row; None where there is none."""
        row = self._connection.execute(query, values).mappings().first()
        return None if row is None else kind(**row)

    def _number(self, query: Executable) -> int:
        """How many; 0 where a sum is of nothing."""
        return int(self._connection.scalar(query) or 0)


class AddressRepository(Repository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, connection: Connection, hash_address: Callable[[str], bytes]) -> None:
        super().__init__(connection)
        self._hash = hash_address
