"""A workspace to write configurations into."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from newsletter.config.loading import load
from newsletter.config.schema import json_schema
from newsletter.config.settings import Settings
from newsletter.domain.errors import Fault, InvalidConfiguration
from tests.workspaces import BASE

Read = Callable[..., Settings]
Faults = Callable[..., list[Fault]]


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """The schema of editors, built from all kinds of provider, once."""
    return json_schema()


@pytest.fixture
def base() -> str:
    """The least that can be written."""
    return BASE


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load the base with these lines after it."""

    def read(
        more: str = "", environ: Mapping[str, str] | None = None, base: str = BASE
    ) -> Settings:
        file = tmp_path / "newsletter.yaml"
        file.write_text(base + more, "utf-8")
        return load(file, environ or {})

    return read


@pytest.fixture
def faults(read: Read) -> Faults:
    """Load, and return the faults."""

    def faults(
        more: str = "", environ: Mapping[str, str] | None = None, base: str = BASE
    ) -> list[Fault]:
        with pytest.raises(InvalidConfiguration) as caught:
            read(more, environ, base)
        return list(caught.value.faults)

    return faults
