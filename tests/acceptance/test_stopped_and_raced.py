"""Processes that stand still past every deadline, and processes that begin at the same instant."""

import functools
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import killing
from tests.acceptance.launching import command
from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Running, Workspace, copied, readers, wait_until
from tests.provider_servers.postal import PostalServer
from tests.provider_servers.resend import ResendServer
from tests.servers import Received, Step

ROUNDS, PROCESSES = 20, 8
LEASE = timedelta(seconds=2)


class Slow(killing.Deadly):
    """A server that takes at once and answers a little later."""

    def usual(self, received: Received) -> Step:
        self.pause = 0.2
        return super().usual(received)


def slow_mailgun() -> Any:
    class SlowMailgun(Slow, PacedMailgun):
        pass

    server = SlowMailgun()
    server.now = time.time
    return server


def slow_resend() -> Any:
    class SlowResend(Slow, ResendServer):
        pass

    return SlowResend()


def slow_postal() -> Any:
    class SlowPostal(Slow, PostalServer):
        pass

    return SlowPostal()


MAILGUN = {"kind": "mailgun", "domain": "forum.example", "api_key": "key-for-tests"}
SLOW: dict[str, tuple[Callable[[], Any], dict[str, Any], int]] = {
    "resend": (slow_resend, {"kind": "resend", "api_key": "re_for_tests", "batch_size": 5}, 300),
    "mailgun": (slow_mailgun, {**MAILGUN, "batch_size": 5, "settle": "4s"}, 300),
    "postal": (slow_postal, {"kind": "postal", "api_key": "key-for-tests"}, 60),
}


def prepared(workspace: Workspace, people: list[str]) -> None:
    workspace.subscribe(people)
    workspace.write_and_approve("news")


@pytest.mark.faults(seconds=15)
@pytest.mark.parametrize("kind", list(SLOW))
def test_whoever_stood_still_past_its_lease_hands_nothing_over_twice(
    workspace: Workspace, kind: str
) -> None:
    make, options, count = SLOW[kind]
    people = readers(count)
    prepared(workspace, people)
    chance = random.Random(kind)  # noqa: S311 - a test that is the same each time
    with make() as server:
        workspace.configure(
            provider={"concurrency": 2, "timeout": "1s", "base_url": server.url, **options}
        )
        running = killing.start(workspace, killing.Point(passage=1 << 40), lease=LEASE)
        wait_until(lambda: server.taken, describe=running.said)
        for standstill in (1.5, 2.5):  # past the call's end, and past the lease
            time.sleep(chance.uniform(0, 0.1))
            running.stop(signal.SIGSTOP)
            assert len(server.taken) * options.get("batch_size", 1) < count, "it was over already"
            refused = workspace.do("run", "--until-idle", code=4)
            assert "another 'newsletter run' is at work" in refused.stderr
            time.sleep(standstill)
            running.stop(signal.SIGCONT)
        assert running.finish().code == 0
        taken = Counter(message.to for message in server.delivered)
    assert max(taken.values()) == 1
    report = workspace.report("news")
    named = report["unknown_addresses"]
    assert report["accepted"] + len(named) == count
    assert set(people) - set(named) <= taken.keys()
    if kind != "postal":
        assert (report["state"], named) == ("sent", [])


def _at_the_gate(gate: Path, arguments: Sequence[str]) -> None:
    while not gate.exists():
        time.sleep(0.001)
    command(arguments)


@pytest.fixture
def copies(workspace: Workspace, tmp_path: Path) -> Iterator[Callable[[], Workspace]]:
    """Copies of a workspace in which one statement may go out."""
    workspace.write_and_approve("news")
    made: list[Workspace] = []

    def copy() -> Workspace:
        folder = tmp_path / f"copy{len(made)}"
        made.append(Workspace(folder=copied(workspace.folder, folder)))
        return made[-1]

    yield copy
    for each in made:
        each.close()


def race(workspace: Workspace, *arguments: str) -> list[Running]:
    """Start this command so many times at once."""
    gate = workspace.folder.with_name(f"{workspace.folder.name}-gate")
    program = functools.partial(_at_the_gate, gate)
    racing = [workspace.start(*arguments, program=program) for _ in range(PROCESSES)]
    gate.touch()
    return racing


def _gone(racing: list[Running], count: int) -> list[Running]:
    """Those that have ended, once they are so many."""
    ended = [one for one in racing if one.is_ended()]
    return ended if len(ended) == count else []


@pytest.mark.faults(seconds=12)
def test_of_eight_that_begin_at_once_one_sends_and_seven_are_refused(
    copies: Callable[[], Workspace], thorough: bool
) -> None:
    for _ in range(ROUNDS if thorough else 2):
        workspace = copies()
        with PacedMailgun() as mailgun:
            workspace.use_mailgun(mailgun.url, batch_size=2, concurrency=2)
            mailgun.gate = threading.Event()  # answers wait until the seven have gone
            racing = race(workspace, "run", "--until-idle")
            gone = functools.partial(_gone, racing, PROCESSES - 1)
            refused = [one.finish() for one in wait_until(gone)]
            assert [one.code for one in refused] == [4] * (PROCESSES - 1)
            assert all("another 'newsletter run' is at work" in one.stderr for one in refused)
            mailgun.gate.set()
            assert sorted(one.finish().code for one in racing) == [0] + [4] * (PROCESSES - 1)
            assert mailgun.counted() == dict.fromkeys(readers(10), 1)
        with closing(sqlite3.connect(workspace.database)) as connection:
            assert connection.execute("SELECT count(*) FROM campaign").fetchone() == (1,)


@pytest.mark.faults(seconds=8)
def test_of_eight_that_make_the_database_at_once_all_find_it_whole(
    copies: Callable[[], Workspace], thorough: bool
) -> None:
    for _ in range(5 if thorough else 1):
        workspace = copies()
        shutil.rmtree(workspace.folder / "var")
        done = [one.finish() for one in race(workspace, "campaign", "list")]
        assert [one.code for one in done] == [0] * PROCESSES, [one.stderr for one in done]
        with closing(sqlite3.connect(workspace.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        workspace.do("run", "--until-idle")
