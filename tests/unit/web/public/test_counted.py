"""Opens and clicks are counted where the team wants it, by addresses that tell of no reader."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.delivery.transactional import EmailKind
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.campaigns.report import make_report
from tests.desk import desk, words
from tests.interrupted import Fuse, watched
from tests.pages import Answer, Forum, forum
from tests.rows import rows
from tests.unit.web.desk.work import write

COUNTED = re.compile(r'"https://news\.forum\.example(/c/[0-9a-f]{16}/[0-9]+)"')
TEXT = "The library is open.\n\n[Hours](https://forum.example/hours?a=1&b=2)\n"
BOTH = {"opens", "clicks"}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    """Two readers have a statement that counts opens and clicks."""
    with forum(tmp_path, database=migrated, count=sorted(BOTH)) as site:
        site.subscribe("ana@example.org", "ben@example.org")
        site.send("news", text=TEXT)
        yield site


def html_of(mail: bytes) -> str:
    part: Any = message_from_bytes(mail, policy=policy.default)
    return str(part.get_body(("html",)).get_content())


def addresses(site: Forum) -> list[str]:
    """The paths of the first mail that count: the picture is the last one."""
    return COUNTED.findall(html_of(site.mails[0]))


def until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not look():
        assert time.monotonic() < end
        time.sleep(0.005)


def counted(site: Forum) -> Any:
    return make_report("news", store=site.services.store)["counted"]


def counts(site: Forum) -> list[int]:
    return [count for [count] in site.rows("SELECT count FROM counted_link ORDER BY number")]


def click(site: Forum, path: str, method: str = "GET", **headers: str) -> Answer:
    return site.ask(
        method, path, headers={name.replace("_", "-"): to for name, to in headers.items()}
    )


def test_the_addresses_are_the_same_for_all_readers_and_the_text_has_none(site: Forum) -> None:
    first, second = (COUNTED.findall(html_of(mail)) for mail in site.mails)
    assert first == second
    assert [path.rpartition("/")[2] for path in first] == ["1", "2", "0"]
    for mail in site.mails:
        assert html_of(mail).count("/c/") == 3
        text: Any = message_from_bytes(mail, policy=policy.default)
        assert "/c/" not in str(text.get_body(("plain",)).get_content())
        assert "https://forum.example/hours?a=1&b=2" in str(text.get_body(("plain",)).get_content())


def test_the_picture_and_a_link_are_counted_and_nothing_else_is_kept(site: Forum) -> None:
    link, _, picture = addresses(site)
    before = site.everything()
    shown, led = click(site, picture), click(site, link)
    assert (shown.status, shown.headers["content-type"]) == (200, "image/gif")
    assert shown.body.startswith(b"GIF89a")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (led.status, led.headers["location"]) == (302, "https://forum.example/hours?a=1&b=2")
    for answer in (shown, led):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.cookies == ()
    until(lambda: counts(site) == [1, 1, 0])
    after = site.everything()
    changed = {*after.splitlines()} - {*before.splitlines()}
    assert len(changed) == 2
    assert all(line.startswith('INSERT INTO "counted_link"') for line in changed)
    found = counted(site)
    assert (found["opens"], found["clicks"]) == (1, 1)
    assert found["links"][0] == {"link": "https://forum.example/hours?a=1&b=2", "count": 1}


def test_a_flood_is_one_number_and_few_transactions(site: Forum) -> None:
    link, _, picture = addresses(site)
    before = site.services.store.change_number()
    for _ in range(5):
        site.ask_all([("GET", picture), ("GET", link)] * 50)
    until(lambda: counts(site) == [250, 250, 0])
    assert site.services.store.change_number() - before < 10


@rows(
    ["method", "headers"],
    [
        ("HEAD", {}),
        ("GET", {"Sec_Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"X_Purpose": "preview"}),
        ("GET", {"X_Moz": "prefetch"}),
    ],
)
def test_what_no_person_asked_for_does_not_count(
    tmp_path: Path, migrated: Path, method: str, headers: dict[str, str]
) -> None:
    with forum(tmp_path, database=migrated, count=["opens", "clicks"]) as site:
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        link, _, picture = addresses(site)
        for path, status in ((link, 302), (picture, 200)):
            assert click(site, path, method, **headers).status == status
        click(site, link)
        until(lambda: sum(counts(site)) > 0)
        assert counts(site) == [0, 1, 0]


@rows("number", ["3", "99999", "-1", "1.5", "x", "٣", "", "1/2", "1' OR 1=1"])
def test_it_leads_to_the_links_of_the_mail_alone(
    tmp_path: Path, migrated: Path, number: str
) -> None:
    with forum(tmp_path, database=migrated, count=["clicks"]) as site:
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        base = addresses(site)[0].rpartition("/")[0]
        for path in (f"{base}/{number}", f"/c/{'0' * 16}/1", "/c/x%00/1", f"{base}/0"):
            answer = site.get(f"{path}?to=https://evil.example")
            assert answer.status == 404, path
            assert "location" not in answer.headers
        assert "This link isn’t one of ours" in words(site.get(f"/c/{'0' * 16}/1"))


def test_a_count_is_kept_until_the_database_is_back(site: Forum) -> None:
    fuse = Fuse(1, StoreUnavailable("the server is gone"))
    away = watched(site.services.store, before=fuse.burn)
    services = replace(site.services, store=away)
    other = Forum(services=services, folder=site.folder, clock=site.clock)
    assert click(other, addresses(site)[0]).status == 302
    until(lambda: counts(site) == [0, 1, 0])
    assert fuse.left <= 0


def test_where_it_is_off_again_links_lead_on_and_are_not_counted(
    tmp_path: Path, migrated: Path
) -> None:
    with forum(tmp_path, database=migrated, count=["opens", "clicks"]) as site:
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        link, _, picture = addresses(site)
    with forum(tmp_path, count=["opens"]) as site:
        assert click(site, link).headers["location"].startswith("https://forum.example/hours")
        click(site, picture)
        until(lambda: sum(counts(site)) > 0)
        assert counts(site) == [1, 0, 0]


def test_what_people_look_at_who_are_no_readers_never_counts(site: Forum) -> None:
    site.agree("draft", text=TEXT)
    desk = [
        *("/", "/archive/news", "/feed.rss", "/feed.atom", "/feed.json", "/search?q=library"),
    ]
    for path in desk:
        assert "/c/" not in site.get(path).text.replace("/css/", ""), path
    assert site.services.delivery.trial_sender().send("draft", to=["ed@forum.example"])
    [test] = [mail for mail in site.mails if b"[Test]" in mail]
    assert not COUNTED.findall(html_of(test))
    assert 'href="https://forum.example/hours?a=1&amp;b=2"' in html_of(test)


def test_nothing_is_counted_unless_it_is_switched_on(tmp_path: Path, migrated: Path) -> None:
    with forum(tmp_path, database=migrated) as site:
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        assert "/c/" not in html_of(site.mails[0])
        assert counted(site) is None
        assert site.rows("SELECT * FROM counted_link") == []


def test_the_report_at_the_desk_has_the_numbers_and_why_they_mislead(
    tmp_path: Path, migrated: Path
) -> None:
    with desk(tmp_path, database=migrated, count=["opens", "clicks"]) as staffed:
        site = staffed.site
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        link, _, picture = addresses(site)
        for path in (link, link, picture):
            click(site, path)
        until(lambda: counts(site) == [1, 2, 0])
        page = staffed.as_("vera").get("/campaigns/1")
        assert "Opens 1 Clicks 2" in words(page)
        assert "https://forum.example/hours?a=1&b=2 2" in words(page)
        assert "These numbers mislead" in words(page)
        assert "not tracked" not in page.text
        rows = staffed.as_("vera").get("/campaigns/1/report.csv").body.decode().splitlines()
        assert {"Opens,1", "Clicks,2", "Clicks: https://forum.example/hours?a=1&b=2,2"} <= {*rows}
        assert any(row.startswith('Opens and clicks,"These numbers mislead') for row in rows)
        write(staffed, "other")
        review = words(staffed.as_("ben").get("/statements/other/review"))
        assert "Counted Opens and clicks Without telling who" in review


def test_no_get_but_of_these_addresses_changes_a_row(site: Forum) -> None:
    paths = {
        "/c/{key}/{number}": addresses(site)[0],
        "/u/{token}": site.unsubscribe_link(1),
        "/preferences/{token}": site.preferences_link(1),
        "/archive/{slug}": "/archive/news",
    }
    changing = set()
    for route in site.pages.routes:
        if "GET" in (route.methods or ()) and not route.path.startswith("/desk"):
            token = paths["/preferences/{token}" if "prefer" in route.path else "/u/{token}"]
            before = site.everything()
            path = route.path.replace("{token}", token.rpartition("/")[2])
            site.get(paths.get(route.path, path))
            if route.path.startswith("/c/"):
                until(lambda before=before: site.everything() != before)  # type: ignore[misc]
            if site.everything() != before:
                changing.add(route.path)
    assert changing == {"/c/{key}/{number}"}
    assert counts(site) == [0, 1, 0]


@rows(
    ["count", "lines"],
    [
        ([], []),
        (["opens"], ["Opens: 0", "These numbers mislead"]),
        (["clicks"], ["Clicks: 0", "These numbers mislead"]),
    ],
)
def test_a_mailed_report_says_it_too(
    tmp_path: Path, migrated: Path, count: list[str], lines: list[str]
) -> None:
    with forum(tmp_path, database=migrated, count=count) as site:
        site.subscribe("ana@example.org")
        site.send("news", text=TEXT)
        with site.services.store.begin() as tx:
            tx.emails.inform(
                "chair@board.example", "1\nCleo\nNews", tx.now, EmailKind.REPORT, language="en"
            )
        assert site.services.delivery.transactional_sender().post() is not None
        [report] = [mail.decode() for mail in site.mails if b"chair@board.example" in mail]
        assert ("mislead" in report) == bool(lines)
        for line in lines:
            assert line in report.replace("=\n", "")
