"""From feeds to items: drafts for the new ones, and never a backlog."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.feed import (
    ExtractedStatement,
    FeedRecord,
    FeedUnreadable,
    FetchedFeed,
    Item,
    ItemState,
)
from newsletter.domain.statements.statement import UNREADABLE
from newsletter.pipeline.statements.ingest import FeedSource
from newsletter.pipeline.statements.visit import Visitor, VisitResult
from newsletter.sources.statements import slugify
from tests.fakes import NOON, FixedClock
from tests.rows import rows
from tests.unit.pipeline.newsroom import Newsroom

EVERY = timedelta(minutes=15)


@dataclass
class ListedFeed:
    """A feed in a list. An item whose text says ``unusable`` cannot be used."""

    name: str = "press"
    address: str = "https://forum.example/feed"
    every: timedelta = EVERY
    items: list[Item] = field(default_factory=list)
    remark: str = ""
    broken: FeedUnreadable | None = None
    short: FeedUnreadable | None = None
    """Why no text can be made just now."""
    unchanged: bool = False
    asked: list[str] = field(default_factory=list)

    def fetch(self, bookmark: str) -> FetchedFeed:
        self.asked.append(bookmark)
        if self.broken:
            raise self.broken
        if self.unchanged:
            return FetchedFeed(bookmark=bookmark, unchanged=True)
        return FetchedFeed(
            items=tuple(self.items), bookmark=f"b{len(self.asked)}", remark=self.remark
        )

    def compose(self, items: Sequence[Item]) -> list[ExtractedStatement | InvalidInput]:
        if self.short:
            raise self.short
        return [self._composed(item) for item in items]

    def _composed(self, item: Item) -> ExtractedStatement | InvalidInput:
        if "unusable" in item.content:
            return InvalidInput([Fault(file=item.link, message="has no text; write it")])
        return ExtractedStatement(
            title=item.title,
            body=item.content,
            link=item.link,
            language=item.language,
            notes=("look",),
        )


@dataclass(kw_only=True)
class Desk:
    """A newsroom that gets its statements from a feed."""

    room: Newsroom
    clock: FixedClock
    feed: ListedFeed = field(default_factory=ListedFeed)

    @property
    def visitor(self) -> Visitor:
        store = self.room.store
        return Visitor(store=store, share=lambda: 0.0, slugify=slugify)

    def visit(self) -> VisitResult:
        self.clock.advance(minutes=15)
        return self.visitor.visit(self.feed)

    def publish(self, name: str, content: str = "It is new.", **fields: object) -> Item:
        at = self.clock.now() + timedelta(minutes=10)
        link = f"https://forum.example/{name}"
        given = {"title": f"On {name}", "published": at, "link": link} | fields
        item = Item(id=name, content=content, **given)  # type: ignore[arg-type]
        self.feed.items.insert(0, item)
        return item

    def revise(self, **fields: object) -> None:
        self.feed.items[0] = replace(self.feed.items[0], **fields)  # type: ignore[arg-type]

    def states(self) -> dict[str, ItemState]:
        with self.room.store.read() as tx:
            return {one.id: one.state for one in tx.feeds.list_items(self.feed.name)}

    def record(self) -> FeedRecord:
        with self.room.store.read() as tx:
            return tx.feeds.get_record(self.feed.name)

    def source(self) -> FeedSource:
        return FeedSource(
            feed=self.feed.name,
            address=self.feed.address,
            store=self.room.store,
            lists=("press",),
            language="en",
        )


@pytest.fixture
def desk(room: Newsroom, clock: FixedClock) -> Desk:
    """A feed with one old item, visited once."""
    desk = Desk(room=room, clock=clock)
    desk.publish("old")
    assert desk.visit().first
    return desk


@rows(["own", "named", "language"], [("de", "es", "de"), ("", "es", "es"), ("", "", "en")])
def test_an_item_is_in_the_language_of_its_feed_or_its_own(
    desk: Desk, own: str, named: str, language: str
) -> None:
    desk.publish("news", language=named)
    desk.visit()
    [statement] = replace(desk.source(), own_language=own).read().statements
    assert statement.language == language


def test_a_damaged_item_is_a_fault_and_stops_no_other(desk: Desk) -> None:
    lost = desk.publish("lost")
    desk.publish("sound")
    desk.visit()
    with desk.room.store.begin() as tx:
        assert tx.db.change("UPDATE feed_item SET document = '{' WHERE link = :it", it=lost.link)
    reading = desk.source().read()
    assert [one.title for one in reading.statements] == ["On sound"]
    assert [(one.file, one.message) for one in reading.faults] == [(lost.link, UNREADABLE)]


def test_what_could_not_be_read_just_now_is_taken_at_the_next_visit(desk: Desk) -> None:
    desk.publish("news")
    desk.feed.short = FeedUnreadable("no process could be started")
    seen = desk.visit()
    assert (seen.failure, seen.new_slugs) == ("no process could be started", ())
    desk.feed.short = None
    assert desk.visit().new_slugs == ("on-news",)


def test_the_mark_of_a_feed_changes_with_what_it_brought(desk: Desk) -> None:
    before = desk.source().fingerprint()
    assert desk.source().fingerprint() == before
    desk.publish("news")
    desk.visit()
    assert desk.source().fingerprint() != before


def test_the_first_visit_passes_everything_over(desk: Desk) -> None:
    assert desk.states() == {"old": ItemState.PASSED}
    assert desk.source().read().statements == ()
    assert desk.record().first_at == NOON + EVERY


def test_a_new_item_waits_for_approval_with_its_notes(desk: Desk) -> None:
    desk.publish("news")
    seen = desk.visit()
    assert (seen.new_slugs, seen.has_changes, seen.first, seen.passed) == (
        ("on-news",),
        True,
        False,
        0,
    )
    [statement] = desk.source().read().statements
    assert (statement.slug, statement.body, statement.lists) == (
        "on-news",
        "It is new.",
        ("press",),
    )
    assert (statement.feed, statement.notes) == ("press", ("look",))
    assert (statement.progress.value, statement.approved_by) == ("review", ())
    assert statement.origin == "https://forum.example/news"


def test_items_are_taken_in_the_order_in_which_they_came_out(desk: Desk) -> None:
    desk.publish("first")
    desk.publish("second")
    assert desk.visit().new_slugs == ("on-first", "on-second")


def test_an_item_older_than_the_first_visit_is_passed_over(desk: Desk) -> None:
    desk.publish("older", published=NOON - timedelta(days=1))
    seen = desk.visit()
    assert (seen.new_slugs, seen.passed, seen.has_changes) == ((), 1, False)
    assert desk.states()["older"] is ItemState.PASSED


def test_a_changed_item_changes_its_statement(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.revise(content="It is newer.")
    seen = desk.visit()
    assert (seen.new_slugs, seen.changed) == ((), ("on-news",))
    [statement] = desk.source().read().statements
    assert statement.body == "It is newer."
    assert not desk.visit().has_changes


def test_an_item_under_another_id_is_the_same_one(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.revise(id="https://new.example/?p=7")
    seen = desk.visit()
    assert (seen.new_slugs, seen.changed) == ((), ())
    assert desk.states() == {"old": ItemState.PASSED, "https://new.example/?p=7": ItemState.TAKEN}


def test_what_is_not_listed_any_more_stays_as_it_is(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.feed.items.clear()
    desk.visit()
    source = desk.source()
    assert len(source.read().statements) == 1
    assert source.read() is source.read()


def test_slugs_are_never_given_twice(desk: Desk, room: Newsroom) -> None:
    room.write_and_look(slug="on-news")
    desk.publish("a", title="On news")
    desk.publish("b", title="On news")
    desk.publish("c", title=f"On {'a' * 90}")
    desk.publish("d", title=f"On {'a' * 90}")
    taken = desk.visit().new_slugs
    assert taken[:2] == ("on-news-2", "on-news-3")
    assert len(set(taken)) == 4
    assert all(len(slug) <= 80 for slug in taken)


def test_an_item_that_cannot_be_used_is_told_of_and_taken_once_it_can(desk: Desk) -> None:
    desk.publish("news", "unusable")
    seen = desk.visit()
    assert seen.unusable == ("On news: has no text; write it",)
    assert (seen.new_slugs, desk.states()["news"]) == ((), ItemState.UNUSABLE)
    assert desk.visit().unusable == ()
    desk.revise(content="It is there now.")
    assert desk.visit().new_slugs == ("on-news",)


def test_a_statement_stays_as_it_was_when_its_item_cannot_be_used_any_more(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.revise(content="unusable")
    seen = desk.visit()
    assert seen.unusable == ("On news: has no text; write it; its statement stays as it was",)
    assert desk.source().read().statements[0].body == "It is new."
    assert desk.visit().unusable == ()


def test_a_failure_is_told_once_and_hides_nothing(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.feed.broken = FeedUnreadable("it is not there (HTTP 404)")
    first, second = desk.visit(), desk.visit()
    assert (first.failure, first.has_turned, second.has_turned) == (
        "it is not there (HTTP 404)",
        True,
        False,
    )
    assert (desk.record().failures, desk.record().failure) == (2, "it is not there (HTTP 404)")
    assert len(desk.source().read().statements) == 1
    desk.feed.broken = None
    back = desk.visit()
    assert (back.failure, back.has_turned, back.has_changes) == ("", True, False)
    assert (desk.record().failures, desk.record().failure) == (0, "")


def test_a_feed_is_visited_when_its_time_has_come(desk: Desk) -> None:
    feeds = [desk.feed, ListedFeed(name="other")]
    assert [one.name for one in desk.visitor.due(feeds)] == ["other"]
    desk.clock.advance(minutes=15)
    assert desk.visitor.due([desk.feed]) == [desk.feed]


def test_a_server_that_asks_to_be_left_alone_is(desk: Desk) -> None:
    desk.feed.broken = FeedUnreadable("busy", retry_after=timedelta(hours=2))
    desk.visit()
    desk.clock.advance(minutes=119)
    assert desk.visitor.due([desk.feed]) == []
    desk.clock.advance(minutes=1)
    assert desk.visitor.due([desk.feed]) == [desk.feed]


def test_a_shorter_interval_and_a_clock_put_back_take_effect_at_once(desk: Desk) -> None:
    desk.feed.every = timedelta(minutes=5)
    assert desk.visitor.due([desk.feed]) == [desk.feed]
    desk.feed.every = EVERY
    assert desk.visitor.due([desk.feed]) == []
    desk.clock.advance(hours=-3)
    assert desk.visitor.due([desk.feed]) == [desk.feed]


def test_the_bookmark_is_handed_in_at_the_next_visit(desk: Desk) -> None:
    desk.feed.remark = "it has moved"
    assert desk.visit().remark == "it has moved"
    assert desk.visit().remark == ""
    desk.feed.unchanged = True
    assert not desk.visit().has_changes
    assert desk.feed.asked == ["", "b1", "b2", "b3"]
    assert (desk.record().bookmark, desk.record().remark) == ("b3", "it has moved")


def test_behind_another_address_all_that_is_there_is_old(desk: Desk) -> None:
    desk.publish("news")
    desk.visit()
    desk.feed.address = "https://other.example/feed"
    assert desk.visitor.due([desk.feed]) == [desk.feed]
    desk.feed.items.clear()
    desk.publish("there")
    seen = desk.visit()
    assert (seen.first, seen.passed, seen.new_slugs) == (True, 1, ())
    assert desk.feed.asked[-1] == ""
    assert len(desk.source().read().statements) == 1


@pytest.mark.parametrize("broken", [None, FeedUnreadable("gone")])
def test_whoever_comes_after_somebody_else_books_nothing(
    desk: Desk, broken: FeedUnreadable | None
) -> None:
    desk.publish("news")
    fetch = desk.feed.fetch

    def meanwhile(bookmark: str) -> FetchedFeed:
        with desk.room.store.begin() as tx:
            tx.feeds.put("press", tx.feeds.get_record("press"), (), NOON)
        return fetch(bookmark)

    desk.feed.broken = broken
    desk.feed.fetch = meanwhile  # type: ignore[method-assign]
    assert not desk.visit().has_changes
    assert desk.states() == {"old": ItemState.PASSED}
    assert desk.record().failures == 0
