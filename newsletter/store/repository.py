"""What every repository has: the queries of its transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable

T = TypeVar("T")


class Repository:
    """What is asked about one subject, within one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def _connection(self) -> Connection:
        from newsletter.store.core import core

        return core(self._db.driver)

    def _list(self, kind: Callable[..., T], query: Executable, **values: object) -> list[T]:
        """A value of each row, whose columns are named as its fields."""
        return [kind(**row) for row in self._connection.execute(query, values).mappings()]

    def _first(self, kind: Callable[..., T], query: Executable, **values: object) -> T | None:
        """The same of the first row; None where there is none."""
        row: Mapping[Any, Any] | None = self._connection.execute(query, values).mappings().first()
        return None if row is None else kind(**row)

    def _number(self, query: Executable) -> int:
        """How many; 0 where a sum is of nothing."""
        return int(self._connection.scalar(query) or 0)


class AddressRepository(Repository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, db: Database, hash_address: Callable[[str], bytes]) -> None:
        super().__init__(db)
        self._hash = hash_address
