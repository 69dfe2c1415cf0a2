"""Contract: a store retries the recipients that a provider refused while it took the others."""

from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, BUSY, REJECTED, UNKNOWN, Books, ids
from tests.fakes import NOON

LATER = NOON + timedelta(seconds=30)


class AgainContract:
    def test_those_to_be_tried_again_are_pending_and_the_others_are_settled(
        self, store: Store
    ) -> None:
        books = Books(store, 5)
        assert books.settle(books.claim(), ACCEPTED, n2=BUSY, n3=REJECTED, n5=BUSY)
        assert books.counts() == Counts(accepted=2, rejected=1, pending=2)
        with store.read() as tx:
            assert tx.batches.is_open(books.id)

    def test_they_are_claimed_once_without_the_others_and_not_before_their_time(
        self, store: Store
    ) -> None:
        books = Books(store, 5).settled(ACCEPTED, n5=BUSY, n2=BUSY)
        assert books.try_claim(at=LATER - timedelta(milliseconds=1)) is None
        again = books.claim(at=LATER)
        assert ids(again) == [2, 5]
        assert books.try_claim(at=LATER) is None
        assert books.settle(again)
        assert books.counts() == Counts(accepted=5)

    def test_their_tries_are_counted_on_and_the_reason_is_kept(self, store: Store) -> None:
        books = Books(store, 3).settled(ACCEPTED, n1=BUSY)
        with store.read() as tx:
            waiting = tx.batches.count_open()
        assert (waiting.queued, waiting.max_attempts, waiting.reason) == (1, 1, "busy")
        assert waiting.next_at == LATER
        assert books.claim(at=LATER).attempts == 2

    def test_they_come_after_the_batches_that_were_there(self, store: Store) -> None:
        books = Books(store, 6, batch_size=2).settled(ACCEPTED, n1=BUSY)
        assert [ids(books.claim(at=LATER)) for _ in range(3)] == [[3, 4], [5, 6], [1]]

    def test_it_goes_on_until_nobody_is_left(self, store: Store) -> None:
        books = Books(store, 4)
        for number in range(1, 4):
            busy = {f"n{other}": BUSY for other in range(number + 1, 5)}
            assert books.settle(books.claim(at=NOON + number * timedelta(seconds=30)), **busy)
            assert books.counts() == Counts(accepted=number, pending=4 - number)
        assert ids(books.claim(at=LATER + timedelta(hours=1))) == [4]

    def test_a_batch_of_which_all_are_tried_again_is_done(self, store: Store) -> None:
        books = Books(store, 2)
        assert books.settle(books.claim(), ACCEPTED, n1=BUSY, n2=BUSY)
        assert books.counts() == Counts(pending=2)
        assert ids(books.claim(at=LATER)) == [1, 2]

    def test_whoever_leaves_meanwhile_is_not_tried_again(self, store: Store) -> None:
        books = Books(store, 4)
        left = SuppressedEntry(address="reader4@example.org", reason=SuppressionReason.BOUNCED)
        with books.step() as tx:
            tx.readers.suppress([left], NOON, "test")
        books.settle(books.claim(), ACCEPTED, n1=BUSY, n2=BUSY)
        assert books.counts() == Counts(accepted=1, suppressed=1, pending=2)
        with books.step() as tx:
            tx.readers.erase("reader2@example.org", NOON)
        assert ids(books.claim(at=LATER)) == [1]
        assert books.counts() == Counts(accepted=1, suppressed=2, pending=1)

    @pytest.mark.parametrize("to", list(Resolution))
    def test_a_decision_about_the_unknown_is_none_about_them(
        self, store: Store, to: Resolution
    ) -> None:
        books = Books(store, 4).settled(UNKNOWN, n1=BUSY, n2=ACCEPTED)
        assert books.counts() == Counts(accepted=1, unknown=2, pending=1)
        with store.read() as tx:
            assert tx.campaigns.list_unknown(books.id) == [
                "reader3@example.org",
                "reader4@example.org",
            ]
        assert ids(books.claim(at=LATER)) == [1]
        with books.step() as tx:
            assert tx.unknowns.decide(books.id, to, NOON) == 2
        assert books.drain() == ([[3, 4]] if to is Resolution.RESEND else [])

    def test_repeating_the_unknown_leaves_them_to_their_own_batch(self, store: Store) -> None:
        books = Books(store, 4).settled(UNKNOWN, n1=BUSY)
        with books.step() as tx:
            assert tx.unknowns.decide(books.id, Resolution.RESEND, NOON) == 3
        assert [ids(books.claim(at=LATER)) for _ in range(2)] == [[2, 3, 4], [1]]

    def test_those_of_a_cancelled_campaign_are_cancelled(self, store: Store) -> None:
        books = Books(store, 4)
        claimed = books.claim()
        books.move(CampaignState.CANCELLED)
        assert books.settle(claimed, ACCEPTED, n1=BUSY, n3=BUSY)
        assert books.counts() == Counts(accepted=2, cancelled=2)
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_what_is_unknown_of_a_cancelled_campaign_waits_for_a_decision(
        self, store: Store
    ) -> None:
        books = Books(store, 4)
        claimed = books.claim()
        books.move(CampaignState.CANCELLED)
        with store.read() as tx:
            assert tx.campaigns.list_undecided(9) == []
        books.settle(claimed, UNKNOWN)
        with books.step() as tx:
            assert [one.id for one in tx.campaigns.list_undecided(9)] == [books.id]
            tx.unknowns.decide(books.id, Resolution.ACCEPTED, NOON)
            assert tx.campaigns.list_undecided(9) == []

    def test_those_of_a_paused_campaign_wait_until_it_goes_on(self, store: Store) -> None:
        books = Books(store, 4)
        claimed = books.claim()
        books.move(CampaignState.PAUSED)
        books.settle(claimed, ACCEPTED, n1=BUSY)
        assert books.try_claim(at=LATER) is None
        books.move(CampaignState.SENDING)
        assert ids(books.claim(at=LATER)) == [1]

    def test_whoever_lost_the_batch_queues_nobody_again(self, store: Store) -> None:
        books = Books(store, 4)
        stale = books.claim()
        books.abandon()
        assert not books.settle(stale, ACCEPTED, n1=BUSY)
        assert books.counts() == Counts(unknown=4)
        assert books.try_claim(at=LATER) is None
