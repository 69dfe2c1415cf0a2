"""Translates SQLite's SQL to PostgreSQL's: parameters, tables, triggers, values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from newsletter.domain.errors import Defect
from newsletter.tables import load_table

_TOKEN_PATTERN = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]*  # a text, a name or a comment stays as it is
    | (?<!:):(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE,
)


@lru_cache(maxsize=2000)
def translate(sql: str) -> bytes:
    """Return a statement for psycopg, with ``%(name)s`` in place of ``:name``.

    Tables and triggers that it creates are written in PostgreSQL's words.
    """
    sql = _DIALECT_COMMENT_PATTERN.sub(lambda found: found[1] or "", sql)
    if "CREATE TRIGGER" in sql:
        sql = _translate_trigger(sql)
    elif "CREATE" in sql:
        for word, other in _TYPE_RULES:
            sql = word.sub(other, sql)
    return _TOKEN_PATTERN.sub(
        lambda found: f"%({found['name']})s" if found["name"] else found[0], sql.replace("%", "%%")
    ).encode()


def adapt_values(connection: psycopg.Connection) -> None:
    """Make a connection convert values as SQLite does: sums to int, comparisons to 1 or 0."""

    class Number(Loader):
        def load(self, data: Any) -> float:
            text = bytes(data)
            return float(text) if b"." in text else int(text)

    class Flag(Loader):
        def load(self, data: Any) -> int:
            return int(bytes(data) == b"t")

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            # the server takes no NUL in a text
            return super().dump(obj.replace("\x00", "\ufffd"))

    # each int as one type: a statement is prepared once for each combination of types
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_loader("numeric", Number)
    connection.adapters.register_loader("bool", Flag)
    connection.adapters.register_dumper(str, Text)


_DIALECT_COMMENT_PATTERN = re.compile(r"/\*sqlite\*/.*|/\*postgres((?:.|\n)*?)\*/")
"""A line's end that is for SQLite alone, or a comment that is for PostgreSQL alone."""
_TYPE_RULES = tuple(
    (re.compile(rf"\b{word}"), other)
    for word, other in load_table("newsletter.store", "postgresql.yaml")["types"].items()
)
_TRIGGER_PATTERN = re.compile(
    r"CREATE TRIGGER (?P<name>\w+) (?P<event>AFTER .*? ON \w+)\s+(?:WHEN (?P<when>.*?)\s+)?"
    r"BEGIN\s+(?P<body>.*)\s+END;",
    re.DOTALL,
)
_IS_OLD_PATTERN = re.compile(r"\bIS( NOT)? (?=OLD\.)")


def _translate_trigger(statement: str) -> str:
    """Return a trigger that calls a function; the function also checks the condition."""
    found = _TRIGGER_PATTERN.search(statement)
    if found is None:
        raise Defect(f"no trigger: {statement}")
    when = _IS_OLD_PATTERN.sub(
        lambda one: "IS DISTINCT FROM " if one[1] else "IS NOT DISTINCT FROM ",
        found["when"] or "TRUE",
    )
    return (
        f"CREATE FUNCTION {found['name']}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {when} THEN {found['body']} END IF; RETURN NULL; END $$;"
        f" CREATE TRIGGER {found['name']} {found['event']}"
        f" FOR EACH ROW EXECUTE FUNCTION {found['name']}();"
    )
