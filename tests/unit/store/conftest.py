"""A database file of its own for each test, copied from one that was created once."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.store.sql import Store
from tests.fakes import FixedClock, chain_of, hash_address
from tests.unit.store.limited import LimitedSqlite


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "newsletter.db"))


@pytest.fixture
def database(path: Path) -> Iterator[LimitedSqlite]:
    with closing(LimitedSqlite(path)) as database:
        yield database


@pytest.fixture
def store(database: LimitedSqlite, clock: FixedClock) -> Store:
    chain = chain_of(database.path)
    return Store(database, hash_address=hash_address, chain=chain, clock=clock)
