"""What was approved is what goes out, to the byte; all else waits and says why."""

import os
from pathlib import Path

import pytest

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


def test_a_byte_changed_within_the_undo_window_withdraws_the_campaign(
    workspace: Workspace,
) -> None:
    workspace.configure(schedule={"undo_window": "1h"})
    path = workspace.write("news", BODY)
    workspace.approve("news")
    assert "scheduled for" in workspace.do("run", "--until-idle").stderr
    path.write_text(path.read_text().replace("force", "farce"))

    assert_held(workspace, f"its text changed after {EDITOR} approved it")
    assert workspace.report("news")["state"] == "cancelled"


def test_a_byte_changed_before_send_at_is_held_also_when_the_time_comes(
    workspace: Workspace,
) -> None:
    path = workspace.write("news", BODY, send_at="2099-01-01 09:00")
    workspace.approve("news")
    workspace.do("run", "--until-idle")
    path.write_text(path.read_text().replace("force", "farce"))
    workspace.sql("INSERT INTO schedule (slug, send_at) SELECT 'news', 0")

    assert_held(workspace, f"its text changed after {EDITOR} approved it")


def test_changing_back_to_the_approved_text_lets_it_go(workspace: Workspace) -> None:
    path = workspace.write("news", BODY)
    workspace.approve("news")
    approved = path.read_bytes()
    path.write_text(CHANGED.join(path.read_text().split(BODY)))
    assert_held(workspace)

    path.write_bytes(approved)

    assert workspace.do("statement", "diff", "news").stdout == ""
    assert_goes_out(workspace)


def test_a_change_and_its_approval_between_two_runs_is_what_goes_out(workspace: Workspace) -> None:
    workspace.configure(schedule={"undo_window": "1h"})
    workspace.write("news", BODY)
    workspace.approve("news")
    workspace.do("run", "--until-idle")
    workspace.write("news", CHANGED)
    workspace.approve("news")
    workspace.configure(schedule={"undo_window": "0s"})

    workspace.do("run", "--until-idle")

    assert len(workspace.outbox) == 10
    assert "farce" in workspace.outbox[0].read_text()
    first, second = workspace.do("campaign", "list", "--json").json()
    assert (first["state"], second["state"]) == ("cancelled", "sent")
    assert "the change is approved too" in first["reason"]


@pytest.mark.parametrize(
    "change",
    [
        {"sender": {"name": "Somebody Else"}},
        {"sender": {"address": "other@forum.example"}},
        {"sender": {"reply_to": "other@forum.example"}},
        {"organisation": {"postal_address": "2 Other Street"}},
        {"public_url": "https://elsewhere.example"},
        {"default_lists": ["supporters"]},
        {"language": "fr"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_that_readers_see_holds_what_was_approved_before_it(
    workspace: Workspace, change: dict[str, object]
) -> None:
    workspace.write("news", BODY)
    workspace.approve("news")
    workspace.configure(**change)

    assert_held(workspace, "changed after")


def test_a_template_changed_after_approval_holds_it(workspace: Workspace) -> None:
    workspace.write("news", BODY)
    workspace.approve("news")
    default = (ROOT / "templates" / "statement.txt.j2").read_text()
    (workspace.folder / "templates" / "statement.txt.j2").write_text(default + "One line more.\n")

    assert_held(workspace, "changed after")

    assert "+One line more." in workspace.do("statement", "diff", "news").stdout


def test_a_statement_that_went_out_does_not_go_out_again(workspace: Workspace) -> None:
    path = workspace.write("news", BODY)
    workspace.approve("news")
    assert_goes_out(workspace)
    journal = workspace.journal

    for deed in (restart, touch, edit, remove_and_restore):
        deed(path)
        workspace.do("run", "--until-idle")
        assert workspace.journal == journal, deed.__name__
    refused = workspace.approve("news", code=4)
    assert "has already gone out as campaign 1" in refused.stderr
    assert len(workspace.do("campaign", "list", "--json").json()) == 1


def restart(_path: Path) -> None:
    """Nothing changed at all."""


def touch(path: Path) -> None:
    os.utime(path)


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace("force", "farce"))


def remove_and_restore(path: Path) -> None:
    text = path.read_text()
    path.unlink()
    path.write_text(text)


def test_a_file_that_is_gone_takes_its_campaign_along(workspace: Workspace) -> None:
    workspace.configure(schedule={"undo_window": "1h"})
    path = workspace.write("news", BODY)
    workspace.approve("news")
    workspace.do("run", "--until-idle")
    path.unlink()
    workspace.configure(schedule={"undo_window": "0s"})

    assert "its file is gone" in workspace.do("run", "--until-idle", code=4).stderr
    assert workspace.outbox == []


def test_the_report_names_the_very_digest_that_was_approved(workspace: Workspace) -> None:
    workspace.write("news", BODY)
    said = workspace.approve("news").stderr
    content_hash = digest_of(workspace)
    assert f"version {content_hash[:4]} {content_hash[4:8]}" in said
    assert_goes_out(workspace)
    assert workspace.report("news")["content_digest"] == content_hash
    assert {line["digest"] for line in workspace.journal} == {content_hash}
