"""The suite's budget: what a run may cost, what it may leave out, and which long tests it draws.

A test marked ``faults`` is a long one: ``make faults`` runs them all (``--faults=all``), ``make
test`` draws some that together cost no more than ``SAMPLE`` seconds (``--faults=sample``), others
in each run. The sample follows from the run's seed, which the head of the output shows;
``--seed`` draws the same again, and tests that need chance take it from there too.
"""

import os
import random
import resource
import secrets
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

from newsletter.config import environment
from newsletter.imports import import_all

SAMPLE = 30.0
"""Seconds that the drawn tests may cost together, by what their marks say."""
LONG = 7.0
"""Seconds of CPU from which a test needs the mark ``slow``, with its reason."""
TOO_LONG = 6 * LONG
"""Seconds of CPU from which CI fails without that mark. Busy cores make each of them longer."""
LARGEST_WORKER = 1400
"""MiB that a process of the suite may grow to: twice what any did, whatever tests it got."""
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes folders of its own in it
"""Where ``tmp_path`` is, if the system has such a folder: what waits until a disk has it all waits
there for nothing. It is in memory, so the folders of tests that passed are taken away at once."""
ROOM = 1 << 30
"""Bytes that must be free there: some tests install an environment of Python."""
SKIPS = (
    "only root can mount",
    "no C compiler",
    "nothing may be mounted",
    "releases that offices published",
    "beside this repository",
)
"""Why CI may leave a test out. Everything else that it lacks is a failure there."""

UNMEASURED = {"acceptance", "browser", "simulation", "fuzz", "tests"}
"""Folders of tests that ask from outside: what they run is not counted as covered, which costs half
as much again as the run itself. The tests of this module measure the logic."""
ECHOES = {
    "integration/test_each_reader_once",
    "integration/test_store_postgresql",
    "checks/test_blocks_checklist",
    "checks/test_checklist",
    "cli/test_lists",
    "desk/test_languages",
    "desk/test_queries",
    "unit/test_judge",
}
"""Modules of tests that are dear, and run only what others that are measured run too."""

_FALLBACK_COST = 5.0
_SEED = pytest.StashKey[int]()
_BEGAN = pytest.StashKey[tuple[float, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("newsletter")
    group.addoption(
        "--faults",
        choices=("none", "sample", "all"),
        default="none",
        help="Which of the long tests to run: none, some drawn by the seed, or all (make faults).",
    )
    group.addoption("--postgresql", action="store_true", help="Run tests of a store on PostgreSQL.")
    group.addoption("--seed", type=int, help="The seed of an earlier run, to do the same again.")


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("seed", config.getoption("--seed"))
    config.stash[_SEED] = secrets.randbelow(10**9) if given is None else given
    if config.getoption("--faults") != "all" and fits(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # noqa: TID251 - pytest's own
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Budget(config), "budget")


def fits(folder: Path) -> bool:
    """Return whether tests can have their folders here: large, and programs may run from it."""
    return (
        folder.is_dir()
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(folder).free >= ROOM
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.stash[_SEED]} (--seed={config.stash[_SEED]} draws the same again)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        slow = item.get_closest_marker("slow")
        if slow is not None and not (slow.args and slow.args[0]):
            raise pytest.UsageError(f"{item.nodeid}: slow needs a reason: slow('why')")
    chosen = config.getoption("--faults")
    long = [item for item in items if item.get_closest_marker("faults")]
    named = any("::" in argument for argument in config.args)
    if chosen == "all" or named or config.getoption("markexpr"):
        return
    drawn = draw(long, config.stash[_SEED]) if chosen == "sample" else []
    left = {id(item) for item in long} - {id(item) for item in drawn}
    config.hook.pytest_deselected(items=[item for item in items if id(item) in left])
    items[:] = [item for item in items if id(item) not in left]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Measure how each module begins, in the process that leads a run, and no search for tests."""
    measuring = Coverage.current()
    if measuring is None:
        return (yield)
    if not hasattr(session.config, "workerinput"):
        import_all("newsletter")
    _stop_measuring()
    try:
        return (yield)
    finally:
        measuring.start()


def _stop_measuring() -> None:
    """Stop all measurements: pytest-cov begins two in a worker, and one goes on without the other.

    The figures of the first are thrown away, and cost as much as those that count.
    """
    while measuring := Coverage.current():
        measuring.stop()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in a test that does not count, nor in its fixtures."""
    item.stash[_BEGAN] = work()
    measuring = None if counts(item) else Coverage.current()
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in each report how much work its phase took: a busy machine only makes it wait.

    A process counts whole when it ends. A browser that many tests shared ends behind the last of
    them, whose work it is not.
    """
    report = yield
    item.stash[_BEGAN], (own, ended) = work(), item.stash[_BEGAN]
    own, ended = item.stash[_BEGAN][0] - own, item.stash[_BEGAN][1] - ended
    report.user_properties.append(("work", own + ended * (report.when != "teardown")))
    return report


def work() -> tuple[float, float]:
    """Return the seconds of CPU of this process, and of all that it started and that ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), ended.ru_utime + ended.ru_stime


def counts(item: pytest.Item) -> bool:
    """Return whether the code that a test runs counts as covered.

    What a test draws at random does not, or a gate would hold in one run and not in the next; nor
    does a slow one, which is dear enough without.
    """
    drawn = item.get_closest_marker("hypothesis") or "seed" in getattr(item, "fixturenames", ())
    slow = item.get_closest_marker("slow") or item.get_closest_marker("faults")
    folder = item.path.parent.name
    outside = folder in UNMEASURED or f"{folder}/{item.path.stem}" in ECHOES
    return not (outside or drawn or slow)


def draw(items: Sequence[pytest.Item], seed: int) -> list[pytest.Item]:
    """Some of the long tests: no more than ``SAMPLE`` seconds together, the seed says which."""
    drawn, spent = [], 0.0
    order = sorted(items, key=lambda item: item.nodeid)
    random.Random(seed).shuffle(order)  # noqa: S311 - a draw that can be made again
    for item in order:
        cost = _cost(item)
        if spent + cost <= SAMPLE:
            drawn.append(item)
            spent += cost
    return drawn


def _cost(item: pytest.Item) -> float:
    marker = item.get_closest_marker("faults")
    return float(marker.kwargs.get("seconds", _FALLBACK_COST)) if marker else 0.0


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """A different one in each run; the head of the output shows it."""
    number: int = pytestconfig.stash[_SEED]
    return number


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Return whether a test may take hours."""
    return bool(pytestconfig.getoption("--faults") == "all")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells how large it grew."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["peak"] = _peak()


def _peak() -> int:
    """MiB that this process has had at most."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size >> 20 if sys.platform == "darwin" else size >> 10


class _Budget:
    """Adds up what a run costs, where it is led from, and says what went over it."""

    def __init__(self, config: pytest.Config) -> None:
        self._ci = bool(environment().get("CI"))
        self._seed = config.stash[_SEED]
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._marked: set[str] = set()
        self._skipped: dict[str, str] = {}
        self._peaks: list[int] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["seed"] = self._seed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._peaks.append(getattr(node, "workeroutput", {}).get("peak", 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += sum(
            seconds for name, seconds in report.user_properties if name == "work"
        )
        if {"slow", "faults"} & set(report.keywords):
            self._marked.add(report.nodeid)
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped[report.nodeid] = str(report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._peaks = self._peaks or [_peak()]
        if self._ci and session.exitstatus == pytest.ExitCode.OK and list(self._failures()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say at the end of the output what went over: a log often keeps no more than that."""
        peaks = ", ".join(f"{peak} MiB" for peak in self._peaks)
        terminalreporter.write_sep("=", "budget")
        total = sum(self._seconds.values())
        terminalreporter.write_line(f"tests: {total:.0f} s of CPU; seed: {self._seed}")
        terminalreporter.write_line(f"largest processes: {peaks}")
        for line in (*self._unmarked(LONG), *self._failures()):
            terminalreporter.write_line(line)

    def _failures(self) -> Iterable[str]:
        """The findings that fail a run in CI."""
        yield from (f"OVER BUDGET: {line}" for line in self._unmarked(TOO_LONG))
        for name, reason in self._skipped.items():
            if not any(known in reason for known in SKIPS):
                yield f"LEFT OUT: {name}: {reason}"
        if max(self._peaks, default=0) > LARGEST_WORKER:
            yield f"OVER BUDGET: a process grew past {LARGEST_WORKER} MiB"

    def _unmarked(self, seconds: float) -> list[str]:
        long = {name: took for name, took in self._seconds.items() if took > seconds}
        return [
            f"{took:.1f} s of CPU, and not marked slow: {name}"
            for name, took in sorted(long.items(), key=lambda pair: -pair[1])
            if name not in self._marked
        ]
