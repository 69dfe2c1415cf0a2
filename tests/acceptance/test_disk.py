"""A real process whose disk and sockets fail at any of its system calls, or lose power there.

``disk.c`` is preloaded into the process. It counts writes, truncations, names, fsyncs, sends and
receives in one order, kills the process at one of them or refuses one, and records them all. From a
record follow the states that a power cut may leave: what was not synced is there, lost or torn.
"""

import errno
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from newsletter.config import environment
from tests.acceptance.launching import preloaded
from tests.acceptance.workspace import ROOT, Workspace, copied, readers
from tests.provider_servers.postal import PostalServer
from tests.servers import Delivered, Received

PEOPLE = readers(30)
POINTS, CUTS = 400, 400
"""With ``make faults``; else ``FEW``."""
FEW = 4
_SECTOR = 512
# other threads of the test run commands in this process, each with variables of its own
_VARIABLES = {"PATH": environment()["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}


class Act(NamedTuple):
    """A system call by a letter: write, truncate, create, rename, unlink, sync, Send, Receive."""

    what: str
    at: int
    """Nanoseconds, by the clock of the machine."""
    path: str
    offset: int
    data: bytes


def read_log(log: Path) -> Iterator[Act]:
    """Yield the acts of a process, in order."""
    with log.open("rb") as file:
        for head in file:
            what, at, path, offset, size = head.decode().split(" ")
            yield Act(what, int(at), path, int(offset), file.read(int(size)))


@dataclass
class File:
    """A file, and what the disk need not have of it yet."""

    synced: bytes = b""
    pending: list[Act] = field(default_factory=list)

    def content(self, acts: Iterable[Act]) -> bytes:
        """Return the content after these acts."""
        content = bytearray(self.synced)
        for act in acts:
            end = act.offset + len(act.data)
            content.extend(bytes(max(0, end - len(content))))
            if act.what == "t":
                del content[act.offset :]
            content[act.offset : end] = act.data
        return bytes(content)

    def sync(self) -> None:
        self.synced, self.pending = self.content(self.pending), []


def lose_power(
    before: Mapping[str, bytes], acts: Iterable[Act], chance: random.Random, *, lies: bool = False
) -> dict[str, bytes]:
    """Return the files that a power cut after these acts may leave.

    A name is safe once its folder was synced, and of later names the last may be lost. Of the acts
    on a file after its sync some are lost or torn, in any order. A disk that ``lies`` syncs
    nothing, and loses all.
    """
    files = {path: File(synced=content) for path, content in before.items()}
    names, later = dict(files), defaultdict[str, list[tuple[str, str, File | None]]](list)
    for act in acts:
        folder = str(Path(act.path).parent)
        if act.what in "wt" and act.path in files:
            files[act.path].pending.append(act)
        elif act.what == "c":
            files[act.path] = File()
            later[folder].append((act.path, "", files[act.path]))
        elif act.what == "r":
            files[act.data.decode()] = files[act.path]
            later[folder].append((act.path, act.data.decode(), files[act.path]))
        elif act.what == "u":
            later[folder].append((act.path, "", None))
        elif act.what == "s" and not lies:
            if act.path in files:
                files[act.path].sync()
            _rename(names, later.pop(act.path, []))
    share = 0.0 if lies else chance.choice((0, 0.2, 0.5, 0.8, 1))
    for moves in later.values():
        _rename(names, moves[: round(len(moves) * share)])
    return {path: file.content(_kept(file.pending, share, chance)) for path, file in names.items()}


def _rename(names: dict[str, File], moves: Iterable[tuple[str, str, File | None]]) -> None:
    for path, to, file in moves:
        names.pop(path, None)
        if file is not None:
            names[to or path] = file


def _kept(acts: Iterable[Act], share: float, chance: random.Random) -> Iterator[Act]:
    for act in acts:
        if chance.random() >= share:
            continue
        torn = share < 1 and len(act.data) > _SECTOR and chance.random() < 1 / 3
        for at in range(0, len(act.data), _SECTOR) if torn else ():
            if chance.random() < 1 / 2:
                part = act.data[at : at + _SECTOR]
                yield act._replace(offset=act.offset + at, data=part)
        if not torn:
            yield act


@dataclass
class TimedPostal(PostalServer):
    """A provider that cannot be asked, with the time of each message."""

    times: list[int] = field(default_factory=list)

    def take(self, received: Received) -> None:
        super().take(received)
        self.times += [time.monotonic_ns()] * (len(self.delivered) - len(self.times))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return preloaded("disk.c", tmp_path_factory.mktemp("shim"))


@pytest.fixture
def approved(workspace: Workspace) -> Iterator[tuple[Workspace, TimedPostal]]:
    """A workspace with an approved statement, and its provider."""
    with TimedPostal() as server:
        workspace.configure(provider=_postal(server))
        workspace.subscribe(PEOPLE)
        workspace.write_and_approve("news")
        yield workspace, server


def _postal(server: TimedPostal) -> dict[str, object]:
    settings = {"kind": "postal", "api_key": "key-for-tests", "base_url": server.url}
    return {**settings, "concurrency": 2, "timeout": "20s"}


def send(workspace: Workspace, shim: Path, **settings: object) -> int:
    """Send with the shim. Return the exit code."""
    given = {"LD_PRELOAD": shim, "DISK_ROOT": workspace.folder / "var", **settings}
    return subprocess.run(
        [sys.executable, "-m", "newsletter", "run", "--until-idle"],
        cwd=workspace.folder,
        env=_VARIABLES | {name: str(value) for name, value in given.items()},
        capture_output=True,
        timeout=200,
        check=False,
    ).returncode


def faults(workspace: Workspace, delivered: Iterable[Delivered]) -> list[str]:
    """Send the rest. Return the promises that are broken in the end."""
    last = workspace.start("run", "--until-idle").finish()
    taken = Counter(mail.to for mail in delivered)
    report = workspace.report("news")
    named = set(report["unknown_addresses"])
    found = {
        f"exit {last.code}: {last.stderr}": last.code not in {0, 5},
        f"twice: {taken}": max(taken.values(), default=0) > 1,
        f"lost: {set(PEOPLE) - taken.keys() - named}": not set(PEOPLE) <= taken.keys() | named,
        f"neither accepted nor unknown: {report}": report["accepted"] + len(named) != len(PEOPLE),
    }
    return [fault for fault, is_there in found.items() if is_there]


@pytest.mark.faults(seconds=20)
def test_a_power_cut_at_any_system_call_sends_nothing_twice_and_loses_nobody(
    approved: tuple[Workspace, TimedPostal], shim: Path, tmp_path: Path, seed: int, thorough: bool
) -> None:
    workspace, server = approved
    state = workspace.folder / "var"
    before = {str(path): path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert send(workspace, shim, DISK_LOG=tmp_path / "log") == 0
    acts = list(read_log(tmp_path / "log"))
    mails, times = list(server.delivered), list(server.times)
    assert {act.what for act in acts} >= set("wscruSR")

    def cut(chance: random.Random, last: Act, *, lies: bool = False) -> list[str]:
        done = acts[: acts.index(last) + 1]
        _restore(state, lose_power(before, done, chance, lies=lies))
        server.delivered[:] = [m for m, at in zip(mails, times, strict=True) if at <= last.at]
        return faults(workspace, server.delivered)

    for number in range(CUTS if thorough else FEW):
        chance = random.Random(seed + number)  # noqa: S311 - drawn by the seed
        last = chance.choice(acts)
        assert cut(chance, last) == [], f"seed {seed + number}: after {last}"
    lied = cut(random.Random(seed), acts[-1], lies=True)  # noqa: S311
    assert lied, "the test does not notice a disk that lies"
    print(f"{number + 1} power cuts in {len(acts):,} system calls")  # noqa: T201 - for -s


def _restore(state: Path, files: Mapping[str, bytes]) -> None:
    """Bring the folder to this state. The database keeps its inode, as on its own disk."""
    for path in state.rglob("*"):
        if path.is_file() and (str(path) not in files or path.name.endswith("-shm")):
            path.unlink()
    for name, content in files.items():
        if not name.endswith("-shm"):  # SQLite makes it from the log
            Path(name).write_bytes(content)


@pytest.mark.faults(seconds=20)
@pytest.mark.parametrize("fate", ["DISK_KILL", "DISK_REFUSE"])
def test_killed_or_refused_at_any_system_call_nobody_gets_two_and_nobody_is_lost(
    fate: str,
    approved: tuple[Workspace, TimedPostal],
    shim: Path,
    tmp_path: Path,
    seed: int,
    thorough: bool,
) -> None:
    pattern, _ = approved
    chance = random.Random(seed)  # noqa: S311 - drawn by the seed
    first = Workspace(folder=copied(pattern.folder, tmp_path / "first"))
    assert send(first, shim, DISK_LOG=tmp_path / "log") == 0
    calls = sum(1 for _ in read_log(tmp_path / "log"))

    def suffer(number: int) -> list[str]:
        workspace = Workspace(folder=copied(pattern.folder, tmp_path / f"forum{number}"))
        why = (errno.EIO, errno.ENOSPC)[number % 2]
        with TimedPostal() as server:
            workspace.configure(provider=_postal(server))
            code = send(workspace, shim, DISK_ERROR=why, **{fate: number})
            broken = faults(workspace, server.delivered)
        workspace.close()
        shutil.rmtree(workspace.folder)
        return [f"call {number}, {os.strerror(why)}, exit {code}: {fault}" for fault in broken]

    points = chance.sample(range(1, calls + 1), min(calls, POINTS if thorough else FEW))
    with ThreadPoolExecutor(3) as pool:
        assert [fault for found in pool.map(suffer, points) for fault in found] == []
    print(f"{fate} at {len(points)} of {calls:,} system calls")  # noqa: T201 - for -s
