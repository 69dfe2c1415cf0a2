"""A workspace whose statements come from a feed: from a site's new page to readers' inboxes."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from tests.acceptance.workspace import Workspace
from tests.servers import LoopbackServer, Received, Step, answer_bytes, reply


class Site(LoopbackServer):
    """A site whose feed reports changes."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[str] = []
        self.down = 0

    def publish(self, name: str, text: str = "The Forum has resigned.", age: float = -60) -> None:
        at = formatdate(time.time() - age, usegmt=True)
        self.items.insert(
            0,
            f"<item><title>On {name}</title><guid>{name}</guid><link>https://forum.example/{name}"
            f"</link><pubDate>{at}</pubDate><description>Short.</description><content:encoded>"
            f"<![CDATA[<p>{text}</p><p><img src='a.png' alt='A photo'></p>]]></content:encoded>"
            "</item>",
        )

    def usual(self, received: Received) -> Step:
        if self.down:
            return reply(self.down)
        tag = f'"{hash(tuple(self.items))}"'
        if received.headers.get("if-none-match") == tag:
            return Step(act=lambda exchange: exchange.write(answer_bytes(304)))
        body = (
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            f"{''.join(self.items)}</channel></rss>"
        )
        return reply(200, body, {"ETag": tag})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        for number in range(30):
            site.publish(f"old-{number}", age=86_400)
        yield site


def follow(workspace: Workspace, site: Site, **options: Any) -> None:
    feed = {"kind": "feed", "name": "press-room", "url": f"{site.url}/feed", "allow_private": True}
    workspace.configure(statements=[{"kind": "folder", "path": "statements"}, feed | options])


def listed(workspace: Workspace) -> dict[str, Any]:
    rows = workspace.do("source", "list", "--json").json()
    return {row["name"]: row for row in rows}


def slugs(workspace: Workspace) -> dict[str, str]:
    rows = workspace.do("statement", "list", "--json").json()
    return {row["slug"]: row["approval"] for row in rows}


def test_a_new_item_waits_for_approval_and_then_goes_out(workspace: Workspace, site: Site) -> None:
    follow(workspace, site)
    first = workspace.do("run", "--until-idle")
    assert "30 items passed over" in first.stderr
    assert (slugs(workspace), workspace.outbox) == ({}, [])
    site.publish("hours")
    assert workspace.do("source", "poll").stdout.split() == ["on-hours"]
    assert slugs(workspace) == {"on-hours": "waits for approval"}
    workspace.do("run", "--until-idle")
    assert workspace.outbox == []
    shown = workspace.do("statement", "show", "on-hours").stdout
    assert "Left out: A photo" in shown
    assert "https://forum.example/hours" in shown
    workspace.approve("on-hours")
    workspace.do("run", "--until-idle")
    assert workspace.report("on-hours")["accepted"] == 10
    row = listed(workspace)["press-room"]
    assert (row["seen"], row["taken"], row["state"], row["every"]) == (31, 1, "ok", "15m")
    workspace.do("source", "poll", "press-room")
    assert len(site.requests) == 3
    assert "if-none-match" in site.requests[-1].headers


def test_a_feed_that_cannot_be_read_is_said_once_and_loses_nothing(
    workspace: Workspace, site: Site
) -> None:
    follow(workspace, site)
    workspace.do("source", "poll")
    site.publish("hours")
    workspace.do("source", "poll")
    site.down = 503
    workspace.sql("UPDATE feed SET next_at = 0")
    first = workspace.do("run", "--until-idle").stderr
    assert first.count("cannot be read: it has a fault of its own") == 1
    workspace.sql("UPDATE feed SET next_at = 0")
    assert "cannot be read" not in workspace.do("run", "--until-idle").stderr
    assert slugs(workspace) == {"on-hours": "waits for approval"}
    row = listed(workspace)["press-room"]
    assert (row["state"], row["failures"]) == ("cannot be read", 2)
    assert "press-room cannot be read: it has a fault" in workspace.do("source", "list").stderr
    workspace.do("source", "poll", code=6)
    site.down = 0
    workspace.sql("UPDATE feed SET next_at = 0")
    assert "can be read again" in workspace.do("run", "--until-idle").stderr


def test_an_address_in_a_private_network_is_refused_unless_it_is_meant(
    workspace: Workspace, site: Site
) -> None:
    url = site.url.replace("http://", "https://")
    follow(workspace, site, url=url, allow_private=False)
    done = workspace.do("source", "poll", code=6)
    assert "127.0.0.1 is in a private network; write allow_private: true" in done.stderr
    assert site.connections == 0
