"""What a page says of itself to programs."""

import json
from dataclasses import replace

from lxml import html

from newsletter.web.metadata import described
from tests.rows import rows
from tests.unit.web.test_feeds import ENTRY, NASTY, PUBLISHER, SHOWN

PAGE = "<!DOCTYPE html><html><head><title>x</title></head><body><p>1</p></body></html>"


def test_it_names_the_article_its_times_and_who_speaks() -> None:
    page = html.fromstring(described(PAGE, PUBLISHER, ENTRY))

    said = {one.get("property"): one.get("content") for one in page.xpath("//meta[@property]")}
    assert said == {
        "og:type": "article",
        "og:title": "Hours",
        "og:url": "https://news.forum.example/archive/hours",
        "og:site_name": "Example & <Forum>",
        "og:description": "Longer hours.",
        "article:published_time": "2026-11-24T12:00:00Z",
        "article:modified_time": "2026-11-24T13:00:00Z",
    }
    assert page.xpath("//link[@rel='canonical']/@href") == [said["og:url"]]
    assert page.xpath("//meta[@name='description']/@content") == ["Longer hours."]
    article = json.loads(page.xpath("string(//script)"))
    assert article["@type"] == "NewsArticle"
    assert article["publisher"]["name"] == "Example & <Forum>"
    assert "correction" not in article
    assert "creativeWorkStatus" not in article


@rows("words", [*NASTY, "</script><script>alert(1)</script>", "<!--<script>"])
def test_no_words_get_out_of_their_place(words: str) -> None:
    page = html.fromstring(described(PAGE, PUBLISHER, replace(ENTRY, title=words, summary=words)))

    assert len(page.xpath("//script")) == 1
    assert json.loads(page.xpath("string(//script)"))["headline"] == words
    assert page.xpath("//meta[@property='og:title']/@content") == [words]
    assert page.xpath("string(//body)") == "1"


def test_what_became_of_it_is_told_too() -> None:
    corrected = replace(ENTRY, shown=replace(SHOWN, corrected_by="right"))
    withdrawn = replace(ENTRY, shown=replace(SHOWN, withdrawn=True))

    assert '"correction": "https://news.forum.example/archive/right"' in described(
        PAGE, PUBLISHER, corrected
    )
    page = described(PAGE, PUBLISHER, withdrawn)
    assert '"creativeWorkStatus": "Withdrawn"' in page
    assert "Longer hours." not in page


def test_the_rest_of_the_page_stays() -> None:
    page = described(PAGE, PUBLISHER, replace(ENTRY, summary=""))

    start, end = PAGE.split("</head>")
    assert page.startswith(start)
    assert page.endswith(f"</head>{end}")
    assert "description" not in page
    assert described("<p>1</p>", PUBLISHER, ENTRY) == "<p>1</p>"
