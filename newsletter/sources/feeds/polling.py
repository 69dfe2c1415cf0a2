"""Visit feeds: RSS, Atom and JSON Feed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from newsletter.domain.clock import Clock
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, Fetched, Item
from newsletter.sources.feeds.fetching import Fetcher, checked
from newsletter.sources.feeds.readers import SandboxReader, whatever_it_holds

_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""A header of the last answer → the header that asks for changes since."""


@dataclass(kw_only=True)
class SyndicatedFeed:
    """A feed in RSS, Atom or JSON Feed."""

    name: str
    address: str
    every: timedelta
    fetcher: Fetcher
    reader: SandboxReader
    clock: Clock
    zone: str

    def fetch(self, bookmark: str) -> Fetched:
        """Read the feed, if it changed since the bookmark."""
        with whatever_it_holds():
            kept = json.loads(bookmark) if bookmark else {}
            conditions = {_CONDITIONS[key]: value for key, value in kept.items()}
            page = self.fetcher.get(self.address, conditions)
            remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
            # without a bookmark, no changes were asked for
            if page.status == 304 and bookmark:
                return Fetched(bookmark=bookmark, unchanged=True)
            checked(page)
            listed = self.reader.feed(page)
            headers = {key: page.headers.get(key, "") for key in _CONDITIONS}
            # a value that no header field can hold would fail each visit from now on
            fit = {key: v for key, v in headers.items() if v and v.isascii() and v.isprintable()}
            return Fetched(
                items=listed.items,
                bookmark=json.dumps(fit) if fit else "",
                remark="; ".join(filter(None, (remark, listed.remark))),
            )

    def compose(self, items: Sequence[Item]) -> list[ExtractedStatement | InvalidInput]:
        """Return a statement's text of each item, or why there is none."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())
