"""Copies, restores, damage and permissions, as an operator meets them."""

import shutil
import stat
from pathlib import Path

from newsletter.store.file.lock import hold_sender_lock
from tests.acceptance.workspace import ADMIN, Workspace, readers


def test_nobody_replaces_the_database_while_pages_are_served(
    workspace: Workspace, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup.db")
    workspace.do("db", "backup", backup)
    serving = workspace.start("serve", "--port", "0")
    serving.wait_for("readers' pages on")
    workspace.hire(ADMIN, "admin")
    for command in (("db", "restore", backup), ("db", "migrate")):
        refused = workspace.do(*command, code=4).stderr
        assert "the database is in use by another process, which 'fuser " in refused
    serving.stop()
    serving.finish()
    with hold_sender_lock(
        workspace.database.with_suffix(".lock")
    ):  # as a sender of any version has it
        for command in (("db", "restore", backup), ("db", "migrate")):
            assert "is at work on this workspace" in workspace.do(*command, code=4).stderr

    workspace.do("db", "restore", backup)
    workspace.hire(ADMIN, "admin")
    assert "lines were cut off" in workspace.do("audit", "verify", code=1).stderr
    workspace.do("db", "release", "--by", ADMIN)
    head = workspace.do("audit", "verify").stdout.strip()
    workspace.do("audit", "verify", "--expect", head)
    other = head[:-1] + ("0" if head[-1] != "0" else "1")
    refused = workspace.do("audit", "verify", "--expect", other, code=1).stderr
    assert "is not the one that was noted" in refused
    assert "'newsletter stop' stops all sending" in refused
    for nothing in ("nothing", ""):
        workspace.do("audit", "verify", "--expect", nothing, code=2)


def test_a_copy_from_before_the_first_run_sends_nothing_until_it_is_released(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.hire(ADMIN, "admin")
    workspace.write_and_approve("news")
    there = Workspace(folder=Path(shutil.copytree(workspace.folder, tmp_path / "there")))

    refused = there.do("run", "--until-idle", code=4).stderr
    assert "is another file than the one that last sent" in refused
    assert "If you moved the workspace here yourself" in refused
    workspace.do("run", "--until-idle")
    assert (len(there.outbox), len(workspace.outbox)) == (0, 10)

    there.do("db", "release", "--by", ADMIN)
    there.do("run", "--until-idle")
    assert len(there.outbox) == 10
    there.close()


def test_what_is_kept_is_for_its_owner_alone_and_what_is_meant_for_others_is_not(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write_and_approve("news")
    shutil.rmtree(workspace.folder / "var" / "outbox", ignore_errors=True)
    (workspace.folder / "var").chmod(0o755)  # as a copy left it
    workspace.database.chmod(0o644)
    workspace.do("run", "--until-idle")
    workspace.do("db", "backup", str(tmp_path / "backup.db"))
    workspace.do("statement", "new", "Another one")

    state = workspace.folder / "var"
    kept = [tmp_path / "backup.db", state, *state.rglob("*")]
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in kept}
    assert [path for path, mode in modes.items() if mode & 0o077] == []
    assert any(path.endswith("journal.jsonl") for path in modes)
    written = workspace.folder / "statements/another-one.md"
    assert stat.S_IMODE(written.stat().st_mode) == 0o644


def test_a_damaged_address_is_named_and_gets_nothing(workspace: Workspace) -> None:
    workspace.write_and_approve("news")
    shown = workspace.do("doctor").stdout
    assert "ok    addresses: 10 are what was stored" in shown
    assert "ok    approvals: 1 are what was stored" in shown
    assert "ok    file: hangs together" in shown
    assert "ok    permissions" in shown
    workspace.sql("UPDATE subscriber SET address = 'reades00001@example.org' WHERE id = 1")
    workspace.sql(
        "INSERT INTO approval (slug, content_hash, [by], channel, at)"
        " VALUES ('other', 'd', 'x', 'y', 0)"
    )
    shown = workspace.do("doctor", code=3).stdout
    assert "FIX   addresses: damaged: subscriber 1; 10 were looked at" in shown
    assert "FIX   approvals: damaged: approval 2 of other" in shown

    done = workspace.do("run", "--until-idle", code=5)
    assert "1 rejected" in done.stderr
    assert sorted(line["to"] for line in workspace.journal) == readers(10)[1:]
    assert "damaged in the database" in workspace.do("report", "news").stdout
