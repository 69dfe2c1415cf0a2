"""A disk that is full and a database that cannot be written: said in a line, and nothing twice."""

import os
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Finished, Running, Workspace, made_here, readers, wait_until

PEOPLE = readers(200)
SIZE = 6 << 20


@pytest.fixture
def small(workspace: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """The workspace, with its state on a file system of six megabytes."""
    state, mounted = workspace.folder / "var", tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mounted)]
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root can mount a small file system")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        shutil.copytree(state, mounted, dirs_exist_ok=True)
        shutil.rmtree(state)
        made_here(mounted)
        state.symlink_to(mounted)
        yield workspace
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


@pytest.fixture
def approved(mailgun: PacedMailgun) -> Callable[[Workspace], None]:
    """Gets a statement ready that goes through Mailgun."""
    mailgun.now = time.time

    def prepare(workspace: Workspace) -> None:
        workspace.use_mailgun(mailgun.url, batch_size=2, concurrency=2, settle="4s", timeout="20s")
        workspace.subscribe(PEOPLE)
        workspace.write_and_approve("news")

    return prepare


def fill(folder: Path) -> Path:
    """Take all space that is left."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break
    return filler


def check_the_line(done: Finished, *words: str) -> None:
    """It failed, and the last it says is one line with what to do."""
    assert done.code == 1, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("newsletter: "), done.stderr
    assert all(word in last for word in words), done.stderr


def check_the_end(workspace: Workspace, mailgun: PacedMailgun) -> None:
    """It goes on where it was, and everybody has it once."""
    workspace.do("run", "--until-idle")
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", len(PEOPLE), 0)
    assert mailgun.counted() == dict.fromkeys(PEOPLE, 1)


def test_a_disk_that_fills_up_in_the_middle_stops_the_run_and_loses_nothing(
    small: Workspace, mailgun: PacedMailgun, approved: Callable[[Workspace], None]
) -> None:
    approved(small)
    mailgun.gate = threading.Event()
    running = small.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)
    filler = fill(small.folder / "var")
    mailgun.gate.set()

    check_the_line(running.finish(), "disk is full", "free some space")
    assert len(mailgun.taken) < len(PEOPLE) // 2
    check_the_line(small.start("run", "--until-idle").finish(), "disk")

    filler.unlink()
    check_the_end(small, mailgun)


def test_a_disk_that_was_full_before_is_said_to_be_full(small: Workspace) -> None:
    """SQLite calls it an I/O error where it cannot even begin its log."""
    fill(small.folder / "var")
    said = small.do("campaign", "list", code=1).stderr
    assert "the disk is full; free some space" in said
    assert "FIX   disk: 0 MB free at " in small.do("doctor", code=3).stdout


def test_a_restore_without_space_leaves_the_database_and_the_disk_as_they_were(
    small: Workspace, tmp_path: Path
) -> None:
    small.do("db", "backup", str(tmp_path / "copy.db"))
    state = small.folder / "var"
    filler, room = fill(state), (tmp_path / "copy.db").stat().st_size * 3 // 2
    os.truncate(filler, filler.stat().st_size - room)
    before = {path.name for path in state.iterdir()}

    said = small.do("db", "restore", str(tmp_path / "copy.db"), code=1).stderr

    assert "stays as it was: " in said
    assert "needs room for two more of it" in said
    assert {path.name for path in state.iterdir()} - {"newsletter.lock"} == before
    filler.unlink()
    assert "stopped" not in small.do("campaign", "list").stderr


@pytest.mark.faults(seconds=15)
def test_an_outbox_without_space_goes_on_when_there_is_some(small: Workspace) -> None:
    small.configure(provider={"kind": "outbox", "path": "var/outbox", "batch_size": 100})
    people = readers(3000)
    small.subscribe(people)
    small.write_and_approve("news")

    done = small.start("run", "--until-idle").finish()

    assert done.code in {1, 6}, done.stderr
    assert "disk" in done.stderr.strip().splitlines()[-1]
    assert len(small.outbox) < len(people)
    assert all(path.read_bytes().rstrip().endswith(b"--") for path in small.outbox)

    mounted = str((small.folder / "var").resolve())
    subprocess.run(["mount", "-o", "remount,size=96m", mounted], check=True)
    small.do("run", "--until-idle")
    assert Counter(line["to"] for line in small.journal) == dict.fromkeys(people, 1)
    assert len(small.outbox) == len(people)


@pytest.fixture
def under_way(
    workspace: Workspace, mailgun: PacedMailgun, approved: Callable[[Workspace], None]
) -> Iterator[Running]:
    """A run with two calls in the air, whose answers wait."""
    approved(workspace)
    mailgun.gate = threading.Event()
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)
    yield running
    mailgun.gate.set()


def go_on(mailgun: PacedMailgun) -> None:
    assert mailgun.gate is not None
    mailgun.gate.set()


def held_by_another(workspace: Workspace, seconds: float, meanwhile: Callable[[], Any]) -> None:
    """Let somebody else write for so long."""
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        meanwhile()
        time.sleep(seconds)
        other.execute("COMMIT")


@pytest.mark.faults(seconds=8)
def test_another_writer_for_some_seconds_only_costs_time(
    workspace: Workspace, mailgun: PacedMailgun, under_way: Running
) -> None:
    held_by_another(workspace, 3, lambda: go_on(mailgun))
    done = under_way.finish()
    assert done.code == 0, done.stderr
    assert "database is locked" not in done.stderr
    check_the_end(workspace, mailgun)


@pytest.mark.faults(seconds=45)
def test_another_writer_for_too_long_ends_the_run_with_a_line(
    workspace: Workspace, mailgun: PacedMailgun, under_way: Running
) -> None:
    held_by_another(workspace, 34, lambda: go_on(mailgun))
    check_the_line(under_way.finish(), "database is locked", "another process has been writing")
    assert len(mailgun.taken) == 2
    check_the_end(workspace, mailgun)


@pytest.mark.faults(seconds=8)
def test_files_that_may_grow_no_more_end_the_run_with_a_line(
    workspace: Workspace, mailgun: PacedMailgun, under_way: Running
) -> None:
    pid = under_way.process.pid
    assert pid is not None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
    go_on(mailgun)
    assert under_way.is_ended(60)  # nor can it say so: its own log is a file
    assert under_way.process.exitcode == 1
    assert len(mailgun.taken) == 2
    check_the_end(workspace, mailgun)


def test_a_database_that_may_only_be_read_ends_the_run_with_a_line(
    small: Workspace, mailgun: PacedMailgun, approved: Callable[[Workspace], None]
) -> None:
    approved(small)
    mounted = str((small.folder / "var").resolve())
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    done = small.start("run", "--until-idle").finish()
    subprocess.run(["mount", "-o", "remount,rw", mounted], check=True)
    check_the_line(done, "cannot be opened", "can be written to")
    assert len(done.stderr.splitlines()) == 1
    assert not mailgun.taken
    check_the_end(small, mailgun)
