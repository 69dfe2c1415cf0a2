"""How tables and their columns are described, alike for SQLite and PostgreSQL."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BLOB,
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Integer,
    Label,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.schema import SchemaItem

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """An aware instant as stored. Raises TypeError for a naive one."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(stored: int) -> datetime:
    """A stored instant, aware, in UTC."""
    return _EPOCH + stored * _MILLISECOND


def maybe_from_ms(stored: int | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if stored is None else from_ms(stored)


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


class _Instant(TypeDecorator[datetime]):
    """To the millisecond, stored as ``to_ms`` makes it. Raises TypeError for a naive one.

    ``none`` is what is stored where there is none.
    """

    impl = _WIDE
    cache_ok = True

    def __init__(self, none: int | None = None) -> None:
        super().__init__()
        self.none = none

    def process_bind_param(self, value: datetime | None, dialect: object) -> int | None:
        return self.none if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: object) -> datetime | None:
        return None if value == self.none else maybe_from_ms(value)


class _Member(TypeDecorator[Any]):
    """A member of an enum, stored as its value. Raises ValueError for what is none.

    ``none`` is what is stored where there is none.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum], none: str | None = None) -> None:
        super().__init__()
        self.kind, self.none = kind, none

    def process_bind_param(self, value: Enum | None, dialect: object) -> str | None:
        return self.none if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: object) -> Enum | None:
        return None if value is None or value == self.none else self.kind(value)


class _Flag(TypeDecorator[bool]):
    """Stored as 1 or 0."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: object) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: object) -> bool | None:
        return None if value is None else bool(value)


class _Document(TypeDecorator[Any]):
    """A value of a type that pydantic can read and write, stored as JSON; None as no words."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    @cached_property
    def _adapter(self) -> "TypeAdapter[Any]":
        from pydantic import TypeAdapter  # not at the import: building takes milliseconds

        return TypeAdapter(self.kind)

    def process_bind_param(self, value: Any, dialect: object) -> str:
        return "" if value is None else self._adapter.dump_json(value).decode()

    def process_result_value(self, value: str | None, dialect: object) -> Any:
        return self._adapter.validate_json(value) if value else None


def document(name: str, kind: Any, key: str = "", *, empty: bool = False) -> Column[Any]:
    """A value of this type, which the code calls ``key``."""
    default = text("''") if empty else None
    kept = _Document(kind)
    return Column(name, kept, key=key or name, nullable=False, server_default=default)


def instant(name: str, *, nullable: bool = False, zero: bool = False) -> Column[datetime]:
    """Aware, in UTC, to the millisecond; ``zero``: stored as 0 where there is none."""
    kept = _Instant(0 if zero else None)
    return Column(name, kept, nullable=nullable, server_default=text("0") if zero else None)


def member(
    name: str, kind: type[Enum], *, key: bool = False, optional: bool = False
) -> Column[Any]:
    """One of an enum; ``optional``: or none, stored as no words."""
    kept = _Member(kind, "" if optional else None)
    return Column(name, kept, primary_key=key, nullable=False)


def fields_of(kind: Any, of: Table) -> list[Label[Any]]:
    """The columns that are named as the fields of a dataclass, which a row of them makes."""
    names = {field.name for field in fields(kind)}
    return [column.label(column.key) for column in of.c if column.key in names]


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


def content_hash(*, empty: bool = False) -> Column[str]:
    """Of a statement's content: SHA-256, as 64 hexadecimal digits."""
    default = text("''") if empty else None
    return Column("content_hash", Text, nullable=False, server_default=default)


def flag(name: str, *, default: bool = True) -> Column[bool]:
    """1 or 0; with a default 0 where nothing is said."""
    return Column(name, _Flag, nullable=False, server_default=text("0") if default else None)


def octets(name: str, *, key: bool = False, unique: bool = False) -> Column[bytes]:
    return Column(name, BLOB, primary_key=key, nullable=False, unique=unique)


def derived(name: str, expression: str) -> Column[int]:
    """A number that the database works out itself, from other columns of the row."""
    # not stored: to a table that has rows SQLite adds no column that would have to be
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
