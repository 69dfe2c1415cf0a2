"""Pause, resume and cancel during a campaign, and a provider that cannot or will not send."""

import threading
from collections.abc import Iterator

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Running, Workspace, readers, wait_until
from tests.servers import closed_port

PEOPLE = readers(200)


@pytest.fixture
def held(workspace: Workspace, mailgun: PacedMailgun) -> Iterator[Running]:
    """A run whose first two calls, of ten messages each, wait for their answers."""
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=2)
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    mailgun.gate = threading.Event()
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)
    yield running
    mailgun.gate.set()


def let_go(mailgun: PacedMailgun) -> None:
    assert mailgun.gate is not None
    mailgun.gate.set()


def figures(workspace: Workspace, *names: str) -> tuple[object, ...]:
    report = workspace.report("news")
    return tuple(report[name] for name in names)


def test_a_pause_stops_after_the_calls_under_way_and_resume_goes_on(
    workspace: Workspace, mailgun: PacedMailgun, held: Running
) -> None:
    said = workspace.do("pause", "news").stderr
    assert "is paused: 0 accepted, 200 pending" in said
    let_go(mailgun)

    assert held.finish().code == 5
    assert "paused by operator" in held.said()
    assert len(mailgun.delivered) == 20
    assert figures(workspace, "state", "accepted", "pending") == ("paused", 20, 180)
    workspace.do("run", "--until-idle", code=5)
    assert len(mailgun.delivered) == 20

    workspace.do("resume", "news")
    workspace.do("run", "--until-idle")
    assert mailgun.counted() == dict.fromkeys(PEOPLE, 1)
    assert figures(workspace, "state", "accepted", "pending") == ("sent", 200, 0)


def test_who_leaves_while_it_goes_out_gets_nothing_more(
    workspace: Workspace, mailgun: PacedMailgun, held: Running
) -> None:
    workspace.do("subscribers", "suppress", PEOPLE[-1])
    workspace.do("subscribers", "forget", "--yes", PEOPLE[-2])
    let_go(mailgun)

    assert held.finish().code == 0
    assert mailgun.counted() == dict.fromkeys(PEOPLE[:-2], 1)
    assert figures(workspace, "audience", "accepted", "suppressed") == (200, 198, 2)
    exceptions = workspace.report("news")["exceptions"]
    assert {(row["address"], row["reason"]) for row in exceptions} == {
        (PEOPLE[-1], "manual"),
        ("(erased)", "erased"),
    }


def test_a_second_run_is_refused_and_says_why(
    workspace: Workspace, mailgun: PacedMailgun, held: Running
) -> None:
    for command in (("run", "--until-idle"), ("worker",), ("run", "--port", "0")):
        refused = workspace.do(*command, code=4)
        assert "another 'newsletter run' is at work on this workspace" in refused.stderr
    let_go(mailgun)
    assert held.finish().code == 0
    assert mailgun.counted() == dict.fromkeys(PEOPLE, 1)


@pytest.mark.slow("four tries, each a little later, before it gives up")
def test_a_provider_that_is_down_loses_nothing(workspace: Workspace) -> None:
    workspace.use_mailgun(f"http://127.0.0.1:{closed_port()}", batch_size=5, concurrency=2)
    workspace.write_and_approve("news")

    done = workspace.do("run", "--until-idle", code=6)

    assert "the provider cannot be reached; nothing is lost" in done.stderr
    assert figures(workspace, "state", "pending") == ("sending", 10)
    with PacedMailgun() as mailgun:
        workspace.use_mailgun(mailgun.url, batch_size=5)
        workspace.do("run", "--until-idle")
        assert mailgun.counted() == dict.fromkeys(readers(10), 1)
    assert figures(workspace, "state", "accepted") == ("sent", 10)


def test_a_wrong_key_pauses_the_campaign_with_the_reason(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.use_mailgun(mailgun.url, batch_size=3, concurrency=4, api_key="wrong")
    workspace.write_and_approve("news")

    done = workspace.do("run", "--until-idle", code=5)

    assert "mailgun refuses" in done.stderr
    assert "401" in done.stderr
    assert "newsletter resume 1" in done.stderr
    assert "wrong" not in done.stderr
    assert figures(workspace, "state", "accepted", "pending") == ("paused", 0, 10)
    report = workspace.do("report", "news").stdout
    assert ("tried once: " in report, "next try" in report) == (True, False)
    workspace.use_mailgun(mailgun.url)
    workspace.do("run", "--until-idle", code=5)
    workspace.do("resume", "news")
    workspace.do("run", "--until-idle")
    assert mailgun.counted() == dict.fromkeys(readers(10), 1)


def test_a_test_mail_says_what_the_provider_said(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.write("news")
    workspace.use_mailgun(mailgun.url)
    workspace.do("send", "news", "--to", "me@forum.example")
    [mail] = mailgun.delivered
    assert (mail.to, mail.one("Subject")) == ("me@forum.example", "[Test] On news")

    workspace.use_mailgun(mailgun.url, api_key="wrong")
    assert "401" in workspace.do("send", "news", "--to", "me@forum.example", code=4).stderr
    workspace.use_mailgun(f"http://127.0.0.1:{closed_port()}")
    workspace.do("send", "news", "--to", "me@forum.example", code=6)
    assert workspace.do("campaign", "list", "--json").json() == []
