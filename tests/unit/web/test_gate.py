"""Rules of every request: one length alone. And of every answer: its header fields."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.web.http.offering import SCRIPT_PATH
from tests.fakes import LosesCommits
from tests.pages import Forum, forum
from tests.rows import rows

FEEDS = ("/feed.rss", "/feed.atom", "/feed.json")


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        yield site


def test_what_tells_its_length_twice_is_refused(site: Forum) -> None:
    both = {"Content-Length": "4", "Transfer-Encoding": "chunked"}
    answer = site.ask("POST", "/webhooks/outbox", body=b"text", headers=both)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"


def test_an_answer_that_depends_on_the_language_asked_for_says_so(site: Forum) -> None:
    site.subscribe("ana@example.org")
    site.send("news")
    paths = ["/", "/archive/news", "/search?q=library", "/feed.atom", "/sitemap.xml"]
    paths += ["/nowhere", "/archive/nothing", "/subscribe", "/subscribe/asked", "/confirm/x"]
    paths += [site.unsubscribe_link(1), site.preferences_link(1), "/preferences/x", "/u/x"]
    varied = set()
    for path in paths:
        english, german = (
            site.ask("GET", path, headers={"Accept-Language": language})
            for language in ("en", "de")
        )
        if english.body != german.body:
            varied.add(path)
            assert english.headers["vary"] == german.headers["vary"] == "Accept-Language", path
    assert {"/nowhere", "/archive/nothing", "/subscribe"} <= varied


def test_what_a_proxy_does_not_pass_on_is_told_of_once(
    site: Forum, caplog: pytest.LogCaptureFixture
) -> None:
    for client, host in [
        ("203.0.113.7", "news.forum.example"),
        ("127.0.0.1", "localhost:8000"),
        ("127.0.0.1", "news.forum.example"),
        ("127.0.0.1", "news.forum.example"),
        ("203.0.113.7", "localhost:8000"),
        ("203.0.113.7", "localhost:8000"),
    ]:
        site.ask("GET", "/healthz", headers={"Host": host}, client=client)
    first, second = [record.getMessage() for record in caplog.records]
    assert first.startswith("requests for news.forum.example come from 127.0.0.1: have the proxy")
    assert second.endswith("have the proxy pass on Host, or no one can sign in to the desk")


@rows("target", ["http://news.forum.example/", "https://other.example/desk", "*", ""])
def test_a_target_that_is_no_path_is_refused(site: Forum, target: str) -> None:
    assert site.get(target).status == 400


@rows("path", ["/", "/nowhere", "/feed.atom", "/healthz", "/webhooks/outbox"])
def test_every_answer_says_how_a_browser_has_to_take_it(site: Forum, path: str) -> None:
    fields = site.get(path).headers
    assert fields["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in fields["content-security-policy"]
    assert fields["strict-transport-security"].startswith("max-age=")


def test_a_path_says_all_that_it_may_be_asked_by(site: Forum) -> None:
    for path, methods in (
        ("/", "GET, HEAD"),
        ("/subscribe", "GET, HEAD, POST"),
        (site.unsubscribe_link(1), "GET, HEAD, POST"),
        (f"{site.unsubscribe_link(1)}/everything", "POST"),
    ):
        for method in ("PUT", "OPTIONS"):
            answer = site.ask(method, path)
            assert (answer.status, answer.headers["allow"]) == (405, methods), path


def test_what_staff_wrote_has_not_the_origin_of_the_desk(site: Forum) -> None:
    site.subscribe("ana@example.org")
    site.send("news")
    for path in ("/", "/archive/news", "/search?q=library"):
        answer = site.get(path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox ")
        assert "allow-same-origin" not in policy
        assert "allow-scripts" not in policy
    assert "sandbox" not in site.get("/subscribe").headers["content-security-policy"]


def test_no_path_has_two_pages_of_which_one_would_never_be_asked(site: Forum) -> None:
    paths = Counter((route.path, *sorted(route.methods)) for route in site.pages.routes)
    assert [path for path, count in paths.items() if count > 1] == []


def test_the_operators_page_names_each_path(site: Forum) -> None:
    page = (Path(__file__).parents[3] / "docs" / "pages.md").read_text("utf-8")
    paths = {f"`/{route.path.split('/')[1]}" for route in site.pages.routes}
    assert sorted(path for path in paths if path not in page) == [], "add them to docs/pages.md"


def test_every_public_page_has_strict_headers_and_only_the_archive_may_be_kept(
    site: Forum,
) -> None:
    site.subscribe("ana@example.org")
    site.send("news")
    archive = {"/archive/{slug}": "/archive/news", "/page/{page:number}": "/page/1"}
    archive |= {path: path for path in ("/", "/robots.txt", "/sitemap.xml", SCRIPT_PATH, *FEEDS)}
    mine = [site.unsubscribe_link(1), site.preferences_link(1)]
    kept, others = set(), 0
    for route in site.pages.routes:
        if "GET" not in (route.methods or ()) or route.path.startswith("/desk"):
            continue
        token = mine["preferences" in route.path].rpartition("/")[2]
        path = archive.get(route.path, route.path.replace("{token}", token))
        answer = site.get(path)
        policy = answer.headers["content-security-policy"]
        assert ("default-src 'none'" in policy, "script" in policy) == (True, False), path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.cookies == (), path
        lasting = "public, max-age=300" if path == SCRIPT_PATH else "public, no-cache"
        if answer.headers["cache-control"] == lasting:
            kept.add(route.path)
        else:
            others += 1
            assert answer.headers["cache-control"] == "no-store", path
    assert kept <= archive.keys()
    assert {"/", "/archive/{slug}", *FEEDS} <= kept
    assert others > 10


def test_what_may_have_been_done_is_never_said_to_be_undone(site: Forum) -> None:
    site.subscribe("ana@example.org")
    site.send("news")
    subscribers = replace(site.services.subscribers, store=LosesCommits(site.services.store))
    lost = Forum(
        services=replace(site.services, subscribers=subscribers),
        folder=site.folder,
        clock=site.clock,
    )
    answer = lost.post(f"{site.unsubscribe_link(1)}?by=page", {})
    assert site.lists_of(1) == []
    assert (answer.status, "was done" in answer.text) == (503, True)
    assert "Nothing has been changed" not in answer.text


def test_an_unforeseen_error_has_a_page_in_the_language_asked_for(site: Forum) -> None:
    site.subscribe("ana@example.org")
    site.send("news")
    link = f"{site.unsubscribe_link(1)}?by=page"
    answer = site.with_error(ArithmeticError).post(link, {}, headers={"Accept-Language": "de"})
    assert (answer.status, 'lang="de"' in answer.text) == (500, True)
    assert "Nichts wurde" not in answer.text
    assert "/subscribe" in answer.text, "a way on"
    assert "ArithmeticError" not in answer.text
    assert answer.headers["strict-transport-security"].startswith("max-age=")
