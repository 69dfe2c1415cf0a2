"""Of whom a crash leaves it unknown whether they have their message, a person decides."""

import time

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Workspace, readers, wait_until
from tests.servers import reply


@pytest.fixture
def lost(workspace: Workspace, mailgun: PacedMailgun) -> Workspace:
    """Of ten, four were on their way when the process died; the server has them."""
    workspace.use_mailgun(mailgun.url, batch_size=2, concurrency=2)
    workspace.subscribe(readers(10))
    workspace.write_and_approve("news")
    mailgun.delay = 15
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)
    running.kill()
    mailgun.delay = 0
    said = workspace.do("run", "--until-idle", code=5).stderr
    assert "after a crash: 2 batches unknown" in said
    assert "newsletter report 1" in said
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("attention", 6, 4)
    return workspace


def test_an_unknown_is_sent_again_by_nobody_but_a_person(
    lost: Workspace, mailgun: PacedMailgun
) -> None:
    unknown = lost.report("news")["unknown_addresses"]
    lost.do("run", "--until-idle", code=5)
    assert mailgun.counted() == dict.fromkeys(readers(10), 1)
    shown = lost.do("report", "news").stdout
    assert all(f"unknown: {address}" in shown for address in unknown)

    # without a decision nothing is decided
    lost.do("resolve", "news", code=2)
    lost.hire("nobody@forum.example", "sender")
    lost.do("resolve", "news", "--sent", "--by", "nobody@forum.example", code=4)
    assert lost.report("news")["unknown"] == 4

    lost.do("resolve", "news", "--resend")
    assert lost.report("news")["state"] == "sending"

    lost.do("run", "--until-idle")

    assert lost.report("news")["state"] == "sent"
    twice = {address for address, count in mailgun.counted().items() if count == 2}
    assert twice == set(unknown)


@pytest.mark.parametrize(("option", "state"), [("--sent", "accepted"), ("--give-up", "cancelled")])
def test_a_person_says_what_became_of_the_unknown(
    lost: Workspace, mailgun: PacedMailgun, option: str, state: str
) -> None:
    before = lost.report("news")[state]
    assert "4 decided" in lost.do("resolve", "news", option).stderr

    report = lost.report("news")
    assert (report["state"], report["unknown"], report[state]) == ("sent", 0, before + 4)
    lost.do("run", "--until-idle")
    assert mailgun.counted() == dict.fromkeys(readers(10), 1)
    lost.do("resolve", "news", option, code=4)


@pytest.mark.slow("starts the program, and waits until it waits")
def test_a_provider_that_fails_at_once_leaves_few_unknown_and_gets_the_rest_later(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.use_mailgun(mailgun.url, batch_size=1, concurrency=1)
    workspace.subscribe(readers(50))
    workspace.write_and_approve("news")
    mailgun.script.extend([reply(503)] * 1000)
    running = workspace.start("--verbose", "run")
    wait_until(lambda: len(mailgun.requests) >= 4, describe=running.said)
    time.sleep(1)
    mailgun.script.clear()
    report = wait_until(
        lambda: (found := workspace.report("news"))["pending"] == 0 and found, describe=running.said
    )
    running.stop()
    assert running.finish().code == 0
    assert 4 <= report["unknown"] <= 8
    assert report["accepted"] + report["unknown"] == 50
