"""Posts from outside, and pages, at size: ``python -m bench.doors [--readers N]``.

``newsletter run`` freezes an audience and sends a campaign to the sink. Meanwhile pages and
unsubscribes by one click are requested at a steady pace. Then events, unsubscribes and sign-ups
are posted over connections that stay open, as fast as they are answered.

It ends with an error unless each post is answered as expected and the database has all of it.
"""

import argparse
import asyncio
import base64
import itertools
import json
import math
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench import product
from bench.departures import CAMPAIGN, Answered, Load, request, running
from bench.measuring import circumstances
from bench.sink import compiled, sink
from newsletter.runtime.services import open_workspace

_POSTS = 10_000
_EVENTS_PER_POST = 1_000
_PACE = 40
"""Requests a second while the campaign is under way."""
_CLICK = b"List-Unsubscribe=One-Click"


def main() -> None:
    """Print two tables: waits while a campaign is under way, and posts a second."""
    parser = argparse.ArgumentParser(prog="python -m bench.doors", description=__doc__)
    parser.add_argument("--readers", type=int, default=100_000)
    readers = parser.parse_args().readers
    print(circumstances(f"{readers:,} readers", "client and sink on the same cores"))
    key = ec.generate_private_key(ec.SECP256R1())
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
        program, workspace = compiled(Path(made)), Path(made) / "workspace"
        database = workspace / "var" / "newsletter.db"
        tokens = iter(_prepare(workspace, readers, key))
        with sink(program) as target, running(workspace, target.url) as port:
            first = _pages(port, 1)  # it compiles the templates
            waits = _under_way(database, port, tokens)
            waits["page", "first"], waits["page", "at rest"] = first, _pages(port, _PACE * 10)
            _print_waits(waits)
            deliveries = _deliveries(database)
            print("\n| posts | a second |\n|---|--:|", flush=True)
            _post(port, "health checks", [request("GET", "/healthz")] * _POSTS)
            single = [_events([one], key) for one in itertools.islice(deliveries, _POSTS)]
            _post(port, "events, one a post", single)
            many = []
            while chunk := list(itertools.islice(deliveries, _EVENTS_PER_POST)):
                many.append(_events(chunk, key))
            meanwhile = _post(port, "events, 1,000 a post", many, each=_EVENTS_PER_POST)
            clicks = [_click(token) for token in itertools.islice(tokens, _POSTS)]
            _post(port, "unsubscribes by one click", clicks)
            _post(port, "sign-ups", list(_sign_ups()), status=303)
        _print_waits({("page", "events"): meanwhile})
        left = sum(len(each) for (what, _), each in waits.items() if what == "unsubscribe")
        _check(database, left=left + _POSTS)


def _prepare(workspace: Path, readers: int, key: ec.EllipticCurvePrivateKey) -> Sequence[str]:
    """Write a workspace with a statement to send; return the tokens of its last readers."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    product.prepare(workspace, readers)
    _configure(workspace, "poll: 5s", "poll: 1s")
    _configure(workspace, "kind: mailgun\n  domain: forum.example", "kind: sendgrid")
    _configure(workspace, "api_key: key", f"api_key: key\n  webhook_key: {_base64(public)}")
    # their confirmations would leave at the same time
    sign_ups = "signup: {most_per_hour: 600}"
    _configure(workspace, "language: en", f"language: en\nlists: [{{name: press}}]\n{sign_ups}")
    with open_workspace(workspace, {}) as services:
        return services.links.for_batch(CAMPAIGN, range(max(1, readers - 50_000), readers + 1))[0]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _configure(workspace: Path, old: str, new: str) -> None:
    settings = workspace / "newsletter.yaml"
    text = settings.read_text()
    assert old in text, old
    settings.write_text(text.replace(old, new))


def _click(token: str) -> bytes:
    return request("POST", f"/u/{token}", _CLICK)


def _under_way(path: Path, port: int, tokens: Iterator[str]) -> dict[tuple[str, str], list[float]]:
    """Request pages and unsubscribes until the campaign is sent.

    Return the waits in milliseconds by what was requested and what the program was doing.
    """
    answers: list[tuple[str, Answered]] = []
    with closing(sqlite3.connect(path)) as database:
        while not database.execute("SELECT 1 FROM campaign WHERE finished_at > 0").fetchone():
            for what in ("page", "unsubscribe"):
                requests = [
                    request("GET", "/") if what == "page" else _click(next(tokens))
                    for _ in range(_PACE // 4)
                ]
                load = Load(port=port, rate=_PACE, requests=requests)
                answers += [(what, one) for one in asyncio.run(load.go())]
        [(claimed_at,)] = database.execute("SELECT MIN(claimed_at) / 1000.0 FROM batch")
    waits: dict[tuple[str, str], list[float]] = {}
    for what, one in answers:
        assert one.status == 200, one
        doing = "freezing" if one.due < claimed_at else "sending"
        waits.setdefault((what, doing), []).append(one.wait)
    return waits


def _pages(port: int, count: int) -> list[float]:
    pages = Load(port=port, rate=_PACE, requests=[request("GET", "/")] * count)
    return [one.wait for one in asyncio.run(pages.go())]


def _print_waits(waits: Mapping[tuple[str, str], Sequence[float]]) -> None:
    print("\n| request | while | number | median ms | p99 ms | longest ms |")
    print("|---|---|--:|--:|--:|--:|")
    for (what, doing), each in sorted(waits.items()):
        figures = (statistics.median(each), sorted(each)[len(each) * 99 // 100], max(each))
        texts = " | ".join(f"{figure:.1f}" for figure in figures)
        print(f"| {what} | {doing} | {len(each)} | {texts} |")


def _post(
    port: int, what: str, requests: list[bytes], *, status: int = 200, each: int = 1
) -> list[float]:
    """Print how many posts a second are answered; return the waits of the pages meanwhile."""
    answers, pages = asyncio.run(_with_pages(Load(port=port, rate=math.inf, requests=requests)))
    assert {one.status for one in answers} == {status}, {one.status for one in answers}
    assert {one.status for one in pages} == {200}, {one.status for one in pages}
    seconds = max(one.at for one in answers) - min(one.due for one in answers)
    print(f"| {what} | {len(requests) * each / seconds:,.0f} |", flush=True)
    return [one.wait for one in pages if one.due < answers[-1].at]


async def _with_pages(load: Load) -> tuple[list[Answered], list[Answered]]:
    posting = asyncio.create_task(load.go())
    page = Load(port=load.port, rate=_PACE, requests=[request("GET", "/")] * (_PACE // 4))
    pages: list[Answered] = []
    while not posting.done():
        pages += await page.go()
    return posting.result(), pages


def _deliveries(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the attempt and the reader's number of each accepted email."""
    with closing(sqlite3.connect(path)) as database:
        left = {number for (number,) in database.execute("SELECT subscriber_id FROM delivery")}
        for attempt, members in database.execute("SELECT attempt_id, members FROM batch"):
            yield from ((attempt, number) for number in json.loads(members) if number not in left)


def _events(deliveries: Sequence[tuple[str, int]], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a post of SendGrid that each of these emails was delivered."""
    now = int(time.time())
    events = [
        {
            "event": "delivered",
            "sg_event_id": f"delivered-{number}",
            "timestamp": now,
            "email": product.address(number - 1),
            "campaign": "harbour",
            "attempt": attempt,
            "subscriber": f"{number}",
        }
        for attempt, number in deliveries
    ]
    body = json.dumps(events).encode()
    signature = key.sign(f"{now}".encode() + body, ec.ECDSA(hashes.SHA256()))
    prefix = "X-Twilio-Email-Event-Webhook"
    fields = f"{prefix}-Timestamp: {now}\r\n{prefix}-Signature: {_base64(signature)}\r\n"
    return request("POST", "/webhooks/sendgrid", body, kind="application/json", fields=fields)


def _sign_ups() -> Iterator[bytes]:
    for number in range(_POSTS):
        body = urlencode({"email": f"new{number}@readers.example", "list": "press"}).encode()
        network = (
            f"X-Forwarded-For: {20 + number // 62_500}.{number // 250 % 250}.{number % 250}.8\r\n"
        )
        yield request("POST", "/subscribe", body, fields=network)


def _check(path: Path, *, left: int) -> None:
    """Raise SystemExit unless the database has all that was posted."""
    counts = {
        "SELECT COUNT(*) FROM delivery_status": "SELECT SUM(accepted) FROM batch",
        "SELECT COUNT(*) FROM subscription WHERE state = 'ended'": f"SELECT {left}",
        "SELECT COUNT(*) FROM transactional_email": f"SELECT {_POSTS}",
    }
    with closing(sqlite3.connect(path)) as database:
        for query, other in counts.items():
            [(found,)], [(expected,)] = (
                database.execute(each).fetchall() for each in (query, other)
            )
            if found != expected:
                raise SystemExit(f"{query}: {found:,} instead of {expected:,}")


if __name__ == "__main__":
    main()
