"""The public archive: feeds of what went out, what became of it since, and no needless answers."""

import re
from collections.abc import Iterator

import pytest
from lxml import etree, html

from newsletter.domain.statements.feed import Item
from newsletter.sources.feeds import syndication
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace

PUBLIC = "https://news.forum.example"
FEEDS = ["/feed.rss", "/feed.atom", "/feed.json"]
PAGES = ["/", "/archive/hours", *FEEDS, "/sitemap.xml", "/robots.txt"]


def written(workspace: Workspace) -> Workspace:
    workspace.write(
        "hours", "The **library** is open.", title="Hours & more", summary="Open until nine."
    )
    return workspace


@pytest.fixture
def site(workspace: Workspace) -> Iterator[Site]:
    site = Site(written(workspace))
    yield site
    site.close()


@pytest.fixture
def sent(workspace: Workspace, site: Site) -> Workspace:
    publish(workspace, "hours")
    return workspace


def publish(workspace: Workspace, *slugs: str) -> None:
    for slug in slugs:
        workspace.approve(slug)
    workspace.do("run", "--until-idle")


def atom(site: Site, kind: str = "atom") -> list[Item]:
    answer = site.ask("GET", f"/feed.{kind}")
    assert answer.headers["Content-Type"].startswith(f"application/{kind}+xml")
    return syndication.items_of(etree.fromstring(answer.content), f"{PUBLIC}/feed.{kind}")


def rss(site: Site) -> list[Item]:
    return atom(site, "rss")


def json_feed(site: Site) -> list[Item]:
    answer = site.ask("GET", "/feed.json")
    assert answer.headers["Content-Type"].startswith("application/feed+json")
    return syndication.json_items_of(answer.content.decode(), f"{PUBLIC}/feed.json")


def said_in(page: str) -> str:
    """The words of a page's statement: its title and its text."""
    shown = html.fromstring(page)
    found = shown.xpath("//h1 | //div[@class='text']")
    return " ".join(" ".join(one.text_content().split()) for one in found)


def test_a_feed_has_what_went_out_and_nothing_before(workspace: Workspace, site: Site) -> None:
    workspace.write("embargoed", "Not yet.", embargo_until="2099-01-01 09:00")
    workspace.write("cancelled", "Never.", send_at="2099-01-01 09:00")
    workspace.approve("embargoed")
    workspace.approve("cancelled")
    workspace.do("run", "--until-idle")
    workspace.do("cancel", "cancelled")
    assert atom(site) == json_feed(site) == rss(site) == []

    publish(workspace, "hours")

    for [item] in (atom(site), json_feed(site), rss(site)):
        assert item.link == f"{PUBLIC}/archive/hours"
        assert re.fullmatch(r"tag:news\.forum\.example,\d{4}-\d\d-\d\d:archive/hours", item.id)
        assert (item.title, item.summary) == ("Hours & more", "Open until nine.")
        assert item.content == "<p>The <strong>library</strong> is open.</p>"
        assert item.language == "en"
        assert item.published is not None
    for path in PAGES:
        text = site.ask("GET", path).text
        assert "embargoed" not in text
        assert "cancelled" not in text
        assert "NLMERGE" not in text


def test_a_feed_has_the_newest_first_each_in_its_language(sent: Workspace, site: Site) -> None:
    sent.write("horario", "La **biblioteca** abre.", title="Horario", language="es")
    publish(sent, "horario")

    for items in (atom(site), json_feed(site), rss(site)):
        assert [(one.title, one.language) for one in items] == [
            ("Horario", "es"),
            ("Hours & more", "en"),
        ]


def test_a_feed_and_a_page_have_fifty_and_the_archive_all(sent: Workspace, site: Site) -> None:
    sent.sql("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
        INSERT INTO campaign (slug, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at)
        SELECT 'more-' || i, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at + i
        FROM campaign, n
    """)

    newest = [f"{PUBLIC}/archive/more-{number}" for number in range(60, 10, -1)]
    assert [one.link for one in atom(site)] == newest
    assert [one.link for one in json_feed(site)] == newest
    assert [one.link for one in rss(site)] == newest
    assert site.ask("GET", "/sitemap.xml").text.count("<loc>") == 62
    first = html.fromstring(site.ask("GET", "/").content)
    second = html.fromstring(site.ask("GET", "/page/2").content)
    assert first.xpath("//li/a/@href") == [f"archive/more-{number}" for number in range(60, 10, -1)]
    oldest = [*(f"more-{number}" for number in range(10, 0, -1)), "hours"]
    assert second.xpath("//li/a/@href") == [f"../archive/{slug}" for slug in oldest]
    assert [page.xpath("//nav[@class='pages']/a/@href") for page in (first, second)] == [
        ["page/2"],
        ["../"],
    ]
    assert [" ".join(page.xpath("string(//nav/span)").split()) for page in (first, second)] == [
        "Page 1 of 2",
        "Page 2 of 2",
    ]
    titles = [page.xpath("string(//title)") for page in (first, second)]
    assert titles == ["Statements – Example Forum", "Statements – Page 2 of 2 – Example Forum"]
    own = [page.xpath("string(//link[@rel='canonical']/@href)") for page in (first, second)]
    assert own == [f"{PUBLIC}/", f"{PUBLIC}/page/2"]
    for none in ("0", "1", "3", "9" * 24, "9" * 4_400, "-1", "x"):
        assert site.ask("GET", f"/page/{none}").status_code == 404


def test_words_that_nobody_approved_do_not_get_into_the_archive(
    sent: Workspace, site: Site
) -> None:
    before = {path: site.ask("GET", path).text for path in PAGES}
    sent.write("hours", "Nobody approved this.", title="Nor this", summary="Nor that.")
    sent.do("run", "--until-idle")

    assert {path: site.ask("GET", path).text for path in PAGES} == before


def test_a_page_says_what_the_mail_says_and_is_no_mail(workspace: Workspace, site: Site) -> None:
    workspace.sql("UPDATE subscriber SET language = 'es' WHERE id = 1")
    spanish = {"title": "Horario", "language": "es", "translation_of": "hours"}
    workspace.write("horario", "Abre a las nueve.", **spanish)
    publish(workspace, "hours", "horario")

    page = site.ask("GET", "/archive/hours").text
    shown = html.fromstring(page)
    assert said_in(page) == "Hours & more The library is open."
    assert shown.xpath("//div[@class='text']//strong/text()") == ["library"]
    assert shown.xpath("//time/@datetime")
    links = {one.text_content(): one.get("href") for one in shown.xpath("//main//a")}
    assert links == {
        "Español": "../archive/horario",
        "press@forum.example": "mailto:press@forum.example",
        "+1 202 555 0100": "tel:+12025550100",
        "RSS": "../feed.rss",
        "Atom": "../feed.atom",
        "JSON Feed": "../feed.json",
    }
    for no_words in ("Unsubscribe", "Preferences", "Read on the web", "receiving this"):
        assert no_words not in page
    assert "style=" not in page
    other = html.fromstring(site.ask("GET", "/archive/horario").text)
    assert other.xpath("string(/html/@lang)") == "es"
    assert "Comunicados" in other.xpath("//nav/a/text()")
