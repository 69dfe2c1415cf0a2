"""A statement goes out by itself at its time, and not a moment before."""

import signal
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.runtime.clock import SystemClock
from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, Workspace, readers, wait_until

ZONE = ZoneInfo("America/New_York")
BODY = "The Forum has resigned."


def wall(delta: timedelta) -> str:
    """A wall time in the workspace's zone, so far from now."""
    return (SystemClock().now() + delta).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def approved(workspace: Workspace, **head: object) -> None:
    workspace.write_and_approve("news", BODY, **head)


def test_a_time_to_come_is_waited_for_and_named(workspace: Workspace) -> None:
    approved(workspace, send_at="2099-07-01 09:00")

    done = workspace.do("run", "--until-idle")

    assert "news is scheduled for 2099-07-01 09:00 (America/New_York)" in done.stderr
    assert workspace.outbox == []
    assert workspace.report("news")["state"] == "scheduled"
    assert workspace.report("news")["release_at"] == "2099-07-01T13:00:00+00:00"
    shown = workspace.do("report", "news").stdout
    assert (
        "audience     about 10 now, fixed at the start; 'newsletter send news --dry-run'" in shown
    )
    assert "accepted" not in shown


def test_the_clock_may_be_set_and_unset_by_hand(workspace: Workspace) -> None:
    workspace.hire(ADMIN, "admin")
    approved(workspace)

    said = workspace.do("statement", "schedule", "news", "--at", "2099-07-01 09:00").stderr
    assert "2099-07-01 09:00" in said
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []
    workspace.do("statement", "schedule", "news", "--at", "2098-07-01 09:00", "--by", ADMIN)
    assert "2098-07-01 09:00" in workspace.do("run", "--until-idle").stderr
    workspace.do("statement", "unschedule", "news")

    workspace.do("run", "--until-idle")
    assert len(workspace.outbox) == 10
    refused = workspace.do("statement", "schedule", "news", "--at", "2099-07-01 09:00", code=4)
    assert "campaign 1" in refused.stderr


def test_a_draft_waits_until_it_is_handed_in(workspace: Workspace) -> None:
    path = workspace.write("news", status="draft")
    assert "is a draft" in workspace.approve("news", code=4).stderr
    shown = workspace.do("statement", "list", "--json").json()
    assert [(row["status"], row["approval"]) for row in shown] == [("draft", "draft")]

    workspace.do("statement", "submit", "news")
    assert "status: review" in path.read_text()
    assert "is no draft" in workspace.do("statement", "submit", "news", code=4).stderr
    answer = workspace.approve("news").stderr
    for words in ("content hash ", "goes to 10 people on ", "leaves at", "statement revoke news"):
        assert words in answer


def test_approving_a_file_with_a_fault_approves_no_translation_of_it(workspace: Workspace) -> None:
    workspace.write("news-es")
    workspace.write("news").write_text("---\ntitel: News\n---\nText.\n")
    assert "title: is missing" in workspace.approve("news", code=1).stderr
    [waits] = workspace.do("statement", "list", "--json").json()
    assert (waits["slug"], waits["approval"]) == ("news-es", "waits for approval")


def test_until_idle_does_not_wait_but_run_does(workspace: Workspace) -> None:
    approved(workspace)
    workspace.do("statement", "schedule", "news", "--at", wall(timedelta(hours=1)))
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []

    running = workspace.start("run", "--port", "0")
    running.wait_for("readers' pages on")
    workspace.do("statement", "schedule", "news", "--at", wall(timedelta(seconds=2)))
    wait_until(lambda: len(workspace.outbox) == 10, describe=running.said)
    running.stop()
    assert running.finish().code == 0
    [campaign] = workspace.do("campaign", "list", "--json").json()
    assert campaign["started_at"] >= campaign["release_at"]


@pytest.mark.parametrize("command", [("run", "--port", "0"), ("worker",)], ids=["run", "worker"])
def test_what_is_approved_while_it_runs_goes_out(
    workspace: Workspace, command: tuple[str, ...]
) -> None:
    running = workspace.start(*command)
    wait_until(lambda: (workspace.folder / "var" / "newsletter.lock").exists())
    assert workspace.outbox == []

    approved(workspace)
    wait_until(lambda: len(workspace.outbox) == 10, describe=running.said)

    running.stop(signal.SIGTERM)
    done = running.finish()
    assert done.code == 0
    assert "stopping: the calls under way end first" in done.stderr
    assert workspace.report("news")["state"] == "sent"


def test_a_stop_in_flight_is_finished_by_the_next_run_with_nobody_twice(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=2)
    workspace.subscribe(readers(400))
    mailgun.delay = 0.1
    approved(workspace)
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) >= 8, describe=running.said)

    running.stop(signal.SIGTERM)
    assert running.finish().code == 130, "not done, and nothing is wrong"

    stopped = workspace.report("news")
    assert stopped["state"] == "sending"
    assert stopped["unknown"] == 0
    assert 80 <= stopped["accepted"] == len(mailgun.delivered) < 400
    mailgun.delay = 0
    workspace.do("run", "--until-idle")
    assert mailgun.counted() == dict.fromkeys(readers(400), 1)
    assert workspace.report("news")["state"] == "sent"


def test_ctrl_c_ends_it_as_cleanly(workspace: Workspace) -> None:
    approved(workspace)
    running = workspace.start("worker")
    running.wait_for("started news")
    running.stop(signal.SIGINT)
    assert running.finish().code == 0


def test_the_machines_own_zone_does_not_matter(workspace: Workspace) -> None:
    workspace.environment["TZ"] = "Asia/Tokyo"
    approved(workspace, send_at=wall(timedelta(minutes=-1)))
    workspace.write_and_approve("later", send_at=wall(timedelta(hours=1)))
    workspace.do("run", "--until-idle")
    assert {line["campaign"] for line in workspace.journal} == {"news"}
