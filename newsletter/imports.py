"""Imports by name when they are used, so that only the kinds in a workspace are loaded.

A place is written ``module:name``. Tools that read imports do not see those, so only tables use
them, each in one module: the commands, the kinds of provider, the kinds of webhook. Tests import
every entry.
"""

import gc
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def imported(path: str) -> Any:
    """Return the object at this place."""
    module, _, name = path.partition(":")
    gc.disable()  # modules leave no garbage, and to look for it takes a fifth of the time
    try:
        return getattr(import_module(module), name)
    finally:
        gc.enable()


class Imported(Mapping[str, T], Generic[T]):
    """A table of places, read as a table of the objects there."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)

    def __getitem__(self, key: str) -> T:
        found: T = imported(self._places[key])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def import_all(package: str) -> None:
    """Import what a package holds now: an update under a running process mixes none in."""
    for module in iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
        if module.ispkg:
            import_all(f"{package}.{module.name}")
