"""How tables and their columns are described, alike for SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BLOB,
    DDL,
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.schema import SchemaItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


def to_ms(instant: datetime) -> int:
    """An aware instant as stored. Raises TypeError for a naive one."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(stored: int) -> datetime:
    """A stored instant, aware, in UTC."""
    return _EPOCH + stored * _MILLISECOND


def maybe_from_ms(stored: int | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if stored is None else from_ms(stored)


def to_us(instant: datetime) -> int:
    """An aware instant in microseconds: a turn may last less than a millisecond."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(stored: int) -> datetime:
    """An instant stored in microseconds, aware, in UTC."""
    return _EPOCH + stored * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_WIDE = Integer().with_variant(BigInteger(), "postgresql")
"""SQLite's own is 64 bits wide."""


def integer(
    name: str, *foreign: ForeignKey, key: bool = False, nullable: bool = False, zero: bool = False
) -> Column[int]:
    default = text("0") if zero else None
    return Column(name, _WIDE, *foreign, primary_key=key, nullable=nullable, server_default=default)


def words(
    name: str, *foreign: ForeignKey, key: bool = False, nullable: bool = False, empty: bool = False
) -> Column[str]:
    default = text("''") if empty else None
    return Column(name, Text, *foreign, primary_key=key, nullable=nullable, server_default=default)


def octets(name: str, *, key: bool = False, unique: bool = False) -> Column[bytes]:
    return Column(name, BLOB, primary_key=key, nullable=False, unique=unique)


def derived(name: str, expression: str) -> Column[int]:
    """A number that the database works out itself, from other columns of the row."""
    return Column(name, _WIDE, Computed(expression, persisted=False))


def table(name: str, *parts: SchemaItem, rowid: bool = True, numbered: bool = False) -> Table:
    """``numbered``: no id is ever given twice, not even after its row was deleted."""
    return Table(
        name,
        metadata,
        *parts,
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
        sqlite_autoincrement=numbered,
    )


def afterwards(made: MetaData | Table, *lines: str) -> None:
    """What else to run once this is made, in SQLite's own words."""
    for line in lines:
        event.listen(made, "after_create", DDL(line))  # type: ignore[no-untyped-call]
