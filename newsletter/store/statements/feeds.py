"""What is remembered of feeds and of their items."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.statements.feed import (
    ExtractedStatement,
    FeedCounts,
    FeedRecord,
    Findings,
    ItemState,
    KnownItem,
    TakenItem,
)
from newsletter.store.repository import Repository
from newsletter.store.schema import feed_tables
from newsletter.store.schema.columns import fields_of

_feed, _item = feed_tables.feed.c, feed_tables.feed_item.c
_KNOWN = fields_of(KnownItem, feed_tables.feed_item)


class Feeds(Repository):
    """What is remembered of each feed and its items, by the feed's name."""

    def record(self, feed: str) -> FeedRecord:
        """An empty one where it was never visited."""
        named = select(*fields_of(FeedRecord, feed_tables.feed)).where(_feed.name == feed)
        return self._first(FeedRecord, named) or FeedRecord()

    def items(self, feed: str) -> list[KnownItem]:
        """All that are known, in the order in which they were first seen."""
        query = select(*_KNOWN).where(_item.feed == feed).order_by(_item.number)
        return self._list(_known, query)

    def taken(self, feed: str) -> list[TakenItem]:
        query = (
            select(*_KNOWN, _item.composed.label("composed"))
            .where(_item.feed == feed, _item.slug.is_not(None))
            .order_by(_item.number)
        )
        return self._list(_taken, query)

    def counts(self, feed: str) -> FeedCounts:
        rows = self._connection.execute(
            select(_item.state, func.count().label("number"))
            .where(_item.feed == feed)
            .group_by(_item.state)
        )
        counts = {row.state: row.number for row in rows}
        taken = counts.get(ItemState.TAKEN, 0) + counts.get(ItemState.TRUSTED, 0)
        return FeedCounts(
            seen=sum(counts.values()),
            taken=taken,
            unusable=counts.get(ItemState.UNUSABLE, 0),
        )

    def slugs(self) -> set[str]:
        """Those of all items of all feeds."""
        rows = self._connection.scalars(select(_item.slug).where(_item.slug.is_not(None)))
        return {str(slug) for slug in rows}

    def put(self, feed: str, findings: Findings, at: datetime) -> None:
        values = vars(findings.record) | {"revision": findings.record.revision + 1}
        self._connection.execute(
            insert(feed_tables.feed)
            .values(name=feed, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )
        for item in findings.items:
            row = vars(item) | {"slug": item.slug or None, "changed_at": at}
            composed = findings.composed.get(item.slug)
            if not item.number:
                new = {"number": None, "feed": feed, "composed": composed, "seen_at": at}
                self._connection.execute(insert(feed_tables.feed_item).values(row | new))
                continue
            if composed is not None:
                row["composed"] = composed
            changed = update(feed_tables.feed_item).where(_item.number == item.number)
            self._connection.execute(changed.values(row))


def _known(*, slug: str | None, **values: Any) -> KnownItem:
    """No statement: no words here, and nothing in the database, where slugs are unique."""
    return KnownItem(slug=slug or "", **values)


def _taken(*, composed: ExtractedStatement, **values: Any) -> TakenItem:
    return TakenItem(composed=composed, known=KnownItem(**values))
