"""Rows in and out as one JSON value: a thousand rows cost one step of the cursor, not a thousand.

The one place that speaks SQLite's own dialect for it.
"""

from typing import Any

from sqlalchemy import (
    LargeBinary,
    Text,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.sql.elements import ColumnElement


def each_id(members: object) -> Any:
    """A JSON list of numbers as a table with the column ``value``."""
    return func.json_each(members).table_valued(column("value"), name="member")


def each_entry(mapping: str, name: str) -> Any:
    """A JSON object as a table with the columns ``key`` and ``value``, to be joined.

    It is written out once: else each row that is joined to it would read the object anew.
    """
    entry = func.json_each(mapping).table_valued(column("key"), column("value"))
    return select(entry.c.key, entry.c.value).cte(name).prefix_with("MATERIALIZED")


def as_list(number: ColumnElement[Any]) -> ColumnElement[str]:
    """Gather a column of numbers into a JSON list, as an aggregate."""
    return func.json_group_array(number)


def in_lines(words: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Gather a column of words into lines, byte for byte, as an aggregate.

    What was damaged may be no text any more, and could not be read as such.
    """
    # no address holds a line break: ``parse_address`` refuses it
    return cast(func.group_concat(words, "\n"), LargeBinary)


def holds(members: ColumnElement[str], number: Any) -> ColumnElement[bool]:
    """Whether a JSON list of numbers has this one, found as text: no table is made of the list."""
    inside = func.substr(members, 2, func.length(members) - 2)
    within = literal(",").concat(inside).concat(",")
    return func.instr(within, literal(",").concat(cast(number, Text)).concat(",")) > 0
