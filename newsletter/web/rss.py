"""The archive as RSS 2.0, with the texts whole (content:encoded)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as Xml

from newsletter.web.feeds import Listed, Publisher, content_of, document, put, summary_of

_NAMESPACES = {
    "xmlns:atom": "http://www.w3.org/2005/Atom",
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
}


def rss(publisher: Publisher, entries: Sequence[Listed]) -> bytes:
    """An RSS document, newest item first."""
    root = Xml.Element("rss", {"version": "2.0", **_NAMESPACES})
    channel = Xml.SubElement(root, "channel")
    put(channel, "title", publisher.name)
    put(channel, "link", f"{publisher.public_url}/")
    put(channel, "description", f"Statements of {publisher.name}")
    newest = max((one.shown.updated_at for one in entries), default=publisher.began_at)
    put(channel, "lastBuildDate", _written(newest))
    itself = f"{publisher.public_url}/feed.rss"
    Xml.SubElement(channel, "atom:link", rel="self", type="application/rss+xml", href=itself)
    for entry in entries:
        _item(channel, publisher, entry)
    return document(root)


def _item(channel: Xml.Element, publisher: Publisher, entry: Listed) -> None:
    item = Xml.SubElement(channel, "item")
    put(item, "title", entry.title)
    put(item, "link", publisher.page(entry.shown.slug))
    put(item, "guid", publisher.id_of(entry.shown), isPermaLink="false")
    put(item, "pubDate", _written(entry.shown.began_at))
    put(item, "dc:creator", publisher.name)
    put(item, "dc:language", entry.language)
    if summary := summary_of(entry):
        put(item, "description", escape(summary, quote=False))  # readers take it for HTML
    put(item, "content:encoded", content_of(publisher, entry))


def _written(at: datetime) -> str:
    """RFC 822, in UTC, to the second."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)
