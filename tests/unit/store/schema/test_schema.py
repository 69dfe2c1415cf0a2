"""The version of the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected, open_sqlite
from newsletter.store.schema.complete import metadata
from newsletter.store.schema.versions import VERSION, ensure_current, migrate


def names(engine: Engine) -> set[str]:
    with connected(engine, reads=True) as connection:
        return set(inspect(connection).get_table_names())


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    engine = open_sqlite(tmp_path / "empty.db")
    yield engine
    engine.dispose()


def test_a_new_database_gets_all_tables(empty: Engine) -> None:
    ensure_current(empty)
    assert names(empty) >= {*metadata.tables, "schema_version"}
    ensure_current(empty)


def test_a_database_from_before_the_first_release_is_refused_with_what_to_do(
    empty: Engine,
) -> None:
    with connected(empty) as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
    with pytest.raises(StoreUnavailable, match=r"before its first release.*subscribers export"):
        ensure_current(empty)
    assert names(empty) == {"alembic_version"}


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(engine: Engine) -> None:
    with connected(engine) as connection:
        connection.execute(text("UPDATE schema_version SET version = 9999"))
    for step in (ensure_current, migrate):
        with pytest.raises(StoreUnavailable, match=r"newer version.*9999.*install that version"):
            step(engine)


def test_a_database_of_another_program_is_not_taken_over(empty: Engine) -> None:
    with connected(empty) as connection:
        connection.execute(text("CREATE TABLE theirs (x)"))
    for step in (ensure_current, migrate):
        with pytest.raises(StoreUnavailable, match="not written by this program"):
            step(empty)
    assert names(empty) == {"theirs"}


def test_migrating_a_current_database_changes_nothing(empty: Engine) -> None:
    assert migrate(empty) == (0, VERSION)
    assert migrate(empty) == (VERSION, VERSION)


def test_a_new_database_is_made_as_a_whole_or_not_at_all(empty: Engine) -> None:
    with connected(empty) as connection:
        # no table, and yet in the way of one
        connection.execute(text("CREATE VIEW delivery AS SELECT 1"))
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrate(empty)
    assert names(empty) == set()
    with connected(empty) as connection:
        connection.execute(text("DROP VIEW delivery"))
    ensure_current(empty)
    assert "delivery" in names(empty)


def test_a_database_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    first, second = open_sqlite(path), open_sqlite(path)
    ensure_current(first)
    assert migrate(second) == (VERSION, VERSION)
    first.dispose()
    second.dispose()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == (1,)
