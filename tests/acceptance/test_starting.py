"""A sender starts and undoes by command; an approver sends back."""

from tests.acceptance.approvals import BODY
from tests.acceptance.workspace import ADMIN, EDITOR, SECOND, Workspace

SENDER = "cleo@forum.example"


def test_where_a_sender_starts_it_nothing_leaves_before(workspace: Workspace) -> None:
    workspace.hire(SENDER, "sender")
    workspace.configure(schedule={"start": "sender"})
    workspace.write("news", BODY)
    said = workspace.do("statement", "approve", "news", "--by", EDITOR).stderr
    assert "waits for a sender to start it: newsletter statement start news" in said
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []

    refused = workspace.do("statement", "start", "news", "--by", EDITOR, code=4).stderr
    assert "takes the role sender" in refused
    wrong = workspace.do("statement", "start", "news", "--by", SENDER, "--count", "999", code=4)
    assert "you were shown 999; look again" in wrong.stderr
    # an empty time, as of a variable that a script did not set, is not "at once"
    workspace.do("statement", "start", "news", "--by", SENDER, "--at", "", code=3)
    started = workspace.do("statement", "start", "news", "--by", SENDER).stderr
    assert "news is started: content hash " in started
    assert "to undo" not in started, "it leaves at once"
    workspace.do("run", "--until-idle")
    assert workspace.outbox != []


def test_what_was_undone_in_time_stays_approved_and_goes_nowhere(workspace: Workspace) -> None:
    workspace.hire(SENDER, "sender")
    workspace.configure(schedule={"start": "sender", "undo_window": "1h"})
    workspace.write("news", BODY)
    workspace.do("statement", "approve", "news", "--by", EDITOR)
    started = workspace.do("statement", "start", "news", "--by", SENDER).stderr
    assert "to undo: newsletter statement undo news" in started
    workspace.do("run", "--until-idle")
    said = workspace.do("statement", "undo", "news", "--by", SENDER).stderr
    assert "news is undone: no one got it, and it stays approved" in said
    workspace.configure(schedule={"start": "sender", "undo_window": "0s"})
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []


def test_an_approver_sends_it_back_with_a_reason(workspace: Workspace) -> None:
    workspace.write("news", BODY)
    back = ("statement", "send-back", "news", "--by", EDITOR, "--reason", "The hours are wrong.")
    assert "news was sent back" in workspace.do(*back).stderr
    assert "was sent back by" in workspace.do(*back, code=4).stderr
    approve = ("statement", "approve", "news", "--by", EDITOR)
    assert "already: The hours are wrong." in workspace.do(*approve, code=4).stderr
    assert "news is approved" in workspace.do(*approve, "--returned").stderr


def test_two_admins_stand_in_for_the_approval_that_is_missing(workspace: Workspace) -> None:
    workspace.configure(approvals={"required": 2})
    workspace.hire(ADMIN, "admin")
    workspace.hire(SECOND, "admin")
    workspace.write("news", BODY)
    over = ("statement", "approve", "news", "--override", "--despite", "Ed is away", "--by")
    assert "a second admin is needed" in workspace.do(*over, ADMIN).stderr
    assert f"by {ADMIN}, {SECOND}" in workspace.do(*over, SECOND).stderr
    workspace.do("run", "--until-idle")
    assert workspace.outbox != []
