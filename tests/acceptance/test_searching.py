"""The search of the archive, as a browser without script asks: what went out is found, no more."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree, html

from tests.acceptance.site import Site
from tests.acceptance.test_archive import publish
from tests.acceptance.workspace import Workspace, readers


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One for all: each test looks for words of its own."""
    workspace = Workspace.create(tmp_path_factory.mktemp("searching") / "forum")
    workspace.hire()
    workspace.subscribe(readers(2))
    workspace.write("hours", "The **library** of São Paulo opens.", title="Hours & <more>")
    workspace.write("tea", "Tea and biscuits for all.", title="Tea is served")
    publish(workspace, "hours", "tea")
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    site = Site(workspace)
    yield site
    site.close()


def search(site: Site, typed: str, **more: str) -> etree._Element:
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    answer = site.ask("GET", f"/search?q={quote(typed, errors='surrogatepass')}{rest}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    page = html.fromstring(answer.content)
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert page.xpath("//script") == []
    return page


def found(page: etree._Element) -> list[str]:
    return [one.removeprefix("archive/") for one in page.xpath("//li/a/@href")]


def test_a_hit_has_its_title_its_date_and_an_excerpt_in_which_it_is_marked(site: Site) -> None:
    page = search(site, "sao LIBRARY")
    [hit] = page.xpath("//li")
    assert hit.xpath("string(a)") == "Hours & <more>"
    assert hit.xpath("string(a/@href)") == "archive/hours"
    assert hit.xpath("string(.//time/@datetime)").count("-") == 2
    assert hit.xpath("string(p[not(@class)])").strip() == "The library of São Paulo opens."
    assert hit.xpath(".//mark/text()") == ["library", "São"]
    assert "1 statement was found." in page.text_content()
    assert page.xpath("//input[@name='q']/@value") == ["sao LIBRARY"]
    assert site.ask("GET", "/archive/hours").status_code == 200

    assert found(search(site, '"tea and"')) == ["tea"]
    assert "Example Street" in site.ask("GET", "/archive/hours").text
    assert found(search(site, "Example Street")) == [], "the footer is no part of a statement"


def test_many_hits_come_in_pages_and_those_who_ask_write_nothing(
    workspace: Workspace, site: Site
) -> None:
    workspace.sql("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 44)
        INSERT INTO campaign (slug, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at)
        SELECT 'more-' || i, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at + i
        FROM campaign, n WHERE slug = 'tea'
    """)
    assert found(search(site, "biscuits")) == ["tea"]
    workspace.sql("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 44)
        INSERT INTO archive_text (slug, content_hash, language, title, opening, text, title_words,
            text_words)
        SELECT 'more-' || i, content_hash, language, title, opening, text, title_words, text_words
        FROM archive_text, n WHERE slug = 'tea'
    """)
    pages = [search(site, "biscuits", page=str(number)) for number in (1, 2, 3)]
    assert [len(found(page)) for page in pages] == [20, 20, 5]
    assert len({slug for page in pages for slug in found(page)}) == 45
    assert [page.xpath("//nav[@class='pages']/a/@href") for page in pages] == [
        ["search?q=biscuits&page=2"],
        ["search?q=biscuits", "search?q=biscuits&page=3"],
        ["search?q=biscuits&page=2"],
    ]
    assert "45 statements were found." in pages[1].text_content()
