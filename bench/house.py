"""``python -m bench.house``: the parts of the code, in figures.

With ``--code DIR``, another checkout is compared. With ``--picture`` both are drawn instead:
which layer imports which, for Mermaid.

It reads files and runs nothing. A Protocol is a class that names one as its base; a function's
lines are those from ``def`` to its end; comments are whole lines, docstrings are none.
"""

import argparse
import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median, quantiles

from tools.reference.modules import Module, edges, picture, read

_HERE = Path(__file__).parents[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.house", description=__doc__)
    parser.add_argument("--code", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--picture", action="store_true")
    given = parser.parse_args()
    houses = [read(project) for project in (*given.code, _HERE)]
    print("\n".join(pictures(houses) if given.picture else table(houses)))


def pictures(houses: Iterable[list[Module]]) -> Iterator[str]:
    """Draw which layer imports which, of each checkout."""
    for house in houses:
        yield from picture(house)


def table(houses: Iterable[list[Module]]) -> Iterator[str]:
    """A row for each figure, a column for each checkout."""
    columns = [figures(house) for house in houses]
    for name in columns[-1]:
        yield f"| {name} | {' | '.join(column[name] for column in columns)} |"


def figures(house: list[Module]) -> Mapping[str, str]:
    """The counts of a room."""
    lines = [module.text.count("\n") for module in house if module.path.name != "__init__.py"]
    functions = sorted(_functions(house))
    folders = Counter(str(module.path.parent) for module in house)
    crowded, most = folders.most_common(1)[0]
    comments = sum(
        line.lstrip().startswith("#") for module in house for line in module.text.splitlines()
    )
    return {
        "modules": f"{len(lines):,}",
        "lines": f"{sum(lines):,}",
        "lines of a module, median": f"{median(lines):.0f}",
        "folders": str(len(folders)),
        "modules of the fullest folder": f"{most} ({crowded})",
        "modules that one other alone imports": str(_lonely(house)),
        "Protocols": str(_protocols(house)),
        "lines of a function, median and 90th percentile": (
            f"{median(functions):.0f} and {quantiles(functions, n=10)[-1]:.0f}"
        ),
        "comments per 100 lines": f"{100 * comments / sum(lines):.1f}",
        "imports from layer to layer": str(len(edges(house))),
    }


def _functions(house: list[Module]) -> Iterator[int]:
    for module in house:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield node.end_lineno - node.lineno + 1


def _protocols(house: list[Module]) -> int:
    bases = (
        base.value if isinstance(base, ast.Subscript) else base
        for module in house
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    )
    return sum(isinstance(base, ast.Name) and base.id == "Protocol" for base in bases)


def _lonely(house: list[Module]) -> int:
    names = [module.name for module in house if module.path.name != "__init__.py"]
    importers: Counter[str] = Counter()
    for module in house:
        importers.update(module.imported(names) - {module.name})
    return sum(importers[name] == 1 for name in names)


if __name__ == "__main__":
    main()
