"""A run continues to look while the wall clock moves back, or on by decades."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newsletter.runtime.clock import ServerClock, SystemClock
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.services import open_workspace
from tests.acceptance.workspace import Workspace, wait_until


class WrongClock:
    """The machine's time, and ``ahead`` of it."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def uptime(self) -> timedelta:
        return SystemClock().uptime()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace.create(tmp_path / "forum")
    workspace.hire()
    workspace.subscribe(["reader@example.org"])
    yield workspace
    workspace.close()


@pytest.mark.parametrize(
    "years", [1, -50, *(pytest.param(years, marks=pytest.mark.faults) for years in (0, 10))]
)
def test_a_run_looks_again_soon_after_its_clock_jumped(workspace: Workspace, years: int) -> None:
    clock = WrongClock(timedelta(days=365 * years))
    with open_workspace(workspace.folder, {}, clock=clock) as services:
        scheduler = Scheduler(services.tick)
        running = threading.Thread(target=scheduler.run)
        running.start()
        try:
            time.sleep(0.5)
            clock.ahead = timedelta(0)
            workspace.write_and_approve("news")
            wait_until(lambda: len(workspace.outbox) == 1, 60)
        finally:
            scheduler.stop()
            running.join(60)
    assert not running.is_alive()


@pytest.mark.parametrize("hours", [1, -1])
def test_a_scheduler_looks_at_once_and_then_at_its_interval_whatever_the_server_s_clock_says(
    workspace: Workspace, hours: int
) -> None:
    workspace.configure(schedule={"poll": "30s"})
    clock = ServerClock(WrongClock(timedelta(hours=hours)).now, SystemClock())
    with open_workspace(workspace.folder, {}, clock=clock) as services:
        scheduler = Scheduler(services.tick)
        running = threading.Thread(target=scheduler.run)
        running.start()
        try:
            wait_until(lambda: services.delivery.counters.ticked_at, 20)
            time.sleep(2.5)
        finally:
            scheduler.stop()
            running.join(60)
    assert not running.is_alive()
    assert scheduler._run.ticks == 1
