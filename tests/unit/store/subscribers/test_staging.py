"""People who are staged leave nothing behind."""

import pytest

from newsletter.domain.errors import Defect
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.sql import Store
from tests.fakes import NOON

ANA = Entry(address="ana@example.org", lists=("press",), tags=("vip",))


def rows_left(store: Store) -> int:
    with store.read() as tx:
        tables = tx.db.column("SELECT name FROM temp.sqlite_master WHERE type = 'table'")
        assert len(tables) == 6
        return sum(tx.db.value(f"SELECT COUNT(*) FROM temp.{name}") for name in tables)


def test_a_connection_that_others_use_next_keeps_nobody(store: Store) -> None:
    with store.begin() as tx:
        tx.readers.upsert([ANA], NOON)
    assert rows_left(store) == 0
    with pytest.raises(Defect), store.begin() as tx:
        tx.readers.upsert([ANA, Entry(address="ANA@example.org", lists=())], NOON)
    assert rows_left(store) == 0
