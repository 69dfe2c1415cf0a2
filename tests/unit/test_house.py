"""The house in figures and as a picture, of a checkout that parts its code in another way too."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.house import pictures, table
from tools.reference.modules import Module, read

ROOT = Path(__file__).parents[2]
CEILING = 68_000
"""Lines of ``newsletter/``. It only goes down: see decision 28."""


def checkout(folder: Path, **modules: str) -> list[Module]:
    """Layer → the one module in it."""
    for layer, text in modules.items():
        path = folder / "newsletter" / layer / "rules.py"
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    return read(folder)


def test_layers_are_drawn_from_those_who_know_most_and_unknown_ones_come_last(
    tmp_path: Path,
) -> None:
    house = checkout(
        tmp_path,
        ports="from newsletter.domain import rules\n",
        web="from newsletter.ports import rules\nfrom newsletter.store.rules import find\n",
        store="from newsletter.domain.rules import find\n",
        domain="",
    )
    assert [*pictures([house])] == [
        "```mermaid",
        "graph TD",
        "    web -- 1 --> store",
        "    web -- 1 --> ports",
        "    store -- 1 --> domain",
        "    ports -- 1 --> domain",
        "```",
    ]


def test_two_checkouts_stand_side_by_side(tmp_path: Path) -> None:
    both = "def one() -> int:\n    return 1\n\n\ndef two() -> int:\n    return 2\n"
    port = "from typing import Protocol\n\n\n# why\nclass Port(Protocol):\n    pass\n"
    small = checkout(tmp_path / "one", domain=both)
    larger = checkout(tmp_path / "two", domain=both, web=port)
    rows = [*table([small, larger])]
    assert "| modules | 1 | 2 |" in rows
    assert "| lines | 6 | 12 |" in rows
    assert "| Protocols | 0 | 1 |" in rows
    assert "| comments per 100 lines | 0.0 | 8.3 |" in rows


def test_no_module_function_or_folder_outgrows_its_reader() -> None:
    house = read(ROOT)
    assert sum(module.text.count("\n") for module in house) <= CEILING
    assert [module.name for module in house if module.text.count("\n") > 500] == []
    assert [name for module in house for name, lines in bodies(module) if lines > 60] == []
    folders = Counter(module.path.parent for module in house if module.path.name != "__init__.py")
    assert [str(folder) for folder, modules in folders.items() if modules > 20] == []


def bodies(module: Module) -> Iterator[tuple[str, int]]:
    """Each function and the lines of what it does, without its head and docstring."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
            yield f"{module.name}.{node.name}", (node.end_lineno or 0) - first.lineno + 1
