"""Contract: a store claims, returns and halves batches."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import ClaimedBatch, Waiting
from newsletter.domain.delivery.restore_guard import HoldKind, Mark
from newsletter.domain.subscribers.audience import Audience, SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store, Transaction
from newsletter.store.subscribers.eligibility import eligible, ids_of, people_on
from tests.contracts.books import LEASE, Books, add_campaign, entries, ids
from tests.fakes import NOON


def suppress(books: Books, number: int, reason: SuppressionReason) -> None:
    with books.step() as tx:
        entry = SuppressedEntry(address=f"reader{number}@example.org", reason=reason)
        tx.readers.suppress([entry], NOON, "test")


_POPULATION = """
    INSERT INTO subscription (list_id, subscriber_id, state, changed_at)
    VALUES (:list_id, :number, :state, 0)
"""


def add_every_kind(tx: Transaction) -> int:
    """Add a subscriber of each kind: two lists, paused or not, suppressed or not; return how many.

    The kinds are mixed, so that each has others next to it.
    """
    states = [None, "confirmed", "ended"]
    kinds = list(product(states, states, (None, NOON), (False, True)))
    tx.readers.upsert(entries(len(kinds), "press", "events"), NOON)
    lists = tx.db.column("SELECT id FROM list ORDER BY name DESC")  # press, events
    tx.db.change("DELETE FROM subscription")
    for place, (*of_lists, paused_until, is_suppressed) in enumerate(kinds):
        number = place * 7 % len(kinds) + 1
        for list_id, state in zip(lists, of_lists, strict=True):
            if state is not None:
                tx.db.change(_POPULATION, list_id=list_id, number=number, state=state)
        tx.db.change(
            "UPDATE subscriber SET paused_until = :until WHERE id = :id",
            until=paused_until,
            id=number,
        )
        if is_suppressed:
            gone = SuppressedEntry(
                address=f"reader{number}@example.org", reason=SuppressionReason.MANUAL
            )
            tx.readers.suppress([gone], NOON, "test")
    return len(kinds)


class BatchesContract:
    def test_reading_subscriptions_in_a_row_finds_those_that_looking_up_each_finds(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            count = add_every_kind(tx)
            for lists in (["press"], ["events"], ["press", "events"], ["nowhere"]):
                known = ids_of(tx.db, lists)
                each = eligible(lists)
                found = tx.db.column(f"SELECT id FROM subscriber WHERE {each} ORDER BY id", each)
                for first, length in product(range(1, count + 1, 3), (1, 2, 9, count)):
                    last = first + length - 1
                    row = people_on(known, id_range=(first, last))
                    assert tx.db.column(
                        f"SELECT {row.id} AS id FROM {row.tables} WHERE {row.who} ORDER BY id",
                        row.who,
                    ) == [number for number in found if first <= number <= last]
            assert found == []
            assert (
                tx.audiences.freeze(add_campaign(tx), Audience(lists=("press", "events")), 10) == 5
            )

    def test_a_reader_who_joined_since_the_freeze_is_in_no_batch(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(4), NOON)
            tx.db.change("UPDATE subscription SET state = 'ended' WHERE subscriber_id = 2")
        books = Books(store, [])
        with books.step() as tx:
            tx.db.change("UPDATE subscription SET state = 'confirmed' WHERE subscriber_id = 2")
        assert ids(books.claim()) == [1, 3, 4]

    def test_batches_are_claimed_by_campaign_and_number(self, store: Store) -> None:
        first = Books(store, 5, batch_size=2, slug="first")
        second = Books(store, [], batch_size=3, slug="second")
        taken = [first.claim(attempt_id=f"a{place}") for place in range(5)]
        assert [one.campaign.id for one in taken] == [first.id] * 3 + [second.id] * 2
        assert [ids(one) for one in taken] == [[1, 2], [3, 4], [5], [1, 2, 3], [4, 5]]
        assert first.try_claim() is None

    def test_a_claim_says_what_it_holds(self, store: Store) -> None:
        books = Books(store, 1)
        claimed = books.claim()
        assert [tuple(member) for member in claimed.members] == [(1, "reader1@example.org")]
        assert claimed.attempts == 1
        assert claimed.campaign.slug == "resignation"
        assert claimed.campaign.content_hash == books.campaign().content_hash
        assert claimed.campaign.lists == ("press",)

    def test_each_attempt_is_counted_once_and_for_ever(self, store: Store) -> None:
        books = Books(store, 6, batch_size=2)
        first = books.claim(intends=False)
        assert books.intend(first) == 1
        assert books.requeue(first)
        again, other = books.claim(intends=False), books.claim(intends=False)
        assert [books.intend(again), books.intend(other)] == [2, 3]
        with store.begin() as tx:
            tx.generation.renew(Mark(generation="a" * 32, claims=10))
        assert books.intend(books.claim(intends=False)) == 11
        with store.read() as tx:
            assert tx.generation.mark() == Mark(generation="a" * 32, claims=11)

    @pytest.mark.parametrize("kind", HoldKind)
    def test_nothing_is_claimed_while_there_is_a_hold_and_all_of_it_after(
        self, store: Store, kind: HoldKind
    ) -> None:
        books = Books(store, 6, batch_size=2)
        under_way = books.claim()
        with books.step() as tx:
            tx.hold.put(kind, "because")
            assert tx.batches.claim(at=NOON, lease=LEASE, attempt_id="a2") is None
        assert books.try_claim() is None
        assert books.settle(under_way)
        with books.step() as tx:
            tx.hold.release(kind)
        assert books.drain() == [[3, 4], [5, 6]]

    @pytest.mark.parametrize(
        "state", [state for state in CampaignState if state is not CampaignState.SENDING]
    )
    def test_only_a_campaign_that_is_sending_is_claimed(
        self, store: Store, state: CampaignState
    ) -> None:
        books = Books(store, 3)
        books.move(state)
        assert books.try_claim() is None
        books.move(CampaignState.SENDING)
        assert ids(books.claim()) == [1, 2, 3]

    def test_those_who_left_since_the_freeze_are_booked_with_the_reason(self, store: Store) -> None:
        books = Books(store, 6)
        suppress(books, 1, SuppressionReason.COMPLAINED)
        with books.step() as tx:
            assert tx.choices.leave(2, ["press"], NOON, books.id) == {"press"}
            assert tx.readers.erase("reader3@example.org", NOON)
            assert tx.readers.erase("reader4@example.org", NOON)
            tx.readers.upsert([entries(1, start=4)[0]], NOON)
        claimed = books.claim()
        assert ids(claimed) == [5, 6]
        assert books.counts() == Counts(pending=2, suppressed=4)
        with store.read() as tx:
            assert tx.campaigns.list_exceptions(books.id) == [
                ("reader1@example.org", "suppressed", "complained", ""),
                ("reader2@example.org", "suppressed", "unsubscribed", ""),
                ("(erased)", "suppressed", "erased", ""),
                ("(erased)", "suppressed", "erased", ""),
            ]
        assert books.settle(claimed)
        assert books.counts() == Counts(accepted=2, suppressed=4)

    def test_leaving_one_of_two_lists_is_not_leaving_the_campaign(self, store: Store) -> None:
        books = Books(store, entries(1, "press", "events"), lists=["press", "events"])
        with books.step() as tx:
            tx.choices.leave(1, ["press"], NOON, books.id)
        assert ids(books.claim()) == [1]

    def test_a_batch_in_which_nobody_is_left_is_done_and_the_next_is_claimed(
        self, store: Store
    ) -> None:
        books = Books(store, 4, batch_size=2)
        suppress(books, 1, SuppressionReason.BOUNCED)
        suppress(books, 2, SuppressionReason.MANUAL)
        assert ids(books.claim()) == [3, 4]
        assert books.counts() == Counts(pending=2, suppressed=2)

    def test_a_campaign_in_which_nobody_is_left_has_nothing_open(self, store: Store) -> None:
        books = Books(store, 2)
        suppress(books, 1, SuppressionReason.BOUNCED)
        suppress(books, 2, SuppressionReason.BOUNCED)
        assert books.try_claim() is None
        assert books.counts() == Counts(suppressed=2)
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_a_batch_is_open_until_it_is_settled(self, store: Store) -> None:
        books = Books(store, 2)
        for outcome in (None, "claimed"):
            with store.read() as tx:
                assert tx.batches.is_open(books.id), outcome
            if outcome is None:
                claimed = books.claim()
        books.settle(claimed)
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_a_batch_that_was_put_back_waits_for_its_time(self, store: Store) -> None:
        books = Books(store, 3)
        assert books.requeue(books.claim(), seconds=30)
        assert books.counts() == Counts(pending=3)
        assert books.try_claim(at=NOON + timedelta(seconds=29.999)) is None
        again = books.claim(at=NOON + timedelta(seconds=30))
        assert ids(again) == [1, 2, 3]
        assert again.attempts == 2

    def test_a_batch_that_was_put_off_further_than_anything_is_does_not_wait(
        self, store: Store
    ) -> None:
        books = Books(store, 3)
        hours = timedelta(hours=2).total_seconds()
        assert books.requeue(books.claim(), seconds=hours)
        assert books.try_claim() is None
        assert ids(books.claim(at=NOON - timedelta(milliseconds=1))) == [1, 2, 3]

    def test_a_batch_that_waits_does_not_hold_up_the_next(self, store: Store) -> None:
        books = Books(store, 4, batch_size=2)
        books.requeue(books.claim(), seconds=30)
        assert ids(books.claim()) == [3, 4]

    def test_whoever_leaves_while_a_batch_waits_is_not_in_it_any_more(self, store: Store) -> None:
        books = Books(store, 3)
        suppress(books, 1, SuppressionReason.BOUNCED)
        first = books.claim()
        assert books.requeue(first)
        suppress(books, 2, SuppressionReason.COMPLAINED)
        again = books.claim()
        assert ids(again) == [3]
        assert books.counts() == Counts(pending=1, suppressed=2)

    @pytest.mark.parametrize("act", [Books.requeue, Books.split])
    def test_putting_back_or_halving_a_batch_of_a_cancelled_campaign_cancels_it(
        self, store: Store, act: Callable[[Books, ClaimedBatch], bool]
    ) -> None:
        books = Books(store, 3)
        suppress(books, 1, SuppressionReason.BOUNCED)
        claimed = books.claim()
        books.move(CampaignState.CANCELLED)
        assert act(books, claimed)
        assert books.counts() == Counts(suppressed=1, cancelled=2)
        with store.read() as tx:
            assert not tx.batches.is_open(books.id)

    def test_putting_back_a_batch_of_a_paused_campaign_keeps_it_for_later(
        self, store: Store
    ) -> None:
        books = Books(store, 3)
        claimed = books.claim()
        books.move(CampaignState.PAUSED)
        assert books.requeue(claimed)
        assert books.try_claim() is None
        books.move(CampaignState.SENDING)
        assert ids(books.claim()) == [1, 2, 3]

    @pytest.mark.parametrize("people", [2, 3, 10])
    def test_two_halves_hold_each_reader_once(self, store: Store, people: int) -> None:
        books = Books(store, people)
        assert books.split(books.claim())
        assert books.counts() == Counts(pending=people)
        halves = books.drain()
        assert [len(half) for half in halves] == [people // 2, people - people // 2]
        assert [number for half in halves for number in half] == list(range(1, people + 1))

    def test_halving_goes_on_down_to_one_reader(self, store: Store) -> None:
        books = Books(store, 5)
        alone = []
        while (claimed := books.try_claim()) is not None:
            if len(claimed.members) > 1:
                assert books.split(claimed)
            else:
                alone.append(ids(claimed))
                assert books.settle(claimed)
        assert sorted(alone) == [[1], [2], [3], [4], [5]]
        assert books.counts() == Counts(accepted=5)

    def test_halving_one_reader_gives_one_batch_again(self, store: Store) -> None:
        books = Books(store, 1)
        assert books.split(books.claim())
        assert books.counts() == Counts(pending=1)
        assert books.drain() == [[1]]

    def test_those_who_left_before_the_halving_are_in_neither_half(self, store: Store) -> None:
        books = Books(store, 5)
        suppress(books, 2, SuppressionReason.BOUNCED)
        assert books.split(books.claim())
        assert books.drain() == [[1, 3], [4, 5]]
        assert books.counts() == Counts(accepted=4, suppressed=1)

    def test_halves_come_after_the_batches_that_were_there(self, store: Store) -> None:
        books = Books(store, 6, batch_size=4)
        assert books.split(books.claim())
        assert books.drain() == [[5, 6], [1, 2], [3, 4]]

    def test_what_waits_is_counted_for_campaigns_that_are_sending(self, store: Store) -> None:
        books = Books(store, 5, batch_size=2)
        with store.read() as tx:
            assert tx.batches.count_open() == Waiting(
                queued=3, claimed=0, next_at=NOON - NOON_SINCE_1970, max_attempts=0, reason=""
            )
        for _ in range(2):
            books.requeue(books.claim(), seconds=30)
        books.claim()
        with store.read() as tx:
            assert tx.batches.count_open() == Waiting(
                queued=2,
                claimed=1,
                next_at=NOON + timedelta(seconds=30),
                max_attempts=1,
                reason="busy",
            )

    def test_what_is_paused_does_not_wait_but_its_calls_are_still_under_way(
        self, store: Store
    ) -> None:
        books = Books(store, 4, batch_size=2)
        books.claim()
        books.move(CampaignState.PAUSED)
        with store.read() as tx:
            waiting = tx.batches.count_open()
        assert (waiting.queued, waiting.claimed, waiting.next_at) == (0, 1, None)

    def test_a_claim_is_undone_with_its_transaction(self, store: Store) -> None:
        books = Books(store, 2)
        suppress(books, 1, SuppressionReason.BOUNCED)

        def claim_and_stop() -> None:
            with store.begin() as tx:
                assert tx.batches.claim(at=NOON, lease=LEASE, attempt_id="a1") is not None
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            claim_and_stop()
        assert books.counts() == Counts(pending=2)
        assert books.claim().attempts == 1


NOON_SINCE_1970 = timedelta(seconds=NOON.timestamp())
