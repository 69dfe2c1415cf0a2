"""Queries as SQL: what goes in by name, and what a row becomes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum

import pytest

from newsletter.store.database import Condition, Database
from newsletter.store.file.copies import Connection

NOON = datetime(2026, 11, 29, 12, 0, 0, 123_000, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str


@dataclass(frozen=True, kw_only=True)
class Thing:
    id: int
    at: datetime | None = None
    day: date | None = None
    colour: Colour | None = None
    is_kept: bool = False
    names: tuple[str, ...] = ()
    part: Part | None = None


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, factory=Connection)
    ) as connection:
        connection.execute(
            "CREATE TABLE thing (id INTEGER PRIMARY KEY, at INTEGER, day TEXT,"
            " colour TEXT, is_kept INTEGER NOT NULL DEFAULT 0, names TEXT, part TEXT) STRICT"
        )
        yield Database(connection)


WHOLE = Thing(
    id=1,
    at=NOON,
    day=date(2026, 11, 29),
    colour=Colour.RED,
    is_kept=True,
    names=("é", "b"),
    part=Part(name="x"),
)
ADD = (
    "INSERT INTO thing (id, at, day, colour, is_kept, names, part)"
    " VALUES (:id, :at, :day, :colour, :is_kept, :names, :part)"
)
ALL = "SELECT id, at, day, colour, is_kept, names, part FROM thing"


def test_what_is_stored_comes_back_as_it_was(db: Database) -> None:
    assert db.change(ADD, **vars(WHOLE)) == 1
    assert db.all(Thing, ALL) == [WHOLE]
    assert db.rows(ALL) == [
        (1, 1_795_953_600_123, "2026-11-29", "red", 1, '["é","b"]', '{"name":"x"}')
    ]
    assert db.mappings("SELECT id, colour AS shade FROM thing") == [{"id": 1, "shade": "red"}]


def test_an_empty_text_is_no_enum_and_no_document(db: Database) -> None:
    db.change(ADD, **{**vars(Thing(id=2)), "colour": "", "part": ""})
    assert db.first(Thing, ALL) == Thing(id=2)


def test_a_dataclass_within_another_is_read_from_the_same_row(db: Database) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Pair:
        name: str
        thing: Thing

    db.change(ADD, **vars(WHOLE))
    found = db.first(Pair, 'SELECT \'both\' AS name, id AS "thing.id", at AS "thing.at" FROM thing')
    assert found == Pair(name="both", thing=Thing(id=1, at=NOON))


def test_a_column_that_is_no_field_is_refused(db: Database) -> None:
    db.change(ADD, **vars(WHOLE))
    with pytest.raises(TypeError, match="Part has no field id"):
        db.all(Part, "SELECT id FROM thing")


def test_nothing_found_is_none(db: Database) -> None:
    assert db.first(Thing, ALL) is None
    assert db.value("SELECT id FROM thing") is None
    assert db.column("SELECT id FROM thing") == []


def test_a_naive_time_is_refused(db: Database) -> None:
    with pytest.raises(TypeError):
        db.value("SELECT :at", at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault


def test_a_statement_runs_for_many(db: Database) -> None:
    assert db.change_each(ADD, (vars(Thing(id=number)) for number in range(3))) == 3
    assert db.column("SELECT id FROM thing ORDER BY id") == [0, 1, 2]


def test_a_row_is_added_once_or_changed_in_the_columns_that_are_named(db: Database) -> None:
    assert db.insert("thing", returning="id", **vars(Thing(id=7))) == 7
    assert not db.insert_new("thing", **vars(WHOLE) | {"id": 7})
    assert db.insert_new("thing", **vars(WHOLE))
    db.put("thing", "id", id=1, at=None, is_kept=False)
    db.put("thing", "id", id=7, day=WHOLE.day)
    assert db.all(Thing, f"{ALL} ORDER BY id") == [
        replace(WHOLE, at=None, is_kept=False),
        Thing(id=7, day=WHOLE.day),
    ]


def test_conditions_bring_their_values_along(db: Database) -> None:
    db.change_each(ADD, (vars(Thing(id=number)) for number in range(9)))
    large, even = Condition("id > :least", {"least": 4}), Condition("id % 2 = 0")

    def found(which: Condition) -> list[int]:
        return db.column(f"SELECT id FROM thing WHERE {which} ORDER BY id", which)

    assert found(large & even) == [6, 8]
    assert found(large & ~even) == [5, 7]
    assert found(large | even) == [0, 2, 4, 5, 6, 7, 8]
    assert found(~(large | even)) == [1, 3]


def test_two_values_under_one_name_are_refused(db: Database) -> None:
    one, other = Condition("id > :x", {"x": 1}), Condition("id < :x", {"x": 5})
    with pytest.raises(ValueError, match="two values are named x"):
        one & other
    with pytest.raises(ValueError, match="two values are named x"):
        db.value(f"SELECT 1 WHERE {one}", one, x=2)
