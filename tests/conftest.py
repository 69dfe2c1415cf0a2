"""Factories and real parts for all tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.audience import Entry
from newsletter.domain.statement import Statement
from newsletter.store.engine import open_sqlite
from newsletter.store.schema import ensure_current
from newsletter.store.sql import SqlStore
from tests.fakes import FixedClock, store_in

pytest.register_assert_rewrite("tests.contracts", "tests.unit.pipeline.newsroom")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, made once: each test gets a copy."""
    path = tmp_path_factory.mktemp("migrated") / "newsletter.db"
    engine = open_sqlite(path)
    ensure_current(engine)
    engine.dispose()
    return path


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[SqlStore]:
    store = store_in(Path(shutil.copy(migrated, tmp_path)))
    yield store
    store.close()


@pytest.fixture
def make_statement() -> Callable[..., Statement]:
    def make(slug: str = "resignation", **fields: Any) -> Statement:
        defaults: dict[str, Any] = {
            "title": "Forum resigns from task force",
            "body": "The Forum has resigned.",
            "lists": ("press",),
            "language": "en",
            "author": "writer@forum.example",
            "origin": f"statements/{slug}.md",
        }
        return Statement(slug=slug, **(defaults | fields))

    return make


@pytest.fixture
def make_readers() -> Callable[..., list[Entry]]:
    def make(count: int, *lists: str) -> list[Entry]:
        return [
            Entry(address=f"reader{number}@example.org", lists=lists or ("press",))
            for number in range(1, count + 1)
        ]

    return make
