"""The mail equals the approved text to the byte; everything else waits and says why."""

from tests.acceptance.approvals import BODY, CHANGED, assert_goes_out, assert_held, digest_of
from tests.acceptance.workspace import EDITOR, ROOT, Workspace


def test_a_byte_changed_before_the_first_run_is_held_until_a_new_yes(workspace: Workspace) -> None:
    path = workspace.write("news", BODY)
    workspace.approve("news")
    path.write_text(path.read_text().replace("force", "farce"))

    assert_held(workspace, f"its text changed after {EDITOR} approved it")

    difference = workspace.do("statement", "diff", "news").stdout
    assert f"-{BODY}" in difference
    assert f"+{CHANGED}" in difference
    workspace.approve("news")
    assert_goes_out(workspace)
    assert "farce" in workspace.outbox[0].read_text()


def test_a_byte_changed_within_the_undo_window_withdraws_the_campaign(workspace: Workspace) -> None:
    workspace.configure(schedule={"undo_window": "1h"})
    path = workspace.write("news", BODY)
    workspace.approve("news")
    assert "scheduled for" in workspace.do("run", "--until-idle").stderr
    path.write_text(path.read_text().replace("force", "farce"))

    assert_held(workspace, f"its text changed after {EDITOR} approved it")
    assert workspace.report("news")["state"] == "cancelled"


def test_a_setting_that_readers_see_holds_what_was_approved_before_it(
    workspace: Workspace,
) -> None:
    """``test_what_is_approved.py`` lists these settings."""
    workspace.write_and_approve("news", BODY)
    workspace.configure(sender={"name": "Somebody Else"})

    assert_held(workspace, "changed after")


def test_a_template_changed_after_approval_holds_it(workspace: Workspace) -> None:
    workspace.write_and_approve("news", BODY)
    default = (ROOT / "templates" / "statement.txt.j2").read_text()
    (workspace.folder / "templates" / "statement.txt.j2").write_text(default + "One line more.\n")

    assert_held(workspace, "changed after")

    assert "+One line more." in workspace.do("statement", "diff", "news").stdout


def test_the_report_names_the_very_digest_that_was_approved(workspace: Workspace) -> None:
    workspace.write("news", BODY)
    said = workspace.approve("news").stderr
    content_hash = digest_of(workspace)
    assert f"content hash {content_hash[:4]} {content_hash[4:8]}" in said
    assert_goes_out(workspace)
    assert workspace.report("news")["content_digest"] == content_hash
    assert {line["digest"] for line in workspace.journal} == {content_hash}
