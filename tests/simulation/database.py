"""SQLite databases in memory behind the real store, filled from images that are made once."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from newsletter.domain.clock import Clock
from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.staff.audit import AuditHead
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.campaigns.build_digest import DigestBuilder
from newsletter.store.file.copies import Connection
from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.fakes import NOON, FixedClock, PlainAbstracts, hash_address
from tests.simulation.cast import DIGEST, DONORS, SETTINGS, first_versions, readers
from tests.unit.pipeline.newsroom import Newsroom

EVE = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)

_ZONE, _APPROVER = "America/New_York", "ed@forum.example"
_STATEMENTS = 1000
"""More than the store has, so that each statement stays prepared."""
Rows = Mapping[str, Sequence[tuple[Any, ...]]]
"""The rows of a database, by table."""
_CHANGES = count(1000, 1000)
_RENUMBER = (
    "UPDATE changed_statement SET number = number + ?",
    "DELETE FROM sqlite_sequence WHERE name = 'changed_statement' AND ? > 0",
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('changed_statement', ?)",
)
"""Numbers of changes that no other run has: public pages, which all runs share, remember them."""
_FOLLOW = {"changed_statement": "number, slug", "sqlite_sequence": "name, seq"}
"""Tables that triggers write."""


class NoHead(HeadFile):
    """No head of the audit log outside the database: no rule is about it."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def read(self) -> Absence:
        return Absence.MISSING

    def write(self, head: AuditHead) -> None:
        pass


class _InMemory(Sqlite):
    """SQLite in memory, with one connection: one thread runs at a time."""

    def connect(self) -> Connection:
        connection = sqlite3.connect(
            ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
            factory=Connection,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA page_size = 1024")  # a copy of few rows is small
        return connection

    def _refuse_replaced_file(self) -> None:
        """No other file can be in its place."""


class Database:
    """A database in memory. All runs use it, so that each statement is prepared once."""

    def __init__(self, clock: FixedClock) -> None:
        self._is_overwritten = False
        self.backend = database = _InMemory(Path("nowhere"))
        ensure_current(database)
        with database.transaction(is_read_only=True) as db:
            self.connection = db.driver
        self.columns = dict(_tables(self.connection)) | _FOLLOW
        self._filled = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"
            for name in reversed(self.columns)
        )
        chain = Chain(key=b"k" * 32, head=NoHead())
        self.store = Store(database, hash_address=hash_address, chain=chain, clock=clock)

    def fill(self, rows: Rows | bytes) -> None:
        """Replace all rows. Another database file would need all statements prepared again."""
        if isinstance(rows, bytes):
            with closing(sqlite3.connect(":memory:")) as other:
                other.deserialize(rows)
                rows = self.rows(other)
        self._is_overwritten = False
        run = self.connection.execute
        run("PRAGMA secure_delete = ON")
        run("BEGIN")
        for (name,) in run(self._filled).fetchall():
            run(f'DELETE FROM "{name}"')
        for name, columns in self.columns.items():
            if name in _FOLLOW:
                run(f'DELETE FROM "{name}"')
            if rows[name]:
                marks = ", ".join("?" for _ in columns.split(","))
                into = f'INSERT INTO "{name}" ({columns}) VALUES ({marks})'
                self.connection.executemany(into, rows[name])
        for renumber in _RENUMBER:
            run(renumber, (next(_CHANGES),))
        run("COMMIT")

    def copy(self) -> bytes:
        """Return the whole database, of which few copies are ever read."""
        return self.connection.serialize()

    def image(self) -> bytes:
        """Return the bytes of the file."""
        if not self._is_overwritten:
            return self.copy()
        with closing(sqlite3.connect(":memory:")) as other:
            other.deserialize(self.copy())
            other.execute("VACUUM")  # here, all statements would be prepared again
            return other.serialize()

    def overwrite(self) -> None:
        """Overwrite erased bytes, as ``overwrite_erased`` does it in a file."""
        self._is_overwritten = True

    def rows(self, of: sqlite3.Connection) -> Rows:
        """Return all rows of a database."""
        run = of.execute
        return {
            name: run(f'SELECT {columns} FROM "{name}"').fetchall()
            for name, columns in self.columns.items()
        }

    @contextmanager
    def begin(self, clock: Clock, *, is_durable: bool, is_shared: bool) -> Iterator[Any]:
        """Begin a transaction that writes, in which no other actor runs."""
        self.store.clock = clock
        with (
            self.store.begin_sending(is_durable=is_durable)
            if is_shared
            else self.store.begin(is_durable=is_durable) as tx
        ):
            yield tx

    def read(self, clock: Clock) -> Any:
        self.store.clock = clock
        return self.store.read()

    def cut(self, tx: Any) -> None:
        """End a transaction with its process: it is rolled back."""

    def close(self) -> None:
        self.store.close()


def _tables(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield each table with its columns, a referenced table before the tables that refer to it."""
    # the simulation has no archive
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version'"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'archive_words%' ORDER BY rowid"
    ).fetchall():
        if name not in _FOLLOW:
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            yield name, ", ".join(f'"{column[1]}"' for column in columns)


@cache
def database(number: int) -> Database:
    """Return the database of an installation. Each run fills it."""
    return Database(FixedClock())


@dataclass(frozen=True, kw_only=True)
class Image:
    """A workspace at the beginning of a run."""

    rows: Rows
    at: datetime
    """The time at which approved statements are due."""
    approved: tuple[tuple[str, str, Content], ...]
    """(slug, approver, the content that the approver saw)."""


@cache
def image(kind: str) -> Image:
    """Return a workspace of one of ``SETTINGS``."""
    clock = FixedClock(EVE if kind == "hours" else NOON)
    made = Database(clock)
    with closing(made):
        room = Newsroom(made.store)
        size = SETTINGS[kind].batch
        room.rules = replace(room.rules, batch_size=size, undo_window=timedelta(0))
        _people(room, kind)
        if SETTINGS[kind].gathers:
            digests(made.store).build()
            clock.advance(seconds=1)
        approved = tuple(_texts(room, kind))
        return Image(rows=made.rows(made.connection), at=clock.now(), approved=approved)


def digests(store: Any) -> DigestBuilder:
    """Return the builder of the digest email."""
    return DigestBuilder(store=store, digests=(DIGEST,), timezone=_ZONE, abstracts=PlainAbstracts())


def _texts(room: Newsroom, kind: str) -> Iterator[tuple[str, str, Content]]:
    """Write the texts, approve them and begin the first, as the kind of workspace says."""
    setting = SETTINGS[kind]
    for version in first_versions(kind).values():
        slug = version.slug
        room.source.statements.append(version.statement())
        room.ingest()
        room.render()
        if setting.approved:
            room.approve(_APPROVER, slug)
            yield slug, _APPROVER, _content(room, slug)
        if setting.begun and slug == setting.texts[0]:
            room.plan()
            room.start_due()
    if setting.local_time:
        room.plan()


def _content(room: Newsroom, slug: str) -> Content:
    with room.store.read() as tx:
        stored = tx.statements.get(slug)
        content = tx.statements.get_content(stored.content_hash) if stored else None
    assert content is not None, slug
    return content


def _people(room: Newsroom, kind: str) -> None:
    with room.store.begin() as tx:
        tx.staff.put("abe@forum.example", Role.ADMIN, tx.now)
        tx.readers.upsert(
            (
                Entry(
                    address=person.address,
                    lists=tuple(person.lists),
                    language=person.language,
                    timezone=person.zone,
                    tags=DONORS.tags * person.gives,
                )
                for person in readers(kind).values()
            ),
            room.clock.now(),
        )
