"""Contract: a store keeps the events that providers report later."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import BatchState, Resolution
from newsletter.domain.events import (
    Bounce,
    BreakerCounts,
    CampaignResults,
    DeliveryStatus,
    Event,
    EventKind,
    EventTarget,
    Reactions,
)
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import LEASE, PRESS, UNKNOWN, Books, add_campaign
from tests.fakes import NOON, OURS, THEIRS, WORKSPACE


def told(**fields: Any) -> Event:
    usual: dict[str, Any] = {"id": "e1", "kind": EventKind.DELIVERED, "at": NOON}
    return Event(**usual | fields)


def earlier(**fields: Any) -> Event:
    """Of a try that another one followed."""
    return told(campaign="resignation", attempt_id=OURS, **fields)


def locate(store: Store, *events: Event, provider: str = "recording") -> list[EventTarget]:
    with store.read() as tx:
        return tx.events.locate(events, provider=provider, workspace=WORKSPACE)


def receipt(books: Books, number: int, kind: EventKind, **fields: Any) -> DeliveryStatus:
    usual: dict[str, Any] = {"campaign_id": books.id, "subscriber_id": number, "at": NOON}
    return DeliveryStatus(kind=kind, **usual | fields)


def delivered(books: Books, *members: int, at: datetime = NOON) -> list[DeliveryStatus]:
    return [receipt(books, number, EventKind.DELIVERED, at=at) for number in members]


def bounced(books: Books, number: int, bounce: Bounce, at: datetime = NOON) -> DeliveryStatus:
    return receipt(books, number, EventKind.BOUNCED, bounce=bounce, at=at, reason="550 ana@x")


def note(store: Store, receipts: Iterable[DeliveryStatus]) -> None:
    with store.begin() as tx:
        tx.events.store_statuses(receipts)


def figures(books: Books) -> CampaignResults:
    with books.store.read() as tx:
        return tx.events.count_results(books.id)


def keep(store: Store, event: Event, place: EventTarget | None = None) -> int:
    with store.begin() as tx:
        return len(tx.events.store_events("recording", [(event, place or EventTarget())], NOON))


class EventsContract:
    # --- whom an event speaks of

    def test_a_delivery_is_found_by_what_the_provider_names(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        books = Books(store, 3).settled()
        for names in [
            {"attempt_id": "a1", "subscriber_id": 2},
            {"attempt_id": "a1", "address": "Reader2@EXAMPLE.org"},
            {"campaign": "resignation", "attempt_id": OURS, "address": "reader2@example.org"},
            {"campaign": "resignation", "address": "reader2@example.org"},
            {"campaign": "resignation", "address": "reader2@example.org", "subscriber_id": 7},
            {"campaign": "resignation", "attempt_id": OURS, "subscriber_id": 2},
            {"attempt_id": OURS, "campaign": "resignation", "subscriber_id": 2, "address": "m@x.y"},
            {"attempt_id": "a1", "subscriber_id": 2, "address": "moved@example.org"},
            {"attempt_id": "a1", "subscriber_id": 0, "address": "reader2@example.org"},
        ]:
            with subtests.test(names=names):
                [place] = locate(store, told(**names))
                assert place == EventTarget(
                    subscriber_id=2,
                    address="reader2@example.org",
                    campaign_id=books.id,
                    lists=("press",),
                    batch=BatchState.DONE,
                )
                assert place.delivery == (books.id, 2)

    def test_an_event_that_names_nobody_we_know_has_no_place(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        Books(store, 3).settled()
        for names in [
            {},
            {"subscriber_id": 99},
            {"subscriber_id": 99, "campaign": "resignation", "attempt_id": "a1"},
            {"subscriber_id": 2},
            {"subscriber_id": 2, "address": "theirs@example.org", "campaign": "resignation"},
            {"subscriber_id": 2, "attempt_id": "of others", "campaign": "resignation"},
            {"subscriber_id": 2, "attempt_id": THEIRS, "campaign": "resignation"},
            {"address": "nobody@example.org", "campaign": "resignation"},
            {"address": "no address"},
            {"address": "ana@-.example"},
            {"address": "ana@" + "à" * 70 + ".example"},
        ]:
            with subtests.test(names=names):
                assert locate(store, told(**names)) == [EventTarget()]

    def test_a_person_is_known_also_where_the_campaign_is_not(self, store: Store) -> None:
        Books(store, 3)
        for names in (
            {},
            {"campaign": "elsewhere", "attempt_id": OURS},
            {"campaign": "resignation", "attempt_id": THEIRS, "subscriber_id": 1},
        ):
            [place] = locate(store, told(address="reader1@example.org", **names))
            assert place == EventTarget(subscriber_id=1, address="reader1@example.org")
            assert place.delivery is None

    def test_many_are_found_at_once_and_in_their_order(self, store: Store) -> None:
        books = Books(store, 25)
        books.drain()
        numbers = [25, 3, 99, 12, 3]
        events = [earlier(subscriber_id=number) for number in numbers]
        places = locate(store, *events)
        assert [place.subscriber_id for place in places] == [25, 3, None, 12, 3]

    def test_an_earlier_try_says_nothing_where_two_campaigns_of_a_statement_tried(
        self, store: Store
    ) -> None:
        first = Books(store, 3)
        first.requeue(first.claim())
        with store.begin() as tx:
            later = add_campaign(tx)
            tx.campaigns.change_state(
                first.id, CampaignState.CANCELLED, expect=[*CampaignState], at=NOON
            )
            tx.campaigns.change_state(
                later, CampaignState.SENDING, expect=list(CampaignState), at=NOON
            )
            tx.audiences.freeze(later, PRESS, 10)
        [place] = locate(store, earlier(subscriber_id=1))
        assert place.delivery == (first.id, 1), "the other one called nobody yet"
        with store.begin() as tx:
            assert tx.batches.claim(at=NOON, lease=LEASE, attempt_id="a2")
        [place] = locate(store, earlier(subscriber_id=1))
        assert (place.subscriber_id, place.delivery) == (1, None)
        [place] = locate(store, told(attempt_id="a2", subscriber_id=1))
        assert place.delivery == (later, 1)

    def test_a_message_with_our_mark_may_be_newer_than_a_restored_database(
        self, store: Store
    ) -> None:
        books = Books(store, 3)
        [place] = locate(store, earlier(subscriber_id=2))
        assert (place.delivery, place.batch) == ((books.id, 2), BatchState.QUEUED)
        [place] = locate(store, told(address="reader2@example.org", campaign="resignation"))
        assert (place.subscriber_id, place.delivery) == (2, None), (
            "another program may have sent it"
        )

    def test_another_provider_says_nothing_of_an_attempt(self, store: Store) -> None:
        Books(store, 3).settled(UNKNOWN)
        event = told(attempt_id="a1", subscriber_id=2, campaign="resignation")
        assert locate(store, event, provider="elsewhere") == [EventTarget()]

    def test_everybody_is_found_in_the_halves_of_a_batch(self, store: Store) -> None:
        books = Books(store, 10)
        books.split(books.claim())
        books.split(books.claim(attempt_id="a2"))
        for number in range(1, 11):
            [place] = locate(store, earlier(subscriber_id=number))
            assert place.delivery == (books.id, number)
            assert place.batch is BatchState.QUEUED, "a half of it waits"

    @pytest.mark.parametrize(
        ("to", "batch"),
        [
            (None, BatchState.UNKNOWN),
            (Resolution.RESEND, BatchState.QUEUED),
            (Resolution.GIVE_UP, BatchState.GIVEN_UP),
            (Resolution.ACCEPTED, BatchState.DONE),
        ],
    )
    def test_it_is_known_where_the_batch_stands(
        self, store: Store, to: Resolution | None, batch: BatchState
    ) -> None:
        books, event = Books(store, 3), told(attempt_id="a1", subscriber_id=1)
        claimed = books.claim()
        [during] = locate(store, event)
        assert during.may_leave
        books.settle(claimed, UNKNOWN)
        if to is not None:
            with books.step() as tx:
                tx.unknowns.decide(books.id, to, NOON)
        [place] = locate(store, event)
        assert (place.batch, place.may_leave) == (batch, False)

    def test_whoever_was_erased_is_recognised_and_not_named(self, store: Store) -> None:
        books = Books(store, 3).settled()
        with store.begin() as tx:
            gone = SuppressedEntry(address="reader2@example.org", reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([gone], NOON, "test")
            tx.readers.erase("reader2@example.org", NOON)
            manual = SuppressedEntry(address="x@example.org", reason=SuppressionReason.MANUAL)
            tx.readers.suppress([manual], NOON, "test")
        by_number, by_address, other = locate(
            store,
            told(attempt_id="a1", subscriber_id=2),
            told(attempt_id="a1", address="reader2@example.org"),
            told(address="x@example.org"),
        )
        assert by_number.erased
        assert (by_number.delivery, by_number.address) == ((books.id, 2), "")
        assert by_address == EventTarget(erased=True)
        assert not other.erased

    def test_the_figures_are_the_same_in_whatever_order_receipts_come(self, store: Store) -> None:
        books = Books(store, 3)
        receipts = [
            bounced(books, 1, Bounce.SOFT),
            bounced(books, 1, Bounce.HARD),
            receipt(books, 1, EventKind.DELIVERED),
            receipt(books, 1, EventKind.COMPLAINED),
        ]
        for order in itertools.permutations(receipts):
            for one in order:
                note(store, [one, one])
            assert figures(books) == CampaignResults(
                complained=1, bounced=1, bounces={Bounce.HARD: 1}, received=True
            )

    def test_a_soft_bounce_of_what_was_delivered_after_all_is_none(self, store: Store) -> None:
        books = Books(store, 6)
        note(store, delivered(books, 1, 2, 3, 6))
        note(store, [bounced(books, 1, Bounce.SOFT), bounced(books, 4, Bounce.SOFT)])
        note(store, [bounced(books, 2, Bounce.POLICY), bounced(books, 5, Bounce.OTHER)])
        bounces = {Bounce.SOFT: 1, Bounce.POLICY: 1, Bounce.OTHER: 1}
        told = CampaignResults(delivered=3, bounced=3, bounces=bounces, received=True)
        assert figures(books) == told

    def test_what_arrived_is_counted_by_the_minute(self, store: Store) -> None:
        books = Books(store, 4)
        books.drain()
        late = NOON + timedelta(seconds=61)
        note(store, [*delivered(books, 1, 2, 3), *delivered(books, 4, at=late)])
        note(store, [bounced(books, 3, Bounce.HARD)])
        with store.read() as tx:
            minutes = [(NOON, 2), (NOON + timedelta(minutes=1), 1)]
            assert tx.events.count_delivered_by_minute(books.id, sample=False) == minutes

    def test_of_many_deliveries_one_in_25_counts_for_all(self, store: Store) -> None:
        books = Books(store, 50)
        books.drain()
        note(store, delivered(books, *range(1, 51)))
        note(store, [bounced(books, 25, Bounce.HARD)])
        with store.read() as tx:
            assert tx.events.count_delivered_by_minute(books.id, sample=True) == [(NOON, 25)]

    def test_the_domains_with_most_bounces_come_first(self, store: Store) -> None:
        books = Books(store, 4)
        note(store, [bounced(books, n, Bounce.HARD) for n in (1, 2, 4)])
        note(store, [*delivered(books, 3), bounced(books, 3, Bounce.SOFT)])
        with store.begin() as tx:
            tx.readers.erase("reader4@example.org", NOON)
            found = [("example.org", 2), ("(erased)", 1)]
            assert tx.events.list_bounced_domains(books.id, 2) == found
            assert tx.events.list_bounced_domains(books.id, 1) == found[:1]

    def test_those_whose_mail_came_back_are_named(self, store: Store) -> None:
        books = Books(store, 4)
        note(store, [bounced(books, n, Bounce.SOFT) for n in (1, 2, 4)])
        note(store, [*delivered(books, 2, 3), bounced(books, 3, Bounce.HARD)])
        with store.begin() as tx:
            tx.readers.erase("reader4@example.org", NOON)
            assert tx.events.list_bounces(books.id) == [
                ("reader1@example.org", "soft", "550 ana@x"),
                ("reader3@example.org", "hard", "550 ana@x"),
                ("(erased)", "soft", ""),
            ]

    def test_a_campaign_of_which_nothing_was_told_has_no_figures(self, store: Store) -> None:
        books, other = Books(store, 3), Books(store, [], slug="other")
        note(store, delivered(other, 1))
        note(store, [])
        assert figures(books) == CampaignResults()

    def test_anything_that_was_told_shows_that_events_are_received(self, store: Store) -> None:
        books, other = Books(store, 3), Books(store, [], slug="other")
        keep(store, told(kind=EventKind.OTHER), EventTarget(campaign_id=books.id))
        note(store, [receipt(other, 1, EventKind.ACCEPTED)])
        assert figures(books) == figures(other) == CampaignResults(received=True)

    def test_an_event_is_kept_once_however_often_it_is_told(self, store: Store) -> None:
        event = told(kind=EventKind.OTHER, raw="x" * 50_000)
        assert keep(store, event) == 1
        assert keep(store, event) == 0
        assert keep(store, replace(event, id="e2")) == 1

    def test_kept_events_follow_a_number_that_only_grows(self, store: Store) -> None:
        books = Books(store, 2)
        note(store, [bounced(books, 1, Bounce.HARD)])
        place = EventTarget(subscriber_id=1, campaign_id=books.id)
        for name in ("z", "a", "z"):
            keep(store, told(id=name, kind=EventKind.BOUNCED), place)
        keep(store, told(id="m", kind=EventKind.COMPLAINED))
        with store.read() as tx:
            found = tx.events.list_after(0, 9)
            assert tx.events.list_after(found[0].number, 1) == found[1:2]
        assert [(one.kind, one.bounce, one.subscriber_id) for one in found] == [
            (EventKind.BOUNCED, Bounce.HARD, 1),
            (EventKind.BOUNCED, Bounce.HARD, 1),
            (EventKind.COMPLAINED, None, None),
        ]

    def test_ids_of_two_providers_do_not_meet(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.events.store_events("one", [(told(), EventTarget())], NOON) == {"e1"}
            assert tx.events.store_events("two", [(told(), EventTarget())], NOON) == {"e1"}

    @pytest.mark.parametrize("raw", ["{}", '{"to": "READER1@example.org"}'])
    def test_who_is_forgotten_is_forgotten_by_events_too(self, store: Store, raw: str) -> None:
        books = Books(store, 3)
        note(store, [bounced(books, 1, Bounce.HARD)])
        known = EventTarget(subscriber_id=1) if raw == "{}" else EventTarget()
        keep(store, told(raw=raw), known)
        with store.begin() as tx:
            tx.readers.erase("reader1@example.org", NOON)
            tx.traces.erase(tx.traces.find("reader1@example.org"))
        assert keep(store, told(raw="")) == 1, "the one before is gone"
        assert figures(books).bounces == {Bounce.HARD: 1}, "the figures stay"

    def test_a_stranger_can_be_forgotten_as_well(self, store: Store) -> None:
        keep(store, told(raw="to: stranger@example.org"))
        keep(store, told(id="e2", raw="to: friend@example.org"))
        with store.begin() as tx:
            assert not tx.readers.erase("stranger@example.org", NOON)
            tx.traces.erase(tx.traces.find("stranger@example.org"))
        assert (keep(store, told()), keep(store, told(id="e2"))) == (1, 0)

    def test_receipts_tell_of_those_whose_batch_has_no_answer(self, store: Store) -> None:
        books = Books(store, 14)
        claimed = books.claim()
        note(store, delivered(books, 2, 14))
        note(store, [receipt(books, 5, EventKind.ACCEPTED)])

        def telling() -> list[int]:
            with store.read() as tx:
                return tx.events.find_unrecorded(books.id)

        assert telling() == [], "the call is under way"
        books.settle(claimed, UNKNOWN)
        assert telling() == [2, 5]
        with books.step() as tx:
            tx.unknowns.confirm(books.id, {5: ""}, at=NOON, reason="told")
        assert telling() == [2]

    def test_the_damage_is_complaints_and_hard_bounces(self, store: Store) -> None:
        books, other = Books(store, 9), Books(store, [], slug="other")
        note(store, [bounced(books, n, b) for n, b in enumerate(Bounce, start=1)])
        note(store, [bounced(books, 9, Bounce.HARD), bounced(other, 9, Bounce.HARD)])
        note(store, [receipt(books, n, EventKind.COMPLAINED) for n in (1, 2, 3)])
        note(store, delivered(books, 7, 8))
        with store.read() as tx:
            assert tx.events.count_for_breaker(books.id) == BreakerCounts(complained=3, hard=2)
            assert tx.events.count_for_breaker(other.id) == BreakerCounts(hard=1)
            assert tx.events.count_reactions([books.id, other.id, 99]) == {
                books.id: Reactions(complained=3, bounced=6, received=True),
                other.id: Reactions(bounced=1, received=True),
                99: Reactions(),
            }

    def test_what_was_overruled_last_is_remembered(self, store: Store) -> None:
        books = Books(store, 1)
        with store.begin() as tx:
            assert tx.events.get_override(books.id) == BreakerCounts()
            tx.events.store_override(books.id, BreakerCounts(complained=1))
            tx.events.store_override(books.id, BreakerCounts(complained=2, hard=3))
        with store.read() as tx:
            assert tx.events.get_override(books.id) == BreakerCounts(complained=2, hard=3)
