"""Steps that the tests about approvals share."""

from tests.acceptance.workspace import Workspace

BODY = "The Forum has resigned from the task force."
CHANGED = "The Forum has resigned from the task farce."


def digest_of(workspace: Workspace, slug: str = "news") -> str:
    return str(workspace.do("statement", "show", slug, "--json").json()["digest"])


def assert_held(workspace: Workspace, *reasons: str, slug: str = "news") -> None:
    """A run sends nothing, says why, and ends with 4; again and again."""
    for _ in range(2):
        done = workspace.do("run", "--until-idle", code=4)
        assert f"not sent: {slug}: " in done.stderr
        for reason in reasons:
            assert reason in done.stderr
    assert workspace.outbox == []


def assert_goes_out(workspace: Workspace, times: int = 10) -> None:
    workspace.do("run", "--until-idle")
    assert len(workspace.outbox) == times
