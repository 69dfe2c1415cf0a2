"""Readers who leave by one click while a campaign goes out: how long they wait, and who is missed.

``python -m bench.departures [--rate 500] [--readers 10000]``. A real ``newsletter run`` hands a
campaign to the sink at the same rate at which its own readers leave, in another order. Each POST
is due at its time, whatever became of those before it, and its wait is counted from then on.

It ends with an error unless every POST was answered 200, everybody has left, each delivery stands
in the books, and no one is in a batch that was claimed after their POST was answered.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench import product
from bench.sink import ROOT, compiled, sink
from newsletter.runtime.services import open_workspace

T = TypeVar("T")
_CONNECTIONS = 64
_FLOOR_SECONDS = 10
_PATIENCE = 600.0
_STARTS_WITHIN = 120
_BODY = b"List-Unsubscribe=One-Click"
CAMPAIGN = 1
"""The number of the first campaign of a database."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One request: which it was, its status, and when it was due and answered, in seconds."""

    number: int
    status: int
    due: float
    at: float

    @property
    def wait(self) -> float:
        """Milliseconds."""
        return (self.at - self.due) * 1000


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests that are due at a steady rate."""

    port: int
    rate: float
    requests: Sequence[bytes]

    async def go(self) -> list[Answered]:
        """Make them all, over connections that stay open."""
        begin = time.time() + 0.5
        due: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        answered: list[Answered] = []
        workers = [
            asyncio.create_task(self._work(due, answered))
            for _ in range(min(_CONNECTIONS, len(self.requests)))
        ]
        for number in range(len(self.requests)):
            at = begin + number / self.rate
            if (early := at - time.time()) > 0:
                await asyncio.sleep(early)
            due.put_nowait((number, at))
        await asyncio.wait_for(due.join(), _PATIENCE)
        for worker in workers:
            worker.cancel()
        return answered

    async def _work(
        self, due: "asyncio.Queue[tuple[int, float]]", answered: list[Answered]
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while True:
            number, at = await due.get()
            writer.write(self.requests[number])
            status = await _status(reader)
            answered.append(Answered(number=number, status=status, due=at, at=time.time()))
            due.task_done()


async def _status(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b" ", 2)[1])


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    kind: str = "application/x-www-form-urlencoded",
    fields: str = "",
) -> bytes:
    """A request in its bytes. Without ``kind`` as a mailbox provider makes one (RFC 8058)."""
    head = f"{method} {path} HTTP/1.1\r\nHost: news.forum.example\r\n{fields}"
    if body:
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@contextmanager
def running(workspace: Path, url: str) -> Iterator[int]:
    """``newsletter run``; gives the port of its pages."""
    log = workspace.with_name("run.log")
    command = [sys.executable, "-m", "newsletter", "--workspace", str(workspace), "run"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--port", "0"],
            cwd=ROOT,
            env={**os.environ, product.SINK_URL: url},
            stderr=output,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield _port(log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _port(log: Path) -> int:
    return int(_once(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()))[1])


def _once(look: Callable[[], T | None]) -> T:
    end = time.monotonic() + _STARTS_WITHIN
    while (seen := look()) is None:
        if time.monotonic() > end:
            raise SystemExit("the product did not get there in time")
        time.sleep(0.05)
    return seen


def prepare(workspace: Path, readers: int, rate: int) -> list[str]:
    """A workspace whose one statement waits for a yes; returns the readers' tokens."""
    product.prepare(workspace, readers)
    settings = workspace / "newsletter.yaml"
    text = settings.read_text().replace("poll: 5s", "poll: 1s")
    settings.write_text(text.replace("  kind: mailgun\n", f"  kind: mailgun\n  rate: {rate}\n"))
    with open_workspace(workspace, {}) as services:
        return services.links.for_batch(CAMPAIGN, range(1, readers + 1))[0]


def measure(readers: int, rate: int) -> None:
    """Prepare, go through both loads, check, print."""
    with tempfile.TemporaryDirectory(prefix="newsletter-departures-") as made:
        folder = Path(made)
        workspace = folder / "workspace"
        statement = workspace / "statements" / "harbour.md"
        tokens = prepare(workspace, readers, rate)
        text = statement.read_text()
        statement.unlink()  # nothing goes out while the floor is measured
        with sink(compiled(folder)) as target, running(workspace, target.url) as port:
            health = [request("GET", "/healthz")] * (rate * _FLOOR_SECONDS)
            floor = asyncio.run(Load(port=port, rate=rate, requests=health).go())
            statement.write_text(text)
            _once(lambda: True if target.figures()["calls"] else None)
            order = random.Random(7).sample(range(readers), readers)  # noqa: S311 - an order
            posts = [request("POST", f"/u/{tokens[number]}", _BODY) for number in order]
            left = asyncio.run(Load(port=port, rate=rate, requests=posts).go())
            database = workspace / "var" / "newsletter.db"
            _once(lambda: True if _ended(database) else None)
            answered = {order[one.number] + 1: one for one in left}
            reached = check(database, answered)
    _print(readers, rate, floor, left, reached)


def _ended(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        [(open_ones,)] = database.execute(
            "SELECT count(*) FROM batch WHERE state IN ('queued', 'claimed')"
        )
    return not open_ones


def check(path: Path, answered: Mapping[int, Answered]) -> int:
    """Returns how many the campaign reached. Raises SystemExit where anything is not right.

    ``answered`` has the POST of each subscriber.
    """
    statuses = {value.status for value in answered.values()}
    with closing(sqlite3.connect(path)) as database:
        [(still,)] = database.execute("SELECT count(*) FROM subscription WHERE state <> 'ended'")
        stayed = database.execute("SELECT subscriber_id FROM delivery WHERE state='suppressed'")
        spared = {person for (person,) in stayed}
        batches = database.execute("SELECT members, claimed_at FROM batch").fetchall()
        [(audience, accepted, suppressed)] = database.execute(
            "SELECT sum(size), sum(accepted), sum(suppressed) FROM batch"
        )
    late = sum(
        claimed_at > answered[person].at * 1000
        for members, claimed_at in batches
        for person in json.loads(members)
        if claimed_at is not None and person not in spared
    )
    wrong = {
        f"answers were {sorted(statuses)}": statuses != {200},
        f"{still:,} are still subscribed": still,
        f"{audience:,} are not {accepted:,} accepted and {suppressed:,} suppressed": (
            not len(answered) == audience == accepted + suppressed
        ),
        f"{late:,} were claimed after they had left": late,
    }
    if any(wrong.values()):
        raise SystemExit("; ".join(what for what, is_so in wrong.items() if is_so))
    return int(accepted)


def _print(
    readers: int, rate: int, floor: list[Answered], left: list[Answered], reached: int
) -> None:
    print(f"{readers:,} readers left at {rate}/s while the campaign went to them: all 200;")
    print(f"{reached:,} were reached before they left, none was claimed after it\n")
    print("| what | p50 ms | p99 ms | longest ms |")
    print("|---|---|---|---|")
    for name, loads in (("health check, nothing going out", floor), ("one click", left)):
        p50, p99, longest = (_percentile(loads, share) for share in (0.5, 0.99, 1.0))
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {longest:.1f} |")
    ratio = _percentile(left, 0.99) / _percentile(floor, 0.99)
    print(f"\np99 of a click to that of a health check: {ratio:.1f}")


def _percentile(loads: Sequence[Answered], share: float) -> float:
    waits = sorted(one.wait for one in loads)
    return waits[min(len(waits) - 1, int(len(waits) * share))]


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.departures")
    parser.add_argument("--rate", type=int, default=500, help="POSTs, and messages, a second")
    parser.add_argument("--readers", type=int, default=10_000)
    options = parser.parse_args()
    measure(options.readers, options.rate)


if __name__ == "__main__":
    main()
