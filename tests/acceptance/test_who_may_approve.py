"""Approvals that count: by a file only where it is trusted, and of the text that was seen."""

from tests.acceptance.approvals import BODY, assert_goes_out, digest_of
from tests.acceptance.workspace import EDITOR, Workspace


def test_front_matter_counts_only_where_it_is_trusted(workspace: Workspace) -> None:
    workspace.hire("reviewer@forum.example")
    workspace.write("news", BODY, status="approved", approved_by=["reviewer@forum.example"])
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []
    assert workspace.do("campaign", "list", "--json").json() == []

    workspace.configure(approvals={"trust_front_matter": True})

    assert_goes_out(workspace)
    assert workspace.report("news")["approved_by"] == ["reviewer@forum.example"]


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
