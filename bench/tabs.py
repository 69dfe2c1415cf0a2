"""What live pages cost the sending: ``python -m bench.tabs [RECIPIENTS [TABS [RUNS]]]``.

A workspace sends to a sink while browsers watch the campaign live, and then while none does, in
turns. The figure is the CPU of the sending process, from the first claim to the finished campaign.
"""

import asyncio
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.measuring import circumstances
from bench.product import SINK_URL, NotingClock, _phases, prepare
from bench.sink import ROOT, compiled, sink
from newsletter.credentials.codes import hash_token
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.staff.account import Session
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.wiring import open_workspace
from newsletter.web.server import WebServer

_EDITOR = "editor@forum.example"


async def _watch(address: str, cookie: str) -> None:
    """Ask for the live figures as a browser does."""
    while True:
        began = time.monotonic()
        with suppress(OSError):
            await _figures(address, cookie)
        await asyncio.sleep(min(15, max(2, 10 * (time.monotonic() - began))))


async def _figures(address: str, cookie: str) -> bytes:
    host, port = address.removeprefix("http://").split(":")
    ask = (
        f"GET /desk/campaigns/1/figures HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
        f"Cookie: desk={cookie}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(ask.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def _warm_up(address: str, cookies: list[str]) -> None:
    """Let the threads of the pages open their connections, as in a service that has run."""
    for answer in await asyncio.gather(*(_figures(address, cookie) for cookie in cookies)):
        if b" 404 " not in answer:  # the campaign is not planned yet, and nobody is signed out
            raise SystemExit(answer.decode())


async def _all(address: str, cookies: list[str]) -> None:
    await asyncio.gather(*(_watch(address, cookie) for cookie in cookies))


def _run(folder: Path, tabs: int) -> None:
    clock = NotingClock()
    with open_workspace(folder, os.environ, clock=clock) as services:
        services.delivery.guard().release(by=OPERATOR_NAME, kinds={HoldKind.RESTORE_GUARD})
        services.tick.prepare()
        cookies, now = [secrets.token_urlsafe(16) for _ in range(tabs)], clock.now()
        with services.store.begin() as tx:
            tx.accounts.open(_EDITOR, "nobody knows it", now)
            tx.accounts.prepare_factor(_EDITOR, "00" * 20)
            tx.accounts.confirm_factor(_EDITOR, 0, now)
            for cookie in cookies:
                tx.sessions.begin(
                    Session(
                        hash=hash_token(cookie),
                        address=_EDITOR,
                        created_at=now,
                        seen_at=now,
                    )
                )
        with WebServer(services, host="127.0.0.1", port=0) as server:
            asyncio.run(_warm_up(server.address, cookies))
            command = [sys.executable, "-m", "bench.tabs", "watch", server.address, *cookies]
            watching = subprocess.Popen(command, cwd=ROOT)
            try:
                del clock.readings[:]
                clock.now()
                Scheduler(services.tick).run(until_idle=True)
            finally:
                watching.kill()
                watching.wait()
        phase = _phases(services, clock)["hand over"]
        print(f"{phase.seconds:.2f} {phase.cpu:.3f}")


def main(recipients: int = 100_000, tabs: int = 20, runs: int = 5) -> None:
    """Print the CPU with and without tabs, as medians, and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder / "made", recipients)
        program = compiled(folder)
        spent: dict[int, list[tuple[float, float]]] = {0: [], tabs: []}
        for number in range(runs):
            for watched, found in spent.items():
                copy = folder / f"{number}-{watched}"
                shutil.copytree(folder / "made", copy)
                with sink(program) as target:
                    done = subprocess.run(
                        [sys.executable, "-m", "bench.tabs", "run", str(copy), str(watched)],
                        cwd=ROOT,
                        env=os.environ | {SINK_URL: target.url},
                        stdout=subprocess.PIPE,
                        text=True,
                        check=True,
                    )
                seconds, cpu = done.stdout.split()[-2:]
                found.append((float(seconds), float(cpu)))
                shutil.rmtree(copy)
    print(circumstances(f"{recipients:,} recipients"))
    middle = {
        watched: statistics.median(cpu for _, cpu in found) for watched, found in spent.items()
    }
    for watched, found in spent.items():
        print(f"{watched} tabs: {middle[watched]:.2f} s of CPU", found)
    print(f"the tabs cost {middle[tabs] / middle[0] - 1:.1%}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        asyncio.run(_all(sys.argv[2], sys.argv[3:]))
    elif sys.argv[1:2] == ["run"]:
        _run(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
