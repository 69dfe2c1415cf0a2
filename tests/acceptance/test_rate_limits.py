"""So many messages a second and a day, in processes of their own, across kill -9 and restarts."""

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Workspace, readers, wait_until

PEOPLE = readers(30)


def test_the_quota_of_a_day_holds_across_runs_and_the_rest_waits(workspace: Workspace) -> None:
    workspace.configure(provider={"kind": "outbox", "daily_quota": 12})
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    for _ in range(2):
        done = workspace.do("run", "--until-idle", code=6)
        assert "waiting for the quota until" in done.stderr
        assert "12 of 12 messages have left today; nothing is lost, run it again" in done.stderr
        assert len(workspace.journal) == 12

    assert "waiting for the quota until" in workspace.do("report", "news").stdout
    assert "waiting for the quota until" in workspace.do("campaign", "list").stderr
    assert workspace.report("news")["waiting"]["for"] == "quota"

    workspace.configure(provider={"kind": "outbox", "daily_quota": 100})
    workspace.do("run", "--until-idle")
    assert sorted(line["to"] for line in workspace.journal) == sorted(PEOPLE)
    assert workspace.report("news")["waiting"] is None


@pytest.mark.slow("seven commands")
def test_the_rest_of_a_cancelled_campaign_is_reached_and_nobody_twice(workspace: Workspace) -> None:
    workspace.configure(provider={"kind": "outbox", "daily_quota": 12})
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    workspace.do("run", "--until-idle", code=6)
    workspace.do("cancel", "news")
    workspace.configure(provider={"kind": "outbox", "daily_quota": 100})
    assert "18 of 30" in workspace.do("campaign", "reopen", "news").stderr
    workspace.do("run", "--until-idle")
    assert sorted(line["to"] for line in workspace.journal) == sorted(PEOPLE)


@pytest.mark.faults(seconds=8)
def test_a_process_that_is_killed_leaves_no_fresh_allowance(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.use_mailgun(mailgun.url, batch_size=5, concurrency=1, daily_quota=20)
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    mailgun.delay = 0.2
    running = workspace.start("run")
    wait_until(lambda: len(mailgun.delivered) >= 10, describe=running.said)
    running.kill()
    workspace.do("run", "--until-idle", code=6)
    report = workspace.report("news")
    assert report["accepted"] + report["unknown"] == 20
    assert max(mailgun.counted().values()) == 1
    assert len(mailgun.delivered) <= 20
