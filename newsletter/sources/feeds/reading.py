"""Reads what feeds answer and the texts in it.

``python -m newsletter.sources.feeds.reading`` is the process that does so apart from all else.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from newsletter.documents import sandbox
from newsletter.documents.release.imported import unusable
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.sources.feeds import jsonfeed, syndication
from newsletter.sources.feeds import visiting as wordpress
from newsletter.sources.feeds.composing import compose
from newsletter.sources.feeds.fetching import Page
from newsletter.sources.feeds.listed import (
    Listed,
    Text,
    item_of,
    plain_listed,
    plain_text,
    whatever_it_holds,
)
from newsletter.sources.feeds.markup import decoded, tree


class Here:
    """Reads in this process. It cannot be cut off."""

    def feed(self, page: Page) -> Listed:
        """RSS, Atom or JSON Feed, whichever is there. Raises FeedUnreadable."""
        with whatever_it_holds():
            kind = page.headers.get("content-type", "")
            if page.body.lstrip()[:1] == b"{":
                text, remark = decoded(page.body, kind)
                items = jsonfeed.items_of(text, page.url)
            else:
                root, remark = tree(page.body, kind)
                items = syndication.items_of(root, page.url)
            return Listed(items=tuple(items), remark=remark, count=len(items))

    def posts(self, page: Page, site: str) -> Listed:
        """A page of WordPress posts. Raises FeedUnreadable."""
        with whatever_it_holds():
            return wordpress.posts_of(page.body, site)

    def category(self, page: Page) -> int | None:
        """The number of the category that WordPress found. Raises FeedUnreadable."""
        with whatever_it_holds():
            return wordpress.category_of(page.body)

    def compose(self, items: Sequence[Item], *, zone: str, now: datetime) -> list[Text]:
        """A statement's text of each item."""
        return [_composed(item, zone, now) for item in items]


def _composed(item: Item, zone: str, now: datetime) -> Text:
    try:
        return compose(item, zone=zone, now=now)
    except InvalidInput as error:
        return error
    except Exception as error:
        what = f"holds something that this program stumbles over ({type(error).__name__})"
        return unusable(item.link or item.id, f"{what}; please report it")


def handle(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    """What the process in the sandbox is asked to read."""
    here = Here()
    if said["read"] == "compose":
        now = datetime.fromisoformat(said["now"])
        for one in json.loads(body):
            [text] = here.compose([item_of(one)], zone=said["zone"], now=now)
            yield plain_text(text)
        return
    page = Page(status=200, headers=said["headers"], body=body, url=said["url"])
    try:
        yield _read(here, page, said)
    except FeedUnreadable as error:
        yield {"unreadable": str(error)}


def _read(here: Here, page: Page, said: Mapping[str, Any]) -> dict[str, Any]:
    match said["read"]:
        case "category":
            return {"category": here.category(page)}
        case "posts":
            return plain_listed(here.posts(page, said["site"]))
        case _:
            return plain_listed(here.feed(page))


if __name__ == "__main__":
    sandbox.work(handle)
