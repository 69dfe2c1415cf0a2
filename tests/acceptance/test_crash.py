"""Killed in the middle, again and again: every reader has one message, and none is forgotten."""

import random
import time
from collections import Counter

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Running, Workspace, readers, wait_until

SEED = 20110921
KILLS = 20
PEOPLE = readers(3000)


def prepared(workspace: Workspace, people: list[str]) -> None:
    workspace.subscribe(people)
    workspace.write("news")
    workspace.approve("news")


def started(workspace: Workspace) -> Running:
    running = workspace.start("run", "--until-idle")
    running.wait_for(r"attempt=|started news|after a crash")
    return running


@pytest.mark.faults(seconds=12)
def test_kill_after_kill_nobody_gets_two_and_nobody_is_left_out(
    workspace: Workspace, mailgun: PacedMailgun, seed: int, thorough: bool
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=3)
    prepared(workspace, PEOPLE)
    mailgun.delay = 0.05

    for _ in range(KILLS if thorough else 6):
        running = started(workspace)
        time.sleep(chance.uniform(0, 0.3))
        running.kill()
        report = workspace.report("news")  # its books balance, or it fails here
        assert report["audience"] == len(PEOPLE)
        assert report["accepted"] <= len(mailgun.delivered)
    assert report["pending"], "the kills came after the end: nothing was tried"
    mailgun.delay = 0
    workspace.do("run", "--until-idle", code=5)

    taken = mailgun.counted()
    assert max(taken.values()) == 1
    report = workspace.report("news")
    unknown = report["unknown_addresses"]
    assert report["state"] == "attention"
    assert len(unknown) == report["unknown"] >= 10
    assert len(set(unknown)) == len(unknown)
    assert report["accepted"] + report["unknown"] == len(PEOPLE)
    accepted = set(PEOPLE) - set(unknown)
    assert accepted <= taken.keys() <= set(PEOPLE)
    assert "newsletter resolve" in report["reason"]


@pytest.mark.faults(seconds=12)
def test_the_outbox_is_whole_after_as_many_kills(
    workspace: Workspace, seed: int, thorough: bool
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    outbox = {"kind": "outbox", "path": "var/outbox", "batch_size": 10, "concurrency": 2}
    workspace.configure(provider=outbox | {"rate": 300, "burst": 100})  # or all is out too soon
    prepared(workspace, PEOPLE)

    for _ in range(KILLS if thorough else 6):
        running = started(workspace)
        time.sleep(chance.uniform(0, 0.2))
        running.kill()
        assert workspace.report("news")["audience"] == len(PEOPLE)
    assert workspace.report("news")["pending"], "the kills came after the end"
    workspace.configure(provider=outbox)
    workspace.do("run", "--until-idle")

    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", len(PEOPLE), 0)
    assert Counter(line["to"] for line in workspace.journal) == dict.fromkeys(PEOPLE, 1)
    assert len(workspace.outbox) == len(PEOPLE)
    assert not list((workspace.folder / "var" / "outbox").glob("*.draft"))


# --- a person decides ----------------------------------------------------------------------------


@pytest.fixture
def lost(workspace: Workspace, mailgun: PacedMailgun) -> Workspace:
    """Of ten, four were on their way when the process died; the server has them."""
    workspace.use_mailgun(mailgun.url, batch_size=2, concurrency=2)
    prepared(workspace, readers(10))
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
