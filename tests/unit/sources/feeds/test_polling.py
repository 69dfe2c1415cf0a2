"""RSS, Atom and JSON Feed as sites write them, and as they get them wrong."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.sources.feeds import syndication
from newsletter.sources.feeds.syndication import items_of, parse_xml
from tests.costs import grows_in_proportion
from tests.rows import rows

URL = "https://forum.example/feed"
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'


def read(document: str | bytes, content_type: str = "") -> list[Item]:
    data = document.encode() if isinstance(document, str) else document
    root, _ = parse_xml(data, content_type)
    return items_of(root, URL)


def rss(items: str, channel: str = "", declaration: str = '<?xml version="1.0"?>') -> str:
    return f'{declaration}<rss version="2.0" {CONTENT}><channel>{channel}{items}</channel></rss>'


def one(items: str, **fields: str) -> Item:
    [item] = read(rss(items, **fields))
    return item


def test_an_item_of_rss_is_read_with_its_full_text_before_its_summary() -> None:
    item = one(
        """<item><title>Forum wins &amp; rests</title><link>https://forum.example/wins</link>
        <guid isPermaLink="false">p-7</guid><pubDate>Tue, 24 Nov 2026 12:00:00 +0100</pubDate>
        <description>A &lt;b&gt;summary&lt;/b&gt;.</description>
        <content:encoded><![CDATA[<p>All of it.</p>]]></content:encoded></item>""",
        channel="<language>en-us</language>",
    )
    assert item == Item(
        id="p-7",
        title="Forum wins & rests",
        link="https://forum.example/wins",
        published=datetime(2026, 11, 24, 11, 0, tzinfo=UTC),
        content="<p>All of it.</p>",
        summary="A summary.",
        language="en-US",
        base="https://forum.example/wins",
    )


def test_without_the_full_text_there_is_only_a_summary_and_the_item_says_so() -> None:
    item = one("<item><title>T</title><description>&lt;p&gt;Short.&lt;/p&gt;</description></item>")
    assert (item.content, item.is_full, item.markup, item.summary) == (
        "<p>Short.</p>",
        False,
        True,
        "",
    )


def test_a_description_without_marks_is_plain_words() -> None:
    item = one("<item><title>T</title><description>One.\n\nTwo.</description></item>")
    assert (item.markup, item.content) == (False, "One.\n\nTwo.")


@rows(
    ("inside", "name", "link"),
    [
        (
            "<guid>https://forum.example/a</guid>",
            "https://forum.example/a",
            "https://forum.example/a",
        ),
        ('<guid isPermaLink="false">https://forum.example/a</guid>', "https://forum.example/a", ""),
        ("<link>/a</link>", "https://forum.example/a", "https://forum.example/a"),
        ("<link>javascript:alert(1)</link><guid>x</guid>", "x", ""),
        (
            '<a:link xmlns:a="http://www.w3.org/2005/Atom" href="https://other.example"/>'
            "<link>/a</link>",
            "https://forum.example/a",
            "https://forum.example/a",
        ),
    ],
)
def test_an_item_is_named_by_its_guid_or_else_its_link(inside: str, name: str, link: str) -> None:
    item = one(f"<item><title>T</title>{inside}</item>")
    assert (item.id, item.link) == (name, link)


def test_an_item_with_neither_is_named_by_its_title_and_date() -> None:
    first, again, other = read(
        rss("<item><title>A</title></item>" * 2 + "<item><title>B</title></item>")
    )
    assert first.id == again.id != other.id
    assert first.id.startswith("made-up:")


@rows(
    ("written", "meant"),
    [
        ("Tue, 24 Nov 2026 12:00:00 GMT", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("24 Nov 2026 12:00 EST", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        ("2026-11-24T12:00:00+02:00", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("yesterday", None),
        ("Tue, 99 Nov 2026 12:00:00 GMT", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("Mon, 01 Jan 0001 00:00:00 +0000", None),
        ("", None),
    ],
)
def test_times_are_read_as_sites_write_them(written: str, meant: datetime | None) -> None:
    assert one(f"<item><title>T</title><pubDate>{written}</pubDate></item>").published == meant


def test_titles_of_other_vocabularies_are_not_the_items() -> None:
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    item = one(f"<item><media:title {media}>A photo</media:title><link>/a</link></item>")
    assert item.title == ""


def test_rss_1_keeps_its_items_beside_the_channel() -> None:
    [item] = read(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="x"><title>Site</title></channel>
        <item rdf:about="https://forum.example/a"><title>T</title>
        <link>https://forum.example/a</link><dc:date>2026-11-24T12:00:00Z</dc:date>
        <dc:language>es</dc:language></item></rdf:RDF>"""
    )
    assert (item.id, item.title, item.language) == ("https://forum.example/a", "T", "es")
    assert item.published == datetime(2026, 11, 24, 12, tzinfo=UTC)


def atom(entry: str, attributes: str = "") -> Item:
    [item] = read(
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Site</title>'
        f"<entry><id>urn:1</id>{entry}</entry></feed>"
    )
    return item


def test_an_entry_of_atom_is_read_with_all_its_bases_and_its_language() -> None:
    item = atom(
        """<title type="html">Forum &amp;lt;b&amp;gt;wins&amp;lt;/b&amp;gt; &amp;amp; rests</title>
        <link rel="self" href="/self"/><link rel="alternate" type="text/html" href="wins"/>
        <published>2026-11-24T12:00:00Z</published><updated>2026-11-25T12:00:00Z</updated>
        <summary>Short.</summary>
        <content type="html" xml:base="deep/">&lt;p&gt;All.&lt;/p&gt;</content>""",
        'xml:base="https://other.example/news/" xml:lang="pt-br"',
    )
    assert item.link == "https://other.example/news/wins"
    assert item.base == "https://other.example/news/deep/"
    assert item.published == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert (item.id, item.summary, item.content) == ("urn:1", "Short.", "<p>All.</p>")
    assert (item.language, item.markup, item.is_full) == ("pt-BR", True, True)


def test_text_of_atom_is_words_and_xhtml_is_html() -> None:
    plain = atom('<title>a &lt; b</title><content type="text">1 &lt; 2</content>')
    assert (plain.content, plain.markup) == ("1 < 2", False)
    rich = atom(
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A<br/>b</p></div>'
        "</content>"
    )
    assert rich.content.strip().endswith("<p>A<br>b</p></div>")
    assert rich.markup


def test_an_entry_with_its_content_elsewhere_has_only_its_summary() -> None:
    item = atom('<content src="https://forum.example/a.pdf"/><summary>Short.</summary>')
    assert (item.content, item.is_full, item.link) == ("Short.", False, "")


def test_an_entry_may_have_nothing_but_its_id_and_when_it_changed() -> None:
    item = atom("<updated>2026-11-24T12:00:00Z</updated>")
    assert (item.content, item.is_full, item.markup) == ("", False, False)
    assert item.published == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_names_of_characters_and_bare_ampersands_are_put_right() -> None:
    item = one(
        "<item><title>Caf&eacute; R&D &nosuch; &#8211; A&amp;B</title>"
        "<description><![CDATA[<p>x && y &nbsp; &lt;b&gt;</p>]]></description></item>"
    )
    assert item.title == "Café R&D &nosuch; – A&B"
    assert "x &amp;&amp; y \xa0 &lt;b&gt;" in item.content


@rows(
    ("data", "content_type"),
    [
        (rss("<item><title>“é”</title></item>").encode(), "text/xml; charset=iso-8859-1"),
        (
            rss(
                "<item><title>“é”</title></item>",
                declaration='<?xml version="1.0" encoding="iso-8859-1"?>',
            ).encode("cp1252"),
            "",
        ),
        (rss("<item><title>“é”</title></item>").encode("cp1252"), "text/xml; charset=windows-1252"),
        (rss("<item><title>“é”</title></item>").encode("utf-16"), ""),
        (b"\xef\xbb\xbf" + rss("<item><title>“é”</title></item>").encode(), ""),
        (
            rss(
                "<item><title>“é”</title></item>",
                declaration='<?xml version="1.0" encoding="nonsense"?>',
            ).encode("cp1252"),
            "text/xml; charset=utf-8",
        ),
    ],
)
def test_words_are_right_in_whatever_encoding_they_come(data: bytes, content_type: str) -> None:
    assert read(data, content_type)[0].title == "“é”"


def test_a_guessed_encoding_is_said() -> None:
    data = rss("<item><title>é</title></item>").encode("cp1252")
    assert "not in the encoding that it declares" in parse_xml(data, "")[1]
    assert parse_xml(rss("").encode(), "")[1] == ""


def test_control_characters_and_the_doctype_of_old_feeds_do_no_harm() -> None:
    item = one(
        "<item><title>A\x08\x0bB</title></item>",
        declaration='<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "https://e.example/rss.dtd">',
    )
    assert item.title == "AB"


@rows(
    ("document", "message"),
    [
        (rss("<item><title>A</title></item>")[:-12], "its end is missing"),
        (rss("<item><title>A</item>"), "not well-formed XML"),
        ("", "Document is empty"),
        ("<html><p>Hello</p></html>", "a web page and no feed; look on the page"),
        (
            '<!doctype html><link rel=alternate type="application/rss+xml" href="/feed">',
            "a web page and no feed; write the feed that it names: /feed",
        ),
        (rss("<item/>" * 20_001), "lists more than 20,000 items"),
        ("<opml/>", "XML of another kind (<opml>)"),
        ('<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', "declares entities of its own"),
        ('<rss><!ENTITY a "b"></rss>', "declares entities of its own"),
        ("<rss>" + "<a>" * 5000, "not well-formed XML"),
    ],
)
def test_what_is_no_whole_feed_is_refused_with_what_to_do(document: str, message: str) -> None:
    with pytest.raises(FeedUnreadable) as caught:
        read(document)
    assert message in str(caught.value)


def test_a_billion_laughs_are_not_even_one() -> None:
    layers = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{layers}]><rss><channel>&l9;</channel></rss>'

    with pytest.raises(FeedUnreadable, match="declares entities"):
        read(bomb)
    with pytest.raises(FeedUnreadable, match="declares entities"):
        read(f"<!DOCTYPE rss [{' ' * 6000}{layers}]><rss/>")


def test_no_file_of_ours_is_ever_read() -> None:
    with pytest.raises(FeedUnreadable, match="declares entities"):
        read('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss>&x;</rss>')


@rows(
    ("document", "many"),
    [
        (lambda n: rss("<item " + " ".join(f'a{at}="1"' for at in range(n)) + "/>"), 30_000),
        (lambda n: rss("<item><title>" + "<" * n), 50_000),
        (lambda n: rss("<item><title>" + "&" * n + "</title></item>"), 50_000),
        (lambda n: rss("<![CDATA[" * n), 50_000),
        (lambda n: rss("<!--" * n), 50_000),
        (lambda n: rss("<item/>" * n), 30_000),
        (lambda n: rss("<item>" + "<guid/>" * n + "</item>"), 30_000),
        (lambda n: "<!DOCTYPE" * n, 50_000),
        (lambda n: "<link type='application/rss+xml' " * n, 5_000),
        (lambda n: "<html><link type='application/rss+xml' " * n, 20_000),
        (lambda n: rss("<item/>", declaration=" " * n), 1_000_000),
        (lambda n: rss("<item><title>" + " " * n + "</title></item>"), 1_000_000),
        (lambda n: "\n" * n + "<!doctype", 1_000_000),
    ],
)
def test_whatever_is_written_to_be_slow_is_read_or_refused_soon(
    document: Callable[[int], str], many: int
) -> None:
    def read_or_refuse(count: int) -> None:
        with suppress(FeedUnreadable):
            read(document(count))

    assert grows_in_proportion(read_or_refuse, many)


def test_thousands_of_items_are_read_at_once() -> None:
    item = "<item><title>T{}</title><guid>{}</guid><description>D</description></item>"
    assert len(read(rss("".join(item.format(n, n) for n in range(2_000))))) == 2_000


def json_items(*items: object, **feed: object) -> list[Item]:
    whole = {"version": "https://jsonfeed.org/version/1.1", "items": list(items), **feed}
    return syndication.json_items_of(json.dumps(whole), URL)


def test_an_item_of_a_json_feed_is_read() -> None:
    [item] = json_items(
        {
            "id": 7,
            "url": "/wins",
            "title": "Forum &amp; wins",
            "content_html": "<p>All.</p>",
            "summary": "Short.",
            "date_published": "2026-11-24T12:00:00Z",
        },
        "nonsense",
        language="es",
    )
    assert item == Item(
        id="7",
        title="Forum & wins",
        link="https://forum.example/wins",
        published=datetime(2026, 11, 24, 12, tzinfo=UTC),
        content="<p>All.</p>",
        summary="Short.",
        language="es",
        base="https://forum.example/wins",
    )


def test_plain_text_and_a_summary_alone_are_told_apart() -> None:
    text, summary, neither = json_items(
        {"id": "a", "content_text": "1 < 2", "language": "de"}, {"summary": "Short."}, {"id": True}
    )
    assert (text.markup, text.is_full) == (False, True)
    assert (text.content, text.language) == ("1 < 2", "de")
    assert (summary.is_full, summary.content, summary.summary) == (False, "Short.", "")
    assert summary.id.startswith("made-up:")
    assert neither.content == ""


@rows(
    ("text", "message"),
    [
        ('{"version": "https://jsonfeed.org/version/1", "items"', "not well-formed JSON"),
        ("[" * 100_000, "not well-formed JSON"),
        ('{"posts": []}', "JSON and no JSON Feed"),
        ("[]", "JSON and no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1"}', "has no list of items"),
    ],
)
def test_what_is_no_json_feed_is_refused(text: str, message: str) -> None:
    with pytest.raises(FeedUnreadable, match=message):
        syndication.json_items_of(text, URL)
