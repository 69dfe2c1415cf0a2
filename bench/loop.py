"""Measure whether a page keeps others waiting: ``python -m bench.loop``.

One process serves the desk of the demo. Another asks ``/healthz`` every two milliseconds on one
kept-open connection, while each page is requested ten times in turn. A row is a page: its median,
and the longest that a health check waited in that time. The last row is without any page.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.measuring import circumstances
from newsletter.cli.workspace.demo import at_the_desk
from newsletter.web.server import WebServer
from tools.desk_screens import furnish, pages, sent, signed_in

_TIMES = 10
_QUIET_SECONDS = 2.0
_PINGS = """
import http.client, json, select, sys, time
connection, waits = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1])), []
while not select.select([sys.stdin], [], [], 0.002)[0]:
    began = time.monotonic()
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    waits.append((began, time.monotonic() - began))
print(json.dumps(waits))
"""


def main() -> None:
    """Print a row for each page, those first that kept others waiting longest."""
    print(circumstances(f"{_TIMES} requests of each page"))
    with tempfile.TemporaryDirectory() as name, at_the_desk(sent(Path(name) / "forum")) as services:
        furnish(services)
        spans: dict[str, list[tuple[float, float]]] = {}
        with WebServer(services, host="127.0.0.1", port=0) as server:
            port = int(server.address.rpartition(":")[2])
            with _pinged(port) as waits:
                for page, path, who in pages(services):
                    cookie = f"desk={signed_in(services, who)}" if who else ""
                    spans[page] = [
                        _asked(port, path.partition("#")[0], cookie) for _ in range(_TIMES)
                    ]
                began = time.monotonic()
                time.sleep(_QUIET_SECONDS)
                spans["no page"] = [(began, time.monotonic())]
    rows = [
        (
            max((wait for at, wait in waits if began - wait <= at <= ended), default=0.0),
            median(end - start for start, end in asked),
            page,
        )
        for page, asked in spans.items()
        for began, ended in [(asked[0][0], asked[-1][1])]
    ]
    print("\n| page | median ms | longest wait of a health check, ms |\n|---|--:|--:|")
    for wait, took, page in sorted(rows, reverse=True):
        print(f"| {page} | {took * 1000:.1f} | {wait * 1000:.1f} |")


@contextmanager
def _pinged(port: int) -> Iterator[list[tuple[float, float]]]:
    """Ask for the health in that time; fill the list at the end with (when, seconds)."""
    waits: list[tuple[float, float]] = []
    command = [sys.executable, "-c", _PINGS, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        time.sleep(1)
        yield waits
        said, _ = process.communicate("\n")
        waits += [(at, wait) for at, wait in json.loads(said)]


def _asked(port: int, path: str, cookie: str) -> tuple[float, float]:
    """Ask for a page; return when it began and when all of it was there."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.monotonic()
    connection.request("GET", f"/desk{path}", headers={"Cookie": cookie})
    connection.getresponse().read()
    ended = time.monotonic()
    connection.close()
    return began, ended


if __name__ == "__main__":
    main()
