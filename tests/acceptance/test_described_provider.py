"""A gateway of an operator's own, described in newsletter.yaml and nowhere else."""

from collections.abc import Iterator

import pytest

from tests.acceptance.workspace import Workspace, readers
from tests.provider_servers.http import MANY, GatewayServer

AWKWARD = 'He said: "no", {{ 7 * 7 }} \\ {% raw %}'


@pytest.fixture
def gateway() -> Iterator[GatewayServer]:
    with GatewayServer() as running:
        yield running


def test_a_statement_goes_out_through_it_as_it_was_written(
    workspace: Workspace, gateway: GatewayServer
) -> None:
    (workspace.folder / "var" / "gateway.token").write_text(f"{gateway.bearer}\n")
    workspace.configure(
        provider={
            "kind": "http",
            "url": f"{gateway.url}/v1/messages",
            "auth": {"bearer_file": "var/gateway.token"},
            "batch_size": 100,
            "accepted": [202],
            "message_id": "queued[0].id",
            "body": MANY,
        }
    )
    workspace.subscribe(readers(230))
    workspace.hire()
    workspace.write_and_approve("own", body=AWKWARD, title=AWKWARD)

    workspace.do("run", "--until-idle")

    assert workspace.report("own")["accepted"] == 230
    assert sorted(message.to for message in gateway.delivered) == readers(230)
    assert len(gateway.taken) == 3
    for message in gateway.delivered:
        assert message.one("Subject") == AWKWARD
        assert '"no", {{ 7 * 7 }}' in message.text
        assert message.one("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert gateway.bearer not in workspace.do("config", "show").stdout
