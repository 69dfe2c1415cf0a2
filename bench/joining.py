"""``python -m bench.joining``: what the answer to a sign-up tells, and what a flood of them makes.

The time of posts for addresses of subscribers is compared with that for unknown addresses, one
after the other in turn, by the two-sample test of Kolmogorov and Smirnov. Then many networks post
one mailbox.
"""

import argparse
import http.client
import math
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.measuring import circumstances

_COMMAND = [sys.executable, "-m", "newsletter"]
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    """Measure, and print what came of it."""
    options = _options()
    print(circumstances("the client on the same cores"))
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
        folder = Path(made)
        _prepare(folder, options.subscribers)
        with _served(folder) as connection:
            _compare(connection, options.posts)
            _flood(connection, folder, options.flood)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.joining", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--posts", type=int, default=5_000, help="of each kind")
    parser.add_argument("--flood", type=int, default=100_000)
    return parser.parse_args()


def _prepare(folder: Path, subscribers: int) -> None:
    subprocess.run([*_COMMAND, "init"], cwd=folder, check=True, capture_output=True)
    people = folder / "people.csv"
    rows = "".join(f"{_address('known', number)},press\n" for number in range(subscribers))
    people.write_text(f"email,lists\n{rows}", "utf-8")
    command = [*_COMMAND, "subscribers", "import", str(people)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _address(kind: str, number: int) -> str:
    return f"{kind}{number:07}@readers.example"


@contextmanager
def _served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    with subprocess.Popen(
        [*_COMMAND, "serve", "--port", "0"], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        address = urlsplit(server.stderr.readline().split()[3].rstrip(";"))
        drain = subprocess.Popen(["/bin/cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        with closing(http.client.HTTPConnection(str(address.hostname), address.port)) as connection:
            yield connection
        server.terminate()
        server.wait(30)
        drain.wait(30)


def _post(connection: http.client.HTTPConnection, address: str, network: str) -> float:
    body = urlencode({"email": address, "list": "press"})
    begin = time.perf_counter()
    connection.request("POST", "/subscribe", body, {**_HEADERS, "X-Forwarded-For": network})
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - begin
    assert answer.status == 303, answer.status
    return took


def _network(number: int) -> str:
    return f"{20 + number % 60}.{number // 60 % 250}.{number // 15_000}.8"


def _compare(connection: http.client.HTTPConnection, posts: int) -> None:
    chance = random.Random(20110921)  # noqa: S311 - the same order each time
    order = ["known", "other"] * posts
    chance.shuffle(order)
    times: dict[str, list[float]] = {"known": [], "other": []}
    for place, kind in enumerate(order):
        address = _address(kind, len(times[kind]))
        took = _post(connection, address, _network(place % 14_000))
        times[kind].append(took * 1000)
    known, other = times["known"], times["other"]
    distance, chance_of = _kolmogorov(known, other)
    for kind, found in times.items():
        middle, late = statistics.median(found), statistics.quantiles(found, n=100)[98]
        print(f"{kind}: {len(found):,} posts, median {middle:.3f} ms, p99 {late:.3f} ms")
    print(f"Kolmogorov-Smirnov: D = {distance:.4f}, p = {chance_of:.3f}")


def _kolmogorov(one: Sequence[float], two: Sequence[float]) -> tuple[float, float]:
    """The largest distance of the two distributions, and how likely one as large is by chance."""
    a, b = sorted(one), sorted(two)
    i = j = 0
    distance = 0.0
    while i < len(a) and j < len(b):
        step = min(a[i], b[j])
        while i < len(a) and a[i] <= step:
            i += 1
        while j < len(b) and b[j] <= step:
            j += 1
        distance = max(distance, abs(i / len(a) - j / len(b)))
    scale = math.sqrt(len(a) * len(b) / (len(a) + len(b))) * distance
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * scale * scale) for k in range(1, 101))
    return distance, min(1.0, max(0.0, 2 * sum(terms)))


def _flood(connection: http.client.HTTPConnection, folder: Path, posts: int) -> None:
    begin = time.perf_counter()
    networks = max(1, posts // 10)
    for number in range(posts):
        _post(connection, f"victim+{number}@flood.example", _network(number % networks))
    took = time.perf_counter() - begin
    with closing(sqlite3.connect(folder / "var" / "newsletter.db")) as database:
        query = "SELECT count(*), sum(asks) FROM transactional_email WHERE address LIKE 'victim%'"
        [(emails, asks)] = database.execute(query).fetchall()
    assert (emails, asks) == (1, posts)
    print(
        f"flood: {posts:,} posts from {networks:,} networks at one mailbox in {took:.0f} s"
        f" ({posts / took:,.0f}/s, one client): {emails} email"
    )


if __name__ == "__main__":
    main()
