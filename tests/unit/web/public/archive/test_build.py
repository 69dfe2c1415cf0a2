"""The pages of the list link to each other, behind any host and path."""

from pathlib import Path
from urllib.parse import urljoin

from lxml import html

from newsletter.web.public.archive.build import page_link
from tests.pages import SETTINGS, forum
from tests.rows import rows


@rows("base", ["http://127.0.0.1:8000/", "https://forum.example/news/"])
@rows(("path", "up"), [("", ""), ("search?q=a", ""), ("page/2", "../"), ("archive/a", "../")])
def test_pages_of_the_list_are_linked_from_where_a_page_stands(
    base: str, path: str, up: str
) -> None:
    assert urljoin(base + path, page_link(up, 1)) == base
    assert urljoin(base + path, page_link(up, 3)) == f"{base}page/3"


CONTACT = {
    "name": "Press Office",
    "position": "Head of press",
    "email": "press@forum.example",
    "phone": "+1 202 555 0100",
}


def test_a_statement_has_its_own_date_a_citation_a_contact_and_its_pictures(tmp_path: Path) -> None:
    organisation = {**SETTINGS["organisation"], "press_contact": CONTACT}
    picture = "![A door](https://forum.example/door.jpg#1200x675)"
    with forum(tmp_path, organisation=organisation) as site:
        site.subscribe("ana@example.org")
        site.send("dated", date="2026-03-02", text=f"It is open.\n\n{picture}")
        site.send("undated")
        page = html.fromstring(site.get("/archive/dated").text)
        assert page.xpath("//time/@datetime") == ["2026-03-02"]
        assert page.xpath("//meta[@property='article:published_time']/@content") == ["2026-03-02"]
        cited = "Example Forum, On dated, 2 March 2026, https://news.forum.example/archive/dated"
        [record] = page.xpath("//aside[@class='record']")
        assert cited in " ".join(record.text_content().split())
        assert record.xpath(".//@href") == ["https://forum.example/door.jpg"]
        assert "tel:+12025550100" in page.xpath("//@href")
        assert "Head of press" in page.xpath("//bdi/text()")
        today = site.clock.now().date().isoformat()
        site.services.tick.run()
        for path in ("/", "/search?q=open"):
            listed = html.fromstring(site.get(path).text).xpath("//time/@datetime")
            assert sorted(listed) == ["2026-03-02", today]
