"""Feeds as the pipeline visits them: one for RSS, Atom and JSON Feed, one for WordPress."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from newsletter.domain.errors import InvalidInput
from newsletter.domain.feed import Composed, Item
from newsletter.ports import Clock, FeedUnreadable, Fetched
from newsletter.sources.feeds import jsonfeed, syndication
from newsletter.sources.feeds.composing import compose
from newsletter.sources.feeds.fetching import Fetcher, Page
from newsletter.sources.feeds.markup import decoded, tree
from newsletter.sources.feeds.statuses import checked
from newsletter.sources.feeds.wordpress import Posts
from newsletter.sources.imported import unusable


@dataclass(frozen=True, kw_only=True)
class SyndicatedFeed:
    """RSS, Atom or JSON Feed, whichever is there."""

    name: str
    address: str
    every: timedelta
    trusted: bool
    fetcher: Fetcher
    clock: Clock
    zone: str

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Ask whether it changed since the bookmark, and read it."""
        with _whatever_it_holds():
            return self._fetch(bookmark)

    def _fetch(self, bookmark: str) -> Fetched:
        page = self.fetcher.get(self.address, _conditions(bookmark))
        remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
        if page.status == 304 and bookmark:
            return Fetched(bookmark=bookmark, unchanged=True)
        checked(page)
        items, said = _items(page)
        return Fetched(
            items=tuple(items),
            bookmark=_bookmark(page),
            remark="; ".join(filter(None, (remark, said))),
        )

    def compose(self, item: Item) -> Composed:
        """A statement's text of it. Raises InvalidInput."""
        return _composed(item, self.zone, self.clock)


@dataclass(frozen=True, kw_only=True)
class WordPressFeed:
    """The posts of a WordPress site, or of one category of it."""

    name: str
    site: str
    category: str
    every: timedelta
    trusted: bool
    fetcher: Fetcher
    clock: Clock
    zone: str
    _posts: list[Posts] = field(default_factory=list, init=False, repr=False)

    @property
    def address(self) -> str:
        """Another category is another feed: what is in it already is old."""
        return f"{self.site} ({self.category})" if self.category else self.site

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Ask for what changed since the bookmark, or for these posts."""
        if not self._posts:
            category, fetcher = self.category, self.fetcher
            self._posts.append(Posts(site=self.site, category=category, fetcher=fetcher))
        with _whatever_it_holds():
            return self._posts[0].fetch(bookmark, wanted)

    def compose(self, item: Item) -> Composed:
        """A statement's text of it. Raises InvalidInput."""
        return _composed(item, self.zone, self.clock)


@contextmanager
def _whatever_it_holds() -> Iterator[None]:
    """A feed is of strangers' making: what nobody foresaw in it must not stop all sending."""
    try:
        yield
    except FeedUnreadable:
        raise
    except Exception as error:
        what = f"it holds something that this program stumbles over ({type(error).__name__})"
        raise FeedUnreadable(f"{what}; please report it with its url") from error


def _composed(item: Item, zone: str, clock: Clock) -> Composed:
    try:
        return compose(item, zone=zone, now=clock.now())
    except InvalidInput:
        raise
    except Exception as error:
        what = f"holds something that this program stumbles over ({type(error).__name__})"
        raise unusable(item.link or item.id, f"{what}; please report it") from error


def _conditions(bookmark: str) -> dict[str, str]:
    """The headers that let a server answer that nothing has changed."""
    kept = json.loads(bookmark) if bookmark else {}
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[key]: value for key, value in kept.items()}


def _bookmark(page: Page) -> str:
    kept = {key: page.headers[key] for key in ("etag", "last-modified") if page.headers.get(key)}
    fit = {key: value for key, value in kept.items() if value.isascii() and value.isprintable()}
    return json.dumps(fit) if fit else ""


def _items(page: Page) -> tuple[list[Item], str]:
    kind = page.headers.get("content-type", "")
    if page.body.lstrip()[:1] == b"{":
        text, remark = decoded(page.body, kind)
        return jsonfeed.items_of(text, page.url), remark
    root, remark = tree(page.body, kind)
    return syndication.items_of(root, page.url), remark
