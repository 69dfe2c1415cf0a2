"""Contract: a store confirms deliveries that were unknown and are known to be accepted."""

from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import DeliveryState, Outcome, Resolution, Verdict
from newsletter.store.sql import Store
from tests.contracts.books import LEASE, REJECTED, UNKNOWN, Books, ids
from tests.fakes import NOON

NAMED = Outcome(verdict=Verdict.ACCEPTED, provider_id="message-2")


def confirm(
    books: Books, *members: int, provider_id: str = "", after: timedelta = timedelta(0)
) -> int:
    with books.step() as tx:
        ids_by_member = dict.fromkeys(members, provider_id)
        return tx.unknowns.confirm(
            books.id, ids_by_member, at=NOON + after, reason="told by an event"
        )


def resolve(books: Books, to: Resolution) -> None:
    with books.step() as tx:
        tx.unknowns.decide(books.id, to, NOON)


def unknown(books: Books) -> list[str]:
    with books.store.read() as tx:
        return tx.campaigns.list_unknown(books.id)


class ConfirmingContract:
    def test_those_confirmed_are_accepted_and_no_longer_unknown(self, store: Store) -> None:
        books = Books(store, 14).settled(UNKNOWN)
        assert confirm(books, 2, 5, 99, provider_id="m") == 2
        assert books.counts() == Counts(accepted=2, unknown=8, pending=4)
        assert "reader2@example.org" not in unknown(books)
        with store.read() as tx:
            assert tx.campaigns.list_exceptions(books.id) == [
                ("reader2@example.org", "accepted", "told by an event", "m"),
                ("reader5@example.org", "accepted", "told by an event", "m"),
            ]

    def test_one_whose_batch_was_never_tried_is_not_sent_to(self, store: Store) -> None:
        books = Books(store, 14)
        assert confirm(books, 2, 14) == 2
        assert books.counts() == Counts(accepted=2, pending=12)
        assert 2 not in ids(books.claim())

    def test_confirming_again_changes_nothing(self, store: Store) -> None:
        books = Books(store, 3).settled(UNKNOWN)
        assert confirm(books, 1) == 1
        assert confirm(books, 1, provider_id="other") == 0
        assert books.counts() == Counts(accepted=1, unknown=2)

    def test_a_batch_in_which_all_are_confirmed_is_done(self, store: Store) -> None:
        books = Books(store, 3).settled(UNKNOWN, n2=REJECTED)
        assert confirm(books, 1, 2) == 1
        assert confirm(books, 3, after=LEASE) == 1
        assert books.counts() == Counts(accepted=2, rejected=1)
        with store.read() as tx:
            assert tx.batches.accepted_by_minute(books.id) == [(NOON + LEASE, 2)]
        resolve(books, Resolution.RESEND)
        assert books.try_claim() is None

    def test_those_confirmed_are_not_sent_again(self, store: Store) -> None:
        books = Books(store, 4).settled(UNKNOWN)
        confirm(books, 2)
        resolve(books, Resolution.RESEND)
        assert books.drain() == [[1, 3, 4]]
        assert books.counts() == Counts(accepted=4)

    def test_those_confirmed_while_they_wait_to_be_sent_again_are_left_out(
        self, store: Store
    ) -> None:
        books = Books(store, 4).settled(UNKNOWN)
        resolve(books, Resolution.RESEND)
        assert confirm(books, 2, 3) == 2
        assert books.counts() == Counts(accepted=2, pending=2)
        assert ids(again := books.claim(attempt_id="a2")) == [1, 4]
        assert books.settle(again)
        assert books.counts() == Counts(accepted=4)

    def test_the_parts_of_a_batch_that_was_tried_before_can_be_confirmed(
        self, store: Store
    ) -> None:
        """They are not sent again to a reader whose event of an earlier attempt proves arrival."""
        books = Books(store, 4)
        books.requeue(books.claim())
        assert books.split(books.claim(attempt_id="a2"))
        assert confirm(books, 1, 4) == 2
        assert books.drain() == [[2], [3]]

    def test_whoever_held_a_batch_decides_nothing_once_an_event_has_told_of_it(
        self, store: Store
    ) -> None:
        books = Books(store, 3).settled(UNKNOWN)
        with books.step() as tx:
            held = tx.unknowns.claim(at=NOON + LEASE, lease=LEASE, accounts={"recording": ""})
        assert held is not None
        assert confirm(books, 2) == 1
        with books.step() as tx:
            assert not tx.unknowns.settle(
                held, outcomes={}, other_state=DeliveryState.PENDING, at=NOON
            )
        assert books.counts() == Counts(accepted=1, unknown=2)

    def test_a_batch_confirmed_whole_while_it_waits_is_not_claimed(self, store: Store) -> None:
        books = Books(store, 2).settled(UNKNOWN)
        resolve(books, Resolution.RESEND)
        assert confirm(books, 1, 2) == 2
        assert books.try_claim() is None
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_what_was_given_up_and_had_arrived_is_accepted(self, store: Store) -> None:
        books = Books(store, 3).settled(UNKNOWN, n1=NAMED)
        resolve(books, Resolution.GIVE_UP)
        assert confirm(books, 1, 2) == 1
        assert books.counts() == Counts(accepted=2, cancelled=1)
        assert books.campaign().given_up
        assert confirm(books, 3) == 1
        assert not books.campaign().given_up

    @pytest.mark.parametrize("state", ["claimed", "done", "cancelled"])
    def test_nobody_is_moved_of_whom_all_is_known_or_the_call_is_under_way(
        self, store: Store, state: str
    ) -> None:
        books = Books(store, 3)
        claimed = None if state == "cancelled" else books.claim()
        if claimed is not None and state == "done":
            books.settle(claimed, REJECTED, n1=NAMED)
        if state == "cancelled":
            with books.step() as tx:
                tx.campaigns.cancel_pending(books.id)
        before = books.counts()
        assert confirm(books, 1, 2, 3) == 0
        assert books.counts() == before

    def test_what_is_confirmed_of_one_campaign_leaves_the_others(self, store: Store) -> None:
        first, second = Books(store, 2, slug="first"), Books(store, [], slug="second")
        for books in (first, second):
            books.settle(books.claim(), UNKNOWN)
        assert confirm(first, 1, 2) == 2
        assert second.counts() == Counts(unknown=2)
