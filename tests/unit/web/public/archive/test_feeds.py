"""The archive for programs: feeds, the site map, and the head of a page."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree, html

from newsletter.domain.archive import FORMATS
from newsletter.domain.statements.brand import Brand, Logo
from newsletter.domain.statements.feed import Item
from newsletter.sources.feeds import syndication
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive.feeds import (
    Entry,
    FeedPublisher,
    article_of,
    json_feed,
    robots,
    site_map,
    xml_feed,
)
from newsletter.web.public.archive.published import Notice, Published
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE

NOON = datetime(2026, 11, 24, 12, 0, 0, 999_000, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FORUM = replace(HOUSE.organisation, name="Example & <Forum>", website="https://forum.example")
SITE = replace(HOUSE, organisation=FORUM, public_url="https://news.forum.example")
PUBLISHER = FeedPublisher(SITE, began_at=NOON)
SHOWN = Published(slug="hours", content_hash="d", original="hours", began_at=NOON, updated_at=LATER)
ENTRY = Entry(
    published=SHOWN,
    title="Hours",
    language="en",
    summary="Longer hours.",
    body="<p>It is open.</p>",
)
CORRECTED = Notice(
    text="This statement was corrected.",
    language="en",
    link="right",
    link_text="Read the correction",
)
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
NASTY = [
    "a < b > c & d \"e\" 'f' ]]> g",
    "<script>alert(1)</script>",
    "&lt;b&gt; &amp;amp;",
    "Bücher 📚 👩‍👩‍👧 العربية",
    "<![CDATA[ x ]]>",
]


FRAME = Frame(publisher=HOUSE, language="en")


def atom(publisher: FeedPublisher, entries: list[Entry]) -> bytes:
    return xml_feed(FRAME, "feed.atom", publisher, entries)


def rss(publisher: FeedPublisher, entries: list[Entry]) -> bytes:
    return xml_feed(FRAME, "feed.rss", publisher, entries)


def read_atom(entries: list[Entry]) -> list[Item]:
    root = etree.fromstring(atom(PUBLISHER, entries))
    return syndication.items_of(root, "https://news.forum.example/feed.atom")


def read_json(entries: list[Entry]) -> list[Item]:
    text = json_feed(PUBLISHER, entries).decode()
    return syndication.json_items_of(text, "https://news.forum.example/feed.json")


def read_rss(entries: list[Entry]) -> list[Item]:
    root = etree.fromstring(rss(PUBLISHER, entries))
    return syndication.items_of(root, "https://news.forum.example/feed.rss")


Read = Callable[[list[Entry]], list[Item]]
READERS = pytest.mark.parametrize(
    "read", [read_atom, read_json, read_rss], ids=["atom", "json", "rss"]
)


@READERS
def test_a_feed_reader_gets_what_was_published(read: Read) -> None:
    [item] = read([ENTRY])

    assert item.id == "tag:news.forum.example,2026-11-24:archive/hours"
    assert item.link == "https://news.forum.example/archive/hours"
    assert (item.title, item.summary, item.language) == ("Hours", "Longer hours.", "en")
    assert (item.content, item.markup) == ("<p>It is open.</p>", True)
    assert item.published == NOON.replace(microsecond=0)


def test_each_feed_names_the_hub_that_is_asked_to_fetch_it() -> None:
    hub = "https://hub.example/"
    publisher = replace(PUBLISHER, hubs=(hub,))
    for read in (atom, rss):
        links = etree.fromstring(read(publisher, [])).iter(f"{{{ATOM['a']}}}link")
        assert {each.get("rel"): each.get("href") for each in links}["hub"] == hub
    assert json.loads(json_feed(publisher, []))["hubs"] == [{"type": "WebSub", "url": hub}]
    assert "hubs" not in json.loads(json_feed(PUBLISHER, []))


@rows("words", NASTY)
def test_no_words_are_taken_for_markup(words: str) -> None:
    nasty = replace(ENTRY, title=words, summary=words, body="")

    [written] = etree.fromstring(atom(PUBLISHER, [nasty])).findall("a:entry", ATOM)
    assert written.findtext("a:title", namespaces=ATOM) == words
    assert written.findtext("a:summary", namespaces=ATOM) == words
    [item] = json.loads(json_feed(PUBLISHER, [nasty]))["items"]
    assert (item["title"], item["summary"]) == (words, words)
    content = written.findtext("a:content", namespaces=ATOM)
    assert content == item["content_html"]
    link = etree.fromstring(content)[0]
    assert (link.text, link.get("href")) == (words, "https://news.forum.example/archive/hours")
    [told] = etree.fromstring(rss(PUBLISHER, [nasty])).findall("channel/item")
    assert told.findtext("title") == words
    assert html.fromstring(f"<p>{told.findtext('description')}</p>").text_content() == words
    assert told.findtext(ENCODED) == content


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    nasty = replace(ENTRY, title="a\x00b\x08c\x0bd\x1fe\ufffef\uffffg\td")

    [written] = etree.fromstring(atom(PUBLISHER, [nasty])).findall("a:entry", ATOM)
    assert written.findtext("a:title", namespaces=ATOM) == "abcdefg\td"
    assert read_rss([nasty])[0].title == read_atom([nasty])[0].title


def test_an_atom_feed_says_who_speaks_and_where_it_is() -> None:
    feed = etree.fromstring(atom(PUBLISHER, [ENTRY]))

    assert feed.findtext("a:id", namespaces=ATOM) == "https://news.forum.example/"
    assert feed.findtext("a:author/a:name", namespaces=ATOM) == "Example & <Forum>"
    assert feed.findtext("a:updated", namespaces=ATOM) == "2026-11-24T13:00:00Z"
    links = {one.get("rel"): one.get("href") for one in feed.findall("a:link", ATOM)}
    assert links == {
        "self": "https://news.forum.example/feed.atom",
        "alternate": "https://news.forum.example/",
    }
    [entry] = feed.findall("a:entry", ATOM)
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert entry.findtext("a:updated", namespaces=ATOM) == "2026-11-24T13:00:00Z"


def test_an_rss_feed_says_who_speaks_where_it_is_and_when_it_changed() -> None:
    channel = etree.fromstring(rss(PUBLISHER, [ENTRY]))[0]

    assert channel.findtext("title") == "Example & <Forum>"
    assert channel.findtext("link") == "https://news.forum.example/"
    assert channel.findtext("description") == "Practical answers"
    assert channel.findtext("language") == "en"
    assert channel.findtext("lastBuildDate") == "Tue, 24 Nov 2026 13:00:00 GMT"
    itself = channel.find("a:link", ATOM)
    assert (itself.get("rel"), itself.get("href")) == (
        "self",
        "https://news.forum.example/feed.rss",
    )
    [item] = channel.findall("item")
    assert item.findtext("pubDate") == "Tue, 24 Nov 2026 12:00:00 GMT"
    assert item.find("guid").get("isPermaLink") == "false"


def test_an_empty_feed_is_one_too() -> None:
    assert read_atom([]) == read_json([]) == read_rss([]) == []
    unknown = replace(SITE, organisation=replace(FORUM, website=""))
    feed = etree.fromstring(atom(replace(PUBLISHER, details=unknown), []))
    assert feed.findtext("a:updated", namespaces=ATOM) == "2026-11-24T12:00:00Z"
    assert feed.find("a:author/a:uri", ATOM) is None


@READERS
def test_what_was_corrected_says_so_first(read: Read) -> None:
    shown = replace(SHOWN, corrected_by="right")
    [item] = read([replace(ENTRY, published=shown, notice=CORRECTED)])

    assert item.summary == "This statement was corrected. Longer hours."
    assert item.content == (
        '<p lang="en" dir="ltr"><strong>This statement was corrected.</strong>'
        ' <a href="https://news.forum.example/archive/right">Read the correction</a></p>\n'
        "<p>It is open.</p>"
    )


def test_an_atom_entry_names_its_correction() -> None:
    shown = replace(SHOWN, corrected_by="right")
    [entry] = etree.fromstring(atom(PUBLISHER, [replace(ENTRY, published=shown)])).findall(
        "a:entry", ATOM
    )

    links = {one.get("rel"): one.get("href") for one in entry.findall("a:link", ATOM)}
    assert links["related"] == "https://news.forum.example/archive/right"


@READERS
def test_what_was_withdrawn_is_not_spread_further(read: Read) -> None:
    gone = Notice(text="This statement was withdrawn.", language="en")
    [item] = read([replace(ENTRY, published=replace(SHOWN, withdrawn=True), notice=gone)])

    assert item.summary == "This statement was withdrawn."
    assert "It is open." not in item.content
    assert "This statement was withdrawn." in item.content


def test_a_site_map_lists_the_archive_and_its_pages() -> None:
    root = etree.fromstring(site_map(FRAME, PUBLISHER, [SHOWN]))

    assert [[part.text for part in place] for place in root] == [
        ["https://news.forum.example/", "2026-11-24T13:00:00Z"],
        ["https://news.forum.example/archive/hours", "2026-11-24T13:00:00Z"],
    ]
    assert len(etree.fromstring(site_map(FRAME, PUBLISHER, []))) == 1


def test_robots_stay_out_of_what_is_a_readers_own() -> None:
    assert robots("https://forum.example/news", ["/u/"]) == (
        "User-agent: *\nDisallow: /news/u/\n\nSitemap: https://forum.example/news/sitemap.xml\n"
    )


def page_with(entry: Entry, others: Mapping[str, str] | None = None, **picture: str) -> str:
    """A page whose head is that of a statement."""
    head = FRAME.fill(
        "head.html.j2",
        organisation=FORUM,
        logo=Logo(src="https://forum.example/logo.png", width=48, height=48),
        public={
            "address": PUBLISHER.page(entry.published.slug),
            "base": SITE.public_url,
            "kinds": FORMATS,
            "others": others or {},
            "article": article_of(PUBLISHER, entry),
            "picture": picture,
        },
    )
    return f"<!DOCTYPE html><html><head>{head}</head><body><p>1</p></body></html>"


def test_it_names_the_article_its_times_and_who_speaks() -> None:
    page = html.fromstring(page_with(ENTRY))

    said = {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}
    assert said == {
        "og:type": "article",
        "og:title": "Hours",
        "og:url": "https://news.forum.example/archive/hours",
        "og:site_name": "Example & <Forum>",
        "og:description": "Longer hours.",
        "og:image": "https://forum.example/logo.png",  # where there is no picture
        "og:image:alt": "Example & <Forum>",
        "article:published_time": "2026-11-24T12:00:00Z",
        "article:modified_time": "2026-11-24T13:00:00Z",
    }
    assert page.xpath("//meta[@name='twitter:card']/@content") == ["summary"]
    feeds = page.xpath("//link[@rel='alternate']/@href")
    assert feeds == [f"https://news.forum.example/{name}" for name in FORMATS]
    assert page.xpath("//link[@rel='canonical']/@href") == [said["og:url"]]
    assert page.xpath("//meta[@name='description']/@content") == ["Longer hours."]
    article = json.loads(page.xpath("string(//script)"))
    assert article["@type"] == "NewsArticle"
    assert article["publisher"]["name"] == "Example & <Forum>"
    assert "correction" not in article
    assert "creativeWorkStatus" not in article


@rows("words", [*NASTY, "</script><script>alert(1)</script>", "<!--<script>"])
def test_no_words_get_out_of_their_place(words: str) -> None:
    page = html.fromstring(page_with(replace(ENTRY, title=words, summary=words)))

    assert len(page.xpath("//script")) == 1
    assert json.loads(page.xpath("string(//script)"))["headline"] == words
    assert page.xpath("//meta[@property='og:title']/@content") == [words]
    assert page.xpath("string(//body)") == "1"


def test_corrections_withdrawals_and_other_languages_are_named_and_no_empty_summary() -> None:
    corrected = replace(ENTRY, published=replace(SHOWN, corrected_by="right"))
    assert '"correction": "https://news.forum.example/archive/right"' in page_with(corrected)
    page = page_with(replace(ENTRY, published=replace(SHOWN, withdrawn=True)))
    assert '"creativeWorkStatus": "Withdrawn"' in page
    assert "Longer hours." not in page
    assert "description" not in page_with(replace(ENTRY, summary=""))
    other = "https://news.forum.example/archive/horario"
    assert f'<link rel="alternate" hreflang="es" href="{other}">' in page_with(ENTRY, {"es": other})


def test_a_page_names_its_own_date_its_picture_and_the_logo() -> None:
    src = "https://news.forum.example/media/a.jpg"
    dated = replace(ENTRY, date="2026-11-20", picture=src)
    page = html.fromstring(page_with(dated, src=src, alt='A "door"'))
    said = {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}
    assert said["article:published_time"] == "2026-11-20"
    assert (said["og:image"], said["og:image:alt"]) == (src, 'A "door"')
    assert page.xpath("//meta[@name='twitter:card']/@content") == ["summary_large_image"]
    article = json.loads(page.xpath("string(//script)"))
    assert (article["datePublished"], article["image"]) == ("2026-11-20", src)
    logo = Logo(src="https://forum.example/logo.png", width=180, height=48)
    pictured = replace(PUBLISHER, details=replace(SITE, brand=Brand(logo=logo)))
    assert article_of(pictured, ENTRY)["publisher"]["logo"] == logo.src
    assert json.loads(json_feed(PUBLISHER, [dated]))["items"][0]["image"] == src


def test_an_id_holds_the_host_of_the_archive_and_stays() -> None:
    elsewhere = replace(
        PUBLISHER, details=replace(SITE, public_url="https://news.example.org/archive")
    )
    later = replace(SHOWN, corrected_by="right", content_hash="other", updated_at=LATER)
    assert PUBLISHER.id_of(later) == "tag:news.forum.example,2026-11-24:archive/hours"
    assert elsewhere.id_of(SHOWN) == "tag:news.example.org,2026-11-24:archive/hours"


@rows(("width", "rel"), [(96, "icon"), (180, "logo")])
def test_a_feed_reader_gets_the_logo_and_what_the_publisher_says_of_itself(
    width: int, rel: str
) -> None:
    logo = Logo(src="https://forum.example/logo.png", width=width, height=96)
    publisher = replace(PUBLISHER, details=replace(SITE, brand=Brand(logo=logo)))
    atom = etree.fromstring(xml_feed(FRAME, "feed.atom", publisher, [ENTRY]))
    assert atom.findtext(f"a:{rel}", namespaces=ATOM) == logo.src
    assert atom.findtext("a:subtitle", namespaces=ATOM) == "Practical answers"
    rss = etree.fromstring(xml_feed(FRAME, "feed.rss", publisher, [ENTRY]))
    assert [rss.findtext(f"channel/image/{one}") for one in ("url", "title", "link")] == [
        logo.src,
        FORUM.name,
        f"{SITE.public_url}/",
    ]
    feed = json.loads(json_feed(publisher, [ENTRY]))
    assert feed.get("icon", "") == (logo.src if rel == "icon" else "")
    assert feed["description"] == "Practical answers"
