"""A run with nothing to do asks nothing, and still hears what other processes write."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.domain.staff.role import Role
from newsletter.runtime.runners import EmptyResultCache
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.services import Services, open_workspace
from tests.counting import counted
from tests.fakes import NOON
from tests.workspaces import plain_workspace

pytestmark = pytest.mark.slow("a run of some seconds")

_TICK = 1.3
"""Seconds: longer than from one tick to the next."""


@pytest.mark.parametrize(
    ("writes_while_asked", "is_empty", "holds"),
    [(False, True, True), (False, False, False), (True, True, False), (False, None, False)],
    ids=["nothing", "something open", "a write meanwhile", "a failure"],
)
def test_an_answer_of_nothing_alone_holds_and_until_somebody_writes(
    writes_while_asked: bool, is_empty: bool | None, holds: bool
) -> None:
    version = 0
    cache = EmptyResultCache(lambda: version)
    assert not cache.holds(), "it was never asked"
    version += writes_while_asked
    if is_empty is not None:
        cache.remember(is_empty=is_empty)
    assert cache.holds() is holds
    version += 1
    assert not cache.holds()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_workspace(plain_workspace(tmp_path, "schedule: {poll: 1h}\n"), {}) as services:
        yield services


def write_elsewhere(services: Services, what: str) -> None:
    with closing(sqlite3.connect(services.settings.database_path)) as books, books:
        books.execute(what)


def test_the_version_tells_each_commit_whoever_made_it(services: Services) -> None:
    seen = [services.store.change_number()]
    with services.store.read() as tx:
        tx.hold.reasons()
    assert services.store.change_number() == seen[0]
    with services.store.begin() as tx:
        tx.staff.put("ed@forum.example", Role.VIEWER, NOON)
    seen.append(services.store.change_number())
    write_elsewhere(services, "DELETE FROM staff")
    seen.append(services.store.change_number())
    assert len(set(seen)) == 3


def test_an_idle_run_asks_nothing_between_its_looks_and_hears_other_processes(
    services: Services,
) -> None:
    scheduler = Scheduler(services.tick)
    running = threading.Thread(target=scheduler.run)
    with counted() as asked:
        running.start()
        try:
            before = settled(asked)
            write_elsewhere(services, "INSERT INTO meta VALUES ('a word of', 'another process')")
            until = time.monotonic() + 60
            while len(asked) == before and time.monotonic() < until:
                time.sleep(0.05)
            assert len(asked) > before
        finally:
            scheduler.stop()
            running.join(60)
    assert not running.is_alive()


def settled(asked: Sequence[str]) -> int:
    """Wait until nothing is asked for longer than a tick; return how much was till then."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        count = len(asked)
        time.sleep(_TICK)
        if count and len(asked) == count:
            return count
    raise AssertionError(f"still asking: {asked[-5:]}")
