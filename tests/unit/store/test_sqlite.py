"""SQLite set up so that a commit survives a power cut, and its errors in words."""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from newsletter.domain.errors import Defect, StoreUnavailable
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.contracts.books import Books
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.store.limited import LimitedSqlite

DEED = "INSERT INTO meta VALUES (:key, :value)"


def pragma(database: Sqlite, name: str) -> object:
    with database.transaction(is_read_only=True) as db:
        return db.value(f"PRAGMA {name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
        ("secure_delete", 1),
    ],
)
def test_each_connection_is_set_up_for_safety(
    database: LimitedSqlite, name: str, value: object
) -> None:
    assert pragma(database, name) == value
    with (
        database.transaction(is_read_only=True) as first,
        database.transaction(is_read_only=True) as second,
    ):
        for db in (first, second):
            assert db.value(f"PRAGMA {name}") == value


def test_a_commit_that_need_not_last_makes_none_last_less_that_has_to(
    database: LimitedSqlite,
) -> None:
    for is_durable, level in ((False, 1), (True, 2), (False, 1)):
        with database.transaction(is_durable=is_durable) as db:
            assert db.value("PRAGMA synchronous") == level


def is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_each_thread_has_a_connection_and_few_stay_open(database: LimitedSqlite) -> None:
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(database.transaction(is_read_only=True))
    assert len(database.opened) == 12
    assert sum(map(is_open, database.opened)) == 8
    with database.transaction(is_read_only=True):
        database.close()
    assert len(database.opened) == 12
    assert not any(map(is_open, database.opened))


def test_a_connection_that_cannot_roll_back_is_nobody_elses(database: LimitedSqlite) -> None:
    def refuse(action: int, *_: object) -> int:
        is_end = action == sqlite3.SQLITE_TRANSACTION
        return sqlite3.SQLITE_DENY if is_end else sqlite3.SQLITE_OK

    def write() -> None:
        with database.transaction() as db:
            db.change(DEED, key="k", value="v")
            db.driver.set_authorizer(refuse)

    with pytest.raises(StoreUnavailable, match="not authorized"):
        write()
    with database.transaction() as db:
        assert db.column("SELECT key FROM meta") == []
    assert list(map(is_open, database.opened)) == [False, True]


@rows("name", ["what? #1 %20.db", "a:b@c.db", "ünï.db"])
def test_a_path_may_hold_what_a_url_may_not(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with closing(Sqlite(path)) as database:
        assert pragma(database, "journal_mode") == "wal"
    assert path.exists()


def test_every_table_is_strict(store: Store) -> None:
    with store.read() as tx:
        rows = tx.db.rows("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    ours = {name: strict for name, strict in rows if not name.startswith("sqlite_")}
    assert len(ours) >= 12
    assert set(ours.values()) == {1}


def test_a_number_that_is_no_number_is_refused(store: Store) -> None:
    with pytest.raises(Defect), store.begin() as tx:
        tx.db.change("INSERT INTO schedule VALUES ('s', 'tomorrow')")


@pytest.mark.parametrize(
    "change",
    [
        "accepted = accepted + 1",
        "pending = pending - 1",
        "pending = -1, accepted = size + 1",
        "size = size + 1",
        "unknown = unknown + 1, pending = pending - 2",
    ],
)
def test_the_database_itself_refuses_books_that_do_not_balance(store: Store, change: str) -> None:
    books = Books(store, 5)
    with pytest.raises(Defect, match=r"refused what would break a rule.*CHECK"), books.step() as tx:
        tx.db.change(f"UPDATE batch SET {change}")
    books.check()


def test_a_batch_needs_its_campaign(store: Store) -> None:
    insert = "INSERT INTO batch (campaign_id, no, members, state, size, pending)"
    with pytest.raises(Defect, match="FOREIGN KEY"), store.begin() as tx:
        tx.db.change(f"{insert} VALUES (99, 0, '[]', 'queued', 0, 0)")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    path.write_bytes(b"This is a letter to the editor. " * 100)
    with pytest.raises(StoreUnavailable, match=r"check 'database' in newsletter\.yaml") as caught:
        pragma(Sqlite(path), "journal_mode")
    assert str(path) in str(caught.value)
    assert isinstance(caught.value.__cause__, Exception)


def test_it_waits_until_a_descriptor_is_free(database: Sqlite) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    opened: list[object] = []
    waiting = threading.Thread(target=lambda: opened.append(pragma(database, "journal_mode")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    waiting.join(60)
    assert opened == ["wal"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "nowhere" / "newsletter.db")
    with pytest.raises(StoreUnavailable, match="check that its folder exists, is yours"):
        pragma(database, "journal_mode")


def test_a_damaged_file_is_named(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with (
        closing(Sqlite(path)) as database,
        pytest.raises(StoreUnavailable, match="is damaged; restore a backup"),
    ):
        pragma(database, "integrity_check")


def test_a_database_that_must_not_be_written_to_is_named(database: LimitedSqlite) -> None:
    database.limit("query_only = ON")
    with (
        pytest.raises(StoreUnavailable, match="cannot be written to; check its owner"),
        database.transaction() as db,
    ):
        db.change(DEED, key="k", value="v")


def test_a_database_that_somebody_else_is_writing_to_is_named(
    path: Path, database: LimitedSqlite
) -> None:
    database.limit("busy_timeout = 1")
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(StoreUnavailable, match="another process has been writing"),
        database.transaction(),
    ):
        pass
    with database.transaction(is_read_only=True) as db:
        assert db.value("SELECT count(*) FROM meta") == 0
    other.close()


def test_a_full_disk_stops_cleanly_and_what_was_committed_stays(database: LimitedSqlite) -> None:
    with database.transaction() as db:
        db.change(DEED, key="before", value="v")
    pages = int(str(pragma(database, "page_count")))
    database.limit(f"max_page_count = {pages + 2}")
    with (
        pytest.raises(StoreUnavailable, match=r"disk is full; free some space.*nothing was lost"),
        database.transaction() as db,
    ):
        db.change(DEED, key="during", value="v" * 100_000)
    with database.transaction() as db:
        assert db.column("SELECT key FROM meta") == ["before"]
        db.change(DEED, key="after", value="v")
    assert pragma(database, "integrity_check") == "ok"


def test_a_full_disk_in_the_middle_of_a_campaign_books_nothing_by_half(
    store: Store, database: LimitedSqlite
) -> None:
    books = Books(store, 5)
    claimed = books.claim()
    database.limit(f"max_page_count = {pragma(database, 'page_count')}")

    def split_and_note() -> None:
        with store.begin() as tx:
            assert tx.batches.split(claimed)
            tx.audit.enter(actor="a", action="b", subject="c", detail="d" * 100_000)

    with pytest.raises(StoreUnavailable, match="disk is full"):
        split_and_note()
    assert books.counts().pending == 5
    assert books.settle(claimed)


def test_what_has_no_advice_of_ours_is_passed_on_in_the_drivers_words(
    database: LimitedSqlite,
) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"no such table: nowhere$"),
        database.transaction() as db,
    ):
        db.rows("SELECT * FROM nowhere")


@pytest.mark.slow("starts a process")
def test_what_was_committed_is_there_after_the_process_was_killed(path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from newsletter.store.sqlite import Sqlite
database = Sqlite(Path(sys.argv[1]))
with database.transaction() as db:
    db.change("INSERT INTO meta VALUES ('committed', '')")
with database.transaction() as db:
    db.change("INSERT INTO meta VALUES ('not committed', '')")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", program, str(path)], timeout=60, check=False)
    assert died.returncode == -9
    with closing(Sqlite(path)) as database, database.transaction() as db:
        assert db.column("SELECT key FROM meta") == ["committed"]


def test_what_was_erased_cannot_be_read_from_the_file(path: Path, store: Store) -> None:
    books = Books(store, 3)
    needle = b"reader2@example.org"
    told = Entry(address=needle.decode(), lists=(), place="Somewhere", tags=("afraid-of-dogs",))
    with books.step() as tx:
        tx.readers.upsert([told], NOON)
    with books.step() as tx:
        tx.readers.erase(needle.decode(), NOON)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    for gone in (needle, b"Somewhere", b"afraid-of-dogs"):
        assert gone not in path.read_bytes()
    assert b"reader3@example.org" in path.read_bytes()
