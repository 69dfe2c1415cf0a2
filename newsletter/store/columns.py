"""How tables and their columns are described, alike for SQLite and PostgreSQL."""

from sqlalchemy import (
    BLOB,
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem

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
