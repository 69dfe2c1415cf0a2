"""Reads feeds in a sandbox."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from newsletter.documents.release.imported import unusable
from newsletter.documents.sandbox import CALL_TIMEOUT, FEED_GATE, CutOff, MachineBusy, ask
from newsletter.domain.clock import Clock
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, FetchedFeed, Item
from newsletter.sources.feeds.fetching import Fetcher, Page, require_ok

ItemText = ExtractedStatement | InvalidInput
"""The text of an item, or why there is none."""


@contextmanager
def errors_as_unreadable() -> Iterator[None]:
    """Turn any error into FeedUnreadable, so that a faulty feed does not stop sending."""
    try:
        yield
    except FeedUnreadable:
        raise
    except Exception as error:
        what = f"it holds something that this program stumbles over ({type(error).__name__})"
        raise FeedUnreadable(f"{what}; please report it with its url") from error


_READING_MODULE = "newsletter.sources.feeds.reading"
_MAX_CUT_OFF = 3
"""The texts that may take too long in one visit; the texts after them are skipped."""


@dataclass(frozen=True, kw_only=True)
class SandboxReader:
    """Reads feeds in a sandbox."""

    module: str = _READING_MODULE
    ask: Callable[..., list[Any]] = ask

    def feed(self, page: Page) -> FetchedFeed:
        """Read RSS, Atom or JSON Feed. Raises FeedUnreadable."""
        headers = {name: page.headers[name] for name in ("content-type",) if name in page.headers}
        try:
            [answer] = self._ask("read_page", {"page": replace(page, headers=headers)}, FetchedFeed)
        except MachineBusy as error:
            raise FeedUnreadable(f"its answer was not read: {error}; it is tried again") from error
        except CutOff as error:
            raise FeedUnreadable(
                f"its answer was cut off: {error}; ask for a feed of the newest items alone, or"
                " look at what it holds"
            ) from error
        if isinstance(answer, InvalidInput):
            raise FeedUnreadable(answer.faults[0].message)
        fetched: FetchedFeed = answer
        return fetched

    def compose(self, items: Sequence[Item], *, zone: str, now: datetime) -> list[ItemText]:
        """Return a statement's text for each item, or why there is none, such as a time-out.

        Raises FeedUnreadable if the sandbox cannot be started now.
        """
        texts: list[ItemText] = []
        cut_off = 0
        while (remaining := items[len(texts) :]) and cut_off < _MAX_CUT_OFF:
            try:
                arguments = {"items": remaining, "zone": zone, "now": now}
                texts += self._ask("compose_all", arguments, ExtractedStatement)
            except MachineBusy as error:
                raise FeedUnreadable(
                    f"its texts were not read: {error}; it is tried again"
                ) from error
            except CutOff as error:
                texts += error.read
                if not error.read:  # the first text had the whole time
                    texts.append(_left_out(remaining[0], str(error)))
                    cut_off += 1
        why = "it was not read, since others before it could not be"
        return [*texts, *(_left_out(item, why) for item in items[len(texts) :])]

    def _ask(self, name: str, arguments: Mapping[str, Any], kind: Any) -> list[Any]:
        reader = f"{self.module}:{name}"
        return self.ask(reader, arguments, answer=kind, timeout=CALL_TIMEOUT, gate=FEED_GATE)


def _left_out(item: Item, reason: str) -> ItemText:
    return unusable(item.link or item.id, f"{reason}; write it as a statement by hand")


_CONDITION_HEADERS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Response header → the request header of a conditional request."""


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

    def fetch(self, bookmark: str) -> FetchedFeed:
        """Fetch and read the feed, unless it is unchanged since the bookmark.

        Raises FeedUnreadable for any error.
        """
        with errors_as_unreadable():
            state = json.loads(bookmark) if bookmark else {}
            conditions = {_CONDITION_HEADERS[key]: value for key, value in state.items()}
            page = self.fetcher.get(self.address, conditions)
            remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
            # without a bookmark the request was not conditional
            if page.status == 304 and bookmark:
                return FetchedFeed(bookmark=bookmark, unchanged=True)
            require_ok(page)
            read = self.reader.feed(page)
            pairs = [(key, page.headers.get(key, "")) for key in _CONDITION_HEADERS]
            # a value that no request header can have would break each later visit
            usable = {key: to for key, to in pairs if to and to.isascii() and to.isprintable()}
            return FetchedFeed(
                items=read.items,
                bookmark=json.dumps(usable) if usable else "",
                remark="; ".join(filter(None, (remark, read.remark))),
            )

    def compose(self, items: Sequence[Item]) -> list[ItemText]:
        """Return a statement's text for each item, or why there is none. Raises FeedUnreadable."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())
