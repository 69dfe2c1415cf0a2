"""Feeds on a real server: a request asks only for new items."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.sources.feeds.readers import Fetcher, Page, SandboxReader, SyndicatedFeed
from tests.fakes import FixedClock
from tests.servers import LoopbackServer, reply
from tests.unit.sources.strangers import ask_here

RSS = "<rss><channel><item><title>A</title><guid>1</guid><description>b</description></item>"
RSS += "</channel></rss>"
SHARED: dict[str, Any] = {
    "name": "press",
    "every": timedelta(minutes=15),
    "fetcher": Fetcher(allow_private=True, timeout=timedelta(seconds=60)),
    "reader": SandboxReader(ask=ask_here),
    "clock": FixedClock(),
    "zone": "America/New_York",
}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


def feed_at(server: LoopbackServer, path: str = "/feed") -> SyndicatedFeed:
    return SyndicatedFeed(address=f"{server.url}{path}", **SHARED)


def refused(feed: SyndicatedFeed, item: Item) -> str:
    [text] = feed.compose([item])
    assert isinstance(text, InvalidInput)
    return str(text)


def test_a_feed_that_has_not_changed_is_not_read_again(server: LoopbackServer) -> None:
    changed = "Tue, 24 Nov 2026 12:00:00 GMT"
    server.script.append(reply(200, RSS, {"ETag": 'W/"7"', "Last-Modified": changed}))
    server.script.append(reply(304))
    feed = feed_at(server)
    first = feed.fetch("")
    assert [one.id for one in first.items] == ["1"]
    second = feed.fetch(first.bookmark)
    assert (second.unchanged, second.items, second.bookmark) == (True, (), first.bookmark)
    plain, conditional = server.requests
    assert "if-none-match" not in plain.headers
    assert conditional.headers["if-none-match"] == 'W/"7"'
    assert conditional.headers["if-modified-since"] == changed


def test_a_server_without_marks_is_asked_for_all_each_time(server: LoopbackServer) -> None:
    server.script.append(reply(200, RSS, {"ETag": '"\xfc"'.encode().decode("latin-1")}))
    assert feed_at(server).fetch("").bookmark == ""


def test_nothing_changed_is_no_answer_to_who_asked_for_all(server: LoopbackServer) -> None:
    server.script.append(reply(304))
    with pytest.raises(FeedUnreadable, match=r"HTTP 304"):
        feed_at(server).fetch("")


def test_a_json_feed_is_known_by_how_it_begins(server: LoopbackServer) -> None:
    body = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "a", "title": "A"}]}
    server.script.append(reply(200, "\n" + json.dumps(body)))
    [item] = feed_at(server).fetch("").items
    assert item.id == "a"
    assert "has no text" in refused(feed_at(server), item)


def test_what_a_person_should_know_is_said(server: LoopbackServer) -> None:
    server.script.append(reply(301, b"", {"Location": "/new"}))
    server.script.append(reply(200, RSS.replace(">A<", ">é<").encode("latin-1")))
    remark = feed_at(server).fetch("").remark
    assert f"it has moved for good: write {server.url}/new" in remark
    assert "not in the encoding that it declares" in remark


def test_no_process_is_started_where_there_is_nothing_to_read(server: LoopbackServer) -> None:
    nobody = SHARED | {"reader": SandboxReader(module="newsletter.no.such.reader")}
    server.script.append(reply(304))
    feed = SyndicatedFeed(address=f"{server.url}/feed", **nobody)
    assert feed.fetch('{"etag": "7"}').unchanged
    server.script.append(reply(200, RSS))
    with pytest.raises(FeedUnreadable, match="its answer was cut off"):
        feed.fetch("")


class Stumbling(Fetcher):
    """Fails in an unforeseen way."""

    def get(self, url: str, headers: object = None) -> Page:
        raise KeyError(url)


def test_what_nobody_foresaw_is_a_feed_that_cannot_be_read() -> None:
    unforeseen = SHARED | {"fetcher": Stumbling()}
    feed = SyndicatedFeed(address="https://forum.example/feed", **unforeseen)
    with pytest.raises(FeedUnreadable, match=r"stumbles over \(KeyError\); please report it"):
        feed.fetch("")


def test_an_item_that_nobody_foresaw_is_unusable() -> None:
    feed = SyndicatedFeed(address="https://forum.example/feed", **(SHARED | {"zone": "No/Where"}))
    item = Item(id="1", title="T", content="<p>x</p>", published=datetime(2026, 1, 1, tzinfo=UTC))
    assert re.search(r"1: holds something .* please report it", refused(feed, item))
