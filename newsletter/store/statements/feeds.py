"""What is remembered of feeds and of their items."""

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, func, select, update
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
from newsletter.store.schema import arrivals
from newsletter.store.schema.columns import maybe_from_ms, to_ms

_feed, _item = arrivals.feed.c, arrivals.feed_item.c
_KNOWN = (
    _item.number,
    _item.id,
    _item.link,
    _item.title,
    _item.published,
    _item.state,
    _item.fingerprint,
    _item.slug,
    _item.note,
)


@cache  # not at the import: building takes milliseconds
def _as_composed() -> TypeAdapter[ExtractedStatement]:
    return TypeAdapter(ExtractedStatement)


class Feeds:
    """What is remembered of each feed and its items, by the feed's name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, feed: str) -> FeedRecord:
        """An empty one where it was never visited."""
        row = self._connection.execute(
            select(arrivals.feed).where(_feed.name == feed)
        ).one_or_none()
        if row is None:
            return FeedRecord()
        return FeedRecord(
            address=row.address,
            first_at=maybe_from_ms(row.first_at),
            visited_at=maybe_from_ms(row.visited_at),
            succeeded_at=maybe_from_ms(row.succeeded_at),
            next_at=maybe_from_ms(row.next_at),
            bookmark=row.bookmark,
            failures=row.failures,
            failure=row.failure,
            remark=row.remark,
            revision=row.revision,
        )

    def items(self, feed: str) -> list[KnownItem]:
        """All that are known, in the order in which they were first seen."""
        rows = self._connection.execute(
            select(*_KNOWN).where(_item.feed == feed).order_by(_item.number)
        )
        return [_known(row) for row in rows]

    def taken(self, feed: str) -> list[TakenItem]:
        rows = self._connection.execute(
            select(*_KNOWN, _item.document)
            .where(_item.feed == feed, _item.slug.is_not(None))
            .order_by(_item.number)
        )
        return [
            TakenItem(known=_known(row), composed=_as_composed().validate_json(row.document))
            for row in rows
        ]

    def counts(self, feed: str) -> FeedCounts:
        rows = self._connection.execute(
            select(_item.state, func.count().label("number"))
            .where(_item.feed == feed)
            .group_by(_item.state)
        )
        counts = {ItemState(row.state): row.number for row in rows}
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
        record = findings.record
        values = {
            "address": record.address,
            "first_at": _maybe_ms(record.first_at),
            "visited_at": _maybe_ms(record.visited_at),
            "succeeded_at": _maybe_ms(record.succeeded_at),
            "next_at": _maybe_ms(record.next_at),
            "bookmark": record.bookmark,
            "failures": record.failures,
            "failure": record.failure,
            "remark": record.remark,
            "revision": record.revision + 1,
        }
        self._connection.execute(
            insert(arrivals.feed)
            .values(name=feed, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )
        now = to_ms(at)
        documents = {
            slug: _as_composed().dump_json(composed).decode()
            for slug, composed in findings.composed.items()
        }
        new = [
            _row(one)
            | {"feed": feed, "document": documents.get(one.slug, ""), "seen_at": now}
            | {"changed_at": now}
            for one in findings.items
            if not one.number
        ]
        if new:
            self._connection.execute(insert(arrivals.feed_item), new)
        for item in findings.items:
            if item.number:
                changed: dict[str, Any] = _row(item) | {"changed_at": now}
                if item.slug in documents:
                    changed["document"] = documents[item.slug]
                self._connection.execute(
                    update(arrivals.feed_item).where(_item.number == item.number).values(changed)
                )


def _row(one: KnownItem) -> dict[str, Any]:
    return {
        "id": one.id,
        "link": one.link,
        "title": one.title,
        "published": _maybe_ms(one.published),
        "state": one.state.value,
        "fingerprint": one.fingerprint,
        "slug": one.slug or None,
        "note": one.note,
    }


def _known(row: Any) -> KnownItem:
    return KnownItem(
        number=row.number,
        id=row.id,
        link=row.link,
        title=row.title,
        published=maybe_from_ms(row.published),
        state=ItemState(row.state),
        fingerprint=row.fingerprint,
        slug=row.slug or "",
        note=row.note,
    )


def _maybe_ms(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)
