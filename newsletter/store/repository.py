"""The base of all repositories."""

from collections.abc import Callable

from newsletter.store.database import Database


class Repository:
    """The queries about one subject, within one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db


class AddressRepository(Repository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, db: Database, hash_address: Callable[[str], bytes]) -> None:
        super().__init__(db)
        self._hash = hash_address
