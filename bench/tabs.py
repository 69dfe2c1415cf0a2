"""What live pages cost the sending: ``python -m bench.tabs [RECIPIENTS [TABS [RUNS]]]``.

A workspace sends to a sink while browsers watch the campaign live, and then while none does, in
turns. The figure is the CPU of the sending process, from the first claim to the finished campaign.
"""

import asyncio
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measuring import circumstances
from bench.product import SINK_URL, NotingClock, _phases, prepare
from bench.sink import ROOT, compiled, sink
from newsletter.credentials.codes import hash_token
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.staff.account import Session
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.services import open_workspace
from newsletter.web.server import WebServer

_EDITOR = "editor@forum.example"
_PAUSE = 2.0
"""Seconds between two questions of a tab."""


class _Tab:
    """A browser's tab, which opens a connection again where the server has ended an idle one."""

    def __init__(self, address: str, campaign: str, cookie: str) -> None:
        self._host, port = address.removeprefix("http://").split(":")
        self._port = int(port)
        self._request = (
            f"GET /desk/campaigns/{campaign}/figures HTTP/1.1\r\nHost: {self._host}:{port}\r\n"
            f"Accept: application/json\r\nCookie: desk={cookie}\r\n\r\n"
        ).encode()

    async def watch(self, delay: float) -> None:
        """Ask for the live figures as ``live.js`` does, first after ``delay`` seconds."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.sleep(delay)
        while True:
            began = time.monotonic()
            if reader.at_eof():
                writer.close()
                reader, writer = await asyncio.open_connection(self._host, self._port)
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(line for line in head.lower().splitlines() if b"content-length:" in line)
            body = await reader.readexactly(int(size.partition(b":")[2]))
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(head.decode())
            figures = json.loads(body)
            took = time.monotonic() - began
            await asyncio.sleep(min(15, max(figures.get("pause", _PAUSE), 10 * took)))


async def _watch_all(address: str, campaign: str, *cookies: str) -> None:
    """Watch in all tabs. They were opened at different moments, so they ask one after another."""
    delays = {cookie: _PAUSE * number / len(cookies) for number, cookie in enumerate(cookies)}
    async with asyncio.TaskGroup() as tabs:
        for cookie, delay in delays.items():
            tabs.create_task(_Tab(address, campaign, cookie).watch(delay))
        await asyncio.sleep(_PAUSE)
        print("all have asked", flush=True)


def _run(folder: Path, tabs: int) -> None:
    clock = NotingClock()
    with open_workspace(folder, os.environ, clock=clock) as services:
        services.delivery.guard().release(by=OPERATOR_NAME, kinds={HoldKind.RESTORE_GUARD})
        services.tick.prepare()
        while not (started := services.tick.run().started):
            time.sleep(0.1)
        cookies, now = [secrets.token_urlsafe(16) for _ in range(tabs)], clock.now()
        with services.store.begin() as tx:
            tx.accounts.open(_EDITOR, "nobody knows it", now)
            tx.accounts.change(_EDITOR, pending="00" * 20)
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
            # a copied database has given its campaign another number
            arguments = ["watch", server.address, str(started[0].id), *cookies]
            watching = subprocess.Popen(
                [sys.executable, "-m", "bench.tabs", *arguments], cwd=ROOT, stdout=subprocess.PIPE
            )
            try:
                assert watching.stdout is not None
                assert watching.stdout.readline()
                del clock.readings[:]
                clock.now()
                Scheduler(services.tick).run(until_idle=True)
                assert watching.poll() in {None, 0}, "a tab got no figures"
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
        asyncio.run(_watch_all(*sys.argv[2:]))
    elif sys.argv[1:2] == ["run"]:
        _run(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
