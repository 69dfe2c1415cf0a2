"""A database file of its own for each test, with what was migrated once."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.store.engine import open_sqlite
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.fakes import FixedClock, chain_of, hash_address


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "newsletter.db"))


@pytest.fixture
def database(path: Path) -> Iterator[Sqlite]:
    with closing(Sqlite(path)) as database:
        yield database


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_sqlite(path)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine, clock: FixedClock) -> Store:
    return Store(engine, hash_address=hash_address, chain=chain_of(engine), clock=clock)
