"""Approvals that count: no author's, no viewer's, and as many as the settings require."""

import pytest

from tests.acceptance.approvals import BODY, assert_goes_out, digest_of
from tests.acceptance.workspace import EDITOR, VIEWER, WRITER, Workspace


def test_the_authors_own_yes_counts_where_the_configuration_says_so(workspace: Workspace) -> None:
    workspace.configure(approvals={"author_may_approve": True})
    workspace.hire(WRITER, "admin")
    workspace.write("news", BODY, author=WRITER)
    workspace.approve("news", WRITER.upper())
    assert_goes_out(workspace)


def test_front_matter_counts_only_where_it_is_trusted(workspace: Workspace) -> None:
    workspace.hire("reviewer@forum.example")
    workspace.write("news", BODY, status="approved", approved_by=["reviewer@forum.example"])
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []
    assert workspace.do("campaign", "list", "--json").json() == []

    workspace.configure(approvals={"trust_front_matter": True})

    assert_goes_out(workspace)
    assert workspace.report("news")["approved_by"] == ["reviewer@forum.example"]


def test_two_names_that_somebody_invents_approve_nothing(workspace: Workspace) -> None:
    workspace.configure(approvals={"trust_front_matter": True, "required": 2})
    names = ["ann@elsewhere.example", "bob@elsewhere.example"]
    workspace.write("news", BODY, status="approved", approved_by=names)
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []


def test_an_approval_with_an_old_digest_is_refused(workspace: Workspace) -> None:
    path = workspace.write("news", BODY)
    seen = digest_of(workspace)
    path.write_text(path.read_text().replace("force", "farce"))

    refused = workspace.do("statement", "approve", "news", "--by", EDITOR, "--digest", seen, code=4)
    assert "has changed since you looked" in refused.stderr
    now = digest_of(workspace)
    assert f"{now[:4]} {now[4:8]}" in refused.stderr
    now = digest_of(workspace)
    for empty in ("", now[:7]):  # as of a variable that a script did not set
        workspace.do("statement", "approve", "news", "--by", EDITOR, "--digest", empty, code=2)
    workspace.do("statement", "approve", "news", "--by", EDITOR, "--digest", now[:12])
    assert_goes_out(workspace)


@pytest.mark.parametrize("role", ["viewer", "writer"])
def test_who_may_not_approve_is_told_so(workspace: Workspace, role: str) -> None:
    workspace.hire(VIEWER, role)
    workspace.write("news", BODY)

    assert f"is a {role};" in workspace.approve("news", VIEWER, code=4).stderr
    assert "not among the staff" in workspace.approve("news", "no@forum.example", code=4).stderr
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []
