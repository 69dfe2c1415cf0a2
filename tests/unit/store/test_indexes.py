"""Frequent queries use an index: no table that grows is read to its end."""

import re
from collections.abc import Callable

from newsletter.domain.campaigns.notices import MAX_EVENT_AGE, NoticeEvent, NoticeKind
from newsletter.domain.events import Event, EventKind
from newsletter.domain.subscribers.audience import Audience, Entry
from newsletter.domain.subscribers.search import SubscriberSearch, SubscriberState
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.notices import Mark
from newsletter.store.subscribers.importing import pack
from newsletter.store.subscribers.readers import Readers
from tests.contracts.books import Books
from tests.counting import Anything, counted
from tests.fakes import NOON, WORKSPACE, hash_address
from tests.rows import rows

GROWS = (
    r"SCAN (campaign|batch|statement|approval|audit|changed_statement|draft|version|picture"
    r"|notice\b|counted_link)(?! USING)"
)
OVER = NoticeEvent(NoticeKind.STARTED, "1", NOON - MAX_EVENT_AGE, ())
STRANGER = Event(
    id="e", kind=EventKind.DELIVERED, at=NOON, address="reader2@example.org", campaign="news"
)


def _status_of_some(tx: Transaction) -> None:
    tx.db.list_together(["news", "other"])
    tx.approvals.list_for("news")
    tx.change_requests.list_for("news")
    tx.schedules.get("news")
    tx.starts.list_for("news")
    tx.campaigns.find_latest("news")
    tx.campaigns.find_begun_correction("news")
    tx.statements.content_since("news")


QUESTIONS: dict[str, Callable[[Transaction], object]] = {
    "where a counted link leads": lambda tx: tx.counted_links.find_target("a" * 16, 1),
    "what an email counted": lambda tx: tx.counted_links.list_for("a" * 16),
    "what is due": lambda tx: tx.campaigns.list_scheduled(until=NOON),
    "what is open": lambda tx: tx.campaigns.list_open(),
    "the ids of what is sending": lambda tx: tx.campaigns.find_sending_ids(),
    "the fallback_providers of what is sending": lambda tx: tx.campaigns.find_fallback_providers(),
    "what began since": lambda tx: tx.campaigns.list_begun(NOON),
    "what began last": lambda tx: tx.campaigns.list_last_begun(9),
    "what corrects each other": lambda tx: tx.campaigns.find_related(["news"]),
    "the translations": lambda tx: tx.campaigns.find_translation_slugs(["news"]),
    "translations": lambda tx: tx.campaigns.list_translations("news"),
    "translations that are there": lambda tx: tx.statements.find_translations("news"),
    "what changed": lambda tx: tx.statements.changed_since(0),
    "some statements": lambda tx: tx.statements.find(["news"]),
    "a text at the desk": lambda tx: tx.drafts.get("a" * 16),
    "the text of a statement": lambda tx: tx.drafts.find_by_slug("news"),
    "the versions of a text": lambda tx: tx.drafts.list_versions("a" * 16, 9),
    "some of what was submitted": lambda tx: tx.drafts.list_submitted(["news"]),
    "texts that nobody handed in": lambda tx: tx.board.list_unsubmitted(limit=9),
    "what somebody typed aside": lambda tx: tx.drafts.find_conflicting("a" * 16, "ana"),
    "the versions of templates": lambda tx: tx.drafts.list_template_versions(NOON),
    "the templates": lambda tx: tx.drafts.list_templates(),
    "the pictures of a text": lambda tx: tx.pictures.list_for("a" * 16),
    "a page of the archive": lambda tx: tx.campaigns.list_published(skip=0, limit=9),
    "the status of some": _status_of_some,
    "what leaves first": lambda tx: tx.campaigns.list_scheduled(limit=5),
    "what was cancelled and is unknown": lambda tx: tx.campaigns.list_undecided(9),
    "what notices are due": lambda tx: tx.notices.find_changed(Mark(), NOON, 9),
    "what was noticed of one": lambda tx: tx.notices.add("news", [OVER], NOON),
    "what ended last": lambda tx: tx.campaigns.list_last_ended(3),
    "the log about one": lambda tx: tx.audit.about("news", limit=9),
    "comments on one": lambda tx: tx.comments.list_for("news", 9),
    "the campaigns of what is unknown": lambda tx: tx.unknowns.campaigns(),
    "whom an event speaks of": lambda tx: tx.events.locate(
        [STRANGER], provider="outbox", workspace=WORKSPACE
    ),
}


@rows("ask", QUESTIONS.values())
def test_no_table_that_grows_is_read_to_its_end(
    store: Store, ask: Callable[[Transaction], object]
) -> None:
    Books(store, 3, slug="news")
    with store.read() as tx:
        with counted() as statements:
            ask(tx)
        for statement in statements:
            rows = explained(tx, statement)
            steps = [str(row[-1]) for row in rows]
            assert not [step for step in steps if re.match(GROWS, step)], (statement, steps)


def test_the_batches_that_are_done_are_not_read_for_an_outage(store: Store) -> None:
    number = Books(store, 3, slug="news").id
    with store.read() as tx, counted() as statements:
        tx.batches.find_outage(number)
        tx.batches.find_later_readers(number, NOON)
        plans = [str(explained(tx, statement)) for statement in statements]
    assert all("ix_batch_open" in plan for plan in plans), plans


def test_an_event_without_an_attempt_sorts_no_batches(store: Store) -> None:
    Books(store, 3, slug="news")
    with store.read() as tx:
        with counted() as statements:
            tx.events.locate([STRANGER], provider="outbox", workspace=WORKSPACE)
        rows = explained(tx, statements[-1])
    assert "ix_batch_members" in str(rows)
    assert "TEMP B-TREE" not in str(rows)


def test_readers_of_one_import_are_not_all_visited_for_the_suppressed(store: Store) -> None:
    with store.begin() as tx:
        entries = (
            Entry(address=f"r{number}@example.org", lists=("press",)) for number in range(400)
        )
        tx.readers.upsert(entries, NOON)
        tx.db.change("ANALYZE")
    for count in (Readers.growth, Readers.count_growth):
        with counted() as asked, store.read() as tx:
            count(tx.readers, NOON)
            plans = [str(row[3]) for row in explained(tx, asked[-1])]
        assert any("PRIMARY KEY (list_id=? AND subscriber_id=?)" in plan for plan in plans), plans


def test_who_left_is_counted_without_a_look_at_all_who_stay(store: Store) -> None:
    Books(store, 3, slug="news")
    left = SubscriberSearch(state=SubscriberState.LEFT)
    for count in (
        lambda tx: tx.readers.count_by_list(),
        lambda tx: tx.readers.count_growth(NOON),
        lambda tx: tx.readers.count(left),
        lambda tx: tx.audiences.count(Audience(lists=("press",))),
    ):
        with counted() as asked, store.read() as tx:
            count(tx)
            plans = [str(row[3]) for row in explained(tx, asked[-1])]
        assert any("ix_subscription_ended" in plan for plan in plans), plans
        assert plans.count("SEARCH subscription USING PRIMARY KEY (list_id=?)") <= 1, plans


def test_a_part_of_an_import_looks_only_at_its_own_people(store: Store) -> None:
    ana = Entry(address="ana@example.org", lists=("press",), tags=("vip",), left=("events",))
    with store.begin() as tx:
        number = tx.imports.begin(at=NOON, by="ada", file="people.csv", kind="plain", sha256="ab")
        with counted() as statements:
            tx.imports.import_people(number, [pack(hash_address, "people.csv:2", ana)], NOON)
        plans = [
            str(row[-1])
            for statement in statements
            if "CREATE" not in statement and "PRAGMA" not in statement
            for row in explained(tx, statement)
        ]
    assert len(plans) > len(statements)
    real = re.compile(r"SCAN (subscriber|subscription|suppression|tag|address_history|import)\b")
    assert not [plan for plan in plans if real.match(plan)], plans


def explained(tx: Transaction, statement: str) -> list[tuple[object, ...]]:
    return list(tx.db.driver.execute(f"EXPLAIN QUERY PLAN {statement}", Anything()))
