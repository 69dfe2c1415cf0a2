"""The state of feeds and of their items."""

from collections.abc import Iterable
from datetime import datetime

from newsletter.domain.statements.feed import FeedRecord, ItemState, KnownItem
from newsletter.store.database import Repository

_SELECT_ITEM = "SELECT number, id, link, title, published, state, fingerprint"


class Feeds(Repository):
    """Feeds by name, each with its state and its items."""

    def get_record(self, feed: str) -> FeedRecord:
        """Return the state of a feed, or an empty record before the first visit."""
        found = self._db.first(
            FeedRecord,
            "SELECT address, first_at, visited_at, succeeded_at, next_at, bookmark, failures,"
            " failure, remark, revision FROM feed WHERE name = :feed",
            feed=feed,
        )
        return found or FeedRecord()

    def list_items(self, feed: str) -> list[KnownItem]:
        """Return the known items, in the order in which they were first seen."""
        return self._db.all(
            KnownItem,
            f"{_SELECT_ITEM}, COALESCE(slug, '') AS slug FROM feed_item WHERE feed = :feed"
            " ORDER BY number",
            feed=feed,
        )

    def list_statement_items(self, feed: str) -> list[KnownItem]:
        """Return the items that became statements, with their texts, in the same order."""
        return self._db.all(
            KnownItem,
            f"{_SELECT_ITEM}, slug, document AS composed FROM feed_item"
            " WHERE feed = :feed AND slug IS NOT NULL ORDER BY number",
            feed=feed,
        )

    def count_by_state(self, feed: str) -> dict[ItemState, int]:
        """Return state → number of items; a state without items is left out."""
        rows = self._db.rows(
            "SELECT state, COUNT(*) FROM feed_item WHERE feed = :feed GROUP BY state", feed=feed
        )
        return {ItemState(state): count for state, count in rows}

    def find_slugs(self) -> set[str]:
        return set(self._db.column("SELECT slug FROM feed_item WHERE slug IS NOT NULL"))

    def put(self, feed: str, record: FeedRecord, items: Iterable[KnownItem], at: datetime) -> None:
        """Store the result of a visit. Items with the number 0 are added, others updated."""
        self._db.put("feed", "name", name=feed, **vars(record) | {"revision": record.revision + 1})
        for item in items:
            values = {**vars(item), "slug": item.slug or None, "changed_at": at}
            del values["number"]
            if composed := values.pop("composed"):  # else the stored text stays
                values["document"] = composed
            if item.number:
                self._db.update("feed_item", {"number": item.number}, **values)
            else:
                self._db.insert("feed_item", feed=feed, seen_at=at, **{"document": "", **values})
