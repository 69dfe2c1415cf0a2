"""Another account at the same provider, configured while it is unknown what the first one took."""

import time

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Workspace, readers
from tests.servers import bytes_then_close

PEOPLE = readers(20)
ONCE = {"settle": "1h", "concurrency": 1}


def test_what_the_first_account_may_have_never_goes_through_another(workspace: Workspace) -> None:
    workspace.subscribe(PEOPLE)
    workspace.write("news")
    workspace.approve("news")
    with PacedMailgun() as first, PacedMailgun() as other:
        first.now, first.events_are_hidden = time.time, True
        first.script.append(bytes_then_close(b"", takes=True))
        workspace.use_mailgun(first.url, **ONCE)
        workspace.do("run", "--until-idle", code=5)
        assert len(first.taken) == 1

        workspace.use_mailgun(other.url, **ONCE)
        said = workspace.do("run", "--until-idle", code=5).stderr
        assert "20 readers are unknown at another account" in said
        assert other.requests == []
        told = workspace.do("report", "news").stdout
        assert "20 of the unknown went to another account" in told

        first.events_are_hidden = False
        workspace.use_mailgun(first.url, **ONCE, webhook_key="rotated")
        workspace.sql("UPDATE batch SET not_before = 0")
        workspace.do("run", "--until-idle")
        assert workspace.report("news")["accepted"] == 20
        assert len(first.taken) == 1
