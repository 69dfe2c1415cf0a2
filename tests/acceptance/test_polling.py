"""Bounces that no webhook can bring are asked for while the workspace runs."""

import time
from typing import Any

from tests.acceptance.workspace import Workspace
from tests.servers import MailgunServer

READER = "reader00001@example.org"


def failed(server: MailgunServer) -> dict[str, Any]:
    """The event of a mailbox that does not exist, beside the one of its acceptance."""
    [accepted] = [event for event in server.events if event["recipient"] == READER]
    return {
        **accepted,
        "id": "failed-1",
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": "5.1.1 no such mailbox"},
    }


def test_a_bounce_is_asked_for_and_suppresses_its_reader(workspace: Workspace) -> None:
    workspace.subscribe([READER])
    with MailgunServer(now=time.time) as server:
        workspace.use_mailgun(server.url, poll_events="1s")
        workspace.write("hours")
        workspace.approve("hours")
        workspace.do("run", "--until-idle")
        server.events.append(failed(server))
        workspace.do("run", "--until-idle")
        again = workspace.do("run", "--until-idle")
    report = workspace.report("hours")
    assert (report["bounced"], report["unknown"]) == (1, 0)
    assert "suppressed" in workspace.do("subscribers", "show", READER).stdout
    assert "not heard" not in again.stderr


def test_a_provider_that_cannot_be_asked_stops_nothing_and_is_named_once(
    workspace: Workspace,
) -> None:
    with MailgunServer(now=time.time) as server:
        workspace.use_mailgun(server.url, poll_events="1s")
        workspace.configure(schedule={"poll": "1s", "undo_window": "3s"})
        server.events_are_hidden = True
        workspace.write("hours")
        workspace.approve("hours")
        done = workspace.do("run", "--until-idle")
    assert done.stderr.count("not heard: HTTP 404") == 1
    assert workspace.report("hours")["accepted"] == len(server.delivered)


def test_a_provider_that_lists_no_events_is_refused(workspace: Workspace) -> None:
    workspace.configure(provider={"kind": "resend", "api_key": "key", "poll_events": "5m"})
    done = workspace.do("run", "--until-idle", code=3)
    assert "provider.poll_events" in done.stderr
