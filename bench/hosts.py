"""How fast processes that share one database send together.

``python -m bench.hosts`` sends a campaign three times: by ``newsletter run`` on SQLite, then on
PostgreSQL by one and by two workers, each time with a scheduler. The provider is the sink, which
answers each call after a latency. It ends with an error unless each reader was reached exactly
once.

With ``--rate`` and ``--quota`` the workers send each campaign again within these limits.

A share is the rate as a part of what the connections allow: connections x batch / latency. CPU is
that of the senders with their start, and of all processes of the PostgreSQL server. The server is
that of the tests, whose ``fsync`` is off.
"""

import argparse
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import psycopg

from bench import product
from bench.measuring import circumstances
from bench.run import check
from bench.sink import Program, compiled, sink
from tests.acceptance.workspace import Running, Workspace, wait_until
from tests.postgresql import Server, missing, own_server

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 600.0
Figures = tuple[str, float, float, float, float]
"""A name, messages a second, their share, and microseconds of CPU of senders and server."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """The text to send, and the way."""

    readers: int
    batch: int
    concurrency: int
    latency: timedelta
    limits: Mapping[str, int]

    @property
    def says(self) -> str:
        return "".join(f", {name} {limit:,}" for name, limit in self.limits.items())

    def allowed(self, processes: int) -> float:
        """Messages a second that the latency allows, if nothing else took time."""
        return processes * self.concurrency * self.batch / self.latency.total_seconds()


def cpu(pid: int) -> float:
    """Seconds of CPU of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def family(pid: int) -> float:
    """The same for a process and all its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = cpu(pid)
    for child in children:
        try:
            total += cpu(int(child))
        except FileNotFoundError:  # it has just ended, and its parent counts it
            continue
    return total


def main() -> None:
    """Print a table: the rate, the share and the CPU of each, as medians of all runs."""
    load, runs = _options()
    if reason := missing():
        raise SystemExit(reason)
    print(circumstances(f"{load}", f"medians of {runs}"))
    measured: dict[str, list[tuple[float, ...]]] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
            for what, *figures in _run(Path(made), load):
                measured.setdefault(what, []).append(tuple(figures))
    print("\n| | messages/s | share | CPU us, senders | CPU us, server |")
    print("|---|--:|--:|--:|--:|")
    for what, rows in measured.items():
        rate, share, ours, theirs = (median(column) for column in zip(*rows, strict=True))
        print(f"| {what} | {rate:,.0f} | {share:.0%} | {ours:.1f} | {theirs:.1f} |")


def _run(folder: Path, load: Load) -> Iterator[Figures]:
    program = compiled(folder)
    yield _one_process(folder / "one", program, load)
    with own_server(folder) as server:
        for workers, limits in itertools.product((1, 2), [{}] + [load.limits] * bool(load.limits)):
            yield _workers(folder, program, replace(load, limits=limits), server, workers)


def _options() -> tuple[Load, int]:
    parser = argparse.ArgumentParser(prog="python -m bench.hosts", description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--readers", type=int, default=20_000)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--rate", type=int, help="messages a second")
    parser.add_argument("--quota", type=int, help="messages a day")
    options = parser.parse_args()
    limits = {"rate": options.rate, "daily_quota": options.quota}
    load = Load(
        readers=options.readers,
        batch=options.batch,
        concurrency=options.concurrency,
        latency=timedelta(milliseconds=options.latency),
        limits={name: limit for name, limit in limits.items() if limit},
    )
    return load, options.runs


@contextmanager
def _prepared(folder: Path, program: Program, load: Load, **settings: str) -> Iterator[Workspace]:
    people = [product.address(number) for number in range(load.readers)]
    os.environ["SINK_LATENCY"] = str(round(load.latency.total_seconds() * 1000))
    with sink(program) as target:
        workspace = Workspace.create(folder, **settings)
        workspace.hire()
        workspace.use_mailgun(
            target.url, batch_size=load.batch, concurrency=load.concurrency, **load.limits
        )
        workspace.subscribe(people)
        workspace.write_and_approve("news")
        try:
            yield workspace
            check("newsletter", target.recipients(), load.readers)
        finally:
            workspace.close()


def _one_process(folder: Path, program: Program, load: Load) -> Figures:
    with _prepared(folder, program, replace(load, limits={})) as workspace:
        one = workspace.start("run")
        with closing(sqlite3.connect(workspace.database)) as db:
            seconds = _sent(lambda: db.execute(_TOOK).fetchone(), one)
        return _figures("`newsletter run`, SQLite", load, 1, seconds, _spent([one]), 0.0)


def _workers(folder: Path, program: Program, load: Load, server: Server, number: int) -> Figures:
    name = f"bench{number}{'_limited' * bool(load.limits)}"
    server.run(f"CREATE DATABASE {name}")
    url = server.url(name)
    with _prepared(folder / name, program, load, database=url, engine="procrastinate") as workspace:
        workers = [workspace.start("worker") for _ in range(number)]
        scheduler = workspace.start("scheduler")
        before = family(_postmaster(server))
        with psycopg.connect(url, autocommit=True) as db:
            seconds = _sent(lambda: db.execute(_TOOK.encode()).fetchone(), scheduler)
        spent = _spent([*workers, scheduler])
        server_spent = family(_postmaster(server)) - before
        what = f"{number} `newsletter worker`, PostgreSQL{load.says}"
        return _figures(what, load, number, seconds, spent, server_spent)


_TOOK = """
SELECT (SELECT MIN(claimed_at) FROM batch), MAX(finished_at) FROM campaign WHERE state = 'sent'
"""


def _sent(look: Callable[[], tuple[int, int] | None], running: Running) -> float:
    """Wait for the end; return the seconds from the first claim."""
    found: tuple[int, int] | None = None

    def ended() -> bool:
        nonlocal found
        time.sleep(0.5)
        found = look()
        return found is not None and found[1] is not None

    wait_until(ended, _PATIENCE, describe=running.said)
    assert found is not None
    return (found[1] - found[0]) / 1000


def _spent(processes: list[Running]) -> float:
    return sum(cpu(one.process.pid or 0) for one in processes)


def _postmaster(server: Server) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def _figures(
    what: str, load: Load, processes: int, seconds: float, ours: float, theirs: float
) -> Figures:
    rate = load.readers / seconds
    share = rate / load.allowed(processes)
    return what, rate, share, ours / load.readers * 1e6, theirs / load.readers * 1e6


if __name__ == "__main__":
    main()
