"""Plants small random bugs and lists those that no quick test finds: ``python -m tools.mutants``.

Each mutant lives in a process of its own, forked after the tests were collected: the code of one
function is replaced there, and the tests that run its lines are run until one fails.
``tools/equivalent_mutants.yaml`` lists mutants that change nothing that anyone could notice.
"""

import argparse
import ast
import gc
import inspect
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from types import CodeType, FunctionType
from typing import Any

import pytest
import yaml
from coverage import Coverage

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yaml")
LAYERS = ("domain", "pipeline", "store")
TESTS = [*(f"tests/unit/{layer}" for layer in LAYERS), "tests/integration/test_store_sqlite.py"]
QUICK = ["-q", "-s", "-p", "no:cacheprovider", "-m", "not slow and not faults"]
MAX_CPU_SECONDS, MAX_SECONDS = 30, 600
"""How long one test may take: a mutant with which it takes longer is killed."""
SURVIVED = "survived"
_NOT_PLANTED = 3

Functions = dict[tuple[str, str], list[FunctionType]]
"""All functions of the process, by file and name."""

_PAIRS = [
    *[(ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Lt, ast.GtE), (ast.LtE, ast.Gt)],
    *[(ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)],
    *[(ast.And, ast.Or), (ast.Add, ast.Sub), (ast.BitAnd, ast.BitOr)],
]
_OTHERS: dict[type[ast.AST], list[type[ast.AST]]] = defaultdict(list)
for _one, _other in _PAIRS:
    _OTHERS[_one].append(_other)
    _OTHERS[_other].append(_one)
_SQL = re.compile(r"\b(?:SELECT|UPDATE|INSERT INTO|DELETE FROM|WHERE|AND|NULL|IN|EXISTS)\b")
_NOT_RUN = re.compile(r"/\*postgres(?:.|\n)*?\*/|--.*")
"""The SQL that SQLite, on which the tests run, does not read."""
_TERM = (
    r"(?:(?!\b(?:AND|OR|ORDER|GROUP|LIMIT|RETURNING|UNION|WHERE)\b)[^()]"
    r"|\((?:[^()]|\([^()]*\))*\))+"
)
_IN_SQL = (
    *((rf"\bAND {_TERM}", ""), (rf"(?<=WHERE ){_TERM}\bAND\b", "")),
    *((r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bNOT ", ""), ("IS NULL", "IS NOT NULL")),
    *((r" = (?=[^,]*$|[^,]*\b(?:AND|OR|ORDER)\b)", " <> "), (" ([<>]) ", r" \1= ")),
    *(
        (" ([<>])= ", r" \1 "),
        (r"'\w+', ", ""),
        (r", '\w+'(?=\))", ""),
        (r"(?<!fence )\+ 1\b", "+ 2"),
    ),
    *((r" DESC\b", ""), (r"\bMAX\(", "MIN("), (r"\bMIN\(", "MAX("), (r"(?<=BY )[\w.]+, ", "")),
    *((r"(?<=SET )\w+ = [^,()]+,\s", ""), (r",\s+\w+ = [^,()]+(?=,|\s+WHERE)", "")),
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One small change to a function of a module."""

    module: str
    number: int
    """The place among all changes to the module."""
    function: str
    lines: range
    """The lines of the statement that is changed."""
    source: str
    change: str

    @property
    def room(self) -> str:
        return str(PurePosixPath(self.module).parent)

    @property
    def key(self) -> list[str]:
        return [self.module, self.function, self.source, self.change]


Change = tuple[str, Callable[[], object]]
"""A label, and what changes the tree in place."""


def mutants(file: Path) -> Iterator[Mutant]:
    """Yield all mutants of the functions of a module."""
    text = file.read_text()
    for number, (node, name, lines, (label, _)) in enumerate(_below(ast.parse(text), "", range(0))):
        source = " ".join((ast.get_source_segment(text, node) or "").split())
        if name and not name.endswith(".") and source:
            yield Mutant(
                module=str(file.relative_to(ROOT)),
                number=number,
                function=name,
                lines=lines,
                source=source if len(source) < 160 else f"{source[:160]}…",
                change=label,
            )


def _below(node: ast.AST, name: str, lines: range) -> Iterator[tuple[ast.AST, str, range, Change]]:
    """Yield all changes below a node, with function and lines. A class's name ends with a dot."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        name += ("." if name and name[-1] != "." else "") + node.name
        name += "." if isinstance(node, ast.ClassDef) else ""
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        lines = range(node.lineno, max(last, node.lineno) + 1)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    for change in _changes(node):
        yield node, name, lines, change
    for field, value in ast.iter_fields(node):
        if field == "body" or not isinstance(node, ast.FunctionDef | ast.ClassDef):
            for child in value if isinstance(value, list) else [value]:
                is_part = isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)
                # annotations of variables are not evaluated, and a strict zip() only asserts
                is_idle = field == "annotation" or getattr(child, "arg", "") == "strict"
                if isinstance(child, ast.AST) and not is_part and not is_idle:
                    yield from _below(child, name, lines)


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield the changes of one node."""
    match node:
        case ast.Compare(ops=[op]) | ast.BoolOp(op=op) | ast.BinOp(op=op):
            for other in _OTHERS[type(op)]:
                field = {"ops": [other()]} if isinstance(node, ast.Compare) else {"op": other()}
                yield f"{type(op).__name__} → {other.__name__}", _update(node, field)
            if isinstance(node, ast.BoolOp):
                yield from _without_terms(node)
        case ast.JoinedStr() | ast.Constant(value=str()):
            yield from _changes_of_sql(node)
        case _:
            yield from _changes_of_code(node)


def _changes_of_code(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue():
            yield "removed", partial(setattr, node, "__class__", ast.Pass)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "without not", _update(node, {"operand": ast.UnaryOp(ast.Not(), operand)})
        case ast.Constant(value=int() as value):
            new = value is False if isinstance(value, bool) else value + 1
            yield f"{value} → {new}", _update(node, {"value": new})
        case ast.Call(func=ast.Name(id="replace"), keywords=[_, _, *_] as keywords):
            for place, keyword in enumerate(keywords):
                fewer = keywords[:place] + keywords[place + 1 :]
                yield f"without {keyword.arg}=", _update(node, {"keywords": fewer})
        case ast.If() | ast.IfExp():
            yield "always", _update(node, {"test": ast.Constant(True)})
            yield "never", _update(node, {"test": ast.Constant(False)})


def _without_terms(node: ast.BoolOp) -> Iterator[Change]:
    nothing = ast.Constant(isinstance(node.op, ast.And))
    for place in range(len(node.values)):
        values = [*node.values[:place], nothing, *node.values[place + 1 :]]
        yield f"without term {place + 1}", _update(node, {"values": values})


def _update(node: ast.AST, fields: dict[str, Any]) -> Callable[[], object]:
    return partial(vars(node).update, fields)


def _changes_of_sql(node: ast.JoinedStr | ast.Constant) -> Iterator[Change]:
    """Yield changes of a query; what an f-string inserts is a character of its own."""
    parts: list[Any] = list(node.values) if isinstance(node, ast.JoinedStr) else [node]
    is_text = [isinstance(part, ast.Constant) for part in parts]
    text = "".join(
        part.value if literal else chr(0xE000 + place)
        for place, (part, literal) in enumerate(zip(parts, is_text, strict=True))
    )
    if not _SQL.search(text):
        return
    unread = [found.span() for found in _NOT_RUN.finditer(text)]
    for pattern, instead in _IN_SQL:
        for found in re.finditer(pattern, text):
            if any(start <= found.start() < end for start, end in unread):
                continue
            new = text[: found.start()] + found.expand(instead) + text[found.end() :]
            pieces = [
                parts[ord(piece) - 0xE000] if "\ue000" <= piece < "\uf000" else ast.Constant(piece)
                for piece in re.split("([\ue000-\uefff])", new)
            ]
            fields = {"values": pieces} if isinstance(node, ast.JoinedStr) else {"value": new}
            label = re.sub("[\ue000-\uefff]", "{}", f"{found[0]} → {found.expand(instead)}")
            yield f"{' '.join(label.split())}, at {found.start()}", _update(node, fields)


def plant(mutant: Mutant, functions: Functions) -> bool:
    """Replace the code of a function in this process; say whether that was possible."""
    file = ROOT / mutant.module
    tree = ast.parse(file.read_text())
    _, _, _, (_, act) = next(islice(_below(tree, "", range(0)), mutant.number, None))
    act()
    planted = False
    for code in _codes(compile(ast.fix_missing_locations(tree), str(file), "exec")):
        for function in functions.get((str(file), code.co_qualname), ()):
            old = function.__code__
            same_place = code.co_firstlineno == old.co_firstlineno
            if code != old and same_place and code.co_freevars == old.co_freevars:
                function.__code__ = code
                planted = True
    return planted


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of the functions in a module and its classes, not of those inside them."""
    for one in code.co_consts:
        if isinstance(one, CodeType) and one.co_flags & inspect.CO_OPTIMIZED:
            yield one
        elif isinstance(one, CodeType):
            yield from _codes(one)


class Planting:
    """Runs, instead of all tests once, those of each mutant.

    ``map_file`` says which tests run which line. It is made if there is none: a map of an older
    tree still serves, since lines are known by their text, and tests it does not know always run.
    Without it, all tests run, those first whose file is named after the module.
    """

    def __init__(
        self,
        drawn: Sequence[Mutant],
        files: Sequence[Path],
        map_file: Path | None,
        *,
        workers: int,
        seconds: int,
    ) -> None:
        self._drawn = drawn
        self._files = files
        self._map_file = map_file
        self._workers = workers
        self._seconds = seconds
        self._running: dict[int, tuple[Mutant, Path]] = {}
        self.results: dict[Mutant, str] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        functions: Functions = defaultdict(list)
        gc.unfreeze()  # what is frozen is not listed
        for one in gc.get_objects():
            if isinstance(one, FunctionType):
                functions[one.__code__.co_filename, one.__code__.co_qualname].append(one)
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            traced = self._traced(session, Path(folder, "tests"))
            tests = _near(self._drawn[0], session.items, traced) if self._drawn else []
            control = partial(_run, session, tests, self._seconds)
            # a machine that stood still fails tests that wait for a process: a second try
            if all(os.waitpid(_fork(session, Path(folder), control), 0)[1] for _ in range(2)):
                pytest.exit("tests fail without a mutant")
            for mutant in self._drawn:
                if len(self._running) == self._workers:
                    self._wait()
                own = Path(tempfile.mkdtemp(dir=folder))
                near = _near(mutant, session.items, traced)
                attempt = partial(_try, session, mutant, functions, near, self._seconds)
                self._running[_fork(session, own, attempt)] = mutant, own
            while self._running:
                self._wait()
        return True

    def _traced(self, session: pytest.Session, folder: Path) -> dict[str, Any] | None:
        if self._map_file is None:
            return None
        if not self._map_file.exists():
            os.waitpid(
                _fork(session, folder, partial(self._trace, session, folder, self._map_file)), 0
            )
        traced: dict[str, Any] = json.loads(self._map_file.read_text())
        return traced

    def _trace(self, session: pytest.Session, folder: Path, map_file: Path) -> int:
        """Run all tests, and write down which lines each runs, and how long it takes."""
        measured = Coverage(
            str(folder / "lines"), config_file=False, include=[str(file) for file in self._files]
        )
        costs = []
        measured.start()
        for place, (item, following) in enumerate(_with_next(session.items)):
            begun = time.process_time()
            measured.switch_context(str(place))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            costs.append(time.process_time() - begun)
        measured.stop()
        lines: dict[str, dict[str, set[int]]] = {}
        for file in self._files:
            by_text: dict[str, set[int]] = defaultdict(set)
            texts = file.read_text().splitlines()
            for line, places in measured.get_data().contexts_by_lineno(str(file)).items():
                by_text[texts[line - 1].strip()].update(int(place) for place in places if place)
            lines[str(file.relative_to(ROOT))] = by_text
        costs_by_test = dict(zip((item.nodeid for item in session.items), costs, strict=True))
        map_file.write_text(json.dumps({"costs": costs_by_test, "lines": lines}, default=list))
        return 0

    def _wait(self) -> None:
        pid, status = os.wait()
        mutant, place = self._running.pop(pid)
        shutil.rmtree(place)
        result = {0: SURVIVED, _NOT_PLANTED: "impossible"}.get(status >> 8, "killed")
        self.results[mutant] = "killed" if os.WIFSIGNALED(status) else result
        if self.results[mutant] == SURVIVED:
            head = f"{mutant.module}:{mutant.lines.start} {mutant.function}: {mutant.change}"
            count = f"{len(self.results)} of {len(self._drawn)}"
            print(f"{count}: {head}\n    {mutant.source}", flush=True)


def _near(
    mutant: Mutant, items: Sequence[pytest.Item], traced: dict[str, Any] | None
) -> list[pytest.Item]:
    """Return the tests that run the lines of a mutant, those of its room and quick ones first.

    Without a map these are all tests, those first whose file has the name of the module.
    """
    costs, names = {}, {item.nodeid for item in items}
    if traced is not None:
        costs, known = traced["costs"], list(traced["costs"])
        texts = (ROOT / mutant.module).read_text().splitlines()
        by_text = traced["lines"].get(mutant.module, {})
        ran = {place for line in mutant.lines for place in by_text.get(texts[line - 1].strip(), ())}
        names = names - costs.keys() | {known[place] for place in ran}
    room, stem = mutant.room.replace("newsletter", "tests/unit", 1), Path(mutant.module).stem

    def order(item: pytest.Item) -> tuple[bool, bool, float]:
        file = inspect.getfile(item.function)  # type: ignore[attr-defined]
        of_store = "/store/" in mutant.module and "contracts/store" in file
        is_near = of_store or room in file
        return not (is_near and stem in Path(file).stem), not is_near, costs.get(item.nodeid, 0)

    return sorted((item for item in items if item.nodeid in names), key=order)


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _fork(session: pytest.Session, place: Path, act: Callable[[], int]) -> int:
    """Do this in a new process, whose tests write to a folder of its own; return its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        place.mkdir(exist_ok=True)
        session.config._tmp_path_factory._basetemp = place  # type: ignore[attr-defined]
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        status = act()
    finally:
        os._exit(status)


def _try(
    session: pytest.Session,
    mutant: Mutant,
    functions: Functions,
    items: Sequence[pytest.Item],
    seconds: int,
) -> int:
    return _run(session, items, seconds) if plant(mutant, functions) else _NOT_PLANTED


def _run(session: pytest.Session, items: Sequence[pytest.Item], seconds: int) -> int:
    """Run tests until one fails; return 0 if none does within these seconds of CPU."""
    end = time.process_time() + seconds
    for item, following in _with_next(items):
        signal.alarm(MAX_SECONDS)
        limit = int(time.process_time()) + MAX_CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return 1
        if time.process_time() > end:
            break
    return 0


def main() -> int:
    """Draw, try and count mutants; return 1 if more survived than may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="+", help="folders of newsletter/*/, such as delivery")
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60, help="of CPU, for the tests of a mutant")
    parser.add_argument("--map", type=Path, help="which tests run which line: made if not there")
    parser.add_argument("--by-name", action="store_true", help="find tests by name, not by a map")
    parser.add_argument("--survivors", type=int, default=0, help="how many may survive")
    given = parser.parse_args()
    places = [f"newsletter/{layer}/{room}" for room in given.rooms for layer in LAYERS]
    doors = [f"tests/unit/web/desk/{room}" for room in given.rooms]
    tests = [*TESTS, *(door for door in doors if Path(ROOT, door).exists())]
    files = [file for place in places for file in sorted(ROOT.glob(f"{place}/*.py"))]
    known = [one["mutant"] for one in yaml.safe_load(EQUIVALENT.read_text())]
    made = [one for file in files for one in mutants(file)]
    here = {str(file.relative_to(ROOT)) for file in files}
    keys = [one.key for one in made]
    stale = [key for key in known if key[0] in here and key not in keys]
    if stale:
        print(f"{EQUIVALENT.name} lists what is not made any more: {stale}")
        return 1
    every = [one for one in made if one.key not in known]
    drawn = random.Random(given.seed).sample(every, min(given.number, len(every)))  # noqa: S311
    print(f"{len(drawn)} of {len(every)} mutants, seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        map_file = given.map.resolve() if given.map else Path(folder, "map")
        map_file = None if given.by_name else map_file
        planting = Planting(drawn, files, map_file, workers=given.workers, seconds=given.seconds)
        pytest.main([*QUICK, *tests], plugins=[planting])
    for room in sorted({one.room for one in drawn}):
        said = Counter(result for one, result in planting.results.items() if one.room == room)
        print(f"{room}: {', '.join(f'{count} {result}' for result, count in said.items())}")
    survivors = Counter(planting.results.values())[SURVIVED]
    return int(len(planting.results) < len(drawn) or survivors > given.survivors)


if __name__ == "__main__":
    sys.exit(main())
