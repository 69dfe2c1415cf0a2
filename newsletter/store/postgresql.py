"""A database on a PostgreSQL server.

A query is the same text as on SQLite; ``_Session`` passes it to the driver.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import count, islice
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from newsletter.domain.delivery.restore_guard import Location
from newsletter.domain.errors import DatabaseReplaced, Defect, Refused, StoreUnavailable
from newsletter.store.database import TLI, Database, Driver
from newsletter.store.file.guard_file import hash_name
from newsletter.store.file.secure_erase import ERASURES_KEY
from newsletter.store.postgresql_words import adapt_values, translate
from newsletter.tables import load_table

MIN_VERSION = 15
"""The oldest tested version of the server."""
_IDLE_CONNECTIONS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONNECT_SECONDS = 10
_LOCK_NAMESPACE = 0x6E6577
"""The first part of newsletter's advisory locks, which belong to one database of the server."""
_WRITER_LOCK_ID, _RUNNER_LOCK_ID = 1, 2
_ROWS_AT_ONCE = 1000
_TABLES_COMMENT = "-- tables of schema.sql"
"""The line of postgresql.sql at which the tables are created."""
_CONNECTION_OPTIONS = {
    "application_name": "newsletter",
    "client_encoding": "UTF8",
    "connect_timeout": str(_CONNECT_SECONDS),
    # a server that does not answer is given up after half a minute
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
    "options": "-c jit=off -c lock_timeout=30s",
}


class Postgresql:
    """A ``Backend`` for the database at a URL.

    Any number of threads may share it. ``password`` is used if the URL has none.
    """

    driver_errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str, password: str | None = None) -> None:
        self._parameters = parameters_of(url, password)
        self._idle_lock = threading.Lock()
        self._idle: list[psycopg.Connection] = []
        self._watcher_lock = threading.Lock()
        self._watcher: psycopg.Connection | None = None
        self._runner_lock_kind: str | None = None
        """The kind of the lock that this process holds."""
        self._backend_pids: set[int] = set()

    @property
    def name(self) -> str:
        """The URL without the password."""
        parameters = self._parameters
        user, port = parameters.get("user", ""), parameters.get("port", "")
        return (
            f"postgresql://{user}{'@' * bool(user)}{parameters.get('host', '')}"
            f"{':' * bool(port)}{port}/{parameters.get('dbname', '')}"
        )

    @contextmanager
    def transaction(
        self, *, is_read_only: bool = False, is_durable: bool = True, is_shared: bool = False
    ) -> Iterator[Database]:
        """Begin a transaction that commits at the end of the block.

        Raises StoreUnavailable if the connection is lost during the commit: its outcome is unknown.
        """
        begin = (
            _BEGIN_READ if is_read_only else _BEGIN_WRITE.format(is_durable, "_shared" * is_shared)
        )
        with self._explain_errors(), self._take_session(begin) as session:
            try:
                yield Database(session, is_read_only=is_read_only)
                session.commit()
            except BaseException:
                session.roll_back()
                raise

    def change_number(self) -> int:
        """Return a number that changes with each commit, by any process.

        It is a hash of the server's snapshot, a list of the open transactions. A commit leaves the
        list in the moment in which its rows become visible, so rows that are read later are at
        least as new. Commits to other databases of the server change the number too.
        """
        return int(self._query("SELECT hashtextextended(CAST(pg_current_snapshot() AS text), 0)"))

    @contextmanager
    def hold_sender_lock(self, *, is_shared: bool = False) -> Iterator[None]:
        """Hold the lock of the sending process during the block.

        With ``is_shared``, processes hold it together. Raises Refused if a process on any machine
        has it. If the connection is lost, ``change_number`` takes the lock again, and raises
        DatabaseReplaced if another process has it. Fences keep claims safe in the meantime.
        """
        kind = "_shared" * is_shared
        with self._watcher_lock, self._explain_errors():
            if not self._try_runner_lock(kind):
                raise Refused(
                    f"another 'newsletter run' is at work on {self.name}, here or on another"
                    " machine; stop it first, or let it do the work"
                )
            self._runner_lock_kind = kind
        try:
            yield
        finally:
            self._runner_lock_kind = None
            with suppress(StoreUnavailable):
                self._query(_RUNNER_LOCK.format(f"advisory_unlock{kind}"))

    @contextmanager
    def block_writers(self) -> Iterator[Callable[[], None]]:
        """Keep other processes from writing; yield a check that none is connected."""

        def refuse_others() -> None:
            if hosts := self._query(_OTHER_HOSTS.format(sorted(self._backend_pids))):
                raise Refused(
                    f"{self.name} is in use by newsletter on {hosts}; stop 'run', 'worker' and"
                    " 'serve' there first: what they write meanwhile would be lost"
                )

        self._query(_WRITER_LOCK.format("_"))
        try:
            refuse_others()
            yield refuse_others
        finally:
            self._query(_WRITER_LOCK.format("_un"))

    def time(self) -> datetime:
        query = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
        return _EPOCH + timedelta(microseconds=int(self._query(query)))

    def is_missing(self) -> bool:
        with self.transaction(is_read_only=True) as db:
            return not self.tables(db)

    def schema(self, tables: Iterable[str]) -> Iterator[str]:
        """Yield the statements of postgresql.sql, and of ``tables`` except FTS5's."""
        script = files("newsletter.store").joinpath("postgresql.sql").read_text("utf-8")
        preamble, extensions = script.split(_TABLES_COMMENT)
        yield preamble
        yield from (statement for statement in tables if "archive_words" not in statement)
        yield extensions

    def tables(self, db: Database) -> set[str]:
        return set(db.column("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))

    def faults(self, *, seconds: float) -> list[str] | None:
        """Return no faults, because a server with checksums refuses to read a damaged page."""
        return []

    def overwrite_erased(self) -> bool:
        """Overwrite nothing, because only the server can write its pages. Return True."""
        with self.transaction() as db:
            db.change("DELETE FROM meta WHERE key = :due", due=ERASURES_KEY)
        return True

    def location(self) -> Location:
        """Return the ids of the server and the database, and the server's timeline."""
        with self.transaction(is_read_only=True) as db:
            [(system, timeline, oid)] = db.rows(
                f"SELECT system_identifier, {TLI}, pg_database.oid"
                " FROM pg_control_system(), pg_database WHERE datname = current_database()"
            )
        return Location(file=int(oid), machine=hash_name(str(system)), filesystem=timeline)

    def size(self) -> int:
        """Return the size of the files on the server, in bytes."""
        with self.transaction(is_read_only=True) as db:
            return int(db.value("SELECT pg_database_size(current_database())"))

    def close(self) -> None:
        with self._idle_lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        with self._watcher_lock:
            if self._runner_lock_kind is None:
                self._close_watcher()

    def _query(self, query: str) -> Any:
        with self._watcher_lock, self._explain_errors():
            return self._query_watcher(query)[0]

    def _query_watcher(self, query: str) -> Any:
        """Run a query on the watcher connection. If that is lost, run it again on a new one."""
        try:
            return self._watcher_connection().execute(query).fetchone()
        except psycopg.OperationalError:
            self._close_watcher()
            return self._watcher_connection().execute(query).fetchone()

    def _watcher_connection(self) -> psycopg.Connection:
        if self._watcher is None:
            self._watcher = self._open()
            # the lock went with the former connection
            if self._runner_lock_kind is not None and not self._try_runner_lock(
                self._runner_lock_kind
            ):
                self._close_watcher()
                raise DatabaseReplaced(
                    f"{self.name}: the connection was lost, and another 'newsletter run' has begun"
                    " since; stop one of the two"
                )
        return self._watcher

    def _try_runner_lock(self, kind: str) -> bool:
        return bool(self._query_watcher(_RUNNER_LOCK.format(f"try_advisory_lock{kind}"))[0])

    def _close_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    @contextmanager
    def _take_session(self, begin: str) -> Iterator[_Session]:
        """Yield a connection in which a transaction has begun, and return it to the idle ones."""
        connection = self._begin_on_live_connection(begin)
        try:
            yield _Session(connection)
        finally:
            with self._idle_lock:
                is_idle = connection.info.transaction_status == TransactionStatus.IDLE
                if is_returned := is_idle and len(self._idle) < _IDLE_CONNECTIONS:
                    self._idle.append(connection)
            if not is_returned:
                connection.close()

    def _begin_on_live_connection(self, begin: str) -> psycopg.Connection:
        """Return a connection in which a transaction has begun.

        After a restart of the server idle connections are dead: they are closed and passed over.
        """
        while True:
            with self._idle_lock:
                connection = self._idle.pop() if self._idle else None
            is_new = connection is None
            connection = connection or self._open()
            try:
                connection.execute(begin.encode())
            except psycopg.OperationalError:
                is_dead = connection.broken or connection.closed
                connection.close()
                if is_new or not is_dead:
                    raise
            else:
                return connection

    def _open(self) -> psycopg.Connection:
        connection = psycopg.connect(
            **self._parameters, autocommit=True, cursor_factory=psycopg.ClientCursor
        )
        adapt_values(connection)
        info = connection.info
        self._backend_pids.add(info.backend_pid)  # the server's name for it
        wrong = ""
        if info.server_version // 10_000 < MIN_VERSION:
            wrong = (
                f"the server has PostgreSQL {info.server_version // 10_000}; newsletter needs"
                f" {MIN_VERSION} or newer"
            )
        elif info.parameter_status("server_encoding") != "UTF8":
            wrong = "the database is not encoded in UTF8; make it with ENCODING 'UTF8'"
        if wrong:
            connection.close()
            raise StoreUnavailable(f"{self.name}: {wrong}")
        return connection

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.IntegrityError as error:
            raise Defect(
                f"{self.name} refused what would break a rule of its tables ({_first_line(error)});"
                " nothing was changed: please report it"
            ) from error
        except psycopg.Error as error:
            raise StoreUnavailable(self._explain(error)) from error

    def _explain(self, error: psycopg.Error) -> str:
        message = _first_line(error)
        state = error.sqlstate or ""
        advice = _ADVICE["sqlstate"].get(state) or _ADVICE["sqlstate"].get(state[:2]) or ""
        if not state:
            advice = next(
                (what for word, what in _ADVICE["message"].items() if word in message), advice
            )
        return f"{self.name}: {message}" + (f": {advice}" if advice else "")


class _Session:
    """A ``Driver``. If it ``keeps_plans``, statements are prepared once for each connection."""

    keeps_plans = False

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._numbers = count()

    def execute(self, sql: str, values: Mapping[str, Any] | None = None) -> psycopg.Cursor:
        kind = psycopg.Cursor if self.keeps_plans else psycopg.ClientCursor
        return kind(self._connection).execute(translate(sql), values or {}, prepare=True)

    def executemany(self, sql: str, many: Iterable[Mapping[str, Any]]) -> SimpleNamespace:
        """Run the statement for each set of values, in messages of a thousand statements."""
        cursor, query, changed = self._connection.cursor(), translate(sql), 0
        sets = iter(many)
        while statements := [
            cursor.mogrify(query, values)  # type: ignore[attr-defined]
            for values in islice(sets, _ROWS_AT_ONCE)
        ]:
            cursor.execute(";".join(statements).encode())
            changed += max(cursor.rowcount, 0)
            while cursor.nextset():
                changed += max(cursor.rowcount, 0)
        return SimpleNamespace(rowcount=changed)

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Add rows by COPY, which takes a tenth of the time of as many INSERTs."""
        names = ", ".join(f'"{column}"' for column in columns)
        cursor = self._connection.cursor()
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount

    def stream(self, sql: str, values: Mapping[str, Any]) -> _StreamedRows:
        """Return a cursor on the server, from which a thousand rows are fetched at a time."""
        name = f"stream_{next(self._numbers)}"
        declared = translate(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}")
        self._connection.execute(declared, values)
        return _StreamedRows(self._connection, name)

    def last_number(self, table: str) -> int:
        key = self._keys()[table]
        row = self._connection.execute(
            f"SELECT GREATEST(COALESCE(MAX({key}), 0), (SELECT last_value FROM {table}_{key}_seq"
            f" WHERE is_called)) FROM {table}".encode()
        ).fetchone()
        return int(row[0]) if row else 0

    def follow(self, other: Driver) -> None:
        for table in self._keys():
            if number := other.last_number(table):
                self.give_after(table, number)

    def give_after(self, table: str, number: int) -> None:
        self.run(f"SELECT setval('{table}_{self._keys()[table]}_seq', {number})")

    def _keys(self) -> dict[str, str]:
        """Return table → column of the row number, for tables with numbered rows."""
        return dict(
            self._connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE is_identity = 'YES' AND table_schema = current_schema()"
            ).fetchall()
        )

    def run(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def commit(self) -> None:
        if self._connection.info.transaction_status == TransactionStatus.INERROR:
            # COMMIT would roll back without saying so
            raise Defect("a transaction went on after one of its statements had failed")
        warnings: list[str | None] = []

        def note(warning: psycopg.errors.Diagnostic) -> None:
            warnings.append(warning.message_primary)

        self._connection.add_notice_handler(note)
        try:
            self.run("COMMIT")
        finally:
            self._connection.remove_notice_handler(note)
        if warnings:  # a synchronous standby may not have it, and may be the primary by now
            raise psycopg.OperationalError(f"the commit was not confirmed: {warnings[0]}")

    def roll_back(self) -> None:
        with suppress(psycopg.Error):  # the server rolls back if the connection is lost
            self.run("ROLLBACK")


class _StreamedRows:
    """The rows of a cursor on the server, fetched a thousand at a time."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self._connection = connection
        self._fetch = f"FETCH {_ROWS_AT_ONCE} FROM {name}".encode()
        self._name = name
        self._found = connection.execute(self._fetch)
        self.description = self._found.description

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while rows := self._found.fetchall():
            yield from rows
            self._found = self._connection.execute(self._fetch)
        self._connection.execute(f"CLOSE {self._name}".encode())


_RUNNER_LOCK = f"SELECT pg_{{}}({_LOCK_NAMESPACE}, {_RUNNER_LOCK_ID})"
_WRITER_LOCK = f"SELECT pg_advisory{{}}lock({_LOCK_NAMESPACE}, {_WRITER_LOCK_ID})"
_OTHER_HOSTS = (
    "SELECT string_agg(DISTINCT COALESCE(host(client_addr), 'the machine of the server'), ', ')"
    " FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = current_setting('application_name')"
    " AND pid <> ALL (CAST(ARRAY{} AS integer[]))"
)
"""A query of the IP addresses of other newsletter processes with a connection."""
_BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_BEGIN_WRITE = (
    "BEGIN; SET LOCAL synchronous_commit = {};"
    # a machine that is cut off would keep the lock for hours; others wait for 30 seconds
    " SET LOCAL idle_in_transaction_session_timeout = '20s';"
    f" SELECT pg_advisory_xact_lock{{}}({_LOCK_NAMESPACE}, {_WRITER_LOCK_ID})"
)
"""Each statement sees all earlier commits. An exclusive lock keeps others from committing."""
_ADVICE: Mapping[str, Mapping[str, str]] = load_table("newsletter.store", "postgresql.yaml")


def _first_line(error: psycopg.Error) -> str:
    """Return the first line of the message, without the lines that quote the statement."""
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    return lines[0].rstrip(".;") if lines else type(error).__name__


def parameters_of(url: str, password: str | None) -> dict[str, Any]:
    """Return psycopg's connection parameters. Raises Refused, without the URL in the message."""
    try:
        parameters: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise Refused(
            "'database' is no address of PostgreSQL; write it like"
            " postgresql://user@host:5432/database, with %40 for @ and %2F for / in names"
        ) from None
    if password:
        parameters.setdefault("password", password)
    options = f"{_CONNECTION_OPTIONS['options']} {parameters.get('options', '')}".strip()
    return _CONNECTION_OPTIONS | parameters | {"options": options}
