"""The store on a PostgreSQL server passes the suite of every store."""

from pathlib import Path

import pytest

from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.postgresql import Postgresql
from newsletter.store.sql import Store
from tests.contracts.store import StoreContract
from tests.contracts.store_readers import ANA
from tests.contracts.store_staging import bring_in
from tests.fakes import FixedClock, hash_address
from tests.postgresql import emptied


class TestPostgresqlStore(StoreContract):
    """A database on a server, migrated and opened as in production."""

    @pytest.fixture
    def store(self, postgresql_database: Postgresql, tmp_path: Path) -> Store:
        chain = Chain(key=b"k" * 32, head=HeadFile(tmp_path / "head"))
        database = emptied(postgresql_database)
        # it stays open: for a new connection the server works ten times as long as to empty it
        return Store(database, hash_address=hash_address, chain=chain, clock=FixedClock())

    def test_an_import_leaves_no_rows_in_its_temporary_tables(self, store: Store) -> None:
        bring_in(store, ANA)
        with store.read() as tx:
            assert tx.db.number("SELECT pg_relation_size('staged_person')") == 0
