"""The version of the database: a new one is made whole, one of another version is refused.

Migrations begin with the first release.
"""

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, inspect, select

from newsletter.domain.errors import StoreUnavailable
from newsletter.store.engine import connected

VERSION = 1

_version = Table(
    "schema_version",
    MetaData(),
    Column("version", Integer, nullable=False),
    sqlite_strict=True,
)


def migrate(engine: Engine) -> tuple[int, int]:
    """Make the tables of a new database; return the versions (before, after), 0 for none.

    Raises StoreUnavailable for a database of another version.
    """
    with connected(engine) as connection:
        if not inspect(connection).get_table_names():
            _make(connection)
            return 0, VERSION
        _refuse_other(engine, _current(connection))
    return VERSION, VERSION


def _make(connection: Connection) -> None:
    """Make all tables in one transaction. A table that is there already is an error."""
    from newsletter.store.schema.complete import metadata  # once in the life of a workspace

    metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=False)
    connection.execute(_version.insert().values(version=VERSION))


def ensure_current(engine: Engine) -> None:
    """Make the tables of a new database. Raises StoreUnavailable for one of another version."""
    with connected(engine, reads=True) as connection:
        is_new = not inspect(connection).get_table_names()
        current = 0 if is_new else _current(connection)
    if is_new:
        migrate(engine)
    else:
        _refuse_other(engine, current)


def _refuse_other(engine: Engine, current: int) -> None:
    file = engine.url.database
    if current > VERSION:
        raise StoreUnavailable(
            f"{file} was written by a newer version of newsletter (schema {current}, this program"
            f" has {VERSION}); install that version"
        )
    if current < VERSION:
        raise StoreUnavailable(
            f"{file} was not written by this program, or by a version from before its first"
            " release; with the old program, export its subscribers and suppressions"
            " ('newsletter subscribers export'), then import them into a new workspace"
        )


def _current(connection: Connection) -> int:
    if not inspect(connection).has_table(_version.name):
        return 0
    return int(connection.scalar(select(_version.c.version)) or 0)
