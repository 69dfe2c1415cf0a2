"""The version of the database, and what a new one is made of."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.schema import ensure_current
from newsletter.store.sqlite import Sqlite


def names(database: Sqlite) -> set[str]:
    with database.transaction(is_read_only=True) as db:
        return set(db.column("SELECT name FROM sqlite_master WHERE type = 'table'"))


def change(database: Sqlite, sql: str) -> None:
    with database.transaction() as db:
        db.change(sql)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Sqlite]:
    with closing(Sqlite(tmp_path / "empty.db")) as empty:
        yield empty


def test_a_new_database_gets_all_tables(empty: Sqlite) -> None:
    assert ensure_current(empty)
    assert names(empty) >= {"campaign", "batch", "subscriber", "archive_words", "schema_version"}
    assert not ensure_current(empty)


def test_a_database_from_before_the_first_release_is_refused_with_what_to_do(empty: Sqlite) -> None:
    change(empty, "CREATE TABLE alembic_version (version_num TEXT)")
    with pytest.raises(StoreUnavailable, match=r"before its first release.*subscribers export"):
        ensure_current(empty)
    assert names(empty) == {"alembic_version"}


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(database: Sqlite) -> None:
    change(database, "UPDATE schema_version SET version = 9999")
    with pytest.raises(StoreUnavailable, match=r"newer version.*9999.*install that version"):
        ensure_current(database)


def test_a_database_of_another_program_is_not_taken_over(empty: Sqlite) -> None:
    change(empty, "CREATE TABLE theirs (x)")
    with pytest.raises(StoreUnavailable, match="not written by this program"):
        ensure_current(empty)
    assert names(empty) == {"theirs"}


def test_a_new_database_is_made_as_a_whole_or_not_at_all(empty: Sqlite) -> None:
    # no table, and yet in the way of one
    change(empty, "CREATE VIEW delivery AS SELECT 1")
    with pytest.raises(StoreUnavailable, match="already exists"):
        ensure_current(empty)
    assert names(empty) == set()
    change(empty, "DROP VIEW delivery")
    ensure_current(empty)
    assert "delivery" in names(empty)


def test_a_database_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    with closing(Sqlite(path)) as first, closing(Sqlite(path)) as second:
        ensure_current(first)
        assert not ensure_current(second)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == (1,)
