"""The store on a real SQLite file passes the suite of every store."""

from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.store.sql import Store
from tests.contracts.store import StoreContract


@pytest.fixture(scope="module")
def on_disk(fresh_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fresh_store.elsewhere(tmp_path_factory.mktemp("store"))


class TestSqliteStore(StoreContract):
    """A file on a disk, migrated, opened as in production."""

    @pytest.fixture
    def store(self, on_disk: Any) -> Iterator[Store]:
        store = on_disk()
        yield store
        store.close()
