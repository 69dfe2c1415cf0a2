"""People who lie ready lock nothing, and leave nothing behind."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from newsletter.store.subscribers.staging import Staged, prepare
from tests.fakes import NOON, hash_address
from tests.unit.store.limited import LimitedSqlite

NEEDLE = "somebody@example.org"
PEOPLE = [("people.csv:2", Entry(address=NEEDLE, lists=("press",), tags=("vip",)))]
GONE = SuppressedEntry(address=NEEDLE, reason=SuppressionReason.BOUNCED)


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who does not wait."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        yield connection


def rows_left(store: Store) -> int:
    with store.read() as tx:
        tables = tx.db.column("SELECT name FROM temp.sqlite_master WHERE type = 'table'")
        assert len(tables) == 7
        return sum(tx.db.value(f"SELECT COUNT(*) FROM temp.{name}") for name in tables)


def test_even_an_open_transaction_keeps_nobody_from_writing_nor_from_a_checkpoint(
    database: LimitedSqlite, other: sqlite3.Connection
) -> None:
    with database.alone() as db:
        with database.transaction(reads=True, on=db):
            prepare(db)
        with database.transaction(reads=True, on=db):
            Staged(db, hash_address).add(PEOPLE)
            other.execute("INSERT INTO meta VALUES ('other', '')")
            busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy


def test_a_rehearsal_does_not_wait_for_whoever_writes(
    store: Store, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    with store.staging() as staging:
        staging.add(PEOPLE)
        staging.suppress([GONE])
        brought = staging.rehearse()
    assert (brought.new, brought.suppressed) == (1, 1)


@pytest.mark.parametrize("fails", [False, True])
def test_the_connection_goes_with_all_that_lay_ready(
    store: Store, database: LimitedSqlite, fails: bool
) -> None:
    def lay_ready() -> None:
        with store.staging() as staging:
            staging.add(PEOPLE)
            if fails:
                raise RuntimeError("the file is bad")

    if fails:
        with pytest.raises(RuntimeError, match="the file is bad"):
            lay_ready()
    else:
        lay_ready()
    [opened] = database.opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened.execute("SELECT 1")


def test_what_lies_ready_stands_in_no_file_of_ours(store: Store, path: Path) -> None:
    with store.staging() as staging:
        staging.add(PEOPLE)
        for file in path.parent.iterdir():
            assert NEEDLE.encode() not in file.read_bytes()


def test_a_full_disk_is_told_and_nothing_is_brought_in(
    store: Store, database: LimitedSqlite, other: sqlite3.Connection
) -> None:
    database.limit("temp.max_page_count = 40")
    many = [
        (str(number), Entry(address=f"a{number}@example.org", lists=("press",)))
        for number in range(5_000)
    ]
    with pytest.raises(StoreUnavailable, match="disk is full"), store.staging() as staging:
        staging.add(many)
    assert other.execute("SELECT COUNT(*) FROM subscriber").fetchone() == (0,)


def test_a_connection_that_others_use_next_keeps_nobody(store: Store) -> None:
    with store.begin() as tx:
        tx.readers.upsert([entry for _, entry in PEOPLE], NOON)
        tx.readers.suppress([GONE], NOON, "test")
    assert rows_left(store) == 0


def bad() -> Iterator[Entry]:
    yield from (entry for _, entry in PEOPLE)
    yield from (Entry(address=f"a{number}@example.org", lists=()) for number in range(6_000))
    raise RuntimeError("the file is bad")


def test_nor_does_it_after_an_error(store: Store) -> None:
    with store.begin() as tx:
        tx.readers.upsert([], NOON)
    with pytest.raises(RuntimeError, match="the file is bad"), store.begin() as tx:
        tx.readers.upsert(bad(), NOON)
    assert rows_left(store) == 0


def test_what_failed_does_not_come_in_with_what_follows(store: Store) -> None:
    with store.begin() as tx:
        with pytest.raises(RuntimeError, match="the file is bad"):
            tx.readers.upsert(bad(), NOON)
        next_one = Entry(address="next@example.org", lists=())
        assert tx.readers.upsert([next_one], NOON) == (1, 0)
        assert [person.address for person, _ in tx.readers.all()] == [next_one.address]
