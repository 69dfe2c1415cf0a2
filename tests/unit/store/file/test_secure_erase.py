"""Erased data is in no byte of the files: not in WAL, free pages, nor unused bytes of pages."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, TransactionalEmail
from newsletter.domain.events import Event, EventKind, EventTarget
from newsletter.domain.staff.audit import READER_NAME
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.pipeline.subscribers.administer import clean, forget
from newsletter.store.file import secure_erase
from newsletter.store.sql import Store, Transaction
from newsletter.store.sqlite import Sqlite
from tests.fakes import NOON

pytestmark = pytest.mark.slow("files of some size, byte by byte")

MARK = re.compile(rb"(?i)Mark(\d{5})x")


def address(number: int) -> str:
    return f"Mark{number:05}x@Example{number % 7}.org"


def entry(number: int, padding: str = "") -> Entry:
    return Entry(
        address=address(number),
        lists=("press",),
        name=f"Mark{number:05}x {padding}",
        place=f"Mark{number:05}x",
        tags=(f"mark{number:05}x",),
    )


def busy_database(store: Store, chance: random.Random, people: int) -> dict[int, int]:
    """Rows that came in any order, grew, shrank and moved from page to page; number → id."""
    numbers = list(range(people))
    chance.shuffle(numbers)
    with store.begin() as tx:
        tx.readers.upsert([entry(number) for number in numbers], NOON)
        found = (tx.readers.find(address(number)) for number in numbers)
        ids = {number: one.id for number, one in zip(numbers, found, strict=True) if one}
    for _ in range(4):
        with store.begin() as tx:
            some = chance.sample(numbers, people // 5)
            tx.readers.upsert([entry(one, "p" * chance.randrange(200)) for one in some], NOON)
    with store.begin() as tx:
        for number in numbers[::3]:
            _say(tx, number, ids[number], chance)
    return ids


def _say(tx: Transaction, number: int, subscriber_id: int, chance: random.Random) -> None:
    mark = f"Mark{number:05}x"
    padding = "x" * chance.choice([1, 700, 9_000])
    told = Event(id=f"e{number}", kind=EventKind.OTHER, at=NOON, raw=f"{address(number)} {padding}")
    tx.events.store_events("mailgun", [(told, EventTarget(subscriber_id=subscriber_id))], NOON)
    email = TransactionalEmail(
        id=0,
        kind=EmailKind.MOVE,
        address=f"{mark}@moved.example",
        subscriber_id=subscriber_id,
        name=mark,
        source=mark,
        asked_at=NOON,
    )
    tx.emails.ask(email, network="", limits=EmailLimits(max_waiting=1 << 30))
    join = replace(email, kind=EmailKind.JOIN, address=address(number), subscriber_id=None)
    tx.emails.ask(join, network="", limits=EmailLimits(max_waiting=1 << 30))
    record = ConsentRecord(
        list="press", given=True, method=Method.PREFERENCES, source=mark, at=NOON
    )
    tx.consents.add(subscriber_id, [record])
    reason = SuppressionReason.BOUNCED
    tx.readers.suppress([SuppressedEntry(address=address(number), reason=reason)], NOON, "test")


def marks(path: Path) -> dict[str, set[int]]:
    """Return the owners of the marks in each file."""
    files = path.parent.iterdir()
    return {one.name: {int(found) for found in MARK.findall(one.read_bytes())} for one in files}


@pytest.fixture(params=[300, pytest.param(1_500, marks=pytest.mark.faults(seconds=7))])
def people(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20110921)  # noqa: S311 - a test that is the same each time


def test_c4_whoever_is_forgotten_is_in_no_byte_of_any_file(
    path: Path, store: Store, chance: random.Random, people: int
) -> None:
    ids = busy_database(store, chance, people)
    forgotten = set(chance.sample(sorted(ids), people // 7))
    for number in sorted(forgotten):
        with store.begin() as tx:
            tx.readers.erase(address(number).swapcase(), NOON)
        if number % 10 == 0:
            with store.begin() as tx:  # life goes on
                some = chance.sample(sorted(ids.keys() - forgotten), 5)
                tx.readers.upsert([entry(one, "q" * chance.randrange(300)) for one in some], NOON)
    assert marks(path)["newsletter.db-wal"] & forgotten, "the log has them before"

    assert clean(store=store)

    held = marks(path)
    assert {name: found & forgotten for name, found in held.items() if found & forgotten} == {}
    assert held["newsletter.db"] == ids.keys() - forgotten, "everybody else is there"
    with closing(sqlite3.connect(path)) as books:
        assert books.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with store.read() as tx:
        assert all(tx.readers.suppression_reason(address(number)) for number in forgotten)


def plant(path: Path, what: bytes) -> int:
    """Put something where SQLite leaves copies of rows that it moved; returns on how many pages."""
    whole, planted = bytearray(path.read_bytes()), 0
    for start in range(4096, len(whole), 4096):
        page = whole[start : start + 4096]
        content = int.from_bytes(page[5:7])
        cells = 8 + 2 * int.from_bytes(page[3:5])
        if page[0] in {10, 13} and cells + len(what) <= content <= 4096:
            whole[start + content - len(what) : start + content] = what
            planted += 1
    path.write_bytes(whole)
    return planted


def test_copies_that_are_left_of_moved_rows_are_overwritten(path: Path) -> None:
    """Of 6,000 people forgotten among 20,000, such copies held the addresses of 16."""
    assert plant(path, b"Mark00007x@Example0.org") > 10
    assert marks(path)["newsletter.db"] == {7}
    assert Sqlite(path).overwrite_erased()
    assert marks(path)["newsletter.db"] == set()
    with closing(sqlite3.connect(path)) as books:
        assert books.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_cannot_be_overwritten_now_is_overwritten_later(path: Path, store: Store) -> None:
    with store.begin() as tx:
        tx.readers.upsert([entry(1), entry(2)], NOON)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subscriber").fetchall()
        assert forget(address(1), by=READER_NAME, store=store)
        assert not clean(store=store), "somebody reads what was there before"
        with store.read() as tx:
            assert tx.traces.erasure_due_since() is not None
        reader.execute("ROLLBACK")
    assert clean(store=store)
    assert clean(store=store), "there is nothing left to do"
    assert all(1 not in found for found in marks(path).values())


def test_a_connection_that_had_read_a_page_before_does_not_bring_it_back(
    path: Path, store: Store, chance: random.Random, people: int
) -> None:
    ids = busy_database(store, chance, people)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA cache_size = -200000")
        other.execute("SELECT sum(length(name)), sum(length(place)) FROM subscriber").fetchall()
        forgotten = sorted(ids)[::2]
        with store.begin() as tx:
            for number in forgotten:
                tx.readers.erase(address(number), NOON)
        other.execute("SELECT sum(length(name)), sum(length(place)) FROM subscriber").fetchall()
        assert clean(store=store)
        other.execute("UPDATE subscriber SET language = 'de'")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert marks(path)["newsletter.db"] == set(ids) - set(forgotten)


class Interrupted(sqlite3.Connection):
    """A connection that writes in the middle of each VACUUM of another one."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        done = super().execute(sql, *values)
        if sql == "VACUUM":
            file = super().execute("PRAGMA database_list").fetchone()[2]
            with closing(sqlite3.connect(file)) as other, other:
                other.execute(
                    "UPDATE meta SET value = '2' WHERE key = ?", (secure_erase.ERASURES_KEY,)
                )
        return done


def test_a_person_erased_while_the_file_is_written_is_overwritten_next_time(
    path: Path, store: Store
) -> None:
    with store.begin() as tx:
        tx.readers.upsert([entry(1), entry(2)], NOON)
        tx.readers.erase(address(1), NOON)
    with closing(sqlite3.connect(path, factory=Interrupted, isolation_level=None)) as connection:
        assert secure_erase.overwrite_erased(path, connection)
    with store.read() as tx:
        assert tx.traces.erasure_due_since() is not None
    assert clean(store=store)
    with store.read() as tx:
        assert tx.traces.erasure_due_since() is None


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(Sqlite(path).connect()) as opened:
        yield opened


def test_without_room_for_a_copy_it_is_tried_again_later(
    path: Path, connection: sqlite3.Connection
) -> None:
    size = path.stat().st_size
    assert not secure_erase.overwrite_erased(path, connection, free_bytes=size)
    assert secure_erase.overwrite_erased(path, connection, free_bytes=2 * size)


def test_while_another_writes_it_is_tried_again_later(
    path: Path, connection: sqlite3.Connection
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not secure_erase.overwrite_erased(path, connection, wait_milliseconds=1)
