"""Creates a new database from ``schema.sql``, and refuses one of another version.

Migrations begin with the first release.
"""

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.database import Backend, Database

SCHEMA_VERSION = 1


def ensure_current(database: Backend) -> bool:
    """Create the tables of a new database; return whether it was new.

    Raises StoreUnavailable for a database of another version.
    """
    for is_read_only in (True, False):  # reading waits for no other process
        with database.transaction(is_read_only=is_read_only) as db:
            if tables := database.tables(db):
                is_ours = "schema_version" in tables
                version = db.value("SELECT version FROM schema_version") if is_ours else 0
                _refuse_other_version(database, int(version or 0))
                return False
            if not is_read_only:
                create(database, db)
    return True


def create(database: Backend, db: Database, *, without_triggers: bool = False) -> list[str]:
    """Create all tables and triggers of a new database.

    With ``without_triggers``, return the statements of the triggers instead of running them.
    """
    trigger_statements = []
    for statement in database.schema(split_script(_script())):
        # the triggers of the full-text index are needed: they note no change
        if without_triggers and "CREATE TRIGGER" in statement and "archive_words" not in statement:
            trigger_statements.append(statement)
        else:
            db.change(statement)
    db.change("INSERT INTO schema_version (version) VALUES (:version)", version=SCHEMA_VERSION)
    return trigger_statements


def table_names() -> list[str]:
    """Return the names of all tables, each after the tables that it refers to."""
    return re.findall(r"(?m)^CREATE TABLE (\w+)", _script())


def _script() -> str:
    return files("newsletter.store").joinpath("schema.sql").read_text("utf-8")


def split_script(script: str) -> Iterator[str]:
    """Yield the statements of a script. Each statement begins a new line."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _refuse_other_version(database: Backend, current: int) -> None:
    if current > SCHEMA_VERSION:
        raise StoreUnavailable(
            f"{database.name} was written by a newer version of newsletter (schema {current}, this"
            f" program has {SCHEMA_VERSION}); install that version"
        )
    if current < SCHEMA_VERSION:
        raise StoreUnavailable(
            f"{database.name} was not written by this program, or by a version from before its"
            " first release; with the old program, export its subscribers and suppressions"
            " ('newsletter subscribers export'), then import them into a new workspace"
        )
