"""Feeds and WordPress sites on a real server: asked only for what is new."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, Item
from newsletter.sources.feeds.fetching import Fetcher, Page
from newsletter.sources.feeds.polling import SyndicatedFeed, WordPressFeed
from newsletter.sources.feeds.readers import SandboxReader
from tests.fakes import FixedClock
from tests.servers import LoopbackServer, Received, Step, reply
from tests.unit.sources.strangers import ask_here

RSS = "<rss><channel><item><title>A</title><guid>1</guid><description>b</description></item>"
RSS += "</channel></rss>"
SHARED: dict[str, Any] = {
    "name": "press",
    "every": timedelta(minutes=15),
    "trusted": False,
    "fetcher": Fetcher(allow_private=True, within=timedelta(seconds=5)),
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


def refused(feed: SyndicatedFeed | WordPressFeed, item: Item) -> str:
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
    server.script.append(reply(200, "[]"))
    assert WordPressFeed(site=server.url, category="", **nobody).fetch("").items == ()
    server.script.append(reply(200, RSS))
    with pytest.raises(FeedUnreadable, match="its answer was cut off"):
        feed.fetch("")


# --- WordPress


@dataclass
class Site(LoopbackServer):
    """A WordPress site, as far as its posts go."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    categories: list[dict[str, Any]] = field(default_factory=lambda: [{"id": 7, "slug": "press"}])
    per_page: int = 100
    counts_pages: bool = True

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        parts = urlsplit(received.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.endswith("/categories"):
            found = [one for one in self.categories if one["slug"] == query["slug"]]
            return reply(200, json.dumps(found))
        if not parts.path.endswith("/wp-json/wp/v2/posts"):
            return reply(404, {"code": "rest_no_route"})
        after = query.get("modified_after", "").removesuffix("Z")
        posts = [one for one in self.posts if one.get("modified_gmt", "") > after]
        if "include" in query:
            posts = [one for one in self.posts if str(one["id"]) in query["include"].split(",")]
        start = (int(query["page"]) - 1) * self.per_page
        pages = {"X-WP-TotalPages": str(-(-len(posts) // self.per_page))}
        body = json.dumps(posts[start : start + self.per_page])
        return reply(200, body, pages if self.counts_pages else {})


def post(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "link": f"https://forum.example/?p={number}",
        "date_gmt": "2026-11-24T12:00:00",
        "modified_gmt": f"2026-11-24T12:{number % 60:02}:00",
        "title": {"rendered": "Forum &#8220;wins&#8221; &amp; rests"},
        "content": {"rendered": "<p>All of it.</p>", "protected": False},
        "excerpt": {"rendered": "<p>A win.</p>"},
        **fields,
    }


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def wordpress(site: Site, category: str = "") -> WordPressFeed:
    return WordPressFeed(site=site.url, category=category, **SHARED)


def queries(site: Site) -> list[dict[str, str]]:
    parsed = [parse_qs(urlsplit(one.path).query) for one in site.requests]
    return [{name: values[0] for name, values in one.items()} for one in parsed]


def test_a_post_is_read_with_its_times_in_utc_and_its_words_plain(site: Site) -> None:
    site.posts = [post(1), {"id": "x"}, {"id": True}]
    fetched = wordpress(site).fetch("")
    [item] = fetched.items
    assert (item.id, item.title, item.summary) == ("1", "Forum “wins” & rests", "A win.")
    assert item.published == datetime(2026, 11, 24, 12, tzinfo=UTC)
    [text] = wordpress(site).compose([item])
    assert isinstance(text, ExtractedStatement)
    assert text.body == "All of it."
    assert (fetched.complete, fetched.bookmark) == (False, "2026-11-24T12:01:00+00:00")
    assert queries(site)[0]["status"] == "publish"


def test_an_excerpt_that_wordpress_cut_off_is_no_summary(site: Site) -> None:
    site.posts = [post(1, excerpt={"rendered": "<p>All of [&hellip;]</p>"}, title=None)]
    [item] = wordpress(site).fetch("").items
    assert (item.summary, item.title) == ("", "")


def test_after_the_first_visit_only_changes_are_asked_for(site: Site) -> None:
    site.posts = [post(1)]
    feed = wordpress(site)
    first = feed.fetch("")
    assert feed.fetch(first.bookmark).bookmark == first.bookmark
    assert queries(site)[1]["modified_after"] == "2026-11-23T12:01:00Z"
    site.posts = []
    assert feed.fetch(first.bookmark).bookmark == first.bookmark
    assert feed.fetch("").bookmark == ""


def test_changes_are_asked_for_page_by_page_and_the_backlog_is_not(
    subtests: pytest.Subtests, site: Site
) -> None:
    for counts_pages in [True, False]:
        with subtests.test(counts_pages=counts_pages):
            site.counts_pages = counts_pages
            site.posts = [post(n) for n in range(150)]
            feed = wordpress(site)
            assert len(feed.fetch("").items) == 100
            assert len(feed.fetch("2026-11-20T00:00:00+00:00").items) == 150
            site.posts = [post(n) for n in range(1001)]
            fetched = feed.fetch("2026-11-20T00:00:00+00:00")
            assert (len(fetched.items), fetched.remark[:20]) == (1000, "more than 1000 posts")


def test_a_site_that_is_slow_page_after_page_is_left_for_now(site: Site) -> None:
    site.posts = [post(n) for n in range(150)]
    feed = WordPressFeed(site=site.url, category="", within=timedelta(0), **SHARED)
    with pytest.raises(FeedUnreadable, match="too slow to list what changed"):
        feed.fetch("2026-11-20T00:00:00+00:00")


def test_a_category_is_found_by_its_slug_once(site: Site) -> None:
    feed = wordpress(site, "press")
    assert feed.address == f"{site.url} (press)"
    feed.fetch("")
    feed.fetch("")
    wordpress(site, "12").fetch("")
    assert [one.get("categories") for one in queries(site)] == [None, "7", "7", "12"]
    with pytest.raises(FeedUnreadable, match="it has no category 'nosuch'"):
        wordpress(site, "nosuch").fetch("")


def test_old_posts_can_be_asked_for_by_their_numbers(site: Site) -> None:
    site.posts = [post(1), post(2)]
    fetched = wordpress(site, "press").fetch("2026-11-24T12:59:00+00:00", ("2",))
    assert [one.id for one in fetched.items] == ["2"]
    assert "modified_after" not in queries(site)[0]


def test_a_post_behind_a_password_is_for_nobody(site: Site) -> None:
    site.posts = [post(1, content={"rendered": "", "protected": True})]
    feed = wordpress(site)
    assert "is behind a password" in refused(feed, feed.fetch("").items[0])


def test_a_site_that_gives_no_posts_says_what_to_do(subtests: pytest.Subtests, site: Site) -> None:
    for step, message in [
        (reply(404), "it has no REST API"),
        (reply(401), "asks for a password"),
        (reply(200, "<html>"), "not well-formed JSON"),
        (reply(200, {"code": "x"}), "gives no list of posts"),
    ]:
        with subtests.test(step=step, message=message):
            site.script.append(step)
            with pytest.raises(FeedUnreadable, match=message):
                wordpress(site).fetch("")


class Stumbling(Fetcher):
    """Fails as nobody foresaw."""

    def get(self, url: str, headers: object = None) -> Page:
        raise KeyError(url)


def test_what_nobody_foresaw_is_a_feed_that_cannot_be_read() -> None:
    unforeseen = SHARED | {"fetcher": Stumbling()}
    for feed in (
        SyndicatedFeed(address="https://forum.example/feed", **unforeseen),
        WordPressFeed(site="https://forum.example", category="", **unforeseen),
    ):
        with pytest.raises(FeedUnreadable, match=r"stumbles over \(KeyError\); please report it"):
            feed.fetch("")


def test_an_item_that_nobody_foresaw_is_unusable() -> None:
    feed = SyndicatedFeed(address="https://forum.example/feed", **(SHARED | {"zone": "No/Where"}))
    item = Item(id="1", title="T", content="<p>x</p>", published=datetime(2026, 1, 1, tzinfo=UTC))
    assert re.search(r"1: holds something .* please report it", refused(feed, item))
