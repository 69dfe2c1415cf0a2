"""The version of the database."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Inspector, inspect, select, text

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected, open_sqlite
from newsletter.store.schema import versions as schema
from newsletter.store.schema.complete import metadata
from newsletter.store.schema.versions import ensure_current, migrate, versions

MIGRATIONS = Path(schema.__file__).parents[1] / "migrations"
OLD = Path(__file__).with_name("version_0012.sql")


def names(engine: Engine) -> set[str]:
    with connected(engine, reads=True) as connection:
        return set(inspect(connection).get_table_names())


def said(engine: Engine) -> dict[str, list[str]]:
    """What makes each table, index and trigger, in parts: a table's columns stand in any order.

    What a constraint is called is left out: a table that was renamed keeps those names.
    """
    with connected(engine, reads=True) as connection:
        rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master")).all()
    unnamed = [(kind, name, re.sub(r"CONSTRAINT \w+ ", "", sql)) for kind, name, sql in rows if sql]
    plain = [(kind, name, re.sub(r'["\s]', "", sql)) for kind, name, sql in unnamed]
    return {name: sorted(parts(sql)) if kind == "table" else [sql] for kind, name, sql in plain}


def parts(sql: str) -> Iterator[str]:
    """What stands between the outermost parentheses and commas."""
    depth, part = 0, ""
    for sign in sql:
        before, depth = depth, depth + (sign == "(") - (sign == ")")
        if sign in "(,)" and before + depth <= 2:
            yield part
            part = ""
        else:
            part += sign
    yield part


def rows_of(engine: Engine, like: Inspector) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table that was there, without the columns that are gone."""
    found = {}
    with connected(engine, reads=True) as connection:
        for name in set(like.get_table_names()) & set(metadata.tables):
            known = metadata.tables[name].c
            columns = [known[one["name"]] for one in like.get_columns(name) if one["name"] in known]
            found[name] = sorted(map(tuple, connection.execute(select(*columns))))
    return found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    engine = open_sqlite(tmp_path / "empty.db")
    yield engine
    engine.dispose()


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Engine]:
    """A database that a program of version 0012 left in the middle of a campaign."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text("utf-8"))
    engine = open_sqlite(path)
    yield engine
    engine.dispose()


def test_a_new_database_gets_all_tables(empty: Engine) -> None:
    ensure_current(empty)
    assert names(empty) >= {*metadata.tables, "alembic_version"}
    ensure_current(empty)


def test_an_older_database_becomes_what_a_new_one_is(old: Engine, engine: Engine) -> None:
    assert migrate(old) == ("0012", versions()[-1])
    brought, new = said(old), said(engine)
    assert set(brought) == set(new)
    assert {name: brought[name] for name in new if brought[name] != new[name]} == {}


def test_the_comparison_sees_each_rule_of_a_table() -> None:
    one = "CREATETABLEx(aINTEGER,CHECK(a>0ANDf(1,2)),PRIMARYKEY(a,b))STRICT"
    rules = ["CREATETABLEx", "aINTEGER", "CHECK(a>0ANDf(1,2))", "PRIMARYKEY(a,b)", "STRICT"]
    assert list(parts(one)) == rules


def test_an_older_database_is_brought_along_with_what_is_in_it(old: Engine) -> None:
    like = inspect(old)
    before = rows_of(old, like)
    assert len(before["batch"]) == 13
    assert len(before["subscriber"]) == 14
    migrate(old)
    assert rows_of(old, like) == before
    with connected(old, reads=True) as connection:
        assert connection.scalars(text("SELECT slug FROM changed_statement")).all() == ["library"]
        assert connection.scalars(text("SELECT DISTINCT account FROM batch")).all() == [""]
        found = "SELECT rowid FROM archive_words WHERE archive_words MATCH 'library'"
        assert connection.scalars(text(found)).all() == [1]


def test_what_was_queued_in_doubt_is_unknown_after_the_migration(old: Engine) -> None:
    with connected(old) as connection:
        for line in (
            "UPDATE batch SET bound_to = 'outbox', claimed_at = 7 WHERE no = 5",
            "INSERT INTO resolution (campaign_id, batch_id, at, way, outcome, people)"
            " VALUES (1, 6, 0, 'repeat', 'not handed over', 1)",
        ):
            connection.execute(text(line))
    migrate(old)
    with connected(old, reads=True) as connection:
        what = "SELECT state, pending, unknown, settled_at FROM batch WHERE no IN (5, 6)"
        rows = connection.execute(text(what)).all()
        assert rows == [("unknown", 0, 1, 7), ("queued", 1, 0, None)]
        assert connection.scalar(text("SELECT way FROM resolution")) == "replay"


def test_the_versions_are_those_that_the_migrations_name() -> None:
    steps = ScriptDirectory(str(MIGRATIONS))
    assert versions() == [step.revision for step in steps.walk_revisions()][::-1]
    assert versions()[-1] == steps.get_current_head()


def test_a_database_of_an_older_version_is_not_touched_but_explained(old: Engine) -> None:
    with pytest.raises(StoreUnavailable, match=r"version 0012.*backup.*newsletter db migrate"):
        ensure_current(old)


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(engine: Engine) -> None:
    with connected(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (ensure_current, migrate):
        with pytest.raises(StoreUnavailable, match=r"9999.*written by a newer one: install that"):
            step(engine)


def test_a_database_from_before_all_that_is_known_is_refused_as_too_old(old: Engine) -> None:
    with connected(old) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    for step in (ensure_current, migrate):
        with pytest.raises(StoreUnavailable, match=r"0011.*too old.*0012.*new workspace"):
            step(old)


def test_a_database_of_somebody_else_is_not_taken_over(empty: Engine) -> None:
    with connected(empty) as connection:
        connection.execute(text("CREATE TABLE theirs (x)"))
    with pytest.raises(StoreUnavailable, match="version none"):
        ensure_current(empty)
    assert names(empty) == {"theirs"}


def test_migrating_says_from_where_to_where_and_is_done_once(empty: Engine) -> None:
    before, after = migrate(empty)
    assert before == ""
    assert after
    assert migrate(empty) == (after, after)


def test_a_new_database_is_made_as_a_whole_or_not_at_all(empty: Engine) -> None:
    with connected(empty) as connection:
        connection.execute(text("CREATE TABLE delivery (x)"))
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrate(empty)
    assert names(empty) == {"delivery"}
    with connected(empty) as connection:
        connection.execute(text("DROP TABLE delivery"))
    ensure_current(empty)
    assert "delivery" in names(empty)


def test_a_migration_that_fails_leaves_nothing_behind(old: Engine) -> None:
    with connected(old) as connection:
        connection.execute(text("CREATE TABLE signed (x)"))  # the fourth step makes it
    before = said(old)
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrate(old)
    assert said(old) == before
    with pytest.raises(StoreUnavailable, match="version 0012"):
        ensure_current(old)


def test_a_database_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    first, second = open_sqlite(path), open_sqlite(path)
    ensure_current(first)
    assert migrate(second)[0] == migrate(second)[1]
    first.dispose()
    second.dispose()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
