"""The search of the archive, as a browser without script asks: what went out is found, no more."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree, html

from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, readers

NASTY = [
    '"', "' OR 1=1 --", "AND", "NEAR(library)", "lib*", "title:", "(", "\x00", "📚", "مكتبة",
    "a" * 10_000, "\u202eyrarbil", "%ff", "&page=2", "<script>alert(1)</script>",
]  # fmt: skip


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


def publish(workspace: Workspace, *slugs: str) -> None:
    for slug in slugs:
        workspace.approve(slug)
    workspace.do("run", "--until-idle")


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


def test_the_field_stands_on_the_first_page_and_leads_to_the_search(site: Site) -> None:
    page = html.fromstring(site.ask("GET", "/").content)
    [form] = page.xpath("//form[@role='search']")
    assert (form.method, form.action) == ("GET", "search")
    [field] = form.xpath(".//input")
    assert form.xpath(f".//label[@for='{field.get('id')}']")
    assert field.get("name") == "q"
    for empty in ("/search", "/search?q="):
        said = html.fromstring(site.ask("GET", empty).content).text_content()
        assert "Enter one or more words." in said


def test_whatever_is_typed_gets_an_answer_and_is_never_markup(site: Site) -> None:
    for typed in NASTY:
        page = search(site, typed)
        assert page.xpath("//input[@name='q']/@value")[0] == typed.replace("\x00", "\ufffd")[:200]
    for page_number in ("0", "-1", "x", "9", "99999999999999999999", "%00"):
        assert search(site, "library", page=page_number).xpath("//h1")
    assert site.ask("GET", "/search?q=%ff%fe").status_code == 200
    assert found(search(site, "library")) == ["hours"]


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
    workspace.do("run", "--until-idle")

    pages = [search(site, "biscuits", page=str(number)) for number in (1, 2, 3)]
    assert [len(found(page)) for page in pages] == [20, 20, 5]
    assert len({slug for page in pages for slug in found(page)}) == 45
    assert [page.xpath("//nav[@class='pages']/a/@href") for page in pages] == [
        ["search?q=biscuits&page=2"],
        ["search?q=biscuits", "search?q=biscuits&page=3"],
        ["search?q=biscuits&page=2"],
    ]
    assert "45 statements were found." in pages[1].text_content()


def test_what_is_embargoed_is_neither_found_nor_counted_until_its_hour(
    workspace: Workspace, site: Site
) -> None:
    workspace.write("theatre", "The theatre opens.")
    workspace.write("secret", "The theatre closes.", embargo_until="2099-01-01 09:00")
    workspace.write("draft", "The theatre burns.")
    publish(workspace, "theatre", "secret")

    page = search(site, "theatre")
    assert found(page) == ["theatre"]
    assert "1 statement was found." in page.text_content()
    for path in ("/", "/feed.rss", "/feed.atom", "/feed.json", "/sitemap.xml"):
        assert "secret" not in site.ask("GET", path).text
    assert site.ask("GET", "/archive/secret").status_code == 404

    workspace.write("secret", "The theatre closes.", embargo_until="2026-01-01 09:00")
    publish(workspace, "secret")
    assert sorted(found(search(site, "theatre"))) == ["secret", "theatre"]
    assert "secret" in site.ask("GET", "/feed.rss").text
