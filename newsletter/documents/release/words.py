"""Load the words and patterns of many languages by which lines are known."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def _tables() -> dict[str, Any]:
    text = files("newsletter.documents.release").joinpath("words.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tables: dict[str, Any] = yaml.load(text, loader)  # noqa: S506 - both are safe loaders
    return tables


def words(name: str) -> list[str]:
    """Return the rows of a table of ``words.yaml``."""
    rows: list[str] = _tables()[name]
    return rows


def alternatives(name: str) -> str:
    """Return a table of patterns as one pattern, without a group around it.

    ``<until>`` in a row stands for the table of that name.
    """
    rows = "|".join(words(name))
    return re.sub(r"(?<!\?)<([a-z ]+)>", lambda found: f"(?:{alternatives(found[1])})", rows)


def pattern(name: str, whole: str = "{}", *, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Compile a table of patterns; ``whole`` is the pattern around it, in place of ``{}``."""
    return re.compile(whole.replace("{}", alternatives(name), 1), flags)
