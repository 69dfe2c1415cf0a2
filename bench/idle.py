"""``python -m bench.idle``: what a workspace costs that has nothing to do, as its past grows.

For each size a workspace is made: so many statements lie in its folder, so many campaigns are
over, each of 100 batches. Then a look at an unchanged world is measured in SQL statements and in
CPU; then ``newsletter statement list``, a process each time; and after that a whole
``newsletter run``, by what the kernel says it used in a while.
The first size is the measure of the others. It ends with an error where a look takes more SQL
statements than at the first size.
"""

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.measuring import circumstances
from bench.sink import ROOT
from bench.startup import cpu_of
from newsletter.runtime.services import open_workspace
from tests.counting import counted
from tests.workspaces import plain_workspace

_SIZES = ("10/10", "10/1000", "300/10", "300/300", "2000/1000")
_BATCHES = 100
_PROCESSES = 5
_SETTLES = 30
"""Seconds, in which a run that began has looked once at everything, on a busy machine too."""
_STATEMENT = """\
---
title: Statement number {number}
date: 2026-11-{day:02}
author: writer@forum.example
---

The Forum has said something for the {number}th time. It says so in **two** sentences.
"""
# A campaign of a statement, with its approval, over since long.
_CAMPAIGNS = """
INSERT INTO campaign (slug, content_hash, state, lists, approved_by, provider, reason, release_at,
                      created_at, started_at, finished_at)
SELECT slug, content_hash, 'sent', '["press"]', '["ed@forum.example"]', 'outbox', '',
       1700000000000 + rowid * 60000, 1700000000000, 1700000000000 + rowid * 60000, 1700090000000
FROM statement ORDER BY slug LIMIT :campaigns
"""
_APPROVALS = """
INSERT INTO approval (slug, content_hash, [by], mailbox, channel, at)
SELECT slug, content_hash, 'ed@forum.example', 'ed@forum.example', 'command', 1700000000000
FROM campaign
"""
_BATCH_ROWS = """
WITH RECURSIVE place(no) AS (SELECT 0 UNION ALL SELECT no + 1 FROM place WHERE no < :batches - 1)
INSERT INTO batch (campaign_id, no, members, state, size, pending, accepted, attempts)
SELECT campaign.id, place.no, :members, 'done', 100, 0, 100, 1 FROM campaign, place
"""
# A statement whose file is gone.
_GONE = """
INSERT INTO statement (slug, document, content_hash, fingerprint, present, changed_at,
                       translation_of)
SELECT 'gone-' || slug || '-' || :number, json_set(document, '$.slug', 'gone-' || slug || '-' ||
       :number), content_hash, fingerprint, 0, changed_at, '' FROM statement WHERE present = 1
"""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Return the cost of one look at an unchanged world, in the middle of some."""

    statements: int
    """Of SQL."""
    cpu: float
    """Milliseconds."""


def main() -> None:
    """Measure each size in a process of its own, and print what came of it."""
    options = _options()
    if options.look is not None:
        print(json.dumps(asdict(_look(options.look))))
        return
    print(circumstances(f"{_BATCHES} batches a campaign", f"{options.seconds:g} s each"), "\n")
    print(
        "| statements | campaigns | SQL a look | ms of CPU a look | times | % of a core | times |"
        " ms of CPU a `statement list` | times |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    sizes = [tuple(map(int, size.split("/"))) for size in options.sizes]
    first: tuple[Looked, float, float] | None = None
    for statements, campaigns in sizes:
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
            prepare(Path(made), statements, campaigns)
            looked = _looked(Path(made))
            listed = _listed(Path(made))
            share = _idle(Path(made), options.seconds)
        first = first or (looked, share, listed)
        print(
            f"| {statements:,} | {campaigns:,} | {looked.statements} | {looked.cpu:.1f} |"
            f" {looked.cpu / first[0].cpu:.1f} | {share:.2f} | {share / first[1]:.1f} |"
            f" {listed:.0f} | {listed / first[2]:.1f} |",
            flush=True,
        )
        if looked.statements > first[0].statements and not options.anyhow:
            raise SystemExit("a look at an unchanged world takes more SQL as the past grows")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="so long a run is watched")
    parser.add_argument("--anyhow", action="store_true", help="go on where a look has grown")
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("sizes", nargs="*", default=_SIZES, help="statements/campaigns")
    return parser.parse_args()


def prepare(workspace: Path, statements: int, campaigns: int, settings: str = "") -> None:
    """Write the workspace, have its statements read once, and give it a past."""
    plain_workspace(workspace, settings)
    for number in range(statements):
        text = _STATEMENT.format(number=number, day=number % 28 + 1)
        (workspace / "statements" / f"statement-{number:05}.md").write_text(text)
    with open_workspace(workspace, {}) as services:
        services.tick.run()
    members = json.dumps(list(range(1, 101)), separators=(",", ":"))
    with closing(sqlite3.connect(workspace / "var" / "newsletter.db")) as database, database:
        for number in range(-(-campaigns // statements) - 1):
            database.execute(_GONE, {"number": number})
        database.execute(_CAMPAIGNS, {"campaigns": campaigns})
        database.execute(_APPROVALS)
        database.execute(_BATCH_ROWS, {"batches": _BATCHES, "members": members})
        database.execute("ANALYZE")


def _looked(workspace: Path) -> Looked:
    command = [sys.executable, "-m", "bench.idle", "--look", str(workspace)]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Looked(**json.loads(ran.stdout.splitlines()[-1]))


def _look(workspace: Path) -> Looked:
    with open_workspace(workspace, {}) as services:
        services.tick.run()  # what went out gets into the index
        time.sleep(2.5)  # files that were written just now are read once more
        services.tick.run()
        found = [_measured(services) for _ in range(9)]
    return Looked(
        statements=max(look.statements for look in found), cpu=median(look.cpu for look in found)
    )


def _measured(services: Any) -> Looked:
    with counted() as statements:
        before = time.process_time()
        services.tick.run()
        cpu = time.process_time() - before
    return Looked(statements=len(statements), cpu=cpu * 1000)


def _listed(workspace: Path) -> float:
    """Milliseconds of CPU that the whole command takes: the median of some processes."""
    command = [sys.executable, "-m", "newsletter", "statement", "list"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return median(cpu_of(command, environment, workspace) for _ in range(_PROCESSES)) * 1000


def _idle(workspace: Path, seconds: float) -> float:
    """Percent of a core that a run takes which has nothing to do."""
    command = [sys.executable, "-m", "newsletter", "--workspace", str(workspace), "run"]
    process = subprocess.Popen([*command, "--port", "0"], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        process.stderr.readline()  # it has begun
        time.sleep(_SETTLES)
        before, began = _used(process.pid), time.monotonic()
        time.sleep(seconds)
        return 100 * (_used(process.pid) - before) / (time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _used(number: int) -> float:
    """Seconds of CPU that a process has used, user and system."""
    status = Path(f"/proc/{number}/stat").read_text()
    fields = status.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
