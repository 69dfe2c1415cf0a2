"""``python -m bench.pages``: the desk's pages and ``statement list`` in a large workspace.

For each number of statements a workspace is made, with 200,000 subscribers on its list. Each page
is asked for within this process, without a socket. The table has the median CPU of a request in
milliseconds and the number of its SQL statements, then the wall time of ``newsletter statement
list``, a process each time. It ends with an error if a page runs more SQL than with the fewest
statements.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.idle import prepare
from bench.measuring import circumstances
from bench.sink import ROOT
from newsletter.domain.subscribers.audience import Consent, Entry
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.wiring import opened
from tests.counting import counted
from tests.desk import STAFF, Signed, Staffed, address_of
from tests.pages import Forum

_SUBSCRIBERS = 200_000
_REQUESTS = 15
_PAGES = {
    "Home": "",
    "board": "/statements",
    "statement": "/statements/{last}",
    "review": "/statements/{last}/review",
    "start": "/statements/{last}/start",
    "readers": "/readers",
}


def main() -> None:
    """Measure each size, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[500, 2000], help="statements")
    options = parser.parse_args()
    print(circumstances(f"{_SUBSCRIBERS:,} subscribers", f"medians of {_REQUESTS}"), "\n")
    print(f"| statements | {' | '.join(_PAGES)} | `statement list`, s |")
    print(f"|--:|{'--:|' * len(_PAGES)}--:|")
    fewest: dict[str, int] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
            prepare(Path(made), size, size // 2)
            pages = _measure(Path(made))
            listed = median(_list(Path(made)) for _ in range(5))
        cells = [f"{cpu:.1f} ({sql} SQL)" for cpu, sql in pages.values()]
        print(f"| {size:,} | {' | '.join(cells)} | {listed:.2f} |", flush=True)
        fewest = fewest or {name: sql for name, (_, sql) in pages.items()}
        if grown := [name for name, (_, sql) in pages.items() if sql > fewest[name]]:
            raise SystemExit(f"more SQL with more statements: {', '.join(grown)}")


def _measure(workspace: Path) -> dict[str, tuple[float, int]]:
    """Page → (milliseconds of CPU, SQL statements) of one request."""
    clock = SystemClock()
    with opened(workspace, {}) as services:
        consent = Consent(source="web form", at=clock.now())
        with services.store.begin() as tx:
            tx.readers.upsert(
                (
                    Entry(
                        address=f"reader{number}@readers.example", lists=("press",), consent=consent
                    )
                    for number in range(_SUBSCRIBERS)
                ),
                clock.now(),
            )
            for name, role in STAFF.items():
                tx.staff.put(address_of(name), role, clock.now())
            last = tx.statements.all()[-1].slug
        site = Forum(services=services, folder=workspace, clock=clock)  # type: ignore[arg-type]
        dan = Staffed(site=site).as_("dan", fresh=True)
        return {name: _ask(dan, path.format(last=last)) for name, path in _PAGES.items()}


def _ask(member: Signed, path: str) -> tuple[float, int]:
    seconds = []
    for _ in range(_REQUESTS):
        with counted() as statements:
            before = time.process_time()
            answer = member.get(path)
            seconds.append(time.process_time() - before)
        assert answer.status == 200, (path, answer.status)
    return median(seconds) * 1000, len(statements)


def _list(workspace: Path) -> float:
    """Seconds that the command takes."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "newsletter", "statement", "list"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - began


if __name__ == "__main__":
    main()
