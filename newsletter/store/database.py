"""SQL in one open transaction: values are passed by name, rows are returned as dataclasses.

A query is a string literal in the function that runs it, in the SQL that SQLite and PostgreSQL
share. ``insert``, ``insert_new`` and ``put`` add rows from columns and values. An aware datetime is
stored as milliseconds since 1970, a date as ISO text, an enum as its value, a flag as 1 or 0, and
any other type as JSON. The annotation of a dataclass field says how to read the column back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache, partial
from itertools import chain
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from newsletter.domain.setting import STORED_CONTEXT
from newsletter.domain.subscribers.address import AddressHash
from newsletter.domain.wording import Sentence, read_words

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from newsletter.domain.delivery.restore_guard import Location

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_log = logging.getLogger("sql.newsletter")
"""Logs each SQL statement without its values, at DEBUG. It is no child of the program's log."""
NO_LIMIT = 1 << 62
"""A LIMIT that returns all rows. No id and no stored time is as great."""
TLI = "'00000000' || lower(substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))"
"""PostgreSQL: the server's timeline. A promoted replica and a restored server have a higher one."""
MEMBER = "CAST(member.value AS BIGINT)"
"""The id in a row of ``json_each(…) AS member``. PostgreSQL's ``value`` is text."""
_PLAIN_TYPES = (int, str, bytes, float, NoneType)
_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Condition:
    """A part of a WHERE clause that several queries share, with its values by name.

    Its text goes into the query, and the condition too: ``db.all(Reader, f"… WHERE {who}", who)``.
    """

    sql: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"({self.sql})"

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"{self} AND {other}", _join_values(self.values, other.values))

    def __or__(self, other: Condition) -> Condition:
        return Condition(f"{self} OR {other}", _join_values(self.values, other.values))

    def __invert__(self) -> Condition:
        return Condition(f"NOT {self}", self.values)


def one_of(column: str, values: Iterable[object], name: str) -> Condition:
    """Return the condition that a column has one of these values, which may be bytes."""
    by_name = {f"{name}_{index}": value for index, value in enumerate(values)}
    if not by_name:
        return Condition("1 = 0")
    return Condition(f"{column} IN ({', '.join(f':{each}' for each in by_name)})", by_name)


class Driver(Protocol):
    """A connection of a database driver, as ``Database`` uses it."""

    keeps_plans: bool

    def execute(self, sql: str, values: Mapping[str, Any], /) -> Any:
        """Run a statement; return the driver's cursor."""

    def executemany(self, sql: str, many: Iterable[Mapping[str, Any]], /) -> Any:
        """Run a writing statement for each set of values; return a cursor with a ``rowcount``."""

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], /) -> int:
        """Add rows, whose values are in the order of the columns; return their number."""

    def stream(self, sql: str, values: Mapping[str, Any], /) -> Any:
        """Run a query; return a cursor that does not load all rows."""

    def last_number(self, table: str, /) -> int:
        """Return the highest row number that a table has given, as far as it is known."""

    def follow(self, other: Driver, /) -> None:
        """Make tables give only row numbers above those that another database gave."""

    def give_after(self, table: str, number: int, /) -> None:
        """Make a table give only row numbers above this one."""


class Backend(Protocol):
    """A database of one kind: ``Sqlite`` or ``Postgresql``."""

    driver_errors: tuple[type[Exception], ...]
    """The errors of its driver, which the end of a transaction explains."""

    @property
    def name(self) -> str:
        """The name of the database in messages."""

    def transaction(
        self, *, is_read_only: bool = False, is_durable: bool = True, is_shared: bool = False
    ) -> AbstractContextManager[Database]:
        """Begin a transaction that commits at the end of the block and rolls back on an error.

        One transaction writes at a time; the next waits. Transactions that are ``is_shared`` write
        together on PostgreSQL. A power cut may undo a transaction that is not durable, until a
        durable one is committed. Raises StoreUnavailable, and Defect for a broken constraint.
        """

    def change_number(self) -> int:
        """Return a number that changes with each commit, by any process."""

    def hold_sender_lock(self, *, is_shared: bool = False) -> AbstractContextManager[None]:
        """Hold the lock of the one process that sends, or of those that share the sending.

        Raises Refused if another process holds it.
        """

    def block_writers(self) -> AbstractContextManager[Callable[[], None]]:
        """Keep others from writing; yield a check that raises Refused if another is connected."""

    def is_missing(self) -> bool:
        """Return whether the database does not exist."""

    def schema(self, tables: Iterable[str]) -> Iterable[str]:
        """Return the statements of a new database. ``tables`` are those of ``schema.sql``."""

    def tables(self, db: Database) -> set[str]:
        """Return the names of all tables."""

    def faults(self, *, seconds: float) -> list[str] | None:
        """Check the structure; return its faults, or None if the check took too long."""

    def overwrite_erased(self) -> bool:
        """Overwrite erased bytes if possible. Return False if the database is too busy."""

    def location(self) -> Location:
        """Return where the data is, by which a copied database is detected."""

    def size(self) -> int:
        """Return the size in bytes."""

    def close(self) -> None:
        """Close the idle connections. A later transaction opens new ones."""


class Database:
    """The queries of one transaction. The driver's errors are raised unchanged.

    If it is read-only, it caches the results of ``cached`` and ``of_statement``.
    """

    def __init__(self, driver: Driver, *, is_read_only: bool = False) -> None:
        self.driver = driver
        self._answers: dict[Hashable, Any] | None = {} if is_read_only else None
        self._listed: Collection[str] = ()

    def keep_plans(self) -> None:
        """Keep the plans of later statements. Their values need types, and their tables indexes."""
        self.driver.keeps_plans = True

    def cached(self, query: Callable[..., T], *values: Hashable) -> T:
        """Return ``query(*values)``. A transaction that only reads calls it once."""
        if self._answers is None:
            return query(*values)
        key = (query, *values)
        if key not in self._answers:
            self._answers[key] = query(*values)
        return cast("T", self._answers[key])

    def list_together(self, slugs: Collection[str]) -> None:
        """Let one query of ``of_statement`` read the rows of all these statements."""
        self._listed = frozenset(slugs)

    def of_statement(self, kind: type[T], sql: str, slug: str, key: str = "slug") -> list[T]:
        """Return the rows of one statement, in the order of the query, which takes ``:slugs``.

        For the kind ``dict`` the rows are those of ``mappings``, else those of ``all``. ``key`` is
        the field with the slug. A transaction that only reads runs the query once for all
        statements of ``list_together``.
        """
        rows: Callable[..., list[Any]] = self.mappings if kind is dict else partial(self.all, kind)
        if self._answers is None:
            return rows(sql, slugs=[slug])
        if (sql, slug) not in self._answers:
            slug_of: Any = itemgetter(key) if kind is dict else attrgetter(key)
            slugs = self._listed if slug in self._listed else [slug]
            found: dict[str, list[T]] = {each: [] for each in slugs}
            for row in rows(sql, slugs=sorted(slugs)):
                found[slug_of(row)].append(row)
            self._answers |= {(sql, each): found_rows for each, found_rows in found.items()}
        return cast("list[T]", self._answers[sql, slug])

    def all(self, kind: type[T], sql: str, /, *conditions: Condition, **values: object) -> list[T]:
        """Return an instance of the dataclass for each row. Columns have the names of fields.

        A column "version.number" is the field ``number`` of the dataclass in the field ``version``.
        Raises TypeError if a column is no field, or a field without a default is no column.
        """
        cursor = self._run(sql, conditions, values)
        read = _row_reader(kind, cursor)
        return [read(row) for row in cursor]

    def first(
        self, kind: type[T], sql: str, /, *conditions: Condition, **values: object
    ) -> T | None:
        """Return an instance for the first row, or None if there is no row."""
        cursor = self._run(sql, conditions, values)
        row = cursor.fetchone()
        return None if row is None else _row_reader(kind, cursor)(row)

    def stream(
        self, kind: type[T], sql: str, /, *conditions: Condition, **values: object
    ) -> Iterator[T]:
        """Yield an instance of the dataclass for each row, without loading all rows."""
        cursor = self._run(sql, conditions, values, streams=True)
        yield from map(_row_reader(kind, cursor), cursor)

    def rows(self, sql: str, /, *conditions: Condition, **values: object) -> list[tuple[Any, ...]]:
        return list(self._run(sql, conditions, values))

    def mappings(
        self, sql: str, /, *conditions: Condition, **values: object
    ) -> list[dict[str, Any]]:
        """Return the rows as they are stored, each as column → value."""
        cursor = self._run(sql, conditions, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def column(self, sql: str, /, *conditions: Condition, **values: object) -> list[Any]:
        """Return the first column of each row, as it is stored."""
        return [row[0] for row in self._run(sql, conditions, values)]

    def scan(self, sql: str, /, *conditions: Condition, **values: object) -> Iterator[Any]:
        """Yield the first column of each row, as it is stored, without loading all rows."""
        for row in self._run(sql, conditions, values, streams=True):
            yield row[0]

    def value(self, sql: str, /, *conditions: Condition, **values: object) -> Any:
        """Return the first column of the first row, as it is stored; None if there is no row."""
        row = self._run(sql, conditions, values).fetchone()
        return None if row is None else row[0]

    def number(self, sql: str, /, *conditions: Condition, **values: object) -> int:
        """Return the first column of the first row; 0 if there is no row or it is NULL."""
        return int(self.value(sql, *conditions, **values) or 0)

    def moment(self, sql: str, /, *conditions: Condition, **values: object) -> datetime | None:
        """Return the first column of the first row as an instant; None if there is none."""
        stored = self.value(sql, *conditions, **values)
        return None if stored is None else as_instant(stored)

    def has_row(self, sql: str, /, *conditions: Condition, **values: object) -> bool:
        return self._run(sql, conditions, values).fetchone() is not None

    def change(self, sql: str, /, *conditions: Condition, **values: object) -> int:
        """Run a writing statement; return the number of changed rows."""
        return int(self._run(sql, conditions, values).rowcount)

    def changes(self, sql: str, /, *conditions: Condition, **values: object) -> bool:
        """Run a writing statement; return whether it changed a row."""
        return self.change(sql, *conditions, **values) > 0

    def insert(self, table: str, /, *, returning: str = "", **values: object) -> int:
        """Add a row; return its value in the column ``returning``, or 1 without ``returning``."""
        sql = _insertion(table, tuple(values))
        if not returning:
            return self.change(sql, **values)
        return self.number(f"{sql} RETURNING {returning}", **values)

    def insert_new(self, table: str, /, **values: object) -> bool:
        """Add a row unless its key exists; return whether it was added."""
        sql = f"{_insertion(table, tuple(values))} ON CONFLICT DO NOTHING"
        return self.changes(sql, **values)

    def insert_all(
        self, table: str, rows: Iterable[Mapping[str, object]], /, *, only_new: bool = False
    ) -> int:
        """Add rows with the same columns; return how many were added.

        With ``only_new``, rows whose key exists are left out.
        """
        coming = iter(rows)
        if (first := next(coming, None)) is None:
            return 0
        columns, many = tuple(first), chain([first], coming)
        if only_new:
            sql = f"{_insertion(table, columns)} ON CONFLICT DO NOTHING"
            return self.change_each(sql, many)
        stored_rows = ([as_stored(row[column]) for column in columns] for row in many)
        return self.driver.add_rows(table, columns, stored_rows)

    def put(self, table: str, key: str, /, **values: object) -> None:
        """Add a row, or change the given columns of the row with the same key."""
        self.change(upsert(table, key, tuple(values)), **values)

    def update(self, table: str, key: Mapping[str, object], /, **values: object) -> bool:
        """Change columns of the rows with this key; return whether there were any.

        None in the key matches NULL.
        """
        changes = ", ".join(f'"{column}" = :{column}' for column in values)
        where = " AND ".join(
            f'"{column}" IS NULL' if value is None else f'"{column}" = :key_{column}'
            for column, value in key.items()
        )
        key_values = {f"key_{column}": value for column, value in key.items()}
        return self.changes(f"UPDATE {table} SET {changes} WHERE {where}", **values, **key_values)

    def change_each(self, sql: str, many: Iterable[Mapping[str, object]]) -> int:
        """Run a writing statement for each set of values; return the number of changed rows."""
        _log.debug("%s", sql)
        stored = ({name: as_stored(value) for name, value in each.items()} for each in many)
        return int(self.driver.executemany(sql, stored).rowcount)

    def _run(
        self,
        sql: str,
        conditions: Iterable[Condition],
        values: Mapping[str, object],
        *,
        streams: bool = False,
    ) -> Any:
        _log.debug("%s", sql)
        for condition in conditions:
            values = _join_values(values, condition.values)
        run = self.driver.stream if streams else self.driver.execute
        return run(sql, {name: as_stored(value) for name, value in values.items()})


class Repository:
    """The queries about one subject, within one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db


class AddressRepository(Repository):
    """A repository with ``hash_address``, which returns the keyed hash of an address."""

    def __init__(self, db: Database, hash_address: AddressHash) -> None:
        super().__init__(db)
        self._hash = hash_address


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{each}' for each in columns)})"


@cache
def upsert(table: str, key: str, columns: tuple[str, ...]) -> str:
    """Return the SQL of ``Database.put``. Commas separate the columns of the key."""
    changed_columns = [column for column in columns if column not in key.split(", ")]
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in changed_columns)
    return f"{_insertion(table, columns)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


def as_stored(value: object) -> Any:
    """Encode a value for the database. Raises TypeError for a naive datetime."""
    if type(value) in _PLAIN_TYPES:  # nearly always
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, _PLAIN_TYPES):
        return value
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MILLISECOND
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset, dict)) and not hasattr(value, "_fields"):
        json_value = value if isinstance(value, (list, dict)) else list(value)
        return _write_json(json_value)
    kind: Any = type(value)
    return _adapter(kind).dump_json(value).decode()


def as_instant(milliseconds: int) -> datetime:
    """Return a stored instant as an aware datetime in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


def from_json(kind: Any, text: str) -> Any:
    return _adapter(kind).validate_json(text, context=STORED_CONTEXT)


def from_row(kind: type[T], row: Mapping[str, Any], **more: object) -> T:
    """Return an instance of the dataclass from column → stored value and ``more`` fields."""
    values, parts = tuple(row.values()), _field_readers(cast("Any", kind), tuple(row))
    return kind(**{name: part(values) for name, part in parts}, **more)


def _row_reader(kind: type[T], cursor: Any) -> Callable[[tuple[Any, ...]], T]:
    columns = tuple(column[0] for column in cursor.description)
    return cast("Callable[[tuple[Any, ...]], T]", _reader(cast("Any", kind), columns))


_SCALAR_CONVERTERS: Mapping[Any, Callable[[Any], Any]] = {
    bool: bool,
    datetime: as_instant,
    date: date.fromisoformat,
    str | Sentence: read_words,
}


def _join_values(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    """Join two mappings. Raises ValueError if a name has two values."""
    clash = [name for name in one.keys() & other.keys() if one[name] != other[name]]
    if clash:
        raise ValueError(f"two values are named {', '.join(sorted(clash))} in one query")
    return {**one, **other}


@cache
def _reader(kind: Any, columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that makes an instance from a row with these columns."""
    parts = _field_readers(kind, columns)
    return lambda row: kind(**{name: part(row) for name, part in parts})


@cache
def _field_readers(
    kind: Any, columns: tuple[str, ...]
) -> list[tuple[str, Callable[[tuple[Any, ...]], Any]]]:
    """Return, for each field, a function that makes its value from a row with these columns."""
    hints = get_type_hints(kind)
    field_names = {each.name for each in fields(kind) if each.init}
    places: dict[str, list[int]] = {}
    for index, name in enumerate(columns):
        places.setdefault(name.partition(".")[0], []).append(index)
    if unknown_columns := places.keys() - field_names:
        raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown_columns))}")
    return [(name, _field_reader(hints[name], columns, found)) for name, found in places.items()]


def _field_reader(
    annotation: Any, columns: Sequence[str], places: Sequence[int]
) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that makes one field's value from the columns at these indexes."""
    subcolumns = tuple(columns[place].partition(".")[2] for place in places)
    if all(subcolumns):
        make = _reader(annotation, subcolumns)
        return lambda row: make(tuple(row[place] for place in places))
    [place] = places
    convert = _converter(annotation)
    return itemgetter(place) if convert is None else lambda row: convert(row[place])


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    """Return a function that converts stored values to this type; None if none is needed."""
    kinds = [each for each in get_args(annotation) if each is not NoneType]
    is_optional = get_origin(annotation) in {Union, UnionType} and len(kinds) == 1
    kind = kinds[0] if is_optional else annotation
    if kind in _PLAIN_TYPES:
        return None
    convert = _SCALAR_CONVERTERS.get(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        convert = kind
    if convert is None:
        return lambda text: from_json(annotation, text) if text else None
    if is_optional:
        return lambda value: None if value is None or value == "" else convert(value)
    return convert


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # not at the import: building one takes milliseconds

    return TypeAdapter(kind)
