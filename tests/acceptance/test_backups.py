"""``newsletter backup``: files that were rehearsed, of which the newest are kept."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.store.file.lock import lock_shared
from tests.acceptance.workspace import Workspace

pytestmark = pytest.mark.slow("a dozen commands are run")


def test_the_newest_backups_are_kept_and_each_can_be_restored(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert "backups.folder" in workspace.do("backup", code=1).stderr
    folder = tmp_path / "backups"
    workspace.configure(backups={"folder": str(folder), "keep": 2})
    assert f"there is no folder {folder}" in workspace.do("backup", code=1).stderr
    folder.mkdir()
    assert "FIX   backups: there is none" in workspace.do("doctor", code=3).stdout
    of_others = folder / "newsletter-0123456789ab-20200101T000000Z.db"
    of_others.touch()
    made = set()
    for _ in range(3):
        said = workspace.do("backup").stderr
        assert "can be restored, with var/keys: 0 approvals, 10 addresses" in said
        made |= set(folder.iterdir())
        time.sleep(1)  # a second is a name
    kept = sorted(folder.iterdir())
    assert len(made) == 4
    assert kept == [of_others, *sorted(made - {of_others})[1:]]
    assert "CHECK backups: the newest is of" in workspace.do("doctor").stdout

    [*_, newest] = kept
    assert "can be restored" in workspace.do("db", "verify-backup", str(newest)).stderr
    assert sorted(folder.iterdir()) == kept, "a rehearsal leaves nothing"
    newest.chmod(0o600)
    with closing(sqlite3.connect(newest)) as altered, altered:
        altered.execute("UPDATE subscriber SET address = 'other@example.org' WHERE id = 1")
    said = workspace.do("db", "verify-backup", str(newest), code=3).stderr
    assert "has damaged rows: subscriber 1" in said


def test_a_backup_of_another_workspace_is_refused_before_anything_changes(
    workspace: Workspace, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup.db")
    workspace.do("db", "backup", backup)
    keys, here = workspace.folder / "var" / "keys", "sqlite:///var/new.db"
    workspace.configure(database=here, epoch_file="var/new.epoch")
    for name in ("addresses", "links", "audit"):
        (keys / name).write_text("0f" * 32 + "\n")
    copied = ("db", "copy", "--from", f"sqlite:///{backup}")
    for command in (("db", "verify-backup", backup), ("db", "restore", backup), copied):
        assert "is of another workspace" in workspace.do(*command, code=4).stderr
    assert not (workspace.folder / "var" / "new.db").exists()


def test_another_database_is_not_copied_while_a_process_has_it_open(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Its later changes, such as departures of readers, would be lost."""
    (tmp_path / "old").mkdir()
    live = tmp_path / "old" / "newsletter.db"
    workspace.do("db", "backup", str(live))
    workspace.configure(database="sqlite:///var/new.db", epoch_file="var/new.epoch")
    copied = ("db", "copy", "--from", f"sqlite:///{live}")
    with lock_shared(live.with_suffix(".use")):
        assert "is in use by another process" in workspace.do(*copied, code=4).stderr
    workspace.do(*copied)
