"""Contract: a store records answers, recovers batches of dead owners, and keeps the unknown."""

from collections.abc import Callable

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import ClaimedBatch, Outcome, Resolution, Verdict
from newsletter.store.database import NO_LIMIT
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, REJECTED, UNKNOWN, Books, ids
from tests.contracts.store_confirming import unknown
from tests.fakes import NOON

NAMED = Outcome(verdict=Verdict.ACCEPTED, provider_id="message-2")


def resolve(books: Books, to: Resolution) -> int:
    with books.step() as tx:
        return tx.unknowns.decide(books.id, to, NOON)


def reader(number: int) -> str:
    return f"reader{number}@example.org"


def unsent(books: Books, limit: int = NO_LIMIT) -> list[tuple[str, str]]:
    with books.store.read() as tx:
        return tx.campaigns.list_unsent(books.id, limit)


def exceptions(books: Books) -> list[tuple[str, str, str, str]]:
    with books.store.read() as tx:
        return tx.campaigns.list_exceptions(books.id)


class OutcomesContract:
    @pytest.mark.parametrize(
        ("outcome", "counts"), [(ACCEPTED, Counts(accepted=3)), (UNKNOWN, Counts(unknown=3))]
    )
    def test_one_answer_is_booked_for_all(
        self, store: Store, outcome: Outcome, counts: Counts
    ) -> None:
        books = Books(store, 3)
        assert books.settle(books.claim(), outcome)
        assert books.counts() == counts
        assert exceptions(books) == []
        assert books.try_claim() is None

    def test_those_who_differ_are_booked_one_by_one(self, store: Store) -> None:
        books = Books(store, 4)
        assert books.settle(books.claim(), ACCEPTED, n1=REJECTED, n3=NAMED)
        assert books.counts() == Counts(accepted=3, rejected=1)
        assert exceptions(books) == [
            ("reader1@example.org", "rejected", "no such mailbox", ""),
            ("reader3@example.org", "accepted", "", "message-2"),
        ]

    def test_an_exception_that_says_nothing_new_needs_no_row(self, store: Store) -> None:
        books = Books(store, 2)
        same = Outcome(verdict=Verdict.ACCEPTED)
        assert books.settle(books.claim(), ACCEPTED, n1=same)
        assert books.counts() == Counts(accepted=2)
        assert exceptions(books) == []

    def test_all_may_differ(self, store: Store) -> None:
        books = Books(store, 2)
        assert books.settle(books.claim(), REJECTED, n1=NAMED, n2=NAMED)
        assert books.counts() == Counts(accepted=2)

    def test_those_accepted_in_an_unknown_call_are_known(self, store: Store) -> None:
        books = Books(store, 4)
        assert books.settle(books.claim(), UNKNOWN, n1=NAMED, n2=REJECTED)
        assert books.counts() == Counts(accepted=1, rejected=1, unknown=2)
        assert unknown(books) == ["reader3@example.org", "reader4@example.org"]

    def test_what_was_booked_is_not_booked_again(self, store: Store) -> None:
        books = Books(store, 3)
        claimed = books.claim()
        assert books.settle(claimed)
        assert not books.settle(claimed, REJECTED, n1=NAMED)
        assert books.counts() == Counts(accepted=3)
        assert exceptions(books) == []

    @pytest.mark.parametrize(
        "late",
        [
            lambda books, claimed: books.settle(claimed, ACCEPTED, n1=REJECTED),
            lambda books, claimed: books.requeue(claimed),
            lambda books, claimed: books.split(claimed),
        ],
        ids=["settle", "requeue", "split"],
    )
    @pytest.mark.parametrize("claimed_again", [False, True])
    def test_whoever_was_given_up_for_dead_changes_nothing_any_more(
        self, store: Store, late: Callable[[Books, ClaimedBatch], bool], claimed_again: bool
    ) -> None:
        books = Books(store, 4)
        stale = books.claim()
        assert books.abandon() == 1
        if claimed_again:
            assert resolve(books, Resolution.RESEND) == 4
            fresh = books.claim(attempt_id="a2")
            assert fresh.id == stale.id
            assert fresh.fence > stale.fence
        before = books.counts()
        assert not late(books, stale)
        assert books.counts() == before
        assert exceptions(books) == []
        if claimed_again:
            assert books.settle(fresh)
            assert books.counts() == Counts(accepted=4)

    def test_what_the_dead_held_is_unknown_and_the_rest_still_waits(self, store: Store) -> None:
        books = Books(store, 25).settled()
        books.claim()
        assert books.abandon() == 1
        assert books.counts() == Counts(accepted=10, unknown=10, pending=5)
        assert unknown(books) == [f"reader{number}@example.org" for number in range(11, 21)]
        assert ids(books.claim()) == [21, 22, 23, 24, 25]

    def test_what_the_dead_had_not_written_down_as_leaving_is_queued_again(
        self, store: Store
    ) -> None:
        books = Books(store, 25)
        stale = books.claim(intends=False)
        assert books.abandon() == 0
        assert books.counts() == Counts(pending=25)
        assert ids(books.claim()) == ids(stale)

    def test_an_attempt_before_that_was_written_down_says_nothing_of_the_one_that_was_not(
        self, store: Store
    ) -> None:
        books = Books(store, 25)
        assert books.requeue(books.claim())
        books.claim(attempt_id="a2", intends=False)
        assert books.abandon() == 0
        assert books.counts() == Counts(pending=25)

    def test_of_a_cancelled_campaign_it_is_cancelled(self, store: Store) -> None:
        books = Books(store, 5)
        books.claim(intends=False)
        books.move(CampaignState.CANCELLED)
        assert books.abandon() == 0
        assert books.counts() == Counts(cancelled=5)
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_nothing_is_unknown_where_nobody_held_anything(self, store: Store) -> None:
        books = Books(store, 25).settled()
        assert books.abandon() == 0
        assert books.counts() == Counts(accepted=10, pending=15)

    def test_repeating_leaves_out_those_who_are_known_or_have_left(self, store: Store) -> None:
        books = Books(store, 5).settled(UNKNOWN, n1=NAMED, n2=REJECTED)
        assert resolve(books, Resolution.RESEND) == 3
        with books.step() as tx:
            tx.readers.erase("reader3@example.org", NOON)
        again = books.claim()
        assert ids(again) == [4, 5]
        assert books.counts() == Counts(pending=2, accepted=1, rejected=1, suppressed=1)
        assert books.settle(again)
        assert books.counts() == Counts(accepted=3, rejected=1, suppressed=1)

    @pytest.mark.parametrize(
        ("to", "counts"),
        [
            (Resolution.ACCEPTED, Counts(accepted=11, pending=5)),
            (Resolution.GIVE_UP, Counts(accepted=1, cancelled=10, pending=5)),
            (Resolution.RESEND, Counts(accepted=1, pending=15)),
        ],
    )
    def test_a_person_decides_what_became_of_the_unknown(
        self, store: Store, to: Resolution, counts: Counts
    ) -> None:
        books = Books(store, 16, batch_size=11).settled(UNKNOWN, n4=NAMED)
        assert resolve(books, to) == 10
        assert books.counts() == counts
        assert unknown(books) == []
        assert resolve(books, to) == 0

    def test_those_to_be_sent_again_are_claimed_without_those_who_have_it(
        self, store: Store
    ) -> None:
        books = Books(store, 4).settled(UNKNOWN, n2=NAMED)
        resolve(books, Resolution.RESEND)
        assert books.drain() == [[1, 3, 4]]
        assert books.counts() == Counts(accepted=4)

    def test_a_decision_on_one_campaign_leaves_the_others(self, store: Store) -> None:
        first, second = Books(store, 2, slug="first"), Books(store, [], slug="second")
        first.claim()
        second.claim(attempt_id="a2")
        assert first.abandon() == 2
        assert resolve(first, Resolution.GIVE_UP) == 2
        assert first.counts() == Counts(cancelled=2)
        assert second.counts() == Counts(unknown=2)

    def test_those_who_were_not_sent_it_are_as_many_as_the_figures_say(self, store: Store) -> None:
        books = Books(store, 8, batch_size=2).settled(ACCEPTED)
        books.settle(books.claim(), UNKNOWN)
        assert unsent(books) == [(reader(number), "pending") for number in (5, 6, 7, 8)]
        assert resolve(books, Resolution.GIVE_UP) == 2
        claimed = books.claim()
        books.move(CampaignState.CANCELLED)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
            tx.readers.erase(reader(8), NOON)
        given_up = [(reader(3), "given up"), (reader(4), "given up")]
        leaving = [(reader(5), "pending"), (reader(6), "pending")]
        rest = [(reader(7), "cancelled"), ("(erased)", "cancelled")]
        assert unsent(books) == [*given_up, *leaving, *rest]
        books.settle(claimed, ACCEPTED, n6=REJECTED)
        assert unsent(books) == [*given_up, *rest]
        assert len(unsent(books)) == books.counts().cancelled
        assert len(unsent(books, limit=3)) == 3

    def test_those_who_did_not_get_it_wait_again_and_nobody_else(self, store: Store) -> None:
        books = Books(store, 8, batch_size=4).settled(ACCEPTED, n2=REJECTED)
        books.settle(books.claim(), REJECTED, n6=NAMED)
        with books.step() as tx:
            assert tx.batches.count_unreached(books.id) == 4
            tx.batches.reopen(books.id)
            assert tx.batches.count_unreached(books.id) == 0
        assert books.counts() == Counts(accepted=4, pending=4)
        assert books.drain() == [[2], [5, 7, 8]]

    def test_those_who_were_cancelled_wait_again_and_not_those_given_up(self, store: Store) -> None:
        books = Books(store, 6, batch_size=2).settled(ACCEPTED)
        books.settle(books.claim(), UNKNOWN)
        resolve(books, Resolution.GIVE_UP)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
            assert tx.batches.count_unreached(books.id) == 2
            tx.batches.reopen(books.id)
        assert books.counts() == Counts(accepted=2, cancelled=2, pending=2)
        assert books.drain() == [[5, 6]]

    def test_the_unknown_are_listed_also_when_they_were_erased(self, store: Store) -> None:
        books = Books(store, 2).settled(UNKNOWN)
        with books.step() as tx:
            tx.readers.erase("reader1@example.org", NOON)
        assert unknown(books) == ["(erased)", "reader2@example.org"]
