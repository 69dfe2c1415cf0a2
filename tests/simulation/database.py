"""Databases in memory: real SQLite behind the real store, filled from images made once."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event

from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.schedule import LocalTime
from newsletter.domain.staff.audit import AuditHead
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.schema.complete import metadata
from newsletter.store.schema.versions import ensure_current
from newsletter.store.sql import Store
from tests.fakes import NOON, FixedClock, hash_address
from tests.unit.pipeline.newsroom import Newsroom

READERS = 7
BATCH = 3
ORIGINAL, CORRECTION, SPANISH = "resignation", "correction", "renuncia"
BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "Asia/Tokyo", "", BERLIN, "Europe/Lisbon", BERLIN, "America/New_York")
TWICE = LocalTime(at=time(2, 30), day=date(2026, 10, 25))
"""An hour that comes twice in Berlin: the clocks go back."""
EVE = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)

_STATEMENTS = 1000
"""More than there are: each stays prepared."""
Rows = Mapping[str, Sequence[tuple[Any, ...]]]
"""All that a database holds, by table."""
_FOLLOW = {"changed_statement": "number, slug", "sqlite_sequence": "name, seq"}
"""What is written by triggers when others are."""
_COLUMNS = {
    table.name: ", ".join(f'"{one.name}"' for one in table.columns if one.computed is None)
    for table in metadata.sorted_tables
    if table.name not in {*_FOLLOW, "searchable"}
} | _FOLLOW
"""Of each table. Who is referred to comes first; nobody here writes the archive's index."""


class _NoHead(HeadFile):
    """Nothing outside remembers the audit log: what it is for, no rule here asks about."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def read(self) -> Absence:
        return Absence.MISSING

    def write(self, head: AuditHead) -> None:
        pass


class _Opened:
    """An engine whose one connection is open already: opening takes as long as three statements."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()
        self.url = engine.url

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self._connection

    def dispose(self) -> None:
        self._connection.close()


class Database:
    """One database in memory. It stays, so that each statement is compiled and prepared once."""

    def __init__(self, clock: FixedClock) -> None:
        self.connection = sqlite3.connect(
            ":memory:", check_same_thread=False, cached_statements=_STATEMENTS
        )
        engine = create_engine(
            "sqlite://",
            creator=lambda: self.connection,
            poolclass=StaticPool,
            pool_reset_on_return=None,  # a transaction that ended leaves nothing behind
        )
        event.listen(engine, "connect", _prepare)
        ensure_current(engine)
        opened: Any = _Opened(engine)
        chain = Chain(key=b"k" * 32, head=_NoHead())
        self.store = Store(opened, hash_address=hash_address, chain=chain, clock=clock)

    def fill(self, rows: Rows) -> None:
        """Become a copy. By rows: with another file in its place all would be prepared again."""
        run = self.connection.execute
        run("BEGIN")
        for name in reversed(_COLUMNS):
            run(f'DELETE FROM "{name}"')
        for name, columns in _COLUMNS.items():
            if name in _FOLLOW:
                run(f'DELETE FROM "{name}"')
            marks = ", ".join("?" for _ in columns.split(","))
            into = f'INSERT INTO "{name}" ({columns}) VALUES ({marks})'
            self.connection.executemany(into, rows[name])
        run("COMMIT")

    def copy(self) -> Rows:
        """As it is at this moment."""
        run = self.connection.execute
        return {
            name: run(f'SELECT {columns} FROM "{name}"').fetchall()
            for name, columns in _COLUMNS.items()
        }

    def close(self) -> None:
        self.store.close()
        self.connection.close()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


@cache
def database(number: int) -> Database:
    """That of an installation; each run fills it anew."""
    return Database(FixedClock())


@dataclass(frozen=True, kw_only=True)
class Image:
    """A workspace to begin with."""

    rows: Rows
    at: datetime
    """When it was made: what is approved is due."""


@cache
def image(kind: str) -> Image:
    """``plain``, ``begun``, ``correction``, ``family`` or ``hours``."""
    clock = FixedClock(EVE if kind == "hours" else NOON)
    made = Database(clock)
    with closing(made):
        room = Newsroom(made.store)
        room.rules = replace(room.rules, batch_size=BATCH, undo_window=timedelta(0))
        _KINDS[kind](room)
        return Image(rows=made.copy(), at=clock.now())


def _plain(room: Newsroom, **fields: Any) -> None:
    _subscribe(room)
    _agree(room, ORIGINAL, **fields)


def _begun(room: Newsroom) -> None:
    _plain(room)
    room.plan()
    room.start_due()


def _correction(room: Newsroom) -> None:
    _begun(room)
    _agree(room, CORRECTION, corrects=ORIGINAL, body="This is right.")


def _family(room: Newsroom) -> None:
    _subscribe(room, languages=("en", "es"))
    room.write()
    _agree(room, SPANISH, translation_of=ORIGINAL, language="es", body="Ha dimitido.")
    room.approve(slug=ORIGINAL)


def _hours(room: Newsroom) -> None:
    _subscribe(room, zones=ZONES)
    _agree(room, ORIGINAL, local_time=TWICE)
    room.plan()


_KINDS = {
    "plain": _plain,
    "begun": _begun,
    "correction": _correction,
    "family": _family,
    "hours": _hours,
}
KINDS = tuple(_KINDS)


def _subscribe(
    room: Newsroom, *, languages: tuple[str, ...] = ("en",), zones: tuple[str, ...] = ("",)
) -> None:
    with room.store.begin() as tx:
        tx.readers.upsert(
            (
                Entry(
                    address=address(number),
                    lists=("press",),
                    language=languages[number % len(languages)],
                    timezone=zones[number % len(zones)],
                )
                for number in range(1, READERS + 1)
            ),
            room.clock.now(),
        )


def address(number: int) -> str:
    return f"reader{number}@example.org"


def _agree(room: Newsroom, slug: str, **fields: Any) -> None:
    room.write(slug, **fields)
    room.ingest()
    room.render()
    room.approve(slug=slug)
