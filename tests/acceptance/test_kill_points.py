"""Killed at each point of its work, and anywhere: one message each, and none forgotten.

Real processes, the real database and a provider that keeps a journal of its own. Two shares of the
kills fall on a passage counted within the process, one on a moment of the wall clock.
"""

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import killing
from tests.acceptance.killing import DISPATCH, FOLDER, LOOK_UP, RECONCILE, REPLAY, SERVER, Point
from tests.acceptance.workspace import Running, Workspace, copied, readers, wait_until
from tests.provider_servers.postal import PostalServer
from tests.provider_servers.postmark import PostmarkServer
from tests.provider_servers.resend import ResendServer
from tests.servers import MailgunServer

KILLS_OF_A_KIND = 60
KILLS_OF_A_CAMPAIGN = 10
PATIENCE = 60.0
_BOOKS = """SELECT coalesce(sum(size), 0), coalesce(sum(accepted), 0), coalesce(sum(unknown), 0),
    sum(size <> pending + accepted + rejected + suppressed + cancelled + unknown) FROM batch"""


@dataclass
class DeadlyResend(killing.Deadly, ResendServer):
    __init__ = killing.Deadly.__init__


@dataclass
class DeadlyMailgun(killing.Deadly, MailgunServer):
    __init__ = killing.Deadly.__init__


@dataclass
class DeadlyPostmark(killing.Deadly, PostmarkServer):
    __init__ = killing.Deadly.__init__


@dataclass
class DeadlyPostal(killing.Deadly, PostalServer):
    __init__ = killing.Deadly.__init__


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A way of finding out what became of a message, and a provider that has it."""

    name: str
    server: Callable[[], Any] | None
    options: dict[str, Any]
    people: int
    points: Sequence[str]
    """The points at which a run that sends can be killed."""
    afterwards: Sequence[Point]
    """Where one can be killed that finds out what the one before it left."""
    looks: Sequence[Point] = ()
    """The same, seconds later and one after another, when the rest is long sent."""
    finds_out: bool = True


def _mailgun() -> DeadlyMailgun:
    server = DeadlyMailgun()
    server.now = time.time
    return server


SETTLING = tuple(Point(name=name) for name in RECONCILE)
LOOKING = tuple(Point(name=name) for name in (*LOOK_UP, *RECONCILE[3:]))
KINDS = (
    Kind(
        name="resend",
        server=DeadlyResend,
        options={"api_key": "re_for_tests", "batch_size": 5},
        people=400,
        points=(*DISPATCH, *SERVER),
        afterwards=(*SETTLING, *(Point(name=name) for name in REPLAY)),
    ),
    Kind(
        name="mailgun",
        server=_mailgun,
        options={
            "domain": "forum.example",
            "api_key": "key-for-tests",
            "batch_size": 5,
            "settle": "4s",
        },
        people=400,
        points=(*DISPATCH, *SERVER),
        afterwards=SETTLING,
        looks=LOOKING,
    ),
    Kind(
        name="postmark",
        server=DeadlyPostmark,
        options={"server_token": "token-for-tests", "batch_size": 5, "settle": "4s"},
        people=400,
        points=(*DISPATCH, *SERVER),
        afterwards=SETTLING,
        looks=LOOKING,
    ),
    Kind(
        name="postal",
        server=DeadlyPostal,
        options={"api_key": "key-for-tests"},
        people=150,
        points=(*DISPATCH, *SERVER),
        afterwards=SETTLING,
        finds_out=False,
    ),
    Kind(
        name="outbox",
        server=None,
        options={"path": "var/outbox", "batch_size": 5},
        people=400,
        points=(*DISPATCH, *FOLDER),
        afterwards=SETTLING,
    ),
)


@dataclass(kw_only=True)
class Ordeal:
    """One campaign that is killed again and again."""

    kind: Kind
    workspace: Workspace
    server: Any
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    """Point → how often the process died there."""

    @property
    def people(self) -> list[str]:
        return readers(self.kind.people)

    def delivered(self) -> Counter[str]:
        """Address → how many messages the provider has for it."""
        if self.server is not None:
            return Counter(message.to for message in self.server.delivered)
        if not (self.workspace.folder / "var" / "outbox").exists():
            return Counter()
        return Counter(path.name for path in self.workspace.outbox)

    def die_at(self, point: Point) -> None:
        """Start, and be killed at a point that has to come."""
        assert self._start_and_die(point), f"{point} was not reached"

    def die_at_any(self) -> bool:
        """Start, and be killed somewhere; False where the campaign was over before."""
        if self.chance.random() < 2 / 3:
            return self._start_and_die(Point(passage=self.chance.randint(1, 90)))
        running = killing.start(self.workspace, Point(passage=1 << 40))
        if self.chance.random() < 0.8:
            begun = killing.begun_in(self.workspace)
            wait_until(lambda: begun.exists() or running.is_ended())
            running.is_ended(self.chance.uniform(0, 0.12))
        else:
            running.is_ended(self.chance.uniform(0, 0.5))  # it may not be at work yet
        running.kill()
        return self._dead(running, "any moment")

    def _start_and_die(self, point: Point) -> bool:
        at_server = point.name.startswith("server")
        running = killing.start(self.workspace, None if at_server else point)
        if at_server:
            pid = running.process.pid
            self.server.executioner.wait_for(point, lambda: os.kill(pid, signal.SIGKILL))
        assert running.is_ended(PATIENCE), running.said()
        return self._dead(running, point.name or "any passage")

    def _dead(self, running: Running, where: str) -> bool:
        """Return whether the process was killed; if so, check its books."""
        code = running.process.exitcode
        if code == 0:
            return False
        assert code == -signal.SIGKILL, f"exit {code}: {running.said()}"
        self.kills[where] += 1
        self.check_books()
        return True

    def check_books(self) -> tuple[int, int]:
        """(accepted, unknown) by the books, which balance and say no more than the provider."""
        with closing(sqlite3.connect(self.workspace.database)) as connection:
            size, accepted, unknown, unbalanced = connection.execute(_BOOKS).fetchone()
        assert size in {0, self.kind.people}
        assert not unbalanced
        taken = self.delivered()
        assert accepted <= len(taken)
        assert not taken or max(taken.values()) == 1
        return accepted, unknown

    def end(self) -> None:
        """Let it come to its end: everybody has it once, or is named."""
        if self.server is not None:
            self.server.pause = 0
        unknown = self.check_books()[1]
        left = not self.kind.finds_out and unknown
        last = self.workspace.start("run", "--until-idle").finish()
        taken = self.delivered()
        assert max(taken.values()) == 1
        report = self.workspace.report("news")
        named = report["unknown_addresses"]
        assert len(set(named)) == len(named) == report["unknown"]
        assert report["accepted"] + report["unknown"] == self.kind.people
        if self.kind.finds_out or (not left and not named):
            assert (last.code, report["state"], report["unknown"]) == (0, "sent", 0), last.stderr
            assert len(taken) == self.kind.people
        else:
            assert (last.code, report["state"]) == (5, "attention"), last.stderr
            assert set(self.people) - set(named) <= taken.keys() <= set(self.people)
        if self.server is None:
            lines = Counter(line["to"] for line in self.workspace.journal)
            assert lines == dict.fromkeys(self.people, 1)


@pytest.fixture(scope="module")
def approved(
    tmp_path_factory: pytest.TempPathFactory, patterns: dict[str, Path]
) -> Callable[[Kind], Path]:
    """Workspaces to copy, one a kind: everybody is subscribed, and the statement has its yes."""
    made: dict[str, Path] = {}

    def make(kind: Kind) -> Path:
        if kind.name not in made:
            folder = tmp_path_factory.mktemp("approved") / kind.name
            workspace = Workspace(folder=copied(patterns["peopled"], folder))
            workspace.subscribe(readers(kind.people))
            workspace.write_and_approve("news")
            workspace.close()
            made[kind.name] = folder
        return made[kind.name]

    return make


@contextmanager
def ordeal(kind: Kind, pattern: Path, folder: Path, seed: int) -> Iterator[Ordeal]:
    """A campaign of one kind, before its first run."""
    workspace = Workspace(folder=copied(pattern, folder))
    server = kind.server() if kind.server else None
    provider = {"kind": kind.name, "concurrency": 2, "timeout": "20s", **kind.options}
    chance = random.Random(seed)  # noqa: S311 - a test that is the same each time
    try:
        if server is None:
            workspace.configure(provider=provider)
            yield Ordeal(kind=kind, workspace=workspace, server=None, chance=chance)
        else:
            with server:
                workspace.configure(provider=provider | {"base_url": server.url})
                yield Ordeal(kind=kind, workspace=workspace, server=server, chance=chance)
    finally:
        workspace.close()


def named_points(kind: Kind) -> list[list[Point]]:
    """Campaigns of a few kills each, in which each point of the kind comes."""
    # a thread that sends passes the points of the claim once: later a record claims
    first = [
        Point(name=name, passage=1 if name.startswith("claim") else 1 + place % 3)
        for place, name in enumerate(kind.points)
    ]
    lost = Point(name="call: before it"), Point(name="call: after it")
    later = [p for place, point in enumerate(kind.afterwards) for p in (lost[place % 2], point)]
    short = [
        points[place : place + 10]
        for points in (first, later)
        for place in range(0, len(points), 10)
    ]
    return short + [[one, *kind.looks] for one in lost if kind.looks]


@pytest.mark.faults(seconds=15)
@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_killed_at_each_named_point_nobody_gets_two_and_nobody_is_forgotten(
    kind: Kind, approved: Callable[[Kind], Path], tmp_path: Path, seed: int, thorough: bool
) -> None:
    pattern = approved(kind)

    def suffer(place: int, points: list[Point]) -> Counter[str]:
        with ordeal(kind, pattern, tmp_path / f"forum{place}", place) as campaign:
            for point in points:
                campaign.die_at(point)
            campaign.end()
            return campaign.kills

    campaigns = named_points(kind)
    if not thorough:  # some of them, others in the next run
        campaigns = [random.Random(seed).choice(campaigns)[:5]]  # noqa: S311 - drawn by the seed
    with ThreadPoolExecutor(4) as pool:
        kills = sum(pool.map(suffer, range(len(campaigns)), campaigns), Counter())
    every_point = {*kind.points, *(p.name for p in (*kind.afterwards, *kind.looks))}
    assert kills.keys() == (every_point if thorough else {point.name for point in campaigns[0]})
    print(f"{kind.name}: {kills.total()} kills at {len(kills)} points")  # noqa: T201 - for -s


@pytest.mark.faults(seconds=60)
@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_killed_anywhere_nobody_gets_two_and_nobody_is_forgotten(
    kind: Kind, approved: Callable[[Kind], Path], tmp_path: Path, seed: int, thorough: bool
) -> None:
    pattern = approved(kind)
    enough, a_campaign = (KILLS_OF_A_KIND, KILLS_OF_A_CAMPAIGN) if thorough else (6, 3)

    def suffer(place: int) -> Counter[str]:
        with ordeal(kind, pattern, tmp_path / f"forum{place}", seed + place) as campaign:
            if campaign.server is not None:
                campaign.server.pause = 0.02
            while campaign.kills.total() < a_campaign and campaign.die_at_any():
                pass
            campaign.end()
            return campaign.kills

    kills: Counter[str] = Counter()
    with ThreadPoolExecutor(3) as pool:
        for turn in range(0, 60, 3):
            kills += sum(pool.map(suffer, range(turn, turn + 3)), Counter())
            if kills.total() >= enough:
                break
    print(f"{kind.name}: {kills.total()} kills, {dict(kills)}")  # noqa: T201 - for -s
    assert kills.total() >= enough
