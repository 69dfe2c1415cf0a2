"""Feeds as the pipeline visits them: one for RSS, Atom and JSON Feed, one for WordPress."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from newsletter.domain.errors import InvalidInput
from newsletter.domain.feed import Composed, Item
from newsletter.ports import Clock, Fetched
from newsletter.sources.feeds.fetching import Fetcher, Page
from newsletter.sources.feeds.listed import Reader, whatever_it_holds
from newsletter.sources.feeds.statuses import checked
from newsletter.sources.feeds.wordpress import Posts


@dataclass(frozen=True, kw_only=True)
class SyndicatedFeed:
    """RSS, Atom or JSON Feed, whichever is there."""

    name: str
    address: str
    every: timedelta
    trusted: bool
    fetcher: Fetcher
    reader: Reader
    clock: Clock
    zone: str

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Ask whether it changed since the bookmark, and read it."""
        with whatever_it_holds():
            return self._fetch(bookmark)

    def _fetch(self, bookmark: str) -> Fetched:
        page = self.fetcher.get(self.address, _conditions(bookmark))
        remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
        if page.status == 304 and bookmark:
            return Fetched(bookmark=bookmark, unchanged=True)
        checked(page)
        listed = self.reader.feed(page)
        return Fetched(
            items=listed.items,
            bookmark=_bookmark(page),
            remark="; ".join(filter(None, (remark, listed.remark))),
        )

    def compose(self, items: Sequence[Item]) -> list[Composed | InvalidInput]:
        """A statement's text of each item, or why there is none."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())


@dataclass(frozen=True, kw_only=True)
class WordPressFeed:
    """The posts of a WordPress site, or of one category of it."""

    name: str
    site: str
    category: str
    every: timedelta
    trusted: bool
    fetcher: Fetcher
    reader: Reader
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
            self._posts.append(
                Posts(
                    site=self.site,
                    category=self.category,
                    fetcher=self.fetcher,
                    reader=self.reader,
                )
            )
        with whatever_it_holds():
            return self._posts[0].fetch(bookmark, wanted)

    def compose(self, items: Sequence[Item]) -> list[Composed | InvalidInput]:
        """A statement's text of each item, or why there is none."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())


def _conditions(bookmark: str) -> dict[str, str]:
    """The headers that let a server answer that nothing has changed."""
    kept = json.loads(bookmark) if bookmark else {}
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[key]: value for key, value in kept.items()}


def _bookmark(page: Page) -> str:
    kept = {key: page.headers[key] for key in ("etag", "last-modified") if page.headers.get(key)}
    fit = {key: value for key, value in kept.items() if value.isascii() and value.isprintable()}
    return json.dumps(fit) if fit else ""
