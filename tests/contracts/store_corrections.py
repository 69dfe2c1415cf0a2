"""Contract: a store chooses the recipients of a correction."""

from collections import Counter

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Correction, Counts
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, REJECTED, UNKNOWN, Books, add_campaign, ids
from tests.fakes import NOON

STOPPED = [state for state in CampaignState if not state.is_final]


def correction(original: Books, *, by: str = "right", unstarted: bool = False) -> Correction:
    campaign = original.campaign()
    return Correction(
        by=by,
        original=campaign.slug,
        lists=campaign.lists,
        is_original_unstarted=unstarted,
        ended_campaigns=(campaign,),
    )


def addresses(*numbers: int) -> list[str]:
    return [f"reader{number}@example.org" for number in numbers]


def who(store: Store, wanted: Correction) -> tuple[list[str], list[tuple[str, str]]]:
    """Recipients and others of a correction; their number is as predicted."""
    with store.read() as tx:
        reached = list(tx.audiences.stream_addresses(wanted))
        assert tx.audiences.count(wanted) == len(reached)
        excluded = tx.audiences.list_excluded(wanted)
        assert tx.audiences.count_excluded(wanted) == Counter(why for _, why in excluded)
        return reached, excluded


def end_subscription(books: Books, number: int) -> None:
    with books.step() as tx:
        assert tx.choices.leave(number, ["press"], NOON, books.id) == {"press"}


def suppress(books: Books, number: int) -> None:
    with books.step() as tx:
        [address] = addresses(number)
        entry = SuppressedEntry(address=address, reason=SuppressionReason.COMPLAINED)
        tx.readers.suppress([entry], NOON, "test")


class CorrectionsContract:
    def test_who_was_accepted_gets_it_and_who_was_refused_does_not(self, store: Store) -> None:
        books = Books(store, 4)
        suppress(books, 1)
        books.settle(books.claim(), n2=REJECTED)
        end_subscription(books, 3)
        never = "was never sent the original: "
        assert who(store, correction(books)) == (
            addresses(3, 4),
            [("reader1@example.org", "complained"), ("reader2@example.org", f"{never}rejected")],
        )

    @pytest.mark.parametrize("to", [None, Resolution.ACCEPTED, Resolution.GIVE_UP])
    def test_who_may_have_it_gets_it_whatever_was_decided(
        self, store: Store, to: Resolution | None
    ) -> None:
        books = Books(store, 2).settled(UNKNOWN)
        if to is not None:
            with books.step() as tx:
                tx.unknowns.decide(books.id, to, NOON)
        books.move(CampaignState.CANCELLED)
        assert who(store, correction(books)) == (addresses(1, 2), [])

    def test_who_is_under_way_gets_it_and_who_waits_while_they_are_subscribed(
        self, store: Store
    ) -> None:
        books = Books(store, 6, batch_size=3)
        books.claim()
        end_subscription(books, 1)
        end_subscription(books, 4)
        left = [("reader4@example.org", "unsubscribed")]
        for state in STOPPED:
            books.move(state)
            assert who(store, correction(books)) == (addresses(1, 2, 3, 5, 6), left)

    @pytest.mark.parametrize("by", ["right", "another", ""])
    def test_who_waited_gets_only_the_correction_that_ended_it(self, store: Store, by: str) -> None:
        books = Books(store, 2)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
            tx.campaigns.change(books.id, corrected_by=by)
        books.move(CampaignState.CANCELLED)
        assert books.campaign().corrected_by == by
        reached, others = who(store, correction(books))
        assert reached == (addresses(1, 2) if by == "right" else [])
        assert [reason for _, reason in others] == [
            "was never sent the original: cancelled" for _ in range(2 - len(reached))
        ]

    def test_who_was_accepted_in_a_batch_whose_rest_was_cancelled_is_told_apart(
        self, store: Store
    ) -> None:
        books = Books(store, 3).settled(UNKNOWN, n1=REJECTED, n2=ACCEPTED)
        with books.step() as tx:
            tx.unknowns.decide(books.id, Resolution.RESEND, NOON)
            tx.campaigns.cancel_pending(books.id)
        books.move(CampaignState.CANCELLED)
        assert books.counts() == Counts(accepted=1, rejected=1, cancelled=1)
        assert who(store, correction(books))[0] == addresses(2)

    def test_of_several_campaigns_of_one_statement_the_one_that_went_out_counts(
        self, store: Store
    ) -> None:
        first = Books(store, 3)
        with first.step() as tx:
            tx.campaigns.cancel_pending(first.id)
        first.move(CampaignState.CANCELLED)
        suppress(first, 1)
        second = Books(store, [])
        second.drain()
        other = Books(store, [], slug="other")
        other.drain()
        assert who(store, correction(second)) == (
            addresses(2, 3),
            [("reader1@example.org", "complained")],
        )

    def test_an_erased_person_is_nobody_even_with_the_same_address_again(
        self, store: Store
    ) -> None:
        books = Books(store, 2)
        books.drain()
        with books.step() as tx:
            tx.readers.erase("reader1@example.org", NOON)
        assert who(store, correction(books)) == (addresses(2), [("(erased)", "erased")])

    def test_halves_are_told_apart_from_what_they_were_halved_from(self, store: Store) -> None:
        books = Books(store, 5)
        suppress(books, 1)
        books.split(books.claim())
        half = books.claim()
        assert books.settle(half, **{f"n{number}": REJECTED for number in ids(half)})
        never = "was never sent the original: "
        assert who(store, correction(books)) == (
            addresses(4, 5),
            [
                ("reader1@example.org", "complained"),
                ("reader2@example.org", f"{never}rejected"),
                ("reader3@example.org", f"{never}rejected"),
            ],
        )

    def test_what_has_not_begun_goes_to_its_lists(self, store: Store) -> None:
        books = Books(store, 3)
        suppress(books, 1)
        end_subscription(books, 2)
        with store.begin() as tx:
            number = add_campaign(tx, "waiting")
            campaign = tx.campaigns.get(number)
        assert campaign is not None
        wanted = Correction(
            by="right",
            original="waiting",
            lists=campaign.lists,
            is_original_unstarted=True,
            ended_campaigns=(campaign,),
        )
        assert who(store, wanted) == (addresses(3), [])

    def test_it_is_frozen_in_batches_that_ask_or_do_not_ask_for_a_subscription(
        self, store: Store
    ) -> None:
        books = Books(store, 12, batch_size=5).settled()
        books.claim()
        wanted = correction(books)
        books.move(CampaignState.CANCELLED)
        with store.begin() as tx:
            tx.campaigns.cancel_pending(books.id)
            tx.campaigns.change(books.id, corrected_by="right")
        right = _Correcting(store, wanted, batch_size=4)
        assert right.size == 12
        assert right.campaign().lists == ("press",)
        for number in (1, 6, 12):
            end_subscription(right, number)
        assert right.drain() == [[1, 2, 3, 4], [11], [5, 6, 7, 8], [9, 10]]
        assert right.counts() == Counts(accepted=11, suppressed=1)

    def test_halves_of_such_a_batch_ask_for_no_subscription_either(self, store: Store) -> None:
        books = Books(store, 4)
        books.drain()
        right = _Correcting(store, correction(books), batch_size=10)
        assert right.split(right.claim())
        for number in range(1, 5):
            end_subscription(right, number)
        suppress(right, 2)
        assert right.drain() == [[1], [3, 4]]


class _Correcting(Books):
    """The campaign of a correction that has just begun."""

    def __init__(self, store: Store, wanted: Correction, *, batch_size: int) -> None:
        self.store = store
        with store.begin() as tx:
            self.id = add_campaign(tx, wanted.by, lists=["elsewhere"])
            self.move(CampaignState.SENDING, tx)
            self.size = tx.audiences.freeze(self.id, wanted, batch_size)
        self.check()
