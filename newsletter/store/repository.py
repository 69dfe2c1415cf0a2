"""The base of all repositories."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from newsletter.store.database import Database

Row = TypeVar("Row")


class Repository:
    """The queries about one subject, within one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db


class BySlug(Generic[Row]):
    """The rows of statements, by slug. A list of statements loads them with one query.

    Rows that were loaded are not queried again: load only in a transaction that reads.
    """

    def __init__(
        self, query: Callable[[Sequence[str]], Iterable[Row]], slug_of: Callable[[Row], str]
    ) -> None:
        self._query = query
        self._slug_of = slug_of
        self._loaded: dict[str, list[Row]] = {}

    def load(self, slugs: Sequence[str]) -> None:
        """Load the rows of these statements with one query."""
        self._loaded |= {slug: [] for slug in slugs}
        for row in self._query(slugs):
            self._loaded[self._slug_of(row)].append(row)

    def of(self, slug: str) -> list[Row]:
        """Return the rows of one statement, in the order of the query."""
        loaded = self._loaded.get(slug)
        return [*self._query([slug])] if loaded is None else loaded


class AddressRepository(Repository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, db: Database, hash_address: Callable[[str], bytes]) -> None:
        super().__init__(db)
        self._hash = hash_address
