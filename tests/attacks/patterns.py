"""Every regular expression of the program, and how it is used."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard

import newsletter

_FUNCTIONS = {"search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
_ANCHORED = {"match", "fullmatch"}
_INTACT = {"pattern", "flags", "groups"}


@dataclass(frozen=True, kw_only=True)
class Used:
    """A pattern, and the ways in which text is held against it."""

    where: str
    """Module and name, or module and line where there is no name."""
    pattern: re.Pattern[Any]
    ways: frozenset[str]
    """``match``, ``fullmatch``, and ``search`` for all that goes on to the end."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The relevant part of a module's syntax: to keep all of it for all modules takes 100 MB."""

    module: ModuleType
    reads: Mapping[str, frozenset[str]]
    """Name → how the module uses it; empty where it only passes it on."""
    holds: Mapping[str, frozenset[str]]
    """Constant with patterns in it → how those of a table are used."""
    calls: tuple[ast.Call, ...]
    """Those that hand a pattern to ``re``, but for those in a constant."""


def modules() -> tuple[ModuleType, ...]:
    """All modules of the program."""
    return tuple(
        importlib.import_module(entry.name)
        for entry in pkgutil.walk_packages(newsletter.__path__, "newsletter.")
        if not entry.name.endswith("__main__")
    )


def sources() -> tuple[Source, ...]:
    """Those modules with what counts of their syntax."""
    return tuple(
        _source(module, ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        for module in modules()
    )


def _source(module: ModuleType, tree: ast.Module) -> Source:
    nodes = tuple(ast.walk(tree))
    asked = {id(one.value): one.attr for one in nodes if isinstance(one, ast.Attribute)}
    reads: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            reads.setdefault(node.id, set()).add(asked.get(id(node), ""))
    made = [one for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign)]
    targets = [
        t for one in made for t in (one.targets if isinstance(one, ast.Assign) else [one.target])
    ]
    given = {one.id for one in targets if isinstance(one, ast.Name)} & vars(module).keys()
    calls = [one for one in nodes if _is_call(one)]
    inside = {id(part) for one in made for part in ast.walk(one)} if calls else set()
    return Source(
        module=module,
        reads={name: frozenset(ways) for name, ways in reads.items()},
        holds={
            name: frozenset(_of_table(name, nodes))
            for name in sorted(given)
            if any(_inside(vars(module)[name]))
        },
        calls=tuple(one for one in calls if id(one) not in inside),  # found in its constant
    )


@cache
def all_patterns() -> tuple[tuple[Used, ...], tuple[str, ...]]:
    """Every pattern in the program, and the calls that build their pattern at run time."""
    every = sources()
    found: dict[str, Used] = {}
    for source in every:
        for name, of_table in source.holds.items():
            value = vars(source.module)[name]
            is_table = not isinstance(value, re.Pattern)
            ways = of_table if is_table else _ways(name, source, every)
            for number, pattern in enumerate(_inside(value)):
                where = f"{source.module.__name__}:{name}" + (f"[{number}]" if number else "")
                found[where] = Used(where=where, pattern=pattern, ways=frozenset(ways))
    made = []
    for source in every:
        for call in source.calls:
            where = f"{source.module.__name__}:{ast.unparse(call.args[0])}"
            text = _text(call.args[0], source.module)
            if text is not None:
                pattern = re.compile(text, _flags(call))
                way = call.func.attr  # type: ignore[attr-defined]
                ways = frozenset({way if way in _ANCHORED else "search"})
                found[where] = Used(where=where, pattern=pattern, ways=ways)
            else:
                made.append(where)
    return tuple(found.values()), tuple(sorted(set(made)))


def _inside(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The patterns in a constant, be it one or a table of them."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 3 and isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _inside(one, depth + 1)
    elif depth < 3 and isinstance(value, dict):
        for one in [*value.keys(), *value.values()]:
            yield from _inside(one, depth + 1)


def _ways(name: str, here: Source, every: tuple[Source, ...]) -> set[str]:
    value = vars(here.module)[name]
    asked = {
        way
        for source in every
        if vars(source.module).get(name) is value
        for way in source.reads.get(name, frozenset())
    }
    return {way if way in _ANCHORED else "search" for way in asked - _INTACT} or {"search"}


def _of_table(name: str, nodes: Sequence[ast.AST]) -> set[str]:
    """Return the ways in which loops over a table use its patterns."""
    ways: set[str] = set()
    for node in nodes:
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        if not any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node.iter)):
            continue
        targets = {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
        ways |= {
            one.attr if one.attr in _ANCHORED else "search"
            for one in nodes
            if isinstance(one, ast.Attribute)
            and isinstance(one.value, ast.Name)
            and one.value.id in targets
            and one.attr in _FUNCTIONS
        }
    return ways or {"search"}


def _text(given: ast.expr, module: ModuleType) -> str | bytes | None:
    """Return the pattern that a call names, if it is a literal or a constant of the module."""
    found = given.value if isinstance(given, ast.Constant) else None
    if isinstance(given, ast.Name):
        found = vars(module).get(given.id)
    return found if isinstance(found, str | bytes) else None


def _is_call(node: ast.AST) -> TypeGuard[ast.Call]:
    """Return whether the node passes a pattern to the module ``re``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _FUNCTIONS | {"compile"}
    )


def _flags(call: ast.Call) -> int:
    given = [one.value for one in call.keywords if one.arg == "flags"] + [
        one for one in call.args[1:] if "re." in ast.unparse(one)
    ]
    return sum(eval(ast.unparse(one), {"re": re}) for one in given)  # noqa: S307 - our own text
