"""Rows in and out as one JSON value: a thousand rows cost one step of the cursor, not a thousand.

The one place that speaks SQLite's own dialect for it.
"""

from typing import Any

from sqlalchemy import (
    Text,
    cast,
    column,
    func,
    literal,
)
from sqlalchemy.sql.elements import ColumnElement


def each_id(members: object) -> Any:
    """A JSON list of numbers as a table with the column ``value``."""
    return func.json_each(members).table_valued(column("value"), name="member")


def holds(members: ColumnElement[str], number: Any) -> ColumnElement[bool]:
    """Whether a JSON list of numbers has this one, found as text: no table is made of the list."""
    inside = func.substr(members, 2, func.length(members) - 2)
    within = literal(",").concat(inside).concat(",")
    return func.instr(within, literal(",").concat(cast(number, Text)).concat(",")) > 0
