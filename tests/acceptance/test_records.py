"""The commands about people, the audit log, the database and the figures."""

import os
import re
import threading
from pathlib import Path

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, EDITOR, VIEWER, Workspace, readers, wait_until


def test_staff_lift_what_is_not_the_persons_alone_and_write_down_why(workspace: Workspace) -> None:
    address, other = readers(2)
    workspace.do("subscribers", "suppress", address)
    workspace.hire(VIEWER, "viewer")
    lift = ("subscribers", "lift", address, "--reason", "the mailbox works")
    workspace.do(*lift, "--by", VIEWER, code=4)
    assert "it was manual" in workspace.do(*lift).stderr
    assert "is not suppressed" in workspace.do(*lift, code=1).stderr
    workspace.do("subscribers", "forget", "--yes", other)
    refused = workspace.do("subscribers", "lift", other, "--reason", "please", code=4).stderr
    assert "only the person can come back" in refused
    entered = workspace.do("audit", "show", "--json").json()[-2]
    values = {"before": "manual", "reason": "the mailbox works"}
    assert (entered["action"], entered["values"]) == ("lift", values)


def test_staff_print_all_that_is_kept_of_one_person(workspace: Workspace) -> None:
    address = readers(1)[0]
    found = workspace.do("subscribers", "data", address.upper()).json()
    assert found["subscriber"]["address"] == address
    assert [one["list"] for one in found["subscriptions"]] == ["press"]
    assert "not a subscriber" in workspace.do("subscribers", "data", "x@y.org", code=1).stderr
    entered = workspace.do("audit", "show", "--json").json()[-1]
    assert (entered["action"], entered["subject"], entered["values"]) == ("data", "subscriber", {})


def test_an_erased_address_stands_in_no_file_of_the_workspace(workspace: Workspace) -> None:
    address = "to-be-forgotten@example.org"
    workspace.subscribe([address])
    (workspace.folder / "readers.csv").unlink()
    workspace.do("subscribers", "forget", "--yes", address)
    held = [
        path.name
        for path in workspace.folder.rglob("*")
        if path.is_file() and b"to-be-forgotten" in path.read_bytes()
    ]
    assert held == []


def test_staff_are_added_changed_and_listed(bare: Workspace) -> None:
    bare.hire("Ed@Forum.Example", "writer")
    assert bare.do("user", "add", EDITOR, "--role", "admin").stderr == f"{EDITOR} is an admin\n"
    rows = bare.do("user", "list", "--json").json()
    assert rows == [
        {"email": "ed@forum.example", "role": "writer"},
        {"email": EDITOR, "role": "admin"},
    ]
    bare.do("user", "add", "nobody", "--role", "admin", code=3)
    bare.do("user", "add", EDITOR, "--role", "king", code=2)


def test_the_audit_log_names_who_did_what_and_shows_tampering(workspace: Workspace) -> None:
    workspace.write_and_approve("news")
    workspace.do("run", "--until-idle")
    lines = workspace.do("audit", "show", "--json").json()
    deeds = [(line["actor"], line["action"]) for line in lines]
    assert (EDITOR, "approve") in deeds
    assert deeds[-3:] == [("scheduler", deed) for deed in ("schedule", "start", "finish")]
    assert EDITOR in workspace.do("audit", "show").stdout
    assert "none changed" in workspace.do("audit", "verify").stderr

    workspace.sql("UPDATE audit SET actor = 'somebody else' WHERE action = 'approve'")
    broken = workspace.do("audit", "verify", code=1)
    assert "line 4 of the audit log is not what was written" in broken.stderr
    assert "FIX   audit log" in workspace.do("doctor", code=3).stdout


def test_links_get_a_new_key_by_the_account_alone_that_the_workspace_belongs_to(
    workspace: Workspace,
) -> None:
    keys = workspace.folder / "var" / "keys" / "links"
    before = keys.read_text()
    assert "links are signed with key 2 now" in workspace.do("db", "rekey").stderr
    assert len(keys.read_text().splitlines()) == len(before.splitlines()) + 1
    workspace.do("audit", "verify")
    keys.write_text(before)
    assert "links:2 is not the key" in workspace.do("audit", "verify", code=4).stderr
    workspace.do("db", "rekey", "--lost")
    workspace.do("audit", "verify")
    if os.geteuid() == 0:  # who else could give a file away
        mine = keys.read_text()
        os.chown(workspace.folder / "var" / "newsletter.use", 65534, -1)
        assert "belongs to the account" in workspace.do("db", "rekey", code=4).stderr
        assert keys.read_text() == mine


def test_a_backup_is_taken_while_it_sends_and_restored_on_hold(
    workspace: Workspace, mailgun: PacedMailgun, tmp_path: Path
) -> None:
    workspace.hire(ADMIN, "admin")
    workspace.use_mailgun(mailgun.url, batch_size=2, concurrency=1)
    workspace.write_and_approve("news")
    mailgun.gate = threading.Event()
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: mailgun.taken, describe=running.said)
    backup = str(tmp_path / "backup.db")
    workspace.do("db", "backup", backup)
    workspace.do("db", "restore", backup, code=4)
    mailgun.gate.set()
    assert running.finish().code == 0
    assert "exists already" in workspace.do("db", "backup", backup, code=4).stderr

    keys = workspace.folder / "var" / "keys"
    keys.rename(tmp_path / "keys")
    said = workspace.do("db", "restore", backup, code=4).stderr
    assert "restored; the database that was there is" in said
    assert "var/keys/addresses" in said
    assert "those who left are not recognised" in said
    assert "newsletter db release" in said
    (tmp_path / "keys").rename(keys)

    for command in (("run", "--until-idle"), ("worker", "--until-idle")):
        assert "restored on" in workspace.do(*command, code=4).stderr
    assert "FIX   sending" in workspace.do("doctor", code=3).stdout
    assert mailgun.counted() == dict.fromkeys(readers(10), 1)
    workspace.do("cancel", "news")
    workspace.do("db", "release", "--by", EDITOR, code=4)
    assert "resumed" in workspace.do("db", "release", "--by", ADMIN).stderr
    workspace.do("run", "--until-idle", code=0)
    assert mailgun.counted() == dict.fromkeys(readers(10), 1)
    assert len(list((workspace.folder / "var").glob("newsletter.db.before-*"))) == 1


def test_figures_are_listed_for_people_and_programs(workspace: Workspace) -> None:
    workspace.write_and_approve("news")
    workspace.do("run", "--until-idle")
    [row] = workspace.do("campaign", "list", "--json").json()
    assert row == {key: value for key, value in workspace.report().items() if key in row}
    assert re.search(r"^1 +news +sent +10", workspace.do("campaign", "list").stdout, re.MULTILINE)
    shown = workspace.do("report", "news").stdout
    assert re.search(r"accepted +10\n", shown)
    assert "(America/New_York)" in shown
