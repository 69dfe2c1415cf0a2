"""The store on a real SQLite file passes the suite of every store."""

from tests.contracts.store import StoreContract


class TestSqliteStore(StoreContract):
    """``store`` is the fixture of tests/conftest.py: a file, migrated, opened as in production."""
