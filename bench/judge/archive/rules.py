"""Rules for the archive's files and pages: feeds, site map, structured data, previews.

Each function returns objections. Sources: RFC 4287 (``atom.rng``), the RSS 2.0 specification and
the RSS Advisory Board's profile, JSON Feed 1.1, sitemaps.org, Google's page on Article structured
data, ogp.me, and what X, WhatsApp and Slack say of their previews.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

_ATOM = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
_NAMES = {"a": "http://www.w3.org/2005/Atom", "s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_OF_CHANNEL = {
    *("title", "link", "description", "language", "lastBuildDate", "pubDate", "item", "image")
}
_OF_ITEM = {"title", "link", "description", "author", "category", "guid", "pubDate", "source"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MIN_LARGE_PIXELS = 300
"""Width of the smallest picture that X and WhatsApp show large."""
_MAX_HEADLINE_CHARS, _MAX_DESCRIPTION_CHARS = 110, 200
"""Google's former limit of a headline, and what X shows of a description."""


def of_atom(data: bytes, url: str) -> Iterator[str]:
    """Object to an Atom feed."""
    root = etree.fromstring(data)
    if not _ATOM.validate(root):
        yield from (f"line {one.line}: {one.message}" for one in _ATOM.error_log)
    if root.xpath("a:link[@rel='self']/@href", namespaces=_NAMES) != [url]:
        yield "no link to itself"
    ids = root.xpath("a:entry/a:id/text()", namespaces=_NAMES)
    yield from _twice("id", ids)
    for content in root.xpath("a:entry/a:content | a:entry/a:summary", namespaces=_NAMES):
        if content.get("type") == "html":
            yield from _of_html(content.text or "")


def of_rss(data: bytes, url: str) -> Iterator[str]:
    """Object to an RSS feed."""
    root = etree.fromstring(data)
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        yield "no rss 2.0 with a channel"
        return
    for name in ("title", "link", "description"):
        if not channel.findtext(name):
            yield f"the channel has no {name}"
    yield from _unknown(channel, _OF_CHANNEL)
    for image in channel.iter("image"):
        if [one.tag for one in image] != ["url", "title", "link"] or not all(
            one.text for one in image
        ):
            yield "the image of the channel has no url, title or link"
    if not _LANGUAGE.fullmatch(channel.findtext("language") or ""):
        yield "the channel has no language"
    own = channel.find(f"{{{_NAMES['a']}}}link[@rel='self']")
    if own is None or own.get("href") != url:
        yield "no atom:link to itself"
    yield from _of_rss_date(channel.findtext("lastBuildDate"))
    yield from _twice("guid", [item.findtext("guid") or "" for item in channel.iter("item")])
    for item in channel.iter("item"):
        yield from _unknown(item, _OF_ITEM)
        if not (item.findtext("title") or item.findtext("description")):
            yield "an item has neither title nor description"
        yield from _of_rss_date(item.findtext("pubDate"))
        yield from _of_html(item.findtext("description") or "")
        yield from _of_html(item.findtext(_ENCODED) or "")


def of_json_feed(data: bytes, url: str) -> Iterator[str]:
    """Object to a JSON feed."""
    feed = json.loads(data)
    if feed.get("version") != "https://jsonfeed.org/version/1.1" or not feed.get("title"):
        yield "no JSON Feed 1.1 with a title"
    if feed.get("feed_url") != url:
        yield "no feed_url of itself"
    yield from _twice("id", [item.get("id", "") for item in feed.get("items", ())])
    for item in feed.get("items", ()):
        if not (item.get("content_html") or item.get("content_text")):
            yield "an item has no content"
        for name in ("date_published", "date_modified"):
            yield from _of_time(item.get(name, ""), name, exact=True)
        yield from _of_html(item.get("content_html", ""))


def of_site_map(data: bytes, base: str) -> Iterator[str]:
    """Object to a site map."""
    root = etree.fromstring(data)
    places = root.xpath("/s:urlset/s:url/s:loc/text()", namespaces=_NAMES)
    if not places:
        yield "no page in a urlset of sitemaps.org"
    yield from _twice("loc", places)
    yield from (f"{place} is elsewhere" for place in places if not place.startswith(f"{base}/"))
    for at in root.xpath("//s:lastmod/text()", namespaces=_NAMES):
        yield from _of_time(at, "lastmod", exact=True)


def of_structured_data(page: str) -> Iterator[str]:
    """Object to the structured data of a statement's page, by Google's page on articles."""
    root = html.fromstring(page)
    blocks = root.xpath("//script[@type='application/ld+json']/text()")
    if len(blocks) != 1:
        yield f"{len(blocks)} blocks of structured data"
        return
    data: dict[str, Any] = json.loads(blocks[0])
    if data.get("@context") != "https://schema.org" or data.get("@type") != "NewsArticle":
        yield "no NewsArticle of schema.org"
    wanted = ["headline", "datePublished", "dateModified", "author", "publisher", "inLanguage"]
    # a picture of the organisation is none of the article
    wanted += ["image"] if root.xpath("//div[@class='text']//img[@alt!='']") else []
    yield from (f"no {name}" for name in wanted if not data.get(name))
    if len(data.get("headline", "")) > _MAX_HEADLINE_CHARS:
        yield f"a headline of more than {_MAX_HEADLINE_CHARS} characters"
    yield from _of_time(data.get("datePublished", ""), "datePublished", exact=False)
    yield from _of_time(data.get("dateModified", ""), "dateModified", exact=True)
    for who in (data.get("author", {}), data.get("publisher", {})):
        if who.get("@type") != "Organization" or not who.get("name") or not who.get("url"):
            yield "an author or publisher without a name or URL"
    links = [data.get("image"), data.get("mainEntityOfPage"), data.get("author", {}).get("url")]
    yield from (f"{link} is not absolute" for link in filter(None, links) if not _is_web(link))


def card_of(page: str) -> dict[str, str]:
    """Return the data of a preview: names such as ``og:title`` and their contents."""
    metas = html.fromstring(page).xpath("//meta[@property or starts-with(@name, 'twitter:')]")
    named = [(one.get("property") or one.get("name"), one.get("content") or "") for one in metas]
    return dict(reversed(named))


def of_card(page: str, url: str) -> Iterator[str]:
    """Object to the data of a page's preview."""
    card = card_of(page)
    names = ("title", "type", "url", "image", "image:alt", "site_name", "description")
    yield from (f"no og:{name}" for name in names if not card.get(f"og:{name}"))
    if card.get("og:url") != url:
        yield f"og:url is {card.get('og:url')}"
    if not _is_web(card.get("og:image", "")):
        yield "og:image is not absolute"
    if card.get("twitter:card") not in {"summary", "summary_large_image"}:
        yield "twitter:card is none"
    if len(card.get("og:description", "")) > _MAX_DESCRIPTION_CHARS:
        yield f"a description of {len(card['og:description'])} characters"
    if card.get("twitter:card") == "summary_large_image":
        widths = html.fromstring(page).xpath("//img[@src=$src]/@width", src=card["og:image"])
        if any(int(width) < _MIN_LARGE_PIXELS for width in widths):
            yield f"a picture of {widths[0]} pixels would be enlarged"


# --- parts


def _unknown(element: Any, names: set[str]) -> Iterator[str]:
    own = {one.tag for one in element if isinstance(one.tag, str) and one.tag[0] != "{"}
    yield from (f"RSS knows no {name}" for name in sorted(own - names))


def _twice(name: str, values: list[str]) -> Iterator[str]:
    if len(set(values)) < len(values) or "" in values:
        yield f"the same {name} twice, or none"


def _of_rss_date(text: str | None) -> Iterator[str]:
    try:
        parsedate_to_datetime(text or "")
    except ValueError:
        yield f"{text!r} is no date of RFC 822"


def _of_time(text: str, name: str, *, exact: bool) -> Iterator[str]:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        yield f"{name} {text!r} is no date"
        return
    if at.tzinfo is None and (exact or "T" in text):
        yield f"{name} {text!r} has no time zone"


def _of_html(text: str) -> Iterator[str]:
    """Object to parts that feed readers drop or cannot resolve."""
    root = html.fromstring(f"<div>{text}</div>")
    for link in root.xpath("//@href | //@src"):
        if not _is_web(link) and not link.startswith(("mailto:", "tel:", "#")):
            yield f"a relative link: {link}"
    for tag in ("script", "style", "form", "iframe", "object"):
        if root.xpath(f"//{tag}"):
            yield f"a {tag} in a text"
    if root.xpath("//@style | //@onclick"):
        yield "a style or script in an attribute"


def _is_web(link: str) -> bool:
    return urlsplit(urljoin("relative:", link)).scheme == "https"
