"""The version of the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from newsletter.domain.delivery.epoch import Mark
from newsletter.domain.errors import StoreUnavailable
from newsletter.store.archive.search import INDEX
from newsletter.store.engine import connected, open_sqlite
from newsletter.store.file.watermark import Epoch
from newsletter.store.schema import tables
from newsletter.store.schema import versions as schema
from newsletter.store.schema.versions import ensure_current, migrate, versions

MIGRATIONS = Path(schema.__file__).parents[1] / "migrations"
_OLD_ROWS = (
    "INSERT INTO content VALUES ('d', '{}', 0)",
    "INSERT INTO campaign (id, slug, digest, state, lists, approved_by, provider, reason,"
    " release_at, created_at)"
    " VALUES (1, 'news', 'd', 'sending', '[]', '[]', 'mailgun', '', 0, 0)",
    "INSERT INTO approval (slug, digest, [by], channel, at)"
    " VALUES ('news', 'd', 'ed@forum.example', 'command', 0)",
    "INSERT INTO batch (campaign_id, no, members, state, size, pending, unknown, attempts)"
    " VALUES (1, 0, '[1]', 'unknown', 1, 0, 1, 1), (1, 1, '[2]', 'queued', 1, 1, 0, 0)",
)


def names(engine: Engine) -> set[str]:
    with connected(engine, reads=True) as connection:
        return {name for name in inspect(connection).get_table_names() if is_described(name)}


def is_described(name: str | None, *_: object) -> bool:
    """SQLAlchemy knows no word for an index of words."""
    return name is None or not name.startswith(INDEX)


def sql_of(engine: Engine) -> dict[str, str]:
    """What was said to make each table and index, without blanks and quotes."""
    with connected(engine, reads=True) as connection:
        rows = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master"
                " WHERE sql IS NOT NULL AND name <> 'alembic_version'"
            )
        ).all()
    described = {name: sql for name, sql in rows if is_described(name)}
    return {name: "".join(sql.split()).replace('"', "") for name, sql in described.items()}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    engine = open_sqlite(tmp_path / "empty.db")
    yield engine
    engine.dispose()


def test_a_new_database_gets_all_tables(empty: Engine) -> None:
    ensure_current(empty)
    assert set(tables.metadata.tables) | {"alembic_version"} == names(empty)
    ensure_current(empty)


def test_the_migrations_make_what_the_code_expects(engine: Engine) -> None:
    with connected(engine, reads=True) as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_described})
        assert compare_metadata(context, tables.metadata) == []


def test_the_migrations_make_the_same_rules_as_the_code_describes(
    engine: Engine, empty: Engine
) -> None:
    with connected(empty) as connection:
        tables.metadata.create_all(connection)
    made, described = sql_of(engine), sql_of(empty)
    assert set(made) == set(described)
    for name, sql in described.items():
        for rule in ("STRICT", "WITHOUTROWID", "AUTOINCREMENT", "balance", "counts", "WHERE"):
            assert (rule in made[name]) is (rule in sql), f"{name}: {rule}"


def test_the_versions_are_those_that_the_migrations_name() -> None:
    steps = ScriptDirectory(str(MIGRATIONS))
    assert versions() == [step.revision for step in steps.walk_revisions()][::-1]
    assert versions()[-1] == steps.get_current_head()


def test_a_database_of_an_older_version_is_not_touched_but_explained(engine: Engine) -> None:
    with connected(engine) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(StoreUnavailable, match=r"version none.*backup.*newsletter db migrate"):
        ensure_current(engine)


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(engine: Engine) -> None:
    with connected(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (ensure_current, migrate):
        with pytest.raises(StoreUnavailable, match=r"9999.*written by a newer one: install that"):
            step(engine)


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


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    with connected(empty) as connection:
        connection.execute(text("CREATE TABLE delivery (x)"))  # made last by the migration
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrate(empty)
    assert names(empty) == {"delivery"}
    with connected(empty) as connection:
        connection.execute(text("DROP TABLE delivery"))
    ensure_current(empty)
    assert "delivery" in names(empty)


def test_a_migration_does_not_lose_rows(engine: Engine) -> None:
    with connected(engine) as connection:
        connection.execute(text("INSERT INTO meta VALUES ('k', 'v')"))
    migrate(engine)
    with connected(engine, reads=True) as connection:
        assert connection.execute(text("SELECT * FROM meta")).all() == [("k", "v")]


def older(engine: Engine, version: str, *lines: str) -> None:
    """A database of an older version with these rows, brought along."""
    with connected(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for line in lines:
            connection.execute(text(line))
    migrate(engine)


def test_what_was_queued_in_doubt_is_unknown_after_the_migration(empty: Engine) -> None:
    older(
        empty,
        "0016",
        *_OLD_ROWS,
        "UPDATE batch SET bound_to = 'outbox', provider = 'outbox', claimed_at = 7 WHERE no = 1",
        "INSERT INTO resolution (campaign_id, batch_id, at, way, outcome, people)"
        " VALUES (1, 2, 0, 'repeat', 'not handed over', 1)",
    )
    with connected(empty, reads=True) as connection:
        what = "SELECT state, pending, unknown, settled_at FROM batch WHERE no = 1"
        assert connection.execute(text(what)).all() == [("unknown", 0, 1, 7)]
        assert connection.scalar(text("SELECT way FROM resolution")) == "replay"


def test_an_older_database_is_brought_along_with_what_is_in_it(empty: Engine) -> None:
    older(empty, "0001", *_OLD_ROWS)
    with connected(empty, reads=True) as connection:
        rows = connection.execute(text("SELECT provider, account FROM batch ORDER BY id")).all()
        assert rows == [("mailgun", ""), ("", "")]
        [row] = connection.execute(text("SELECT urgent, carrier FROM campaign")).all()
        assert row == (0, "")
        [row] = connection.execute(text("SELECT despite, warnings FROM approval")).all()
        assert row == ("", "")
        assert Epoch(connection).mark() == Mark(epoch="", claims=0)


def test_a_database_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    first, second = open_sqlite(path), open_sqlite(path)
    ensure_current(first)
    assert migrate(second)[0] == migrate(second)[1]
    first.dispose()
    second.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    connection.close()
