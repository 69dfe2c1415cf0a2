"""What a page says of itself to programs."""

import json
from dataclasses import replace

from lxml import html

from newsletter.web.public.archive.feeds import Listed
from newsletter.web.public.archive.metadata import head_of
from tests.rows import rows
from tests.unit.web.public.archive.test_feeds import ENTRY, NASTY, PUBLISHER, SHOWN


def page_with(entry: Listed) -> str:
    head = head_of(PUBLISHER, entry, {})
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
    page = html.fromstring(page_with(replace(ENTRY, title=words, summary=words)))

    assert len(page.xpath("//script")) == 1
    assert json.loads(page.xpath("string(//script)"))["headline"] == words
    assert page.xpath("//meta[@property='og:title']/@content") == [words]
    assert page.xpath("string(//body)") == "1"


def test_what_became_of_it_is_told_too() -> None:
    corrected = replace(ENTRY, shown=replace(SHOWN, corrected_by="right"))
    withdrawn = replace(ENTRY, shown=replace(SHOWN, withdrawn=True))

    assert '"correction": "https://news.forum.example/archive/right"' in page_with(corrected)
    page = page_with(withdrawn)
    assert '"creativeWorkStatus": "Withdrawn"' in page
    assert "Longer hours." not in page


def test_without_a_summary_nothing_is_described() -> None:
    assert "description" not in page_with(replace(ENTRY, summary=""))


def test_other_languages_are_named_for_search_engines() -> None:
    head = str(head_of(PUBLISHER, ENTRY, {"horario": "es"}))
    other = "https://news.forum.example/archive/horario"
    assert f'<link rel="alternate" hreflang="es" href="{other}">' in head
