"""Reads tables of words and patterns from YAML files in a package."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import yaml


def load_table(package: str, file: str) -> Any:
    text = files(package).joinpath(file).read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, loader)  # noqa: S506 - both are safe loaders


@dataclass(frozen=True)
class Tables:
    """The tables of a YAML file in a package. Each is a list of words or patterns."""

    package: str
    file: str

    @cached_property
    def _tables(self) -> dict[str, list[str]]:
        tables: dict[str, list[str]] = load_table(self.package, self.file)
        return tables

    def words(self, name: str) -> list[str]:
        """Return the rows of a table. ``<NAME>`` in a row becomes the pattern of that table."""
        named = lambda found: f"(?:{self.alternatives(found[1])})"  # noqa: E731
        return [re.sub(r"(?<!P)<([a-z ]+)>", named, row) for row in self._tables[name]]

    def alternatives(self, name: str) -> str:
        """Return the patterns of a table, joined by ``|``."""
        return "|".join(self.words(name))

    def pattern(
        self, name: str, frame: str = "{}", *, flags: int = re.IGNORECASE
    ) -> re.Pattern[str]:
        """Compile the patterns of a table, in place of ``{}`` in the pattern ``frame``."""
        return re.compile(frame.replace("{}", self.alternatives(name), 1), flags)
