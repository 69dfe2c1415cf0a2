"""The pages of the list link to each other, behind any host and path."""

from pathlib import Path
from urllib.parse import urljoin

from lxml import html

from newsletter.domain.archive import NoteKind, PublicNote
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.pipeline.archive.annotate import annotate
from newsletter.web.public.archive.build import page_link
from tests.fakes import FixedClock
from tests.pages import SETTINGS, Forum, forum
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
    "portrait": "https://forum.example/us.jpg",
    "email": "press@forum.example",
    "phone": "+1 202 555 0100",
    "after_hours": "+1 202 555 0101",
}


def test_a_statement_has_its_own_date_a_citation_a_contact_and_its_pictures(tmp_path: Path) -> None:
    organisation = {**SETTINGS["organisation"], "press_contact": CONTACT}
    source = "https://forum.example/door.jpg#1200x675"
    picture = f'![A door]({source} "It is open. Photo: Ana Ruiz")'
    with forum(tmp_path, organisation=organisation) as site:
        site.subscribe("ana@example.org")
        site.send("dated", date="2026-03-02", text=f"It is open.\n\n{picture}")
        site.send("undated")
        page = html.fromstring(site.get("/archive/dated").text)
        assert page.xpath("//div[@class='body']//time/@datetime") == ["2026-03-02"]
        assert page.xpath("//meta[@property='article:published_time']/@content") == ["2026-03-02"]
        cited = "Example Forum, On dated, 2 March 2026, https://news.forum.example/archive/dated"
        [record] = page.xpath("//aside[@class='record']")
        assert cited in " ".join(record.text_content().split())
        assert record.xpath(".//@href") == ["https://forum.example/door.jpg"]
        assert record.xpath("string(.//li)") == "A door Photo: Ana Ruiz"
        assert page.xpath("//section/img/@src") == [CONTACT["portrait"]]
        assert {"tel:+12025550100", "tel:+12025550101"} < {*page.xpath("//@href")}
        assert "Head of press" in page.xpath("//bdi/text()")
        today = site.clock.now().date().isoformat()
        site.services.tick.run()
        for path in ("/", "/search?q=open"):
            listed = html.fromstring(site.get(path).text).xpath("//time/@datetime")
            assert sorted(listed) == ["2026-03-02", today]


WIDE = "![A hall](https://forum.example/hall.jpg#1200x600)"


def test_the_newest_card_shows_its_wide_picture_and_no_other_does(tmp_path: Path) -> None:
    with forum(tmp_path) as site:
        site.subscribe("ana@example.org")
        site.send("older", text=f"{WIDE}\n\nText.")
        site.clock.advance(minutes=1)
        assert _pictures(site) == ["https://forum.example/hall.jpg"]
        site.send("small", text="Text.\n\n![A badge](https://forum.example/badge.png#120x120)")
        assert _pictures(site) == []
        site.clock.advance(minutes=1)
        site.send("newest", text=f"{WIDE}\n\nText.")
        assert _pictures(site) == ["https://forum.example/hall.jpg"]
        assert html.fromstring(site.get("/search?q=text").text).xpath("//main//img") == []


def _pictures(site: Forum) -> list[str]:
    page = html.fromstring(site.get("/").text)
    found: list[str] = page.xpath("//main//img/@src")
    assert page.xpath("//meta[@property='og:image']/@content") == found
    return found


@rows("path", ["/", "/archive/news"])
def test_the_form_beside_a_page_signs_up_as_the_sign_up_page_does(
    tmp_path: Path, path: str
) -> None:
    with forum(tmp_path / path.strip("/").replace("/", "-")) as site:
        site.subscribe("ana@example.org")
        site.send()
        form = html.fromstring(site.get(path).text).forms[-1]
        assert urljoin(path, form.action) == "/subscribe"
        ticked = {**dict(form.form_values()), "email": "new@example.org", "list": "events"}
        answer = site.post("/subscribe", form=ticked)
        assert (answer.status, answer.headers["location"]) == (303, "subscribe/asked?language=en")
        row = "SELECT lists, wording, source FROM transactional_email"
        [(asked, wording, source)] = site.rows(row)
        assert "events" in asked
        assert (wording, source) == (ticked["wording"], "our public archive")


def test_where_nothing_can_be_joined_no_page_offers_it(tmp_path: Path) -> None:
    with forum(tmp_path, signup={"enabled": False}) as site:
        site.subscribe("ana@example.org")
        site.send()
        for path in ("/", "/archive/news", "/search?q=a", "/none"):
            assert "subscribe" not in "".join(html.fromstring(site.get(path).text).xpath("//@href"))
            assert 'method="post"' not in site.get(path).text


def test_a_statement_leads_to_the_newest_ones_of_its_lists_and_language(tmp_path: Path) -> None:
    with forum(tmp_path) as site:
        site.subscribe("ana@example.org", lists=("press", "events"))
        heads = {
            **{f"n{number}": {} for number in range(5)},
            "elsewhere": {"lists": ["events"]},
            "es": {"language": "es", "translation_of": "n4"},
            "fixed": {"corrects": "n3"},
            "off": {},
        }
        for slug, head in heads.items():
            site.send(slug, **head)
            site.clock.advance(minutes=1)
        off = PublicNote(
            slug="off", at=site.clock.now(), by="ed", kind=NoteKind.WITHDRAWN, words="It was wrong."
        )
        with site.services.store.begin() as tx:
            tx.public_notes.add(off)
        assert _related(site, "n0") == ["fixed", "n4", "n2"]
        assert _related(site, "n3") == ["n4", "n2", "n1"]
        assert _related(site, "elsewhere") == []
        before = site.get("/archive/n0").headers["etag"]
        site.send("n5")
        assert _related(site, "n0") == ["n5", "fixed", "n4"]
        assert site.get("/archive/n0").headers["etag"] != before


def _related(site: Forum, slug: str) -> list[str]:
    page = html.fromstring(site.get(f"/archive/{slug}").text)
    links: list[str] = page.xpath("//div[@class='side']//ul//@href")
    return [link.rpartition("/")[2] for link in links]


WEEKLY = {
    "name": "weekly",
    "title": "The week",
    "every": "week",
    "day": "friday",
    "at": "16:00",
    "lists": ["press"],
    "intro": "What we said.",
}


def test_a_digest_does_not_quote_what_was_taken_off_the_web(tmp_path: Path) -> None:
    with forum(tmp_path, FixedClock(), digests=[WEEKLY]) as site:
        site.subscribe("ana@example.org")
        site.services.tick.run()
        site.clock.advance(hours=1)
        site.send("first", text="The library is open.")
        site.send("second", text="The park is shut.")
        site.clock.advance(days=4)
        site.services.tick.run()
        site.approve("weekly-2026-11-27")
        site.deliver()
        paths = ("/archive/weekly-2026-11-27", "/feed.rss", "/feed.atom", "/feed.json")
        before = [site.get(path) for path in paths]
        assert all("The park is shut." in answer.text for answer in before)
        for kind, is_off in ((NoteKind.WITHDRAWN, True), (NoteKind.RESTORED, False)):
            site.clock.advance(days=1)
            annotate("second", kind, "Mistaken.", by=OPERATOR_NAME, store=site.services.store)
            for path, earlier in zip(paths, before, strict=True):
                answer = site.get(path, headers={"If-None-Match": earlier.headers["etag"]})
                assert ("The park is shut." not in answer.text) is is_off, path
                assert ("was withdrawn on" in answer.text) is is_off, path
                assert "The library is open." in answer.text, path
                since = {"If-Modified-Since": earlier.headers["last-modified"]}
                assert site.get(path, headers=since).status == 200, path
            assert ("archive/weekly" not in site.get("/search?q=shut").text) is is_off
