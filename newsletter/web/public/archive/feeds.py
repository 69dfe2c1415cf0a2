"""The archive for programs: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1, site map, head of a page."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from newsletter.domain.statements.content import Publisher
from newsletter.rendering.languages import direction
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive.published import Notice, Published

MAX_ENTRIES = 50

MAX_URLS = 50_000  # of a site map, by its specification
# all but what XML 1.0 (2.2) calls a character: no escape brings one of them in
_FORBIDDEN_XML_PATTERN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Entry:
    published: Published
    title: str
    language: str
    summary: str = ""
    body: str = ""
    """HTML; "" if the entry only links to the page."""
    notice: Notice | None = None
    date: str = ""
    """The statement's own date in ISO 8601, if it was published on another day; else ""."""
    picture: str = ""
    """The URL of the first picture in the text, or ""."""


@dataclass(frozen=True)
class FeedPublisher:
    """The organisation that publishes a feed, and the data of its archive."""

    details: Publisher
    began_at: datetime
    """The start of the archive: a feed without statements was last updated then."""
    language: str = "en"
    """The language of the archive; each entry has its own."""
    hubs: tuple[str, ...] = ()
    """URLs of WebSub hubs."""

    def page(self, slug: str) -> str:
        return f"{self.details.public_url}/archive/{slug}"

    def id_of(self, published: Published) -> str:
        """Return a tag URI (RFC 4151), which never changes."""
        day = published.began_at.astimezone(UTC).date()
        return f"tag:{urlsplit(self.details.public_url).hostname},{day}:archive/{published.slug}"


def xml_feed(frame: Frame, name: str, publisher: FeedPublisher, entries: Sequence[Entry]) -> bytes:
    """Return an Atom or RSS document of entries, newest first; ``name`` is the file name."""
    changes = (entry.published.updated_at for entry in entries)
    text = frame.fill(
        f"{name}.xml.j2",
        publisher=publisher,
        entries=entries,
        newest=max(changes, default=publisher.began_at),
        written=format_time,
        http_date=lambda at: format_datetime(
            at.astimezone(UTC).replace(microsecond=0), usegmt=True
        ),
        summary_of=summary_of,
        content_of=content_of,
    )
    return _FORBIDDEN_XML_PATTERN.sub("", text).encode()


def json_feed(publisher: FeedPublisher, entries: Sequence[Entry]) -> bytes:
    speaker, base = publisher.details.organisation, publisher.details.public_url
    logo = publisher.details.brand.logo
    icon = logo.src if logo and not logo.is_wide else ""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": speaker.name,
        **_without_empty({"description": speaker.tagline, "icon": icon}),
        "home_page_url": f"{base}/",
        "feed_url": f"{base}/feed.json",
        "language": publisher.language,
        "authors": [_without_empty({"name": speaker.name, "url": speaker.website})],
        **_without_empty({"hubs": [{"type": "WebSub", "url": hub} for hub in publisher.hubs]}),
        "items": [_item(publisher, entry) for entry in entries],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def site_map(frame: Frame, publisher: FeedPublisher, statements: Sequence[Published]) -> bytes:
    newest = max((statement.updated_at for statement in statements), default=publisher.began_at)
    text = frame.fill(
        "sitemap.xml.j2",
        publisher=publisher,
        newest=newest,
        shown=statements[: MAX_URLS - 1],
        written=format_time,
    )
    return text.encode()


def robots(public_url: str, disallowed_paths: Iterable[str]) -> str:
    base = urlsplit(public_url).path
    lines = [f"Disallow: {base}{path}" for path in disallowed_paths]
    return "\n".join(["User-agent: *", *lines, "", f"Sitemap: {public_url}/sitemap.xml", ""])


def _item(publisher: FeedPublisher, entry: Entry) -> dict[str, Any]:
    return _without_empty(
        {
            "id": publisher.id_of(entry.published),
            "url": publisher.page(entry.published.slug),
            "title": entry.title,
            "content_html": content_of(publisher, entry),
            "summary": summary_of(entry),
            "image": entry.picture,
            "date_published": format_time(entry.published.began_at),
            "date_modified": format_time(entry.published.updated_at),
            "language": entry.language,
        }
    )


def summary_of(entry: Entry) -> str:
    """Return the notice and the summary; a withdrawn statement has no summary."""
    notice = entry.notice.text if entry.notice else ""
    return " ".join(filter(None, [notice, "" if entry.published.withdrawn else entry.summary]))


def content_of(publisher: FeedPublisher, entry: Entry) -> str:
    """Return HTML: the notice and the text, or a link if it was withdrawn or has no text."""
    page = escape(publisher.page(entry.published.slug))
    link = f'<p><a href="{page}">{escape(entry.title)}</a></p>'
    text = "" if entry.published.withdrawn else entry.body
    notice = entry.notice
    if notice is None:
        return text or link
    words = f"<strong>{escape(notice.text)}</strong>"
    if notice.link:
        address = escape(publisher.page(notice.link))
        words += f' <a href="{address}">{escape(notice.link_text)}</a>'
    way = direction(notice.language)
    return f'<p lang="{notice.language}" dir="{way}">{words}</p>\n{text or link}'


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def format_time(at: datetime) -> str:
    """Return a time by RFC 3339, in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def article_of(publisher: FeedPublisher, entry: Entry) -> dict[str, Any]:
    """Return the structured data of a statement's page (schema.org)."""
    published, organisation = entry.published, publisher.details.organisation
    logo = publisher.details.brand.logo
    speaker = {"@type": "Organization", "name": organisation.name}
    speaker |= _without_empty({"url": organisation.website, "logo": logo and logo.src})
    return _without_empty(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": entry.title,
            "description": summary_of(entry),
            "image": entry.picture,
            "inLanguage": entry.language,
            "datePublished": entry.date or format_time(published.began_at),
            "dateModified": format_time(published.updated_at),
            "mainEntityOfPage": publisher.page(published.slug),
            "author": speaker,
            "publisher": speaker,
            "correction": publisher.page(published.corrected_by) if published.corrected_by else "",
            "creativeWorkStatus": "Withdrawn" if published.withdrawn else "",
        }
    )
