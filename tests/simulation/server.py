"""PostgreSQL databases behind the real store: each transaction has a connection of its own.

A statement that waits for a lock gives the baton back. It goes on when the actor with the lock has
ended its transaction.
"""

import json
import os
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from newsletter.domain.clock import Clock
from newsletter.store.file.keys import Chain
from newsletter.store.postgresql import Postgresql
from newsletter.store.postgresql_words import adapt_values
from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from tests.fakes import FixedClock, hash_address
from tests.postgresql import Server, own_server
from tests.simulation.database import NoHead, Rows, database
from tests.simulation.host import Parts

_MILLISECONDS = 3
"""How long a statement may take before the server is asked whether it waits for a lock."""
_COLUMNS = """
SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
    max(column_name) FILTER (WHERE is_identity = 'YES')
FROM information_schema.columns
WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name <> 'schema_version'
GROUP BY table_name ORDER BY table_name
"""
_RENUMBER = """
SELECT setval('changed_statement_number_seq', extract(epoch FROM clock_timestamp())::bigint * 1000);
UPDATE changed_statement SET number = nextval('changed_statement_number_seq')
"""
_FUNCTIONS = """
CREATE FUNCTION fill(all_rows json) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
SET LOCAL session_replication_role = replica; {fill}
SET LOCAL session_replication_role = origin; END $$;
CREATE FUNCTION dump() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
RETURN '{{' || {dump} || '}}'; END $$;
"""


class Connection(psycopg.Connection[Any]):
    """A connection that gives the baton back while it waits for a lock."""

    server: "OnServer | None" = None
    is_shared = False
    """The transaction lets others write at the same time, so others may run between statements."""

    def wait(self, gen: Any, *_: Any, **__: Any) -> Any:
        server, socket = self.server, self.pgconn.socket
        if self.is_shared and self.pgconn.transaction_status == TransactionStatus.INTRANS:
            server and server.between()
        try:
            wanted = next(gen)
            while True:
                is_alone = server is None or server.transactions < 2
                ready = _ready(socket, wanted, _MILLISECONDS * (100 if is_alone else 1))
                if ready:
                    wanted = gen.send(ready)
                elif server is not None and server.waits_for_lock(self):
                    server.give_way(self)
        except StopIteration as done:
            return done.value


def _ready(socket: int, wanted: int, milliseconds: int = _MILLISECONDS) -> int:
    """Return what a socket is ready for, of reading (1) and writing (2)."""
    poll = select.poll()
    poll.register(socket, (wanted & 1 and select.POLLIN) | (wanted & 2 and select.POLLOUT))
    found = poll.poll(milliseconds)
    events = found[0][1] if found else 0
    broken = events & (select.POLLHUP | select.POLLERR)
    return wanted if broken else (events & select.POLLIN and 1) | (events & select.POLLOUT and 2)


class _Backend(Postgresql):
    """The database of the program, with our connections."""

    changes = 0
    """Committed transactions that changed rows."""

    def __init__(self, url: str, server: "OnServer") -> None:
        super().__init__(url)
        self._server = server

    def _open(self) -> Connection:
        given = self._parameters | {"options": self._parameters["options"] + _OPTIONS}
        made = Connection.connect(**given, autocommit=True, cursor_factory=psycopg.ClientCursor)
        adapt_values(made)
        made.server = self._server
        return made

    @contextmanager
    def transaction(
        self, *, is_read_only: bool = False, is_durable: bool = True, is_shared: bool = False
    ) -> Iterator[Any]:
        with super().transaction(
            is_read_only=is_read_only, is_durable=is_durable, is_shared=is_shared
        ) as db:
            connection: Connection = db.driver._connection
            connection.is_shared = is_shared
            try:
                yield db
                if not is_read_only and not is_shared:
                    self.changes += db.number(_HAS_CHANGED)
            finally:
                connection.is_shared = False


_OPTIONS = " -c deadlock_timeout=20ms -c lock_timeout=0"
_HAS_CHANGED = "SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 0 ELSE 1 END"


class Reading:
    """The oracle's view of a database: SQLite's statements on a connection of its own."""

    def __init__(self, connection: psycopg.Connection[Any], backend: _Backend) -> None:
        self._connection, self._backend = connection, backend

    @property
    def total_changes(self) -> int:
        return self._backend.changes

    def execute(self, query: str, values: Sequence[object] = ()) -> Any:
        return self._connection.execute(query.replace("?", "%s").encode(), values or None)


class OnServer:
    """A database on the server, in place of ``Database``."""

    between: Callable[[], None]
    """Called between the statements of a shared transaction."""
    make_way: Callable[[], None]
    """Called by a statement that waits for a lock."""

    def __init__(self, number: int) -> None:
        name = f"simulated_{os.getpid()}_{number}"
        # tests of another module may have run since this process made it
        _SERVERS[-1].run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _SERVERS[-1].run(f"CREATE DATABASE {name}")
        url = _SERVERS[-1].url(name)
        self.backend = _Backend(url, self)
        self.between = self.make_way = lambda: None
        self._waiting: list[Connection] = []
        self.transactions = 0
        """Open transactions that write."""
        self._plain = plain = psycopg.connect(
            url, autocommit=True, cursor_factory=psycopg.ClientCursor
        )
        adapt_values(plain)
        ensure_current(self.backend)
        self.connection = Reading(plain, self.backend)
        self._tables: list[tuple[str, str, str | None]] = plain.execute(_COLUMNS).fetchall()
        plain.execute(self._functions().encode())
        chain = Chain(key=b"k" * 32, head=NoHead())
        self.store = Store(self.backend, hash_address=hash_address, chain=chain, clock=FixedClock())

    def _functions(self) -> str:
        """Return two functions: replace all rows, and return them."""
        fill, dump = [], []
        for name, columns, key in self._tables:
            rows = f"json_populate_recordset(NULL::{name}, all_rows->'{name}')"
            fill += [f"DELETE FROM {name};", f"INSERT INTO {name} ({columns})"]
            fill += [f"SELECT {columns} FROM {rows};"]
            dump.append(
                f"'\"{name}\":' || COALESCE((SELECT json_agg(x) FROM {name} x), '[]')::text"
            )
            if key is not None:
                last = f"{name}_{key}_seq"
                fill.append(
                    f"PERFORM setval('{last}', GREATEST((all_rows->>'{last}')::bigint, 1),"
                    f" (all_rows->>'{last}')::bigint > 0);"
                )
                given = f"(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {last})"
                dump.append(f"'\"{last}\":' || {given}::text")
        return _FUNCTIONS.format(fill="\n".join(fill), dump=" || ',' || ".join(dump))

    def fill(self, rows: Rows | str) -> None:
        """Replace all rows."""
        self.backend.changes += 1
        self._plain.execute(
            "SELECT fill(%s)", [rows if isinstance(rows, str) else self._text(rows)]
        )
        self._plain.execute(_RENUMBER)

    def copy(self) -> str:
        """Return all rows."""
        return str(self._plain.execute("SELECT dump()").fetchall()[0][0])

    def _text(self, rows: Rows) -> str:
        """Return the rows of an image, which SQLite has made, as ``copy`` would."""
        given: dict[str, Any] = {}
        numbers = dict(rows["sqlite_sequence"])
        names = database(0).columns
        for name, _, key in self._tables:
            columns = [one.strip().strip('"') for one in names.get(name, "").split(",")]
            found = [
                dict(zip(columns, map(_as_json, row), strict=True)) for row in rows.get(name, ())
            ]
            given[name] = found
            if key is not None:
                ids = [one[key] for one in found]
                given[f"{name}_{key}_seq"] = max([*ids, numbers.get(name, 0)])
        return json.dumps(given)

    @contextmanager
    def begin(self, clock: Clock, *, is_durable: bool, is_shared: bool) -> Iterator[Any]:
        """Begin a transaction that writes, in a process of its own."""
        store = replace(self.store, clock=clock, _writer_lock=threading.Lock())
        self.transactions += 1
        try:
            with (
                store.begin_sending(is_durable=is_durable)
                if is_shared
                else store.begin(is_durable=is_durable) as tx
            ):
                yield tx
        finally:
            self.transactions -= 1
            self._settle()

    def read(self, clock: Clock) -> Any:
        return replace(self.store, clock=clock).read()

    def overwrite(self) -> None:
        """PostgreSQL leaves erased bytes until its vacuum, which is no part of newsletter."""

    def image(self) -> bytes:
        return b""

    def cut(self, tx: Any) -> None:
        """Close the connection of a transaction: its process has ended."""
        tx.db.driver._connection.close()

    def close(self) -> None:
        self.store.close()
        self._plain.close()

    def waits_for_lock(self, connection: Connection) -> bool:
        """Return whether the server says that a statement waits for another transaction."""
        pid = connection.info.backend_pid
        found = self._plain.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(found.fetchall()[0][0])

    def give_way(self, connection: Connection) -> None:
        self._waiting.append(connection)
        try:
            self.make_way()
        finally:
            self._waiting.remove(connection)

    def _settle(self) -> None:
        """Let each statement that waited for this transaction end, or wait for another one."""
        for connection in self._waiting:
            while not (_ready(connection.pgconn.socket, 1) or self.waits_for_lock(connection)):
                pass


def _as_json(value: object) -> object:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


@cache
def on_server(number: int) -> OnServer:
    """Return the database of an installation, which this process alone uses."""
    return OnServer(number)


_SERVERS: list[Server] = []


@contextmanager
def server(folder: Path) -> Iterator[Parts]:
    """Run a server for this process and its children. Yield the parts of their runs."""
    with own_server(folder) as made:
        yield parts_on(made)


def parts_on(made: Server) -> Parts:
    """Return the parts of a run whose databases are on a server."""
    _SERVERS.append(made)
    return Parts(database=on_server)
