"""Contract: a store remembers feeds and their items."""

from dataclasses import replace
from datetime import date, timedelta

from newsletter.domain.statements.feed import ExtractedStatement, FeedRecord, ItemState, KnownItem
from newsletter.store.sql import Store
from tests.fakes import NOON

RECORD = FeedRecord(
    address="https://forum.example/feed",
    first_at=NOON - timedelta(days=2),
    visited_at=NOON,
    succeeded_at=NOON - timedelta(hours=1),
    next_at=NOON + timedelta(minutes=15),
    bookmark='{"etag": "\\"1\\""}',
    failures=3,
    failure="it is not there — “404”",
    remark="it has moved",
)
PASSED = KnownItem(
    id="tag:forum.example,2011:1",
    link="https://forum.example/1",
    title="Old “news”",
    published=NOON - timedelta(days=900),
    state=ItemState.PASSED,
    fingerprint="f1",
)
MADE = ExtractedStatement(
    title="News",
    body="It is *new*.",
    summary="New",
    date=date(2026, 11, 24),
    language="en",
    link="https://forum.example/2",
    notes=("Left out: a picture.",),
)
TAKEN = replace(PASSED, id="2", published=None, state=ItemState.TAKEN, slug="news", composed=MADE)


class FeedsContract:
    def test_a_feed_that_was_never_visited_is_known_of_nothing(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.feeds.get_record("press") == FeedRecord()
            assert tx.feeds.list_items("press") == []
            assert tx.feeds.list_statement_items("press") == []
            assert tx.feeds.count_by_state("press") == {}
            assert tx.feeds.find_slugs() == set()

    def test_a_visit_comes_back_as_it_was_put_and_has_the_next_revision(self, store: Store) -> None:
        with store.begin() as tx:
            tx.feeds.put("press", RECORD, (), NOON)
            first = tx.feeds.get_record("press")
            tx.feeds.put("press", first, (), NOON)
            second = tx.feeds.get_record("press")
        assert first == replace(RECORD, revision=1)
        assert second == replace(RECORD, revision=2)

    def test_items_keep_their_order_and_are_numbered(self, store: Store) -> None:
        with store.begin() as tx:
            tx.feeds.put("press", RECORD, [PASSED, TAKEN], NOON)
        with store.read() as tx:
            first, second = tx.feeds.list_items("press")
            assert first == replace(PASSED, number=1)
            assert second == replace(TAKEN, number=2, composed=None)
            assert tx.feeds.list_statement_items("press") == [replace(TAKEN, number=2)]
            assert tx.feeds.count_by_state("press") == {ItemState.PASSED: 1, ItemState.TAKEN: 1}
            assert tx.feeds.find_slugs() == {"news"}
            assert tx.feeds.list_items("other") == []

    def test_an_item_can_change_under_its_number_and_keeps_its_text_without_a_new_one(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.feeds.put("press", RECORD, [TAKEN], NOON)
            [known] = tx.feeds.list_items("press")
            moved = replace(known, id="other", link="https://forum.example/other")
            tx.feeds.put("press", RECORD, [moved], NOON)
            assert tx.feeds.list_statement_items("press") == [replace(moved, composed=MADE)]
            again = replace(moved, composed=replace(MADE, body="It is newer."))
            tx.feeds.put("press", RECORD, [again], NOON)
            assert tx.feeds.list_statement_items("press") == [again]

    def test_items_of_each_kind_are_counted(self, store: Store) -> None:
        states = [*ItemState, ItemState.PASSED]
        items = [
            replace(TAKEN if state is ItemState.TAKEN else PASSED, id=str(n), state=state)
            for n, state in enumerate(states)
        ]
        with store.begin() as tx:
            tx.feeds.put("press", RECORD, items, NOON)
            assert tx.feeds.count_by_state("press") == {
                ItemState.PASSED: 2,
                ItemState.TAKEN: 1,
                ItemState.UNUSABLE: 1,
            }

    def test_two_feeds_have_their_own_state_and_may_call_their_items_the_same(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            for name in ("press", "blog"):
                record = replace(RECORD, remark=name)
                tx.feeds.put(name, record, [PASSED, replace(TAKEN, slug=name)], NOON)
            for name in ("press", "blog"):
                assert tx.feeds.get_record(name).remark == name
                assert [one.slug for one in tx.feeds.list_items(name)] == ["", name]
                assert [one.slug for one in tx.feeds.list_statement_items(name)] == [name]
                assert tx.feeds.count_by_state(name)[ItemState.PASSED] == 1
