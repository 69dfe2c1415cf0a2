"""What every store keeps of what readers choose, and what a pause keeps from them."""

from datetime import timedelta

import pytest

from newsletter.domain.audience import SuppressedEntry, SuppressionReason
from newsletter.domain.delivery import Counts
from newsletter.domain.preference import Preferences
from newsletter.ports import Correction, Share, Store
from tests.contracts.books import Books, entries, ids
from tests.contracts.store_readers import ANA
from tests.fakes import NOON

WEEK = NOON + timedelta(days=7)


def pause(store: Store, *numbers: int) -> None:
    with store.begin() as tx:
        for number in numbers:
            tx.choices.pause(number, WEEK)


class ChoicesContract:
    def test_what_a_person_chose_comes_back(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            tx.readers.end_subscriptions(1, ["supporters"], NOON, 7)
            tx.choices.pause(1, WEEK)
        with store.read() as tx:
            assert tx.choices.of(1) == Preferences(
                name="Ana Ruiz",
                language="es",
                timezone="America/Chicago",
                lists=frozenset({"press"}),
                paused_until=WEEK,
            )
            assert tx.choices.of(2) is None

    def test_a_pause_ends_when_it_is_over_or_when_the_person_says_so(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(3), NOON)
        pause(store, 1, 2, 3)
        with store.begin() as tx:
            tx.choices.pause(3, None)
            assert tx.readers.audience(["press"]) == 1
            early = WEEK - timedelta(milliseconds=1)
            assert not tx.choices.any_over(early)
            assert tx.choices.resume(early) == 0
            assert tx.choices.any_over(WEEK)
            assert tx.choices.resume(WEEK) == 2
            assert not tx.choices.any_over(WEEK)
            assert tx.readers.audience(["press"]) == 3

    def test_whoever_pauses_is_in_no_audience_and_said_to_pause(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(4), NOON)
            tx.readers.end_subscriptions(2, ["press"], NOON, 7)
            gone = SuppressedEntry(
                address="reader3@example.org", reason=SuppressionReason.COMPLAINED
            )
            tx.readers.suppress([gone], NOON, "test")
        pause(store, 1, 2, 3)
        with store.read() as tx:
            assert list(tx.readers.reachable(["press"])) == ["reader4@example.org"]
            assert tx.readers.excluded(["press"]) == [
                ("reader1@example.org", "paused"),
                ("reader2@example.org", "unsubscribed"),
                ("reader3@example.org", "complained"),
            ]
            everyone = frozenset({""})
            share = Share(slug="a", original="a", lists=("press",), languages=everyone)
            assert tx.families.audience(share) == 1

    def test_whoever_pauses_after_the_freeze_is_booked_with_that_reason(self, store: Store) -> None:
        books = Books(store, 3)
        pause(store, 2)
        assert ids(books.claim()) == [1, 3]
        assert books.counts() == Counts(pending=2, suppressed=1)
        with store.read() as tx:
            assert tx.campaigns.exceptions(books.id) == [
                ("reader2@example.org", "suppressed", "paused", "")
            ]

    def test_a_correction_goes_to_whoever_has_the_original_even_while_they_pause(
        self, store: Store
    ) -> None:
        books = Books(store, 2)
        books.settle(books.claim())
        pause(store, 1)
        wanted = Correction(
            by="right", of="resignation", lists=("press",), unstarted=False, stops=()
        )
        with store.read() as tx:
            assert tx.corrections.audience(wanted) == 2
            assert tx.corrections.excluded(wanted) == []

    @pytest.mark.parametrize("unstarted", [False, True])
    def test_who_waits_for_the_original_gets_no_correction_while_they_pause(
        self, store: Store, unstarted: bool
    ) -> None:
        books = Books(store, 2)
        pause(store, 1)
        wanted = Correction(
            by="right",
            of="resignation",
            lists=("press",),
            unstarted=unstarted,
            stops=(books.campaign(),),
        )
        with store.read() as tx:
            assert list(tx.corrections.reachable(wanted)) == ["reader2@example.org"]
            assert tx.corrections.excluded(wanted) == [("reader1@example.org", "paused")]
