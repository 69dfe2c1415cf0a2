"""Opens the database: SQLite set up so that a commit survives a power cut."""

import errno
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.util import LRUCache

from newsletter.domain.errors import Defect, StoreUnavailable

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL may lose commits that we have already acted upon
    "foreign_keys = ON",
    "busy_timeout = 30000",
    "secure_delete = ON",  # what is erased is overwritten
    "temp.secure_delete = ON",
)


_PATIENCE, _PAUSE = 30.0, 0.1
"""Seconds to wait for a descriptor, as ``busy_timeout`` for a lock."""


_LARGE_CACHE_KIB = 64 * 1024
"""Held by the connection of a large change: new hashes fall anywhere in their index."""


class AnyFile(SQLiteDialect_pysqlite):
    """The dialect of each of our files: equal to that of any other, so that all share their SQL.

    SQLAlchemy keeps what it compiled by dialect, and takes longer to compile a statement than
    SQLite takes to run it: a process that opens a second file would pay for all of it again.
    """

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is AnyFile

    def __hash__(self) -> int:
        return hash(AnyFile)


registry.register("sqlite.anyfile", __name__, AnyFile.__name__)
_COMPILED: LRUCache[Any, Any] = LRUCache(500)


def open_sqlite(path: Path) -> Engine:
    """An engine for one file, made if it is not there. Its folder has to exist."""
    engine = create_engine(
        URL.create("sqlite+anyfile", database=str(path)),  # a path may hold what a URL may not
        poolclass=QueuePool,
        pool_size=8,
        pool_use_lifo=True,  # who wrote last has the pages that the next one needs
        max_overflow=64,
        connect_args={"check_same_thread": False, "timeout": 30},
        execution_options={"compiled_cache": _COMPILED},
    )
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: object, _record: object, named: list[Any], options: dict[str, Any]) -> Any:
    """Open the file. Where the process has no descriptor left, wait as for another's lock.

    Others give theirs back: who reads our pages, and calls that end. To fail at once would end the
    sending because of them.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        connection = None
        try:
            connection = sqlite3.connect(*named, **options)
            _prepare(connection)
            return connection
        except sqlite3.OperationalError:
            if connection is not None:
                connection.close()
            if time.monotonic() > until or not _no_descriptor_is_left():
                raise
        time.sleep(_PAUSE)


def _no_descriptor_is_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def _prepare(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def connected(engine: Engine, *, reads: bool = False, lasting: bool = True) -> Iterator[Connection]:
    """One transaction. Raises StoreUnavailable, saying what to do, or Defect.

    ``lasting``: it survives a power cut once it is committed; else once a later one is that lasts.
    """
    with (
        _explained(engine),
        engine.connect() as connection,
        begun(connection, reads=reads, lasting=lasting),
    ):
        yield connection


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection for a large change, that nobody has afterwards. Raises as ``connected`` does."""
    with _explained(engine), engine.connect() as connection:
        connection.detach()
        driver_connection(connection).execute(f"PRAGMA cache_size = -{_LARGE_CACHE_KIB}")
        yield connection


class Watched:
    """Tells whether anybody has committed anything, this process or another, without asking SQL.

    SQLite compares only what one connection saw, so it has one of its own, which never writes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._connection: Connection | None = None

    def version(self) -> int:
        """A number that is another one after each commit. Raises StoreUnavailable."""
        with self._turn, _explained(self._engine):
            if self._connection is None:
                self._connection = self._engine.connect()
                self._connection.detach()
            return int(
                driver_connection(self._connection).execute("PRAGMA data_version").fetchone()[0]
            )

    def close(self) -> None:
        """Let the connection go."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def driver_connection(connection: Connection) -> Any:
    """Past SQLAlchemy, whose way takes ten times as long, and within a transaction."""
    return connection.connection.dbapi_connection


@contextmanager
def begun(
    connection: Connection, *, reads: bool = False, lasting: bool = True
) -> Iterator[Connection]:
    """One transaction of a connection that is open."""
    driver = driver_connection(connection)
    if not reads:  # set each time: the connection may have been another transaction's before
        driver.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
    with connection.begin():
        # A deferred transaction that turns from reading to writing fails at once when another
        # process writes; one that is immediate from the start waits its turn. SQLAlchemy's event
        # would do it too, but an engine with events takes a third longer over each statement.
        driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
        yield connection


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError) as error:
        said = getattr(error, "orig", error)
        raise Defect(
            f"{engine.url.database} refused what would break a rule of its tables ({said});"
            " nothing was changed: please report it"
        ) from error
    except DBAPIError as error:
        raise StoreUnavailable(_explain(str(error.orig), engine)) from error
    except sqlite3.Error as error:
        raise StoreUnavailable(_explain(str(error), engine)) from error


_FULL = "the disk is full; free some space, then try again: nothing was lost"
_NEEDED = 1 << 16
"""Bytes that SQLite wants for the index of its log; without them it speaks of an I/O error."""
_ADVICE = {
    "locked": "another process has been writing for over 30 seconds; end it, then try again",
    "readonly": "the file or its folder cannot be written to; check its owner and the disk",
    "full": _FULL,
    "disk i/o": "the disk reports an error; check it before going on",
    "malformed": "the file is damaged; restore a backup with 'newsletter db restore'",
    "not a database": "the file is no database of ours; check 'database' in newsletter.yaml",
    "no such module": "this Python's SQLite was built without FTS5; use one that has it",
    "unable to open": (
        "the file cannot be opened; check that its folder exists, is yours and can be written to"
    ),
}


def _explain(message: str, engine: Engine) -> str:
    advice = next((what for word, what in _ADVICE.items() if word in message.lower()), "")
    file = str(engine.url.database)
    if "disk i/o" in message.lower() and shutil.disk_usage(Path(file).parent).free < _NEEDED:
        advice = _FULL
    return f"{file}: {message}" + (f": {advice}" if advice else "")
