"""Digest emails: made once at their time or by hand, approved, and read like any statement."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.runtime.clock import SystemClock
from tests.acceptance.workspace import Workspace

A_WEEK_EARLIER = 7 * 24 * 60 * 60 * 1000
"""In milliseconds, as the tables count."""


def afternoon() -> str:
    """A zone in which it is between noon and one now: no slot of these tests is near midnight."""
    ahead = 12 - SystemClock().now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def local(zone: str) -> datetime:
    return SystemClock().now().astimezone(ZoneInfo(zone))


@pytest.fixture
def forum(workspace: Workspace) -> Workspace:
    """A workspace with a digest email that comes tomorrow, seen by a run."""
    configure(workspace, local(afternoon()) + timedelta(days=1))
    workspace.do("run", "--until-idle")
    return workspace


def configure(workspace: Workspace, comes: datetime, **changes: Any) -> None:
    weekly = {
        "name": "weekly",
        "title": "The week to {date}",
        "every": "week",
        "day": f"{comes:%A}".lower(),
        "at": f"{comes:%H:%M}",
        "lists": ["press"],
    }
    workspace.configure(timezone=afternoon(), digests=[weekly | changes])


def publish(workspace: Workspace, *slugs: str, **head: object) -> None:
    """Let statements go out."""
    for slug in slugs:
        workspace.write_and_approve(
            slug, f"The words of {slug}.", **{"title": f"About {slug}"} | head
        )
    workspace.do("run", "--until-idle")


def let_its_hour_come(workspace: Workspace) -> str:
    """As if all so far had been a week ago, and its hour came a minute ago; returns the slug."""
    comes = local(afternoon()) - timedelta(minutes=1)
    configure(workspace, comes)
    for column in ("digest SET since = since", "campaign SET started_at = started_at"):
        workspace.sql(f"UPDATE {column} - {A_WEEK_EARLIER}")
    workspace.sql("UPDATE digest SET since = since - 60000")
    return f"weekly-{comes:%Y-%m-%d}"


def standing(workspace: Workspace, slug: str) -> str:
    rows = workspace.do("statement", "list", "--json").json()
    return {row["slug"]: row["approval"] for row in rows}.get(slug, "not there")


def test_at_its_hour_it_is_made_once_waits_and_goes_out_after_a_yes(forum: Workspace) -> None:
    publish(forum, "one", "two")
    slug = let_its_hour_come(forum)

    said = forum.do("run", "--until-idle").stderr
    assert f"digest email weekly of {slug[-10:]}: 2 statements; it waits for approval" in said
    for _ in range(2):
        assert "digest email" not in forum.do("run", "--until-idle").stderr
    assert standing(forum, slug) == "waits for approval"
    assert len(forum.outbox) == 20

    forum.approve(slug)
    forum.do("run", "--until-idle")
    assert len(forum.outbox) == 30
    assert forum.report(slug)["state"] == "sent"
    assert {line["subject"] for line in forum.journal if line["campaign"] == slug} == {
        forum.do("statement", "show", slug, "--json").json()["title"]
    }
    forum.do("run", "--until-idle")
    assert len(forum.outbox) == 30


def test_made_by_hand_it_is_said_what_it_would_be_and_what_it_is(forum: Workspace) -> None:
    nothing = forum.do("digest", "make", "weekly", code=4).stderr
    assert "there is nothing to gather" in nothing
    publish(forum, "one", "two")
    ahead = forum.do("digest", "show", "weekly", "--json").json()
    assert [part["slug"] for part in ahead["would_gather"]] == ["one", "two"]
    assert ahead["issues"] == []
    assert "would gather now: 2" in forum.do("digest", "show", "weekly").stdout

    slug = forum.do("digest", "make", "weekly").stdout.strip()
    assert slug == f"weekly-{local(afternoon()):%Y-%m-%d}"
    again = forum.do("digest", "make", "weekly", code=4).stderr
    assert f"{slug} is made already" in again
    after = forum.do("digest", "show", "weekly", "--json").json()
    assert after["would_gather"] == []
    assert after["issues"] == [{"slug": slug, "parts": ["one", "two"]}]
    assert slug in forum.do("digest", "show", "weekly").stdout
    [row] = forum.do("digest", "list", "--json").json()
    assert (row["name"], row["last"]) == ("weekly", slug)
    assert slug in forum.do("digest", "list").stdout


@pytest.mark.parametrize(
    ("every", "day", "words"),
    [
        ("week", "friday", "every Friday at 16:00"),
        ("month", "last", "last day of each month at 16:00"),
        ("month", 1, "day 1 of each month at 16:00"),
    ],
)
def test_its_rhythm_is_told_in_words(
    workspace: Workspace, every: str, day: str | int, words: str
) -> None:
    monthly = {"name": "m", "title": "M", "every": every, "day": day, "at": "16:00"}
    workspace.configure(digests=[monthly | {"lists": ["press"]}])
    assert workspace.do("digest", "list", "--json").json()[0]["rhythm"] == words
