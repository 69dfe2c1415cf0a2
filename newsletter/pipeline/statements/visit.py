"""feed → item: fetch a feed, store its items, and decide which ones become statements.

No transaction is open during the call. If another process visits the feed at the same time, the
later result is dropped.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import (
    ClassifiedItems,
    ExtractedStatement,
    FeedRecord,
    FeedUnreadable,
    FetchedFeed,
    Item,
    ItemState,
    KnownItem,
    classify,
    next_visit,
)
from newsletter.domain.statements.statement import MAX_SLUG_CHARS
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:  # a workspace without feeds needs none of it
    from newsletter.sources.feeds.readers import SyndicatedFeed

_MAX_DELAY_FACTOR = 1.1
"""The largest factor in ``next_visit``. A later time comes from another clock or setting."""


@dataclass(frozen=True, kw_only=True)
class VisitResult:
    feed: str
    new_slugs: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """The slugs of statements whose item changed."""
    passed: int = 0
    """The number of new items that are too old to become statements."""
    unusable: tuple[str, ...] = ()
    """A sentence for each item that cannot become a statement, with the reason."""
    first: bool = False
    remark: str = ""
    """A new remark about the feed, for people; may be empty."""
    failure: str = ""
    """Why the feed could not be read; "" if it could."""
    has_turned: bool = False
    """The feed became readable or unreadable, or the reason changed."""

    @property
    def has_changes(self) -> bool:
        return bool(self.new_slugs or self.changed)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Visits feeds. ``share`` returns a number from 0 to 1, for ``next_visit``."""

    store: Store
    share: Callable[[], float]
    slugify: Callable[[str], str]

    def due(self, feeds: "Iterable[SyndicatedFeed]") -> "list[SyndicatedFeed]":
        with self.store.read() as tx:
            return [feed for feed in feeds if _is_due(tx.feeds.get_record(feed.name), feed, tx.now)]

    def visit(self, feed: "SyndicatedFeed") -> VisitResult:
        """Fetch a feed once and store its items."""
        with self.store.read() as tx:
            record, known = tx.feeds.get_record(feed.name), tx.feeds.list_items(feed.name)
        if record.address != feed.address:  # at a new URL all items count as old
            record = replace(record, first_at=None, bookmark="", address=feed.address)
        began = self.store.clock.now()
        try:
            fetched = feed.fetch(record.bookmark)
            groups = classify(fetched.items, known, record=record)
            revised = [item for known_item, item in groups.known if _is_revised(known_item, item)]
            items = [*revised, *groups.fresh]
            texts = dict(zip(items, feed.compose(items), strict=True)) if items else {}
        except FeedUnreadable as error:
            now, failures, why = self.store.clock.now(), record.failures + 1, str(error)
            after = replace(
                record,
                visited_at=now,
                failures=failures,
                failure=why,
                next_at=self._next(feed.every, now, failures, error.retry_after),
            )
            with self.store.begin() as tx:
                # another process may have visited the feed since
                if tx.feeds.get_record(feed.name).revision == record.revision:
                    tx.feeds.put(feed.name, after, (), now)
            return VisitResult(feed=feed.name, failure=why, has_turned=record.failure != why)
        return self._store(feed, _VisitRows(texts), record, fetched, groups, began)

    def _next(
        self, every: timedelta, now: datetime, failures: int, retry_after: timedelta | None = None
    ) -> datetime:
        share = self.share()
        return next_visit(now, every=every, failures=failures, retry_after=retry_after, share=share)

    def _store(
        self,
        feed: "SyndicatedFeed",
        rows: "_VisitRows",
        record: FeedRecord,
        fetched: FetchedFeed,
        classified: ClassifiedItems,
        began: datetime,
    ) -> VisitResult:
        rows.items += (_as_known(item, ItemState.PASSED) for item in classified.old)
        for known, item in classified.known:
            rows.add_known(known, item)
        for item in reversed(classified.fresh):  # the oldest first
            rows.take(item)
        now = self.store.clock.now()
        after = replace(
            record,
            first_at=record.first_at or began,
            visited_at=now,
            succeeded_at=began,
            next_at=self._next(feed.every, now, 0),
            bookmark=fetched.bookmark,
            failures=0,
            failure="",
            remark=record.remark
            if fetched.unchanged
            else "; ".join(filter(None, (fetched.remark, classified.remark))),
        )
        with self.store.begin() as tx:
            if tx.feeds.get_record(feed.name).revision != record.revision:
                return VisitResult(feed=feed.name)
            rows.name(tx, self.slugify)
            tx.feeds.put(feed.name, after, rows.items, now)
        return VisitResult(
            feed=feed.name,
            new_slugs=tuple(rows.new_slugs),
            changed=tuple(rows.changed),
            passed=len(classified.old),
            unusable=tuple(rows.unusable),
            first=record.first_at is None,
            remark=after.remark if after.remark != record.remark else "",
            has_turned=bool(record.failure),
        )


class _VisitRows:
    def __init__(self, texts: Mapping[Item, ExtractedStatement | InvalidInput]) -> None:
        self._texts = texts
        self.items: list[KnownItem] = []
        self.new_slugs: list[str] = []
        self.changed: list[str] = []
        self.unusable: list[str] = []
        self._unnamed: list[KnownItem] = []

    def add_known(self, known: KnownItem, item: Item) -> None:
        """Add a known item, with its new id, title and text."""
        now = replace(_as_known(item, known.state), number=known.number, slug=known.slug)
        if not _is_revised(known, item):
            self.items.append(now)
        elif known.slug:
            # if an item becomes unusable, its statement stays
            composed = self._texts[item]
            if isinstance(composed, InvalidInput):
                why = _fault_text(composed)
                self.unusable.append(f"{known.title}: {why}; its statement stays as it was")
            else:
                now = replace(now, composed=composed)
                self.changed.append(known.slug)
            self.items.append(now)
        else:
            self.take(item, now)

    def take(self, item: Item, known: KnownItem | None = None) -> None:
        """Add an item as a new statement, or as unusable. ``known`` is the stored item, if any."""
        number = known.number if known else 0  # 0: a new row
        composed = self._texts[item]
        if isinstance(composed, InvalidInput):
            why = _fault_text(composed)
            self.unusable.append(f"{item.title or item.link or item.id}: {why}")
            self.items.append(replace(_as_known(item, ItemState.UNUSABLE), number=number))
            return
        record = replace(_as_known(item, ItemState.TAKEN), number=number, composed=composed)
        self._unnamed.append(record)

    def name(self, tx: Transaction, slugify: Callable[[str], str]) -> None:
        """Give each new statement a slug that no statement and no item has or had."""
        slugs = {*tx.statements.all_slugs()} | tx.feeds.find_slugs()
        for known in self._unnamed:
            slug = _free_slug(slugify(known.title), slugs)
            slugs.add(slug)
            self.items.append(replace(known, slug=slug))
            self.new_slugs.append(slug)


def _is_due(record: FeedRecord, feed: "SyndicatedFeed", now: datetime) -> bool:
    """Return whether a visit is due: also after the clock went back or the setting changed."""
    if record.next_at is None or record.address != feed.address or record.next_at <= now:
        return True
    return not record.failures and record.next_at > now + feed.every * _MAX_DELAY_FACTOR


def _is_revised(known: KnownItem, item: Item) -> bool:
    """Return whether a known item has changed and its text is needed."""
    return known.state is not ItemState.PASSED and known.fingerprint != item.fingerprint()


def _as_known(item: Item, state: ItemState) -> KnownItem:
    return KnownItem(
        id=item.id,
        link=item.link,
        title=item.title,
        published=item.published,
        state=state,
        fingerprint=item.fingerprint(),
    )


def _fault_text(error: InvalidInput) -> str:
    return "; ".join(fault.message for fault in error.faults)


def _free_slug(slug: str, taken_slugs: set[str]) -> str:
    number, candidate = 1, slug
    while candidate in taken_slugs:
        number += 1
        end = f"-{number}"
        candidate = slug[: MAX_SLUG_CHARS - len(end)].rstrip("-") + end
    return candidate
