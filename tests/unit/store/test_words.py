"""SQL in words that SQLite and PostgreSQL both know."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from newsletter.store.database import Repository
from newsletter.store.sql import Store

STORE = Path(__file__).parents[3] / "newsletter" / "store"
CONTRACT = Path(__file__).parents[2] / "contracts"
OF_ITS_OWN = {
    "sqlite.py": "SQLite's own",
    "postgresql.py": "PostgreSQL's own",
    "postgresql_words.py": "what turns the one into the other",
    "copying.py": "all columns, whatever they are",
    "file/copies.py": "backups of SQLite's file",
    "file/secure_erase.py": "SQLite's file",
}
"""Module → why its SQL is for one database, or for every table."""
FORBIDDEN = {
    r"\biif\(": "CASE WHEN … THEN … ELSE … END",
    r"\btotal\(": "COALESCE(SUM(…), 0)",
    r"\bgroup_concat\(": "rows, joined in Python",
    r"\bINSERT OR\b|\bREPLACE INTO\b": "ON CONFLICT … DO …",
    r"(?<!hit\.)\browid\b": "the key",
    r"\b(create_function|strftime|printf|glob|typeof|sqlite_\w+)\b": "Python",
    r"\bAS (INTEGER|BLOB|REAL)\b": "BIGINT",
    r"(?<!CROSS )\bJOIN json_each\(": "CROSS JOIN json_each(…)",
    r"\b(IS|IS NOT) (?!NULL|TRUE|FALSE|DISTINCT|NOT)[:a-zA-Z_\"]": "IS [NOT] DISTINCT FROM",
    r"\bSELECT \*|\.\*": "the columns",
    r"\bLIMIT -1\b": "NO_LIMIT",
    r"[^<>]=\s*''''|==": "=",
    r"::|\bILIKE\b|\bDISTINCT ON\b|\bFOR UPDATE\b": "what SQLite knows too",
}
"""Words of one database → words that both know."""


def queries() -> Iterator[tuple[str, str]]:
    """The place and the text of each literal that is SQL."""
    for file in sorted(STORE.rglob("*.py")):
        name = str(file.relative_to(STORE))
        if name in OF_ITS_OWN:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = re.sub(r"--[^\n]*|/\*sqlite\*/.*|/\*postgres .*\*/", "", node.value)
                if re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|JOIN|AND|CASE)\b", text):
                    yield f"{name}:{node.lineno}", text


def test_both_databases_know_the_words_of_each_query() -> None:
    found = [*queries()]
    assert len(found) > 300
    assert [
        f"{place}: write {instead} in place of {word[0]!r}"
        for place, text in found
        for pattern, instead in FORBIDDEN.items()
        if (word := re.search(pattern, text))
    ] == []


def test_each_query_runs_on_both_databases(store: Store) -> None:
    """The contract, which both databases pass, calls every method of each repository."""
    contract = "".join(path.read_text("utf-8") for path in CONTRACT.glob("*.py"))
    called = set(re.findall(r"\.(\w+\.\w+)\b", contract))
    with store.read() as tx:
        methods = {
            f"{name}.{method}"
            for name in dir(tx)
            if isinstance(repository := getattr(tx, name), Repository)
            for method in vars(type(repository))
            if not method.startswith("_")
        }
    assert len(methods) > 250
    assert methods - called == set(), "test it in its subject's module of tests/contracts/"


def test_only_modules_that_exist_are_left_out() -> None:
    assert [name for name in OF_ITS_OWN if not (STORE / name).exists()] == []
