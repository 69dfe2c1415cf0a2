"""The audit chain, instants and lists as they are stored."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from newsletter.domain.errors import Defect
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.database import as_instant, as_stored
from newsletter.store.sql import Store
from tests.contracts.books import LEASE, Books, ids
from tests.counting import Anything, counted
from tests.fakes import NOON
from tests.rows import rows


@pytest.fixture
def log(store: Store) -> Store:
    for detail in ("one", "two", "three", "four"):
        with store.begin() as tx:
            tx.audit.enter(actor="ed", action="do", subject="s", detail=detail)
    return store


@pytest.mark.parametrize(
    ("tampering", "line"),
    [
        ("UPDATE audit SET detail = 'TWO' WHERE number = 2", 2),
        ("UPDATE audit SET actor = 'eve' WHERE number = 1", 1),
        ("UPDATE audit SET action = 'undo' WHERE number = 3", 3),
        ("UPDATE audit SET subject = 't' WHERE number = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE number = 4", 4),
        ("UPDATE audit SET digest = 'x' WHERE number = 2", 2),
        ("UPDATE audit SET number = 40 WHERE number = 4", 4),
        ("UPDATE audit SET actor = 'edd', action = 'o' WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("UPDATE audit SET number = number - 1 WHERE number > 2 AND (SELECT 1 FROM gone)", 2),
        (
            "UPDATE audit SET number = CASE number WHEN 2 THEN 30 ELSE 20 END"
            " WHERE number IN (2, 3); UPDATE audit SET number = number / 10 WHERE number > 9",
            2,
        ),
        (
            "INSERT INTO audit SELECT 5, at, actor, action, subject, 'five', digest"
            " FROM audit LIMIT 1",
            5,
        ),
    ],
)
def test_a_line_that_was_changed_removed_moved_or_added_is_found(
    log: Store, tampering: str, line: int
) -> None:
    with log.begin() as tx:
        if "gone" in tampering:  # remove a line and close the gap
            tx.db.change("DELETE FROM audit WHERE number = 2")
            tampering = "UPDATE audit SET number = number - 1 WHERE number > 2"
        for statement in tampering.split("; "):
            tx.db.change(statement)
    with log.read() as tx, pytest.raises(Defect, match=f"line {line} of the audit log is not"):
        tx.audit.verify()


def test_no_text_can_move_from_one_column_to_another(store: Store) -> None:
    with store.begin() as tx:
        tx.audit.enter(actor="a", action="bc", subject="", detail="")
        tx.db.change("UPDATE audit SET actor = 'ab', action = 'c'")
        with pytest.raises(Defect):
            tx.audit.verify()


@rows(
    "moment",
    [
        NOON,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        datetime(2026, 11, 24, 12, 0, 0, 1000, tzinfo=UTC),
    ],
)
def test_an_instant_comes_back_to_the_millisecond(moment: datetime) -> None:
    assert as_instant(as_stored(moment)) == moment
    assert as_instant(as_stored(moment)).tzinfo is UTC


def test_what_is_finer_than_a_millisecond_is_cut_off_never_put_ahead() -> None:
    assert as_instant(as_stored(NOON + timedelta(microseconds=1999))) == NOON + timedelta(
        milliseconds=1
    )
    assert as_instant(as_stored(NOON - timedelta(microseconds=1))) == NOON - timedelta(
        milliseconds=1
    )


def test_one_instant_in_two_zones_is_stored_as_one() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))
    assert as_stored(elsewhere) == as_stored(NOON)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        as_stored(NOON.replace(tzinfo=None))


def test_members_are_packed_sorted_and_come_back_by_number(store: Store) -> None:
    books = Books(store, 12, batch_size=5, beside=False)
    with store.read() as tx:
        packed = tx.db.column("SELECT members FROM batch ORDER BY no")
    assert packed == ["[1,2,3,4,5]", "[6,7,8,9,10]", "[11,12]"]
    with store.begin() as tx:
        tx.db.change("UPDATE batch SET members = '[3,5,1,4,2]' WHERE no = 0")
    assert ids(books.claim()) == [1, 2, 3, 4, 5]


def test_an_address_with_quotes_and_letters_of_all_kinds_survives_the_packing(store: Store) -> None:
    odd = ["o'neil@example.org", "josé\\x@example.org", "{a}@example.org", "🕊@example.org"]
    books = Books(store, [Entry(address=address, lists=("press",)) for address in odd])
    assert [address for _, address in books.claim().members] == odd


def test_a_number_beyond_32_bits_survives_the_packing(store: Store) -> None:
    with store.begin() as tx:
        tx.db.change("INSERT INTO sqlite_sequence VALUES ('subscriber', 1 << 40)")
    books = Books(store, 2)
    assert ids(books.claim()) == [(1 << 40) + 1, (1 << 40) + 2]


def test_a_claim_leaves_its_name_its_fence_and_its_end_in_the_row(store: Store) -> None:
    books = Books(store, 2, beside=False)
    claimed = books.claim(attempt_id="attempt1")
    with books.step() as tx:
        tx.batches.record_start(claimed.id, body_hash="b1")
    with store.read() as tx:
        query = "SELECT state, attempt_id, body_hash, fence, attempts, claimed_at, lease_until"
        [row] = tx.db.rows(f"{query} FROM batch")
    assert row == ("claimed", "attempt1", "b1", 1, 1, as_stored(NOON), as_stored(NOON + LEASE))


def test_the_name_that_the_provider_gave_the_call_is_kept(store: Store) -> None:
    Books(store, 2, beside=False).settled()
    with store.read() as tx:
        assert tx.db.value("SELECT provider_id FROM batch") == "call-1"


@pytest.mark.parametrize(
    ("begins", "index"),
    [
        ("SELECT id FROM batch", "SEARCH batch USING INDEX ix_batch_open"),
        (
            "SELECT id, COALESCE(NULLIF(fallback_provider",
            "campaign USING INDEX ix_campaign_sending",
        ),
    ],
)
def test_claiming_looks_only_at_what_is_open(store: Store, begins: str, index: str) -> None:
    books = Books(store, 25)
    with counted() as said:
        books.claim()
    [sql] = [one for one in said if one.startswith(begins)]
    with store.read() as tx:
        plan = list(tx.db.driver.execute(f"EXPLAIN QUERY PLAN {sql}", Anything()))
    assert index in str(plan)
    assert "TEMP B-TREE" not in str(plan) or "campaign" in index


def test_a_store_that_was_closed_has_let_go_of_the_file(path: Path, store: Store) -> None:
    Books(store, 2, beside=False)
    store.close()
    assert not path.with_name(path.name + "-wal").exists()
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM batch").fetchone() == (1,)
    connection.close()
    assert os.access(path, os.W_OK)


def test_content_that_was_damaged_in_the_database_is_none(store: Store) -> None:
    with store.begin() as tx:
        tx.db.change("INSERT INTO content VALUES (:hash, '{', :at)", hash="d" * 64, at=NOON)
    with store.read() as tx:
        assert tx.statements.get_content("d" * 64) is None
