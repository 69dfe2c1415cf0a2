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
from newsletter.runtime.services import Services
from newsletter.runtime.wiring import open_workspace
from tests.counting import counted
from tests.fakes import NOON
from tests.workspaces import plain_workspace

pytestmark = pytest.mark.slow("a run of some seconds")

_TICK = 1.3
"""Seconds: longer than from one tick to the next."""


class Versions:
    """A store that others write to."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> int:
        return self.number


@pytest.fixture
def versions() -> Versions:
    return Versions()


def test_a_question_is_asked_the_first_time(versions: Versions) -> None:
    assert not EmptyResultCache(versions).holds()


def test_what_was_answered_with_nothing_is_not_asked_again_until_somebody_writes(
    versions: Versions,
) -> None:
    still = EmptyResultCache(versions)
    still.holds()
    still.remember(is_empty=True)
    assert still.holds()
    versions.number += 1
    assert not still.holds()


def test_what_is_open_is_asked_again_and_again(versions: Versions) -> None:
    still = EmptyResultCache(versions)
    still.holds()
    still.remember(is_empty=False)
    assert not still.holds()


def test_what_is_written_while_it_is_asked_is_seen_the_next_time(versions: Versions) -> None:
    still = EmptyResultCache(versions)
    still.holds()
    versions.number += 1
    still.remember(is_empty=True)
    assert not still.holds()


def test_a_question_that_failed_is_asked_again(versions: Versions) -> None:
    still = EmptyResultCache(versions)
    still.holds()
    assert not still.holds()


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
        tx.hold.reason()
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
