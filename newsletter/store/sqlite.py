"""A database in one SQLite file, configured so that a commit survives a power cut."""

import errno
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from newsletter.domain.delivery.restore_guard import Location
from newsletter.domain.errors import DatabaseReplaced, Defect, StoreUnavailable
from newsletter.store.database import Database
from newsletter.store.file.copies import Connection
from newsletter.store.file.guard_file import location_of
from newsletter.store.file.secure_erase import overwrite_erased
from newsletter.tables import load_table

_WAIT_SECONDS, _RETRY_SECONDS = 30.0, 0.1
"""Seconds to wait for a file descriptor, and between attempts."""
_IDLE_CONNECTIONS = 8
_SHOWN = 5
_STEPS_BETWEEN_CHECKS = 1_000
"""Instructions of SQLite's virtual machine between two checks of the time."""


class Sqlite:
    """A ``Backend`` for the file ``path``, which it creates if missing. The folder must exist.

    Any number of threads may share it: each transaction has a connection for itself.
    """

    driver_errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle_lock = threading.Lock()
        # a stack, because the last writer has the pages that the next one needs
        self._idle: list[Connection] = []
        self._file: tuple[int, int] | None = None
        self._watcher_lock = threading.Lock()
        self._watcher: Connection | None = None

    @property
    def name(self) -> str:
        return str(self.path)

    @contextmanager
    def transaction(
        self, *, is_read_only: bool = False, is_durable: bool = True, is_shared: bool = False
    ) -> Iterator[Database]:
        """Begin a transaction. Raises DatabaseReplaced if the file was replaced."""
        self._refuse_replaced_file()
        with self._explained_errors(), self._take_connection() as connection:
            if not is_read_only and connection.is_durable is not is_durable:
                connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
                connection.is_durable = is_durable
            # A deferred transaction that turns from reading to writing fails at once when another
            # process writes; one that is immediate from the start waits its turn.
            connection.execute("BEGIN" if is_read_only else "BEGIN IMMEDIATE")
            try:
                yield Database(connection, is_read_only=is_read_only)
                connection.execute("COMMIT")
            finally:
                connection.rollback()  # does nothing after a commit
        if not is_read_only:
            self._refuse_replaced_file()  # else the commit would be lost unnoticed

    def change_number(self) -> int:
        """Return a number that changes with each commit, by any process. Runs no SQL.

        SQLite's number is of one connection and leaves out its own commits, so the number comes
        from a connection that never writes.
        """
        self._refuse_replaced_file()
        with self._watcher_lock, self._explained_errors():
            if self._watcher is None:
                self._watcher = self._open()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def hold_sender_lock(self, *, is_shared: bool = False) -> Iterator[None]:
        """Do nothing, because the lock file next to the database is enough."""
        yield

    @contextmanager
    def block_writers(self) -> Iterator[Callable[[], None]]:
        """Do nothing, because the lock file next to the database is enough."""
        yield lambda: None

    def is_missing(self) -> bool:
        """Return whether the file is missing or has no tables. Opening it would create it."""
        if not self.path.exists():
            return True
        with self.transaction(is_read_only=True) as db:
            return not self.tables(db)

    def schema(self, tables: Iterable[str]) -> Iterable[str]:
        return tables

    def tables(self, db: Database) -> set[str]:
        return set(db.column("SELECT name FROM sqlite_master WHERE type = 'table'"))

    def faults(self, *, seconds: float) -> list[str] | None:
        """Return the faults that SQLite finds in the file; None if the check took too long."""
        until = time.monotonic() + seconds
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS_BETWEEN_CHECKS)
            try:
                found = connection.execute(f"PRAGMA integrity_check({_SHOWN})").fetchall()
            except sqlite3.OperationalError as error:
                return None if "interrupt" in str(error) else [str(error)]
            except sqlite3.DatabaseError as error:
                return [str(error)]
        return [row[0] for row in found if row[0] != "ok"]

    def overwrite_erased(self) -> bool:
        with closing(self.connect()) as connection:
            return overwrite_erased(self.path, connection)

    def location(self) -> Location:
        """Return the location of the file. Raises OSError if it is missing."""
        return location_of(self.path)

    def size(self) -> int:
        """Return the size of the file and its write-ahead log, in bytes."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)

    def close(self) -> None:
        with self._idle_lock:
            idle, self._idle, self._file = self._idle, [], None
        with self._watcher_lock:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        for connection in idle:
            connection.close()

    @contextmanager
    def _take_connection(self) -> Iterator[Connection]:
        with self._idle_lock:
            idle = self._idle
            connection = idle.pop() if idle else None
        connection = connection or self._open()
        try:
            yield connection
        finally:
            with self._idle_lock:
                is_returned = (
                    idle is self._idle
                    and len(idle) < _IDLE_CONNECTIONS
                    and not connection.in_transaction  # its rollback failed
                )
                if is_returned:
                    idle.append(connection)
            if not is_returned:
                connection.close()

    def _open(self) -> Connection:
        """Open the file. If the process has no file descriptor left, wait for one.

        Other threads release descriptors when a page or a call ends. An error would stop sending.
        """
        until = time.monotonic() + _WAIT_SECONDS
        again = True  # a descriptor may come free between the failure and the check
        while True:
            try:
                connection = self.connect()
                self._file = self._file or _identity(self.path)
                return connection
            except sqlite3.OperationalError:
                lacks = _no_descriptor_is_left()
                if time.monotonic() > until or not (lacks or again):
                    raise
                again = lacks
            time.sleep(_RETRY_SECONDS)

    def connect(self) -> Connection:
        """Open a connection with the pragmas of ``sqlite.yaml``."""
        connection = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False, factory=Connection
        )
        try:
            for pragma in _TABLES["pragmas"]:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _refuse_replaced_file(self) -> None:
        if self._file is not None and _identity(self.path) != self._file:
            raise DatabaseReplaced(
                f"{self.path} was exchanged while it was at work: another file is in its place,"
                " and what is done here would be lost; start this process again"
            )

    @contextmanager
    def _explained_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise Defect(
                f"{self.path} refused what would break a rule of its tables ({error});"
                " nothing was changed: please report it"
            ) from error
        except sqlite3.Error as error:
            message = str(error).lower()
            advice = next(
                (f": {what}" for word, what in _TABLES["message"].items() if word in message), ""
            )
            if "disk i/o" in message and shutil.disk_usage(self.path.parent).free < _LOG_BYTES:
                advice = f": {_TABLES['message']['full']}"
            raise StoreUnavailable(f"{self.path}: {error}{advice}") from error


def _no_descriptor_is_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def _identity(path: Path) -> tuple[int, int]:
    """Return the device and inode of a file; zeros if it is missing."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino


_LOG_BYTES = 1 << 16
"""Bytes that SQLite needs for the index of its log; without them it reports an I/O error."""
_TABLES = load_table("newsletter.store", "sqlite.yaml")
