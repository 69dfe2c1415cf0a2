"""Everything on hold: stopped by a person."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, EDITOR, Running, Workspace, readers, wait_until

PEOPLE = readers(60)
SENDER = "sender@forum.example"


@pytest.fixture
def staffed(workspace: Workspace) -> Workspace:
    workspace.hire(SENDER, "sender")
    workspace.hire(ADMIN, "admin")
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    return workspace


@pytest.fixture
def gate(mailgun: PacedMailgun) -> Iterator[threading.Event]:
    """While it is shut, calls wait for their answers."""
    mailgun.gate = threading.Event()
    yield mailgun.gate
    mailgun.gate.set()


def under_way(workspace: Workspace, mailgun: PacedMailgun, *command: str) -> Running:
    """A run whose first two calls, of ten messages each, wait for their answers."""
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=2)
    running = workspace.start(*command)
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)
    return running


def figures(workspace: Workspace) -> tuple[object, ...]:
    report = workspace.report("news")
    return report["state"], report["accepted"], report["pending"]


def test_a_stop_ends_a_run_after_the_calls_under_way_and_outlives_it(
    staffed: Workspace, mailgun: PacedMailgun, gate: threading.Event
) -> None:
    running = under_way(staffed, mailgun, "run", "--until-idle")
    stopped = staffed.do("stop", "--reason", "wrong figures", "--by", SENDER, "--json")
    [reason] = stopped.json()["hold"].values()
    assert reason.startswith(f"stopped by {SENDER} (wrong figures) on 20")
    running.wait_for("sending is stopped: stopped by .*calls under way are booked")
    gate.set()

    ended = running.finish()
    assert ended.code == 4
    assert "'newsletter resume-sending --by EMAIL'" in ended.stderr
    assert len(mailgun.delivered) == 20
    assert figures(staffed) == ("sending", 20, 40)
    for command in (("run", "--until-idle"), ("worker", "--until-idle")):
        refused = staffed.do(*command, code=4).stderr
        assert f"{reason}; 'newsletter resume-sending --by EMAIL' resumes it" in refused
    assert len(mailgun.delivered) == 20

    assert (
        f"sending is resumed; it was stopped: {reason}"
        in staffed.do("resume-sending", "--by", SENDER).stderr
    )
    staffed.do("run", "--until-idle")
    assert mailgun.counted() == dict.fromkeys(PEOPLE, 1)
    assert figures(staffed) == ("sent", 60, 0)
    deeds = [line["action"] for line in staffed.do("audit", "show", "--json").json()]
    assert [deed for deed in deeds if deed in {"hold", "release"}] == ["hold", "release"]


def test_a_service_that_was_stopped_goes_on_by_itself_when_it_is_released(
    staffed: Workspace, mailgun: PacedMailgun, gate: threading.Event
) -> None:
    running = under_way(staffed, mailgun, "run", "--port", "0")
    staffed.do("stop")
    gate.set()
    running.wait_for("sending is stopped: stopped by operator")
    wait_until(lambda: figures(staffed) == ("sending", 20, 40), describe=running.said)

    assert "stopped by operator" in staffed.do("resume-sending", "--json").stdout

    running.wait_for("sending is resumed")
    wait_until(lambda: figures(staffed) == ("sent", 60, 0), describe=running.said)
    running.stop(signal.SIGTERM)
    assert running.finish().code == 0
    assert mailgun.counted() == dict.fromkeys(PEOPLE, 1)


def test_nothing_is_planned_or_started_in_a_workspace_on_hold(staffed: Workspace) -> None:
    running = staffed.start("run", "--port", "0")
    wait_until(lambda: len(staffed.outbox) == 60, describe=running.said)
    staffed.do("stop")
    running.wait_for("sending is stopped: stopped")
    staffed.write_and_approve("more")
    staffed.do("report", "more", code=1)
    staffed.do("resume-sending")
    wait_until(lambda: len(staffed.outbox) >= 2 * 60, describe=running.said)
    running.stop(signal.SIGTERM)
    assert running.finish().code == 0
    assert len(staffed.outbox) == 2 * 60


def test_whoever_looks_is_told_of_the_hold(staffed: Workspace) -> None:
    staffed.do("run", "--until-idle")
    assert staffed.report("news")["hold"] == ""
    staffed.do("stop", "--reason", "wrong figures")
    staffed.write("more")
    approved = staffed.do("statement", "approve", "more", "--by", EDITOR)
    for shown in (staffed.do("campaign", "list"), staffed.do("report", "news"), approved):
        assert "sending is stopped: stopped by operator (wrong figures)" in shown.stderr
    [row] = staffed.do("campaign", "list", "--json").json()
    assert row["hold"] == staffed.report("news")["hold"]
    assert "stopped by operator (wrong figures)" in row["hold"]
    finding = staffed.do("doctor", code=3).stdout
    assert "FIX   sending: stopped by operator (wrong figures)" in finding
    staffed.do("resume-sending")
    assert "sending was not stopped" in staffed.do("resume-sending").stderr
    assert "ok    sending: not stopped" in staffed.do("doctor").stdout


def test_only_who_may_send_may_stop_and_release(staffed: Workspace) -> None:
    refused = staffed.do("stop", "--by", EDITOR, code=4).stderr
    assert "this takes the role sender" in refused
    staffed.do("stop", "--by", "stranger@forum.example", code=4)
    assert "sending was not stopped" in staffed.do("resume-sending").stderr
    staffed.do("stop", "--by", ADMIN)
    staffed.do("resume-sending", "--by", EDITOR, code=4)
    said = staffed.do("db", "release", "--by", ADMIN).stderr
    assert "sending is still stopped: stopped by" in said
    staffed.do("run", "--until-idle", code=4)
    staffed.do("resume-sending", "--by", SENDER)
    staffed.do("run", "--until-idle")


def test_a_database_that_is_gone_is_not_begun_anew(workspace: Workspace) -> None:
    database, away = (workspace.folder / "var" / name for name in ("newsletter.db", "away"))
    workspace.do("statement", "list")
    workspace.do("db", "backup", str(away))
    for lose in (database.unlink, database.touch):  # touched, it is an empty file
        lose()
        for command in (("statement", "list"), ("run", "--until-idle"), ("db", "migrate")):
            refused = workspace.do(*command, code=4).stderr
            assert "is gone" in refused
            assert "newsletter db restore" in refused
    with closing(sqlite3.connect(database)) as connection:
        assert not connection.execute("SELECT name FROM sqlite_master").fetchall()
    workspace.do("db", "restore", str(away))
    workspace.do("statement", "list")


def test_a_run_says_little_and_at_its_end_what_it_did(workspace: Workspace) -> None:
    workspace.write_and_approve("hours")
    said = workspace.do("worker", "--until-idle").stderr
    assert said.splitlines()[-1] == "done: hours 10 of 10 accepted"
    assert "attempt=" not in said
    assert workspace.do("run", "--until-idle").stderr == "done: nothing was due\n"
    workspace.write_and_approve("more")
    assert "attempt=" in workspace.do("--verbose", "run", "--until-idle").stderr
