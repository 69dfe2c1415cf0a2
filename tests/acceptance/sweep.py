"""Campaigns that fail at any system call, and the promises broken afterwards.

python -m tests.acceptance.sweep --database sqlite --seeds 100 --start 0

A seed draws a campaign. One run of it is recorded by ``disk.c``, and from the record follow the
states that power cuts leave: bytes not synced are there, lost or torn. Other runs are killed at a
system call, or one of their calls fails. After each, the program sends the rest in this process,
which costs a tenth of a new one.
"""

import argparse
import errno
import faulthandler
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from newsletter.config import environment
from tests.acceptance.calling import call
from tests.acceptance.launching import preloaded
from tests.acceptance.power import LIES, Act, lose_power, read_log
from tests.acceptance.shimmed import Shimmed
from tests.acceptance.workspace import ROOT, Workspace, copied, readers
from tests.budget import MEMORY, fits
from tests.figures import keep
from tests.postgresql import Server, own_server
from tests.provider_servers.postal import PostalServer
from tests.provider_servers.resend import ResendServer
from tests.servers import Received, Step, bytes_then_close, reply

CUTS, KILLS = 20, 40
"""Power cuts, and kills or refused calls, of a seed."""
_VARIABLES = {"PATH": environment()["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
_SECONDS = 300
"""How long the rest of a run may take. Then the process shows its threads, and ends."""
_SHARE = 5
"""Seeds that one process sweeps in one place."""
_DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
_REMADE = ("-shm", "/postmaster.pid")
Files = dict[str, bytes]


class Spoiled:
    """A provider that loses answers, is busy, and can go back to a moment."""

    delivered: list[Any]
    answered: dict[str, Any]

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc] # the server's
        self.fates = deque[str]()
        self.marks: list[tuple[int, int, str]] = []
        """The time, the number of messages and the key of each request that it took."""

    def usual(self, received: Received) -> Step:
        fate = self.fates.popleft() if self.fates else ""
        if fate == "busy":
            return reply(503)
        step: Step = super().usual(received)  # type: ignore[misc]
        return replace(step, act=bytes_then_close(b"").act) if fate == "lost" else step

    def take(self, received: Received) -> None:
        super().take(received)  # type: ignore[misc]
        key = received.headers.get("idempotency-key", "")
        self.marks.append((time.monotonic_ns(), len(self.delivered), key))

    def recorded(self) -> Callable[[int], None]:
        """Return a function that leads back to a moment of the past."""
        marks, delivered = [*self.marks], [*self.delivered]
        answered = {**getattr(self, "answered", {})}

        def go_back(to: int) -> None:
            number = bisect_right(marks, (to, 0, ""))
            self.delivered[:] = delivered[: marks[number - 1][1] if number else 0]
            if answered:
                keys = [key for _, _, key in marks[:number]]
                self.answered = {key: answered[key] for key in keys}
            self.fates.clear()

        return go_back


class SpoiledPostal(Spoiled, PostalServer):
    """It cannot be asked."""


class SpoiledResend(Spoiled, ResendServer):
    """It knows each idempotency key again."""


PROVIDERS: Sequence[tuple[Callable[[], Any], Mapping[str, object]]] = (
    (SpoiledPostal, {"kind": "postal", "api_key": "key-for-tests"}),
    (SpoiledResend, {"kind": "resend", "api_key": "re_for_tests", "batch_size": 4}),
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """The system calls of a run, and the files before it: its own, and those of the server."""

    acts: Sequence[Act]
    before: Files
    server_acts: Sequence[Act] = ()
    server_before: Files = field(default_factory=dict)

    def until(self, at: int) -> "Record":
        """Return the record up to a moment."""
        kept = [[one for one in acts if one.at <= at] for acts in (self.acts, self.server_acts)]
        return replace(self, acts=kept[0], server_acts=kept[1])


class OnSqlite:
    """Workspaces whose database is a file among the rest of their state."""

    def __init__(self, folder: Path, shimmed: Shimmed) -> None:
        self._folder, self.shimmed, self._numbers = folder, shimmed, count(1)
        self._pattern = Workspace.create(folder / "pattern", **self.settings("pattern"))
        self._pattern.hire()

    def settings(self, _name: str) -> dict[str, Any]:
        return {}

    def make(self, people: Sequence[str], provider: Mapping[str, object]) -> Workspace:
        """Return a workspace with an approved statement that is due."""
        made = self.copy(self._pattern)
        made.configure(provider=dict(provider))
        made.subscribe(people)
        made.write_and_approve("news")
        return made

    def copy(self, pattern: Workspace) -> Workspace:
        folder = self._folder / f"forum{next(self._numbers)}"
        return Workspace(folder=copied(pattern.folder, folder))

    def drop(self, workspace: Workspace) -> None:
        shutil.rmtree(workspace.folder)

    def record(self, workspace: Workspace) -> Record:
        """Send, and return the record of the files."""
        state, log = workspace.folder / "var", self._folder / "log"
        log.unlink(missing_ok=True)
        before = _read(state)
        self.shimmed.run(workspace.folder, DISK_ROOT=state, DISK_LOG=log)
        return Record(acts=[*read_log(log)], before=before)

    def restore(
        self,
        workspace: Workspace,
        record: Record,
        chance: random.Random,
        share: float | None = None,
    ) -> None:
        """Leave the files of a power cut after a record."""
        files = lose_power(record.before, record.acts, chance, share=share)
        _write(workspace.folder / "var", files)


class OnPostgresql(OnSqlite):
    """Workspaces whose databases are on a server of its own, whose disk is recorded too."""

    def __init__(self, folder: Path, shimmed: Shimmed, server: Server, library: Path) -> None:
        self._server, self._data = server, server.folder / "data"
        # its account may not read the folders of tests
        self._library = Path(shutil.copy(library, server.folder))
        server.run("CREATE DATABASE pattern")
        super().__init__(folder, shimmed)

    def settings(self, name: str) -> dict[str, Any]:
        return {"database": self._server.url(name)}

    def copy(self, pattern: Workspace) -> Workspace:
        made = super().copy(pattern)
        name = made.folder.name
        for path in (made.folder / "var").glob("epoch*"):
            path.unlink()
        self._server.run(f"CREATE DATABASE {name} TEMPLATE {pattern.folder.name}")
        self._server.run("UPDATE restore_guard SET name = '', claims = 0", on=name)
        made.configure(**self.settings(name))
        return made

    def drop(self, workspace: Workspace) -> None:
        super().drop(workspace)
        self._server.run(f"DROP DATABASE {workspace.folder.name} WITH (FORCE)")

    def record(self, workspace: Workspace) -> Record:
        log = self._server.folder / "acts"
        log.unlink(missing_ok=True)
        self._server.stop("fast")
        data = _read(self._data)
        self._server.start(
            *_DURABLE, LD_PRELOAD=str(self._library), DISK_ROOT=".", DISK_LOG=str(log)
        )
        made = super().record(workspace)
        self._server.stop()
        self._server.start()
        return replace(made, server_acts=[*read_log(log, self._data)], server_before=data)

    def restore(
        self,
        workspace: Workspace,
        record: Record,
        chance: random.Random,
        share: float | None = None,
    ) -> None:
        """Leave the files after the machine of the workspace, of the server, or both lost power."""
        own, server = chance.choice(((None, None), (1.0, None), (None, 1.0)))
        super().restore(workspace, record, chance, share or own)
        self._server.stop()
        files = lose_power(record.server_before, record.server_acts, chance, share=share or server)
        _write(self._data, files)
        self._server.start()


def _read(folder: Path) -> Files:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _write(folder: Path, files: Files) -> None:
    """Bring a folder to a state. The database keeps its inode, as on its own disk."""
    owner = folder.stat()
    # SQLite makes a new index of a log, and PostgreSQL the note of its process
    files = {name: files[name] for name in files if not name.endswith(_REMADE)}
    there = _read(folder)
    for name in there.keys() - files.keys():
        Path(name).unlink()
    for name, content in files.items():
        if there.get(name) != content:
            Path(name).write_bytes(content)
            os.chown(name, owner.st_uid, owner.st_gid)


@dataclass(kw_only=True)
class Tally:
    """The outcome of all points."""

    cuts: int = 0
    kills: int = 0
    calls: int = 0
    messages: int = 0
    twice: int = 0
    lost: int = 0
    unknown: int = 0
    broken: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        both = zip(vars(self).items(), vars(other).values(), strict=True)
        return Tally(**{name: one + two for (name, one), two in both})


class Campaign:
    """A campaign that a seed draws, whose runs fail."""

    def __init__(self, place: OnSqlite, server: Any, people: Sequence[str], seed: int) -> None:
        self._place, self._server, self._people, self._seed = place, server, people, seed
        self._chance = random.Random(seed)  # noqa: S311 - drawn by the seed
        self.tally = Tally()

    def cut(self, pattern: Workspace, cuts: int) -> int:
        """Lose power after some acts of one run. Return how many acts it had."""
        workspace = self._place.copy(pattern)
        self._spoil()
        record = self._place.record(workspace)
        go_back, acts = self._server.recorded(), record.acts
        assert {act.what for act in acts} >= set("wscrSR")
        for _ in range(cuts):
            last = self._chance.randrange(len(acts))
            # what was sent last may have arrived before the next act
            at = acts[last].at
            go_back(self._chance.choice([at, *(one.at for one in acts[last + 1 : last + 2])]))
            self._place.restore(workspace, record.until(at), self._chance)
            self.tally.cuts += 1
            self._judge(workspace, f"power cut after call {last + 1}, {acts[last][:4]}")
        self.tally.calls = len(acts)
        return self._lie(workspace, record, go_back)

    def _lie(self, workspace: Workspace, record: Record, go_back: Callable[[int], None]) -> int:
        """Check that a disk that ignores syncs is noticed."""
        go_back(record.acts[-1].at + 1)
        if self._server.delivered:
            noticed = replace(self.tally, broken=[*self.tally.broken])
            self._place.restore(workspace, record, self._chance, LIES)
            self._judge(workspace, "lied to")
            assert self.tally.broken != noticed.broken, "a disk that lies is not noticed"
            self.tally = noticed
        self._place.drop(workspace)
        return len(record.acts)

    def kill(self, pattern: Workspace, calls: int) -> None:
        """Kill a run at a system call, or let one of its calls fail."""
        fate = self._chance.choice(("DISK_KILL", "DISK_REFUSE"))
        why = self._chance.choice((errno.EIO, errno.ENOSPC))
        number = self._chance.randint(1, calls)
        self._server.recorded()(0)
        self._server.marks.clear()
        workspace = self._place.copy(pattern)
        self._spoil()
        given = {"DISK_ROOT": workspace.folder / "var", "DISK_ERROR": why, fate: number}
        code = self._place.shimmed.run(workspace.folder, **given)
        self._server.fates.clear()
        self.tally.kills += 1
        where = f"{fate} {number}, {os.strerror(why)}"
        if code == -signal.SIGALRM:
            self.tally.broken.append(f"seed {self._seed}, {where}: the run did not end")
        self._judge(workspace, f"{where}, exit {code}")
        self._place.drop(workspace)

    def _spoil(self) -> None:
        """Let some of the next answers be lost, or say that the provider is busy."""
        spoiled = self._chance.choice((0, 0, 1, 2))
        self._server.fates.extend(self._chance.choices(("", "lost", "busy"), k=spoiled))

    def _judge(self, workspace: Workspace, where: str) -> None:
        """Send the rest, and note the promises that are broken in the end."""
        faulthandler.dump_traceback_later(_SECONDS, exit=True, file=2)
        code, _, stderr = call(
            ("run", "--until-idle"), folder=workspace.folder, environment=_VARIABLES
        )
        faulthandler.cancel_dump_traceback_later()
        taken, people = Counter(mail.to for mail in self._server.delivered), {*self._people}
        report = workspace.report("news")
        named = set(report["unknown_addresses"])
        lost = people - taken.keys() - named
        found = {
            f"exit {code}: {stderr}": code not in {0, 5} or "Traceback" in stderr,
            f"twice: {taken}": taken.total() > len(taken),
            f"lost: {lost}": bool(lost),
            f"not accepted or unknown: {report}": report["accepted"] + len(named) != len(people),
        }
        self.tally.messages += taken.total()
        self.tally.twice += taken.total() - len(taken)
        self.tally.lost += len(lost)
        self.tally.unknown += len(named)
        self.tally.broken += [
            f"seed {self._seed}, {where}: {fault}" for fault, is_there in found.items() if is_there
        ]


def sweep(place: OnSqlite, seed: int, cuts: int = CUTS, kills: int = KILLS) -> Tally:
    """Let a campaign fail at some points. Return what became of them."""
    chance = random.Random(seed)  # noqa: S311 - drawn by the seed
    kind, options = chance.choice(PROVIDERS)
    people = readers(chance.randint(2, 20))
    with kind() as server:
        settings = {"base_url": server.url, "concurrency": chance.randint(1, 3), "timeout": "20s"}
        pattern = place.make(people, {**options, **settings})
        campaign = Campaign(place, server, people, seed)
        calls = campaign.cut(pattern, cuts)
        for _ in range(kills):
            campaign.kill(pattern, calls)
        place.drop(pattern)
    return campaign.tally


@contextmanager
def place_on(database: str, folder: Path) -> Iterator[OnSqlite]:
    """Make the place of workspaces with a kind of database."""
    library = preloaded("disk.c", folder)
    with ExitStack() as stack:
        shimmed = stack.enter_context(Shimmed(library, _VARIABLES))
        if database == "sqlite":
            yield OnSqlite(folder, shimmed)
        else:
            server = stack.enter_context(own_server(folder))
            yield OnPostgresql(folder, shimmed, server, library)


def _share(given: tuple[str, Sequence[int]]) -> Tally:
    """Sweep some seeds in one place, and tell of each."""
    (database, seeds), total = given, Tally()
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if fits(MEMORY) else None) as folder,
        place_on(database, Path(folder)) as place,
    ):
        for seed in seeds:
            tally = sweep(place, seed)
            print(f"{seed}: {tally}", flush=True)  # noqa: T201 - the news
            total += tally
    return total


def add_up(
    work: Callable[[tuple[str, Sequence[int]]], Tally],
    shares: Sequence[tuple[str, Sequence[int]]],
    processes: int | None,
) -> Tally:
    """Let processes do the shares of a sweep. Raises BrokenProcessPool if one of them dies."""
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(work, shares), start=Tally())


def main() -> int:
    """Return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.sweep")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at once")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--keep", action="store_true", help="keep the figures for the docs")
    given = parser.parse_args()
    seeds = range(given.start, given.start + given.seeds)
    shares = [(given.database, seeds[at : at + _SHARE]) for at in range(0, len(seeds), _SHARE)]
    total = add_up(_share, shares, given.processes)
    print(total)  # noqa: T201
    if given.keep:
        keep(f"disk of {given.database}", **vars(total) | {"broken": len(total.broken)})
    return int(bool(total.broken))


if __name__ == "__main__":
    sys.exit(main())
