"""Packages whose names are imported when somebody asks for them."""

import ast
import inspect
import sys
from collections.abc import Mapping
from types import ModuleType

import pytest

from newsletter import config
from newsletter.imports import import_all, names_of


@pytest.mark.parametrize("package", [config])
def test_each_name_of_a_package_can_be_asked_for(package: ModuleType) -> None:
    assert {one: getattr(package, one).__class__ for one in package.__all__}


@pytest.mark.parametrize("package", [config])
def test_types_are_checked_against_the_module_that_is_imported(package: ModuleType) -> None:
    """What mypy reads under TYPE_CHECKING is what is found at run time."""
    declared = {
        name.name: (found.module or "").rpartition(".")[2]
        for found in ast.walk(ast.parse(inspect.getsource(package)))
        if isinstance(found, ast.ImportFrom) and (found.module or "").startswith(package.__name__)
        for name in found.names
    }
    assert declared == modules(package)
    assert sorted(declared) == sorted(package.__all__)


def modules(package: ModuleType) -> Mapping[str, str]:
    found = inspect.getclosurevars(package.__getattr__).nonlocals["modules"]
    assert isinstance(found, Mapping)
    return found


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="forgery"):
        names_of("newsletter.config", {"loading": "load"})("forgery")


def test_a_whole_package_is_imported_but_for_what_is_left_out() -> None:
    before = {name for name in sys.modules if name.startswith("newsletter.store")}
    import_all("newsletter.store", but={"migrations"})
    after = {name for name in sys.modules if name.startswith("newsletter.store")}
    assert {
        "newsletter.store.subscribers.eligibility",
        "newsletter.store.subscribers.staged",
    } <= after
    assert "alembic" not in after - before
