"""Jobs of Procrastinate that tell workers to look, on a real server."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from newsletter.domain.errors import StoreUnavailable
from newsletter.runtime.clock import SystemClock
from newsletter.store.postgresql import parameters_of
from newsletter.store.wakeups import WorkerWakeups
from tests.acceptance.workspace import wait_until
from tests.postgresql import Server

pytestmark = pytest.mark.slow("waits for notifications of a server")


@pytest.fixture
def url(postgresql: Server, worker_id: str) -> str:
    name = f"looks_{worker_id}"
    postgresql.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgresql.run(f"CREATE DATABASE {name}")
    return postgresql.url(name)


class Working:
    """A process that works in a thread, and what it did."""

    def __init__(self, looks: WorkerWakeups, slots: int) -> None:
        self.looks, self.slots = looks, slots
        self.looked: list[float] = []
        self.swept: list[float] = []
        self.free = threading.Event()
        """Set while a look may end."""
        self.free.set()
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        sweep = lambda: self.swept.append(time.monotonic())  # noqa: E731 - two in a row
        self.looks.work(self._look, sweep, slots=self.slots)

    def _look(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.looked.append(time.monotonic())
        assert self.free.wait(60)
        with self._lock:
            self._now -= 1


@pytest.fixture
def working(url: str) -> Iterator[Callable[[int], Working]]:
    opened: list[Working] = []

    def work(slots: int) -> Working:
        looks = WorkerWakeups(parameters_of(url, None))
        context = looks.open()
        context.__enter__()
        looks.close = lambda: context.__exit__(None, None, None)  # type: ignore[attr-defined]
        opened.append(Working(looks, slots))
        return opened[-1]

    yield work
    for each in opened:
        each.looks.stop()
        each.thread.join(60)
        assert not each.thread.is_alive()
        each.looks.close()  # type: ignore[attr-defined]


def test_each_slot_looks_once_however_often_it_is_told(
    working: Callable[[int], Working], url: str
) -> None:
    process = working(3)
    wait_until(lambda: process.swept)
    process.free.clear()
    for _ in range(5):
        process.looks.wake(3)
    wait_until(lambda: len(process.looked) >= 3)
    process.looks.wake(3)
    process.free.set()
    with psycopg.connect(url, autocommit=True) as connection:

        def is_done() -> bool:
            query = (
                "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE queue_name = 'look'"
            )
            return connection.execute(query).fetchone() == (0,)

        wait_until(is_done)
    assert process.most == 3
    assert 3 < len(process.looked) <= 6


def test_a_worker_begins_to_look_within_a_second(working: Callable[[int], Working]) -> None:
    """Once in five times at least: one that only asked now and then would take five seconds."""
    process = working(1)
    wait_until(lambda: process.swept)
    took = []
    for looks in range(1, 6):
        told = time.monotonic()
        process.looks.wake(1)
        wait_until(lambda looks=looks: len(process.looked) >= looks)
        took.append(process.looked[-1] - told)
        if took[-1] < 1:
            break
    assert min(took) < 1


def test_one_of_several_processes_sweeps_at_a_time(working: Callable[[int], Working]) -> None:
    one, other = working(1), working(1)
    wait_until(lambda: len(one.swept) + len(other.swept) >= 4, 40)
    times = sorted([*one.swept, *other.swept])
    assert times[-1] - times[0] > 8  # each five seconds; two processes apart would need half


def test_a_look_waits_for_its_time(working: Callable[[int], Working]) -> None:
    process = working(1)
    wait_until(lambda: process.swept)
    told = time.monotonic()
    process.looks.wake_at(SystemClock().now() + timedelta(seconds=2))
    wait_until(lambda: process.looked)
    assert process.looked[0] - told > 1


def test_without_its_server_it_ends_and_says_so_in_one_line(
    url: str, postgresql: Server, caplog: pytest.LogCaptureFixture
) -> None:
    looks = WorkerWakeups(parameters_of(url, None))
    name = conninfo_to_dict(url)["dbname"]
    failed: list[Exception] = []

    def cut() -> None:
        """Cut itself off: its end cannot be booked."""
        postgresql.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgresql.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )

    def work() -> None:
        try:
            looks.work(cut, lambda: None, slots=1)
        except StoreUnavailable as error:
            failed.append(error)

    with looks.open():
        looks.wake(1)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(60)
        assert failed
        gc.collect()
        assert not [each for each in caplog.records if each.name == "asyncio" and each.exc_info]
        assert "Procrastinate: " in caplog.text
        with pytest.raises(StoreUnavailable, match="Procrastinate: "):
            looks.wake(1)
