"""Factories and real parts for all tests."""

import ctypes
import gc
import logging
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.budget import (
    pytest_addoption,
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_report_header,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_sessionfinish,
    seed,
    thorough,
)
from tests.fakes import FixedClock, chain_of, hash_address
from tests.postgresql import FreshPostgresqlStores, postgresql, postgresql_database

# a loaded machine is slow and not wrong: no example has a deadline
unhurried = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("unhurried", settings(), **unhurried)
settings.load_profile("unhurried")

__all__ = [  # what pytest looks for here
    "postgresql",
    "postgresql_database",
    "pytest_addoption",
    "pytest_collection",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "seed",
    "thorough",
]

_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Gives free memory back, where the C library is one that else keeps what lies between the used."""

pytest.register_assert_rewrite("tests.contracts", "tests.unit.pipeline.newsroom")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin with our log as it is: a command that an earlier test ran here set its level."""
    logging.getLogger("newsletter").setLevel(logging.NOTSET)


def pytest_collection_finish(session: pytest.Session) -> None:
    _settle()


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Free the memory of a module before the next: a worker does not grow with the suite."""
    yield
    _settle()


def _settle() -> None:
    """Whatever is still in use now stays so: no later look for garbage goes through it again."""
    gc.collect()
    gc.freeze()
    if _TRIM is not None:
        _TRIM(0)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, made once: each test gets a copy."""
    path = tmp_path_factory.mktemp("migrated") / "newsletter.db"
    with closing(Sqlite(path)) as database:
        ensure_current(database)
    return path


class FreshStores:
    """Stores on a database that is new each time, opened as in production.

    There is one store at a time: a test with several opens its own files.
    """

    def __init__(self, migrated: Path, folder: Path) -> None:
        self._migrated = migrated
        self._folder = folder
        self._database = Sqlite(folder / "newsletter.db")

    def __call__(self, clock: FixedClock | None = None) -> Store:
        self.close()
        path = Path(shutil.copy(self._migrated, self._database.path))
        chain, clock = chain_of(path), clock or FixedClock()
        return Store(self._database, hash_address=hash_address, chain=chain, clock=clock)

    def elsewhere(self, folder: Path) -> "FreshStores":
        return FreshStores(self._migrated, folder)

    def close(self) -> None:
        self._database.close()
        for file in self._folder.glob("newsletter.*"):  # with its log and the head of its audit
            file.unlink()


@pytest.fixture(scope="session")
def fresh_store(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FreshStores | FreshPostgresqlStores]:
    folder = tmp_path_factory.mktemp("stores")
    if request.config.getoption("--postgresql"):
        yield FreshPostgresqlStores(request.getfixturevalue("postgresql_database"), folder)
        return
    stores = FreshStores(migrated, folder)
    yield stores
    stores.close()


@pytest.fixture
def store(fresh_store: FreshStores, clock: FixedClock) -> Iterator[Store]:
    store = fresh_store(clock)
    yield store
    store.close()
