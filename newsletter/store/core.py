"""SQLAlchemy over the driver's connection of a transaction, for the modules that still use it."""

from typing import Any

from sqlalchemy import Connection, StaticPool, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache


class AnyFile(SQLiteDialect_pysqlite):
    """The dialect of each of our files, so that all share what was compiled. It begins nothing."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is AnyFile

    def __hash__(self) -> int:
        return hash(AnyFile)

    def do_begin(self, dbapi_connection: Any) -> None:
        pass

    do_rollback = do_commit = do_begin


registry.register("sqlite.anyfile", __name__, AnyFile.__name__)
_COMPILED: LRUCache[Any, Any] = LRUCache(500)


def core(driver: Any) -> Connection:
    """Return SQLAlchemy's connection over the driver's."""
    if driver.core is None:
        engine = create_engine(
            "sqlite+anyfile://",
            creator=lambda: driver,
            poolclass=StaticPool,
            pool_reset_on_return=None,
            execution_options={"compiled_cache": _COMPILED},
        )
        driver.core = engine.connect()
    connection: Connection = driver.core
    return connection
