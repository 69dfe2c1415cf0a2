"""Knows the database's version: makes the tables of a new one, and refuses what does not fit."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected

_STEPS = Path(__file__).parents[1] / "migrations"


def migrate(engine: Engine) -> tuple[str, str]:
    """Run the steps that are missing, all in one transaction; returns (from, to)."""
    from newsletter.store.schema.migrating import upgrade  # Alembic, which only this needs

    with connected(engine) as connection:
        before = _current(connection)
        _refuse_newer(before)
        upgrade(connection, _STEPS)
        return before, _current(connection)


def ensure_current(engine: Engine) -> None:
    """Make the tables of a new database; refuse one of another version."""
    with connected(engine, reads=True) as connection:
        new = not inspect(connection).get_table_names()
        current = "" if new else _current(connection)
    if new:
        migrate(engine)
        return
    _refuse_newer(current)
    if current != versions()[-1]:
        raise StoreUnavailable(
            f"{engine.url.database} is of version {current or 'none'},"
            f" this program needs {versions()[-1]}; make a backup, then run 'newsletter db migrate'"
        )


def versions() -> list[str]:
    """All versions that there were, the latest last: each step's file begins with its own."""
    steps = (_STEPS / "versions").glob("[0-9]*_*.py")
    return sorted(step.name.partition("_")[0] for step in steps)


def _refuse_newer(current: str) -> None:
    if current and current not in versions():
        raise StoreUnavailable(
            f"the database is of version {current}, which this program does not know;"
            " it was written by a newer one: install that"
        )


def _current(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""
