"""Knows the database's version: makes a new one whole, brings an older one along, or refuses it.

A new one is made from the description in ``complete`` and takes no step. The steps are for
databases that there are, and a test proves that both ways end at the same.
"""

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
)

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected

_STEPS = Path(__file__).parents[1] / "migrations"

# Alembic's own, described here so that a new database is made without it: it takes long to import.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def migrate(engine: Engine) -> tuple[str, str]:
    """Make a new one, or run the steps that are missing, in one transaction; returns (from, to)."""
    with connected(engine) as connection:
        before = _current(connection)
        if before:
            _refuse_unknown(before)
            _bring_along(connection)
        else:
            _make(connection)
        return before, _current(connection)


def _make(connection: Connection) -> None:
    """All of it as it is today. What is there already is somebody else's, and an error."""
    from newsletter.store.schema.complete import metadata  # once in the life of a workspace

    metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=False)
    connection.execute(_version.insert().values(version_num=versions()[-1]))


def _bring_along(connection: Connection) -> None:
    """Run the steps that are missing, within the transaction that is open."""
    from alembic import command  # it takes long to import, and only this needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def ensure_current(engine: Engine) -> None:
    """Make the tables of a new database; refuse one of another version."""
    with connected(engine, reads=True) as connection:
        new = not inspect(connection).get_table_names()
        current = "" if new else _current(connection)
    if new:
        migrate(engine)
        return
    _refuse_unknown(current)
    if current != versions()[-1]:
        raise StoreUnavailable(
            f"{engine.url.database} is of version {current or 'none'},"
            f" this program needs {versions()[-1]}; make a backup, then run 'newsletter db migrate'"
        )


def versions() -> list[str]:
    """All that can be brought along, the latest last: each step's file begins with its own."""
    steps = (_STEPS / "versions").glob("[0-9]*_*.py")
    return sorted(step.name.partition("_")[0] for step in steps)


def _refuse_unknown(current: str) -> None:
    known = versions()
    if not current or current in known:
        return
    # compared as text, since all have four digits
    if current < known[0]:
        raise StoreUnavailable(
            f"the database is of version {current}, which is too old: this program brings along"
            f" {known[0]} and later; begin a new workspace"
        )
    raise StoreUnavailable(
        f"the database is of version {current}, which this program does not know;"
        " it was written by a newer one: install that"
    )


def _current(connection: Connection) -> str:
    if not inspect(connection).has_table(_version.name):
        return ""
    return connection.scalar(select(_version.c.version_num)) or ""
