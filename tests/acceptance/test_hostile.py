"""A provider that takes messages and does not say so: nobody gets two, and the books are right."""

from collections import Counter
from typing import Any

import pytest

from tests.acceptance.hostile import FATES, Fortune, HostileMailgun, HostilePostmark, HostileResend
from tests.acceptance.workspace import Workspace, readers

MANY = 100_000


def send(workspace: Workspace, people: list[str], code: int = 0, **provider: Any) -> None:
    """Send one statement to all of them, and to the ten who are there already."""
    workspace.configure(provider={"concurrency": 8, "timeout": "2s", **provider})
    workspace.subscribe(people)
    workspace.write("news")
    workspace.approve("news")
    done = workspace.start("run", "--until-idle").finish(seconds=300)
    assert done.code == code, done.stderr[-2000:]


def counted(server: HostileResend | HostileMailgun | HostilePostmark) -> Counter[str]:
    """Address → how many messages it has."""
    return Counter(message.to for message in server.delivered)


@pytest.mark.slow
def test_with_keys_nothing_stays_unknown_and_nobody_gets_two(workspace: Workspace) -> None:
    people = readers(MANY)
    with HostileResend(fortune=Fortune()) as resend:
        send(workspace, people, kind="resend", api_key=resend.api_key, base_url=resend.url)
        assert set(resend.fortune.fates) == set(FATES)
        assert counted(resend) == Counter(people)
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", MANY, 0)
    [came_out] = report["resolved"]
    assert (came_out["way"], came_out["outcome"]) == ("replay", "accepted")
    assert 0 < came_out["people"] <= 100 * sum(resend.fortune.fates.values())


@pytest.mark.slow
@pytest.mark.parametrize("make", [HostileMailgun, HostilePostmark], ids=["mailgun", "postmark"])
def test_with_records_nothing_stays_unknown_and_nobody_gets_two(
    workspace: Workspace, make: type[HostileMailgun | HostilePostmark]
) -> None:
    people = readers(MANY)
    with make(fortune=Fortune()) as server:
        send(workspace, people, base_url=server.url, batch_size=200, settle="4s", **keys(server))
        assert set(server.fortune.fates) == set(FATES)
        assert counted(server) == Counter(people)
        lost = server.fortune.fates["lost on its way"]
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", MANY, 0)
    ways = {(row["way"], row["outcome"]): row["people"] for row in report["resolved"]}
    # a server that is merely slow leaves more of them in doubt
    assert ways["look-up", "accepted"] >= 200 * (server.fortune.fates.total() - lost)
    assert ways["look-up", "not handed over"] == 200 * lost
    assert len(ways) == 2


def keys(server: HostileMailgun | HostilePostmark) -> dict[str, str]:
    if isinstance(server, HostileMailgun):
        return {"kind": "mailgun", "domain": server.domain, "api_key": server.api_key}
    return {"kind": "postmark", "server_token": server.known}
