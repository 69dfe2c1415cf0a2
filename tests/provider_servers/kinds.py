"""Every kind that speaks HTTP, found by the module of its server, and how one is made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.registry import OPTIONS, build
from tests.fakes import FixedClock
from tests.provider_servers.kind import Asked, Kind


def _found() -> Mapping[str, Kind]:
    """Kind → its facts, for each module of this folder that has some."""
    modules = {
        file.stem: import_module(f"tests.provider_servers.{file.stem}")
        for file in sorted(Path(__file__).parent.glob("*.py"))
        if file.stem != "kinds"
    }
    return {name: module.KIND for name, module in modules.items() if hasattr(module, "KIND")}


KINDS = _found()
ASKED: Mapping[str, Asked] = {kind: it.asked for kind, it in KINDS.items() if it.asked}
"""Those of which questions are asked."""


def fixtures(kind: str) -> tuple[Any, Any]:
    """The fixtures ``server`` and ``provider`` of this kind."""

    @pytest.fixture
    def server() -> Iterator[Any]:
        with KINDS[kind].server(FixedClock()) as running:
            yield running

    @pytest.fixture
    def provider(server: Any) -> Iterator[HttpProvider]:
        with made(kind, server.url) as provider:
            yield provider

    return server, provider


@contextmanager
def made(
    kind: str, url: str, clock: FixedClock | None = None, *, seconds: float = 60, **changes: object
) -> Iterator[HttpProvider]:
    """A provider of this kind whose calls go to ``url``, and may take so long."""
    common = {"base_url": url, "concurrency": 64, "timeout": timedelta(seconds=seconds)}
    options = OPTIONS[kind].model_validate(
        {"kind": kind, **KINDS[kind].options, **common, **changes}
    )
    provider = build(options, workspace=Path(), clock=clock or FixedClock())
    assert isinstance(provider, HttpProvider)
    try:
        yield provider
    finally:
        provider.close()
