"""Imports by name, ``module:name``, when an object is used.

Tools that read imports do not see these, so only tables have them: the commands, the kinds of
providers and webhooks. Tests import each entry.
"""

import gc
from collections.abc import Container, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def import_name(path: str) -> Any:
    """Return the object with this name, ``module:name``."""
    module, _, name = path.partition(":")
    gc.disable()  # imports leave no garbage, and the search takes a fifth of the time
    try:
        return getattr(import_module(module), name)
    finally:
        gc.enable()


class Imported(Mapping[str, T], Generic[T]):
    """A mapping to names of objects, which are imported on access."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)

    def __getitem__(self, key: str) -> T:
        found: T = import_name(self._places[key])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def import_all(package: str, *, omit: Container[str] = ()) -> None:
    """Import all modules of a package, so that a later update on disk has no effect.

    Omit the modules with these names, for which libraries may not be installed.
    """
    for module in iter_modules(import_module(package).__path__):
        if module.name in omit:
            continue
        import_module(f"{package}.{module.name}")
        if module.ispkg:
            import_all(f"{package}.{module.name}")
