"""Makes a new database from ``schema.sql``, and refuses one of another version.

Migrations begin with the first release.
"""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.database import Database
from newsletter.store.sqlite import Sqlite

VERSION = 1


def migrate(database: Sqlite) -> tuple[int, int]:
    """Make the tables of a new database; return the versions (before, after), 0 for none.

    Raises StoreUnavailable for a database of another version.
    """
    with database.transaction() as db:
        if not _tables(db):
            create(db)
            return 0, VERSION
        _refuse_other(database, _current(db))
    return VERSION, VERSION


def ensure_current(database: Sqlite) -> None:
    """Make the tables of a new database. Raises StoreUnavailable for one of another version."""
    with database.transaction(reads=True) as db:
        is_new = not _tables(db)
        current = 0 if is_new else _current(db)
    if is_new:
        migrate(database)
    else:
        _refuse_other(database, current)


def create(db: Database) -> None:
    """Make all tables in one transaction. A table that is there already is an error."""
    for statement in statements(
        files("newsletter.store").joinpath("schema.sql").read_text("utf-8")
    ):
        db.change(statement)
    db.change("INSERT INTO schema_version (version) VALUES (:version)", version=VERSION)


def statements(script: str) -> Iterator[str]:
    """Yield each statement of a script; each begins on a line of its own."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _refuse_other(database: Sqlite, current: int) -> None:
    if current > VERSION:
        raise StoreUnavailable(
            f"{database.name} was written by a newer version of newsletter (schema {current}, this"
            f" program has {VERSION}); install that version"
        )
    if current < VERSION:
        raise StoreUnavailable(
            f"{database.name} was not written by this program, or by a version from before its"
            " first release; with the old program, export its subscribers and suppressions"
            " ('newsletter subscribers export'), then import them into a new workspace"
        )


def _current(db: Database) -> int:
    if "schema_version" not in _tables(db):
        return 0
    return int(db.value("SELECT version FROM schema_version") or 0)


def _tables(db: Database) -> set[str]:
    return set(db.column("SELECT name FROM sqlite_master WHERE type = 'table'"))
