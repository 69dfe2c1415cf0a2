"""JSON Feed (1.0 and 1.1), to its items."""

import json
from typing import Any

from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.sources.feeds.markup import address, clean, instant, language, plain
from newsletter.sources.feeds.syndication import bounded, made_up_id

_VERSION = "https://jsonfeed.org/version/"


def values_of(text: str) -> Any:
    """What JSON says. Raises FeedUnreadable."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedUnreadable(
            "it is not well-formed JSON, or its end is missing; it is tried again, and its keeper"
            " may mend it"
        ) from error


def items_of(text: str, url: str) -> list[Item]:
    """The items of a feed that came from ``url``. Raises FeedUnreadable."""
    feed = values_of(text)
    version = feed.get("version") if isinstance(feed, dict) else None
    if not (isinstance(version, str) and version.startswith(_VERSION)):
        raise FeedUnreadable("it is JSON and no JSON Feed; correct its url")
    items = feed.get("items")
    spoken = _words(feed, "language")
    if not isinstance(items, list):
        raise FeedUnreadable("it has no list of items; its keeper may mend it")
    return [_item(one, spoken, url) for one in bounded(items) if isinstance(one, dict)]


def _item(item: dict[str, Any], spoken: str, url: str) -> Item:
    link = address(url, _words(item, "url") or _words(item, "external_url"))
    title = plain(_words(item, "title"))
    published = instant(_words(item, "date_published")) or instant(_words(item, "date_modified"))
    rich, simple = _words(item, "content_html"), _words(item, "content_text")
    summary = _words(item, "summary")
    content = rich or simple or summary
    return Item(
        id=_id(item) or link or made_up_id(title, published),
        title=title,
        link=link,
        published=published,
        content=content,
        markup=bool(rich),
        whole=bool(rich or simple),
        summary=plain(summary) if rich or simple else "",
        language=language(_words(item, "language")) or language(spoken),
        base=link or url,
    )


def _id(item: dict[str, Any]) -> str:
    """Should be text; some feeds write a number."""
    value = item.get("id")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return clean(value) if isinstance(value, str) else ""


def _words(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return clean(value).strip() if isinstance(value, str) else ""
