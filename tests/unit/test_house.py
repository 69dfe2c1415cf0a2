"""The most lines of the house, its modules and functions, and the most files of a folder."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tools.reference.modules import Module, read, statements

ROOT = Path(__file__).parents[2]
CEILING = 73_186
"""Lines of ``newsletter/``. It only goes down: see decision 28."""


def test_no_module_function_or_folder_outgrows_its_reader() -> None:
    house = read(ROOT)
    lines = sum(module.text.count("\n") for module in house)
    assert lines <= CEILING, f"remove {lines - CEILING} lines of newsletter/: see decision 28"
    assert [module.name for module in house if module.text.count("\n") > 500] == []
    assert [name for module in house for name, lines in bodies(module) if lines > 60] == []
    folders = Counter(module.path.parent for module in house if module.path.name != "__init__.py")
    assert [str(folder) for folder, modules in folders.items() if modules > 20] == []


def test_no_module_defines_a_constant_twice() -> None:
    for module in read(ROOT):
        assigned = [node for node in module.tree.body if isinstance(node, ast.Assign)]
        names = Counter(
            name.id
            for node in assigned
            for target in node.targets
            for name in ast.walk(target)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        )
        assert [name for name, count in names.items() if count > 1] == [], module.name


def test_no_module_imports_itself() -> None:
    for module in read(ROOT):
        imported = {
            f"{node.module}.{one.name}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }
        assert module.name not in imported


def test_each_private_function_is_used() -> None:
    house = read(ROOT)
    used = Counter(word for module in house for word in re.findall(r"\w+", module.text))
    assert [
        f"{module.name}.{node.name}"
        for module in house
        for node in statements(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and re.match("_(?!_)", node.name)
        and not node.decorator_list  # which may register it
        and used[node.name] == 1
    ] == []


def bodies(module: Module) -> Iterator[tuple[str, int]]:
    """Each function and the lines of what it does, without its head and docstring."""
    for node in statements(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
            yield f"{module.name}.{node.name}", (node.end_lineno or 0) - first.lineno + 1


def test_no_test_in_a_browser_asks_what_a_page_shows_without_waiting_for_it() -> None:
    at_once = re.compile(r"assert\b.*\.(?:is_visible|is_hidden|count)\(\)")
    asked = [
        f"{path.name}:{number}"
        for path in sorted((ROOT / "tests/browser").glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if at_once.search(line)
    ]
    assert asked == [], "a page after a click may be half there: wait_for, or wait_for_count"
