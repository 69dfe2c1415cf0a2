"""Two providers on loopback: what the first provably did not take, the second delivers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, EDITOR, Workspace, readers
from tests.provider_servers.postmark import PostmarkServer
from tests.servers import Received, Step, reply

PEOPLE = readers(150)
BATCHES = 10


@dataclass
class FailingMailgun(PacedMailgun):
    """Takes ten batches, and then is another one."""

    afterwards: str = "403"
    agreed: int = 0
    """Write the journal later than the answer, when another call may have arrived."""

    def usual(self, received: Received) -> Step:
        if self.agreed < BATCHES:
            step = super().usual(received)
            self.agreed += step.takes
            return step
        if self.afterwards == "403":
            return reply(403, {"message": "Domain forum.example is disabled"})
        return reply(429, {"message": "too many"}, {"Retry-After": "1"})


@pytest.fixture
def postmark() -> Iterator[PostmarkServer]:
    with PostmarkServer() as server:
        yield server


@pytest.fixture
def first() -> Iterator[FailingMailgun]:
    with FailingMailgun() as server:
        yield server


def prepare(
    workspace: Workspace, first: PacedMailgun, second: PostmarkServer, **options: Any
) -> None:
    workspace.use_mailgun(first.url, batch_size=10, **options)
    workspace.configure(
        fallback_provider={
            "kind": "postmark",
            "server_token": "token-for-tests",
            "base_url": second.url,
        },
        fail_over_after="2s",
    )
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")


def everybody(first: PacedMailgun, second: PostmarkServer) -> list[str]:
    return sorted(one.to for one in (*first.delivered, *second.delivered))


@pytest.mark.parametrize("afterwards", ["403", "429"])
def test_everybody_gets_it_once_over_both_providers(
    workspace: Workspace, first: FailingMailgun, postmark: PostmarkServer, afterwards: str
) -> None:
    first.afterwards = afterwards
    prepare(workspace, first, postmark, concurrency=4)
    done = workspace.do("run", "--until-idle")
    assert "failed over: campaign 1 from mailgun to postmark" in done.stderr
    assert everybody(first, postmark) == sorted(PEOPLE)
    assert (len(first.delivered), len(postmark.delivered)) == (100, 50)
    report = workspace.report("news")
    assert (report["state"], report["accepted"]) == ("sent", 150)
    assert (report["provider"], report["providers"]) == ("mailgun", ["mailgun", "postmark"])
    assert "provider     mailgun, postmark" in workspace.do("report", "news").stdout
    assert "changed from" in workspace.do("audit", "show").stdout


def test_a_person_brings_it_back_to_the_first_provider(
    workspace: Workspace, first: FailingMailgun, postmark: PostmarkServer
) -> None:
    prepare(workspace, first, postmark, concurrency=1)
    postmark.known = "another"
    done = workspace.do("run", "--until-idle", code=5)
    assert "postmark refuses" in done.stderr
    workspace.hire(ADMIN, "admin")
    refused = workspace.do("campaign", "return", "news", "--by", EDITOR, code=4)
    assert "has the role approver; this takes the role sender" in refused.stderr
    workspace.do("campaign", "return", "news", "--by", ADMIN)
    with PacedMailgun() as well:
        workspace.use_mailgun(well.url, batch_size=10)
        workspace.do("resume", "news")
        workspace.do("run", "--until-idle")
        assert sorted(one.to for one in (*first.delivered, *well.delivered)) == sorted(PEOPLE)
    assert postmark.delivered == []
