"""Brings the database to the version that this code needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected


def migrate(engine: Engine) -> tuple[str, str]:
    """Run the steps that are missing, all in one transaction; returns (from, to)."""
    with connected(engine) as connection:
        before = _current(connection)
        _refuse_newer(before)
        command.upgrade(_config(connection), "head")
        return before, _current(connection)


def ensure_current(engine: Engine) -> None:
    """Make the tables of a new database; refuse one of another version."""
    with connected(engine, reads=True) as connection:
        new = not inspect(connection).get_table_names()
        current = _current(connection)
    if new:
        migrate(engine)
        return
    _refuse_newer(current)
    if current != _head():
        raise StoreUnavailable(
            f"{engine.url.database} is of version {current or 'none'},"
            f" this program needs {_head()}; make a backup, then run 'newsletter db migrate'"
        )


def _refuse_newer(current: str) -> None:
    known = {script.revision for script in ScriptDirectory(str(_folder())).walk_revisions()}
    if current and current not in known:
        raise StoreUnavailable(
            f"the database is of version {current}, which this program does not know;"
            " it was written by a newer one: install that"
        )


def _current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _head() -> str:
    return ScriptDirectory(str(_folder())).get_current_head() or ""


def _folder() -> Path:
    return Path(__file__).parent / "migrations"


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
