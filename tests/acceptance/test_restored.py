"""A copied or restored database, by any means, sends nothing by itself."""

import os
import shutil
import signal
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.workspace import (
    ADMIN,
    EDITOR,
    Running,
    Workspace,
    made_here,
    readers,
    wait_until,
)

PEOPLE = readers(20)


def copied(database: Path, copy: Path) -> None:
    """``sqlite3 newsletter.db '.backup copy.db'``, or back again."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def cp(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def moved(source: Path, target: Path) -> None:
    """As tar and rsync do: another file takes the name."""
    shutil.copyfile(source, target.with_name("incoming"))
    target.with_name("incoming").replace(target)


def varied(*others: object) -> list[Any]:
    """Variations of a case that always runs: some of them are drawn."""
    return [pytest.param(other, marks=pytest.mark.faults(seconds=6)) for other in others]


@pytest.fixture
def slow(workspace: Workspace) -> Workspace:
    """A campaign that takes two seconds, with an admin to release it."""
    outbox = {"kind": "outbox", "path": "var/outbox", "batch_size": 2, "rate": 10}
    workspace.configure(provider=outbox)
    workspace.hire(ADMIN, "admin")
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    return workspace


def in_the_middle(workspace: Workspace) -> Running:
    """A run that has sent four messages of twenty."""
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(workspace.outbox) >= 4, describe=running.said)
    return running


def forget_the_outbox(workspace: Workspace) -> None:
    """The outbox keeps one message of a name; without its files it would take each again."""
    shutil.rmtree(workspace.folder / "var" / "outbox")


def check_that_it_refuses(workspace: Workspace, *words: str) -> None:
    refused = workspace.do("run", "--until-idle", code=4).stderr
    assert "sending is stopped, nothing leaves: " in refused
    assert "'newsletter db release --by EMAIL'" in refused
    assert all(word in refused for word in words), refused
    assert not workspace.outbox


def check_that_it_goes_on_when_released(workspace: Workspace) -> None:
    workspace.do("db", "release", "--by", EDITOR, code=4)
    assert (
        "sending is resumed; it was stopped: "
        in workspace.do("db", "release", "--by", ADMIN).stderr
    )
    pending = workspace.report("news")["pending"]
    assert pending
    workspace.do("run", "--until-idle")
    assert len(workspace.outbox) == pending
    assert workspace.report("news")["state"] == "sent"


def test_a_database_and_a_guard_file_on_another_disk_stay_behind_their_links(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.hire(ADMIN, "admin")
    var, elsewhere = workspace.folder / "var", tmp_path / "disk"
    elsewhere.mkdir()
    links = [var / name for name in ("newsletter.db", "epoch", "epoch.audit")]
    for link in links:
        shutil.move(link, elsewhere)
        link.symlink_to(elsewhere / link.name)
    workspace.do("db", "release", "--by", ADMIN)  # the test may copy them
    workspace.do("db", "backup", str(tmp_path / "backup.db"))
    workspace.do("db", "restore", str(tmp_path / "backup.db"))

    assert all(link.is_symlink() for link in links)
    assert list(elsewhere.glob("newsletter.db.before-*"))
    with closing(sqlite3.connect(elsewhere / "newsletter.db")) as database:
        assert database.execute("SELECT 1 FROM meta WHERE value LIKE 'restored on%'").fetchone()


@pytest.mark.parametrize("put_back", [cp, *varied(copied, moved)])
def test_a_copy_taken_between_two_runs_is_refused(
    slow: Workspace, tmp_path: Path, put_back: Callable[[Path, Path], None]
) -> None:
    running = in_the_middle(slow)
    running.stop()
    running.finish()
    assert 0 < slow.report("news")["pending"] < len(PEOPLE)
    shutil.copyfile(slow.database, tmp_path / "copy.db")
    slow.do("run", "--until-idle")
    assert len(slow.outbox) == len(PEOPLE)

    put_back(tmp_path / "copy.db", slow.database)
    forget_the_outbox(slow)

    assert "claims, and there were 10: what went out" in slow.do("doctor", code=3).stdout
    check_that_it_refuses(slow, "claims, and there were 10: what went out with the last ")
    check_that_it_goes_on_when_released(slow)


def test_a_copy_from_before_the_campaign_was_planned_sends_nothing_once_it_is_revoked(
    slow: Workspace, tmp_path: Path
) -> None:
    copied(slow.database, tmp_path / "copy.db")
    slow.do("run", "--until-idle")
    cp(tmp_path / "copy.db", slow.database)
    forget_the_outbox(slow)

    check_that_it_refuses(slow, "of 0 claims, and there were 10", "or revoke it where it has no")
    assert slow.do("campaign", "list", "--json").json() == []
    slow.do("statement", "revoke", "news", "--by", EDITOR)
    slow.do("db", "release", "--by", ADMIN)
    slow.do("run", "--until-idle")
    assert not slow.outbox


@pytest.mark.slow("two runs of a campaign that takes two seconds each, and commands beside them")
def test_a_service_that_waits_goes_on_once_an_admin_has_compared(
    slow: Workspace, tmp_path: Path
) -> None:
    copied(slow.database, tmp_path / "copy.db")
    slow.do("run", "--until-idle")
    cp(tmp_path / "copy.db", slow.database)
    forget_the_outbox(slow)
    running = slow.start("run", "--port", "0")
    running.wait_for("of 0 claims, and there were 10")

    slow.do("statement", "revoke", "news", "--by", EDITOR)
    slow.write_and_approve("later")
    slow.do("db", "release", "--by", ADMIN)

    running.wait_for("sending is resumed")
    wait_until(lambda: len(slow.outbox) == len(PEOPLE), describe=running.said)
    slow.do("run", "--until-idle", code=4)
    running.stop(signal.SIGTERM)
    assert running.finish().code == 0
    assert slow.report("later")["state"] == "sent"


def test_another_file_in_the_place_of_the_database_stops_a_run_that_is_at_work(
    slow: Workspace, tmp_path: Path
) -> None:
    running = in_the_middle(slow)
    copied(slow.database, tmp_path / "copy.db")
    moved(tmp_path / "copy.db", slow.database)

    assert running.finish().code == 4
    assert "was exchanged while it was at work: another file is in its place" in running.said()
    slow.do("run", "--until-idle", code=4)


def test_a_copy_of_the_whole_workspace_is_refused_and_the_workspace_is_not(
    slow: Workspace, tmp_path: Path
) -> None:
    running = in_the_middle(slow)
    running.stop()
    running.finish()
    other = Workspace(folder=tmp_path / "other")
    shutil.copytree(slow.folder, other.folder)
    forget_the_outbox(other)

    check_that_it_refuses(other, "another file than the one that last sent")
    slow.do("run", "--until-idle")
    assert slow.report("news")["accepted"] == len(PEOPLE)
    check_that_it_goes_on_when_released(other)
    other.close()


def over(archive: Path, folder: Path) -> None:
    """``tar x`` removes and creates each file again; on ext4 it often gets its old inode."""
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)


def onto(archive: Path, folder: Path) -> None:
    """``cp -a``: what there is is overwritten, so that it stays the same file."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is not None:
                (folder / member.name).write_bytes(content.read())


@pytest.mark.parametrize("unpack", [over, *varied(onto)])
def test_an_old_workspace_unpacked_over_itself_is_refused(
    slow: Workspace, tmp_path: Path, unpack: Callable[[Path, Path], None]
) -> None:
    running = in_the_middle(slow)
    running.stop()
    running.finish()
    with tarfile.open(tmp_path / "var.tar", "w") as tar:
        tar.add(slow.folder / "var", "var")
    slow.do("run", "--until-idle")

    unpack(tmp_path / "var.tar", slow.folder)
    forget_the_outbox(slow)

    check_that_it_refuses(slow, "sending is stopped")
    check_that_it_goes_on_when_released(slow)


def test_a_workspace_that_was_moved_goes_on(slow: Workspace, tmp_path: Path) -> None:
    running = in_the_middle(slow)
    running.stop()
    running.finish()
    there = Workspace(folder=slow.folder.rename(tmp_path / "there"))
    there.do("run", "--until-idle")
    assert there.report("news")["state"] == "sent"
    there.close()


@pytest.mark.parametrize("damage", ["removed", *varied("truncated", "empty", "garbage")])
def test_without_what_lies_outside_it_a_database_is_doubted(slow: Workspace, damage: str) -> None:
    running = in_the_middle(slow)
    running.stop()
    running.finish()
    path = slow.folder / "var" / "epoch"
    left = {"truncated": path.read_bytes()[:50], "empty": b"", "garbage": os.urandom(300)}
    path.unlink()
    if damage in left:
        path.write_bytes(left[damage])
    forget_the_outbox(slow)

    what = "is missing" if damage == "removed" else "cannot be read (is it yours?)"
    check_that_it_refuses(slow, "the epoch_file, which", f"{what}: perhaps copied or restored")
    check_that_it_goes_on_when_released(slow)


def test_the_file_may_lie_on_another_disk_whose_absence_is_a_doubt(
    slow: Workspace, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    made_here(slow.folder / "var")
    slow.configure(epoch_file=str(disk / "epoch"))
    said = slow.do("run", "--until-idle", code=1).stderr
    assert "cannot be written: No such file or directory; nothing is sent without it" in said
    assert not slow.outbox
    disk.mkdir()
    slow.do("run", "--until-idle")
    assert not (slow.folder / "var" / "epoch").exists()
    disk.rename(tmp_path / "unplugged")
    check_held(slow)


def check_held(workspace: Workspace) -> None:
    assert "is missing" in workspace.do("run", "--until-idle", code=4).stderr
