"""Contract: a store keeps batches that are unknown until their outcome is known."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import DeliveryState, Outcome, Resolution, UnknownBatch
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import ACCEPTED, LEASE, REJECTED, UNKNOWN, Books
from tests.fakes import NOON

MINUTE = timedelta(minutes=1)


def lost(store: Store, readers: int = 4, **others: Outcome) -> Books:
    """A campaign of one batch that is unknown."""
    return Books(store, readers).settled(UNKNOWN, **others)


def take(books: Books, *, after: timedelta = MINUTE, provider: str = "recording") -> UnknownBatch:
    held = try_take(books, after=after, provider=provider)
    assert held is not None, "nothing is due"
    return held


def try_take(
    books: Books, *, after: timedelta = MINUTE, provider: str = "recording"
) -> UnknownBatch | None:
    with books.step() as tx:
        return tx.unknowns.claim(at=NOON + after, lease=LEASE, accounts={provider: ""})


def settle(
    books: Books,
    held: UnknownBatch,
    rest: DeliveryState,
    known: Mapping[int, Outcome] | None = None,
) -> bool:
    with books.step() as tx:
        return tx.unknowns.settle(held, outcomes=known or {}, other_state=rest, at=NOON + MINUTE)


def addresses_left(tx: Transaction) -> object:
    shown: Any = tx.data_exports.collect(1)["subscriber"]
    return shown["addresses_left"]


class UnknownsContract:
    def test_a_batch_is_taken_as_its_attempt_left_it(self, store: Store) -> None:
        books = Books(store, 3)
        claimed = books.claim(attempt_id="a7")
        with books.step() as tx:
            tx.batches.record_start(claimed.id, body_hash="b7")
        books.settle(claimed, UNKNOWN, n1=REJECTED)
        held = take(books)
        assert (held.attempt_id, held.attempt_at, held.body_hash) == ("a7", NOON, "b7")
        assert held.attempt_at == claimed.at
        assert held.members == [(2, "reader2@example.org"), (3, "reader3@example.org")]
        assert not held.left
        assert (held.tries, held.silent_at, held.silent_looks) == (0, None, 0)
        assert held.campaign == replace(books.campaign(), counts=Counts())

    def test_it_is_told_when_and_to_whom_the_calls_went_that_are_unknown(
        self, store: Store
    ) -> None:
        books = lost(store)
        with store.read() as tx:
            assert tx.unknowns.call_period(books.id) == (NOON, NOON)
            fingerprint = tx.unknowns.fingerprint(books.id)
            assert tx.unknowns.providers(books.id) == ["recording"]
            assert tx.batches.settled_since(books.id, NOON) == 4
            assert tx.batches.accepted_by_minute(books.id) == []
            assert tx.batches.settled_since(books.id, NOON + MINUTE) == 0
        with books.step() as tx:
            tx.unknowns.decide(books.id, Resolution.ACCEPTED, NOON)
            assert tx.batches.accepted_by_minute(books.id) == [(NOON, 4)]
            assert tx.unknowns.call_period(books.id) is None
            assert tx.unknowns.fingerprint(books.id) != fingerprint
            assert tx.unknowns.providers(books.id) == []

    def test_what_was_seen_ahead_of_the_clock_is_taken_at_once(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        assert held.seen_at == NOON
        with books.step() as tx:
            seen = NOON + MINUTE * 7
            tx.unknowns.settle(held, outcomes={}, other_state=DeliveryState.UNKNOWN, at=seen)
            tx.unknowns.plan_lookup(held, until=NOON + MINUTE * 9, tries=1)
        assert try_take(books, after=MINUTE * 6) is None
        again = take(books, after=MINUTE * 5)
        assert (again.seen_at, again.tries) == (seen, 1)

    def test_what_is_held_is_not_taken_again_until_the_lease_is_over(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        assert try_take(books, after=LEASE) is None
        again = take(books, after=MINUTE + LEASE)
        assert again.fence > held.fence
        assert not settle(books, held, DeliveryState.ACCEPTED)
        assert books.counts() == Counts(unknown=4)
        assert settle(books, again, DeliveryState.ACCEPTED)
        assert books.counts() == Counts(accepted=4)

    def test_what_the_dead_held_is_taken_at_once(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        assert books.abandon() == 0
        assert take(books).fence > held.fence
        assert not settle(books, held, DeliveryState.ACCEPTED)

    def test_nothing_is_taken_of_what_is_known_or_went_elsewhere(self, store: Store) -> None:
        books = Books(store, 25).settled()
        books.settle(books.claim(), UNKNOWN)
        books.claim()
        assert try_take(books, provider="elsewhere") is None
        assert len(take(books).members) == 10
        assert try_take(books) is None

    def test_nothing_is_taken_while_the_workspace_is_on_hold(self, store: Store) -> None:
        books = lost(store)
        with books.step() as tx:
            tx.hold.put(HoldKind.STOP, "stopped")
        assert try_take(books) is None
        with books.step() as tx:
            tx.hold.release(HoldKind.STOP)
        assert len(take(books).members) == 4

    def test_whoever_left_since_the_attempt_is_told_of(self, store: Store) -> None:
        books = lost(store)
        with books.step() as tx:
            tx.choices.leave(2, ["press"], NOON, books.id)
        held = take(books)
        assert held.left == {2}
        assert len(held.members) == 4

    def test_whoever_was_erased_has_no_address_and_still_counts(self, store: Store) -> None:
        books = lost(store, 2)
        with books.step() as tx:
            assert tx.readers.change_address(1, "ana@example.org")
            tx.readers.erase("ana@example.org", NOON)
        held = take(books)
        assert held.left == held.without_address == {1}
        assert held.members == [(1, ""), (2, "reader2@example.org")]

    def test_an_attempt_keeps_the_addresses_that_it_was_made_with(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        books = Books(store, 2)
        moved = "UPDATE subscriber SET address = 'b@x.example', address_hash = :hash WHERE id = 1"
        roads: list[tuple[str, Callable[[Transaction], object], set[int]]] = [
            ("a move", lambda tx: tx.readers.change_address(1, "ana@example.org"), {1}),
            ("a second one", lambda tx: tx.readers.change_address(1, "ana@second.example"), {1}),
            ("SQL", lambda tx: tx.db.change(moved, hash=b"b"), {1}),
            ("back again", lambda tx: tx.readers.change_address(1, "start@example.org"), set()),
            (
                "in another spelling",
                lambda tx: tx.readers.change_address(1, "START@example.org"),
                set(),
            ),
        ]
        with books.step() as tx:
            assert tx.readers.change_address(1, "start@example.org"), "of before the attempt"
        books.settle(books.claim(), UNKNOWN)
        for turn, (road, change, left) in enumerate(roads, start=1):
            with subtests.test(road):
                with books.step() as tx:
                    change(tx)
                held = take(books, after=turn * 2 * LEASE)
                assert held.members == [(1, "start@example.org"), (2, "reader2@example.org")]
                assert held.left == left

    def test_the_next_attempt_is_made_with_the_address_of_its_own_claim(self, store: Store) -> None:
        books = lost(store, 1)
        with books.step() as tx:
            assert tx.readers.change_address(1, "ana@example.org")
        settle(books, take(books), DeliveryState.PENDING)
        claimed = books.claim(attempt_id="a2")
        assert claimed.members == [(1, "ana@example.org")]
        books.settle(claimed, UNKNOWN)
        held = take(books, after=2 * LEASE)
        assert (held.members, held.left) == ([(1, "ana@example.org")], frozenset())

    def test_an_address_that_was_left_is_forgotten_once_nothing_there_is_unknown(
        self, store: Store
    ) -> None:
        books = lost(store, 2)
        with books.step() as tx:
            assert tx.readers.change_address(1, "ana@example.org")
            assert tx.readers.clear_left_addresses() == 0
            assert addresses_left(tx) == ["reader1@example.org"]
        settle(books, take(books), DeliveryState.ACCEPTED)
        with books.step() as tx:
            assert tx.readers.change_address(2, "later@example.org")
            assert tx.readers.clear_left_addresses() == 2
            assert tx.readers.clear_left_addresses() == 0
            assert addresses_left(tx) == []

    @pytest.mark.parametrize(
        ("cancelled", "counts", "again"),
        [
            (False, Counts(accepted=1, rejected=1, unknown=1, pending=1), [[3]]),
            (True, Counts(accepted=1, rejected=1, unknown=1, cancelled=1), []),
        ],
    )
    def test_those_who_are_kept_apart_stay_unknown(
        self, store: Store, cancelled: bool, counts: Counts, again: list[list[int]]
    ) -> None:
        books = lost(store)
        if cancelled:
            books.move(CampaignState.CANCELLED)
        known = {1: ACCEPTED, 2: REJECTED}
        held = take(books)

        def part(held: UnknownBatch) -> bool:
            with books.step() as tx:
                return tx.unknowns.settle(
                    held,
                    outcomes=known,
                    other_state=DeliveryState.PENDING,
                    at=NOON + MINUTE,
                    undecided={4},
                )

        assert not part(replace(held, fence=held.fence - 1))
        assert books.counts() == Counts(unknown=4)
        assert part(held)
        assert books.counts() == counts
        assert books.drain() == again
        assert [number for number, _ in take(books, after=2 * LEASE).members] == [4]

    def test_where_all_others_are_known_those_kept_apart_stay_alone(self, store: Store) -> None:
        books = lost(store, 2)
        held = take(books)
        with books.step() as tx:
            assert tx.unknowns.settle(
                held,
                outcomes={1: ACCEPTED},
                other_state=DeliveryState.PENDING,
                at=NOON,
                undecided={2},
            )
        assert books.counts() == Counts(accepted=1, unknown=1)
        assert books.drain() == []

    @pytest.mark.parametrize(
        ("rest", "counts"),
        [
            (DeliveryState.ACCEPTED, Counts(accepted=4)),
            (DeliveryState.PENDING, Counts(pending=4)),
            (DeliveryState.UNKNOWN, Counts(unknown=4)),
        ],
    )
    def test_all_may_come_out_alike(
        self, store: Store, rest: DeliveryState, counts: Counts
    ) -> None:
        books = lost(store)
        assert settle(books, take(books), rest)
        assert books.counts() == counts

    @pytest.mark.parametrize(
        ("rest", "counts"),
        [
            (DeliveryState.ACCEPTED, Counts(accepted=3, rejected=1)),
            (DeliveryState.PENDING, Counts(accepted=1, rejected=1, pending=2)),
            (DeliveryState.UNKNOWN, Counts(accepted=1, rejected=1, unknown=2)),
        ],
    )
    def test_those_who_are_known_are_booked_one_by_one(
        self, store: Store, rest: DeliveryState, counts: Counts
    ) -> None:
        books = lost(store)
        assert settle(books, take(books), rest, {2: ACCEPTED, 3: REJECTED})
        assert books.counts() == counts
        with store.read() as tx:
            named = {row[0] for row in tx.campaigns.list_exceptions(books.id)}
        assert named == {"reader2@example.org", "reader3@example.org"}

    def test_a_thousand_may_be_known_one_by_one(self, store: Store) -> None:
        books = Books(store, 1001, batch_size=1001).settled(UNKNOWN)
        held = take(books)
        known = {number: ACCEPTED for number, _ in held.members[1:]}
        assert settle(books, held, DeliveryState.UNKNOWN, known)
        assert books.counts() == Counts(accepted=1000, unknown=1)

    def test_when_all_are_known_nothing_is_left_to_look_for(self, store: Store) -> None:
        books = lost(store, 2)
        assert settle(books, take(books), DeliveryState.UNKNOWN, {1: ACCEPTED, 2: REJECTED})
        assert books.counts() == Counts(accepted=1, rejected=1)
        assert try_take(books, after=timedelta(days=1)) is None

    def test_what_was_not_handed_over_is_claimed_without_those_who_have_it(
        self, store: Store
    ) -> None:
        books = lost(store)
        settle(books, take(books), DeliveryState.PENDING, {2: ACCEPTED})
        assert books.drain() == [[1, 3, 4]]
        assert books.counts() == Counts(accepted=4)

    def test_of_a_cancelled_campaign_what_was_not_handed_over_is_cancelled(
        self, store: Store
    ) -> None:
        books = lost(store)
        books.move(CampaignState.CANCELLED)
        settle(books, take(books), DeliveryState.PENDING, {2: ACCEPTED})
        assert books.counts() == Counts(accepted=1, cancelled=3)
        assert books.try_claim() is None

    def test_a_look_is_put_off_with_what_was_learnt(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        with books.step() as tx:
            tx.unknowns.plan_lookup(
                held, until=NOON + 9 * MINUTE, tries=3, silent_at=NOON, silent_looks=2
            )
            assert tx.unknowns.next_at({"recording": ""}) == NOON + 9 * MINUTE
            assert tx.unknowns.next_at({"elsewhere": ""}) is None
            assert tx.campaigns.assign_provider(books.id, "second")  # only what is queued hurries
        assert try_take(books, after=8 * MINUTE) is None
        again = take(books, after=9 * MINUTE)
        assert (again.tries, again.silent_at, again.silent_looks) == (3, NOON, 2)

    def test_what_only_a_person_can_tell_is_never_taken(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        with books.step() as tx:
            tx.unknowns.plan_lookup(held, until=None, tries=0)
            assert tx.unknowns.next_at({"recording": ""}) is None
        assert try_take(books, after=timedelta(days=36500)) is None
        with books.step() as tx:
            assert tx.unknowns.decide(books.id, Resolution.RESEND, NOON) == 4
        assert books.drain() == [[1, 2, 3, 4]]

    def test_what_a_person_decided_is_no_longer_anybodys(self, store: Store) -> None:
        books = lost(store)
        held = take(books)
        with books.step() as tx:
            tx.unknowns.decide(books.id, Resolution.GIVE_UP, NOON)
        assert not settle(books, held, DeliveryState.ACCEPTED)
        assert books.counts() == Counts(cancelled=4)

    @pytest.mark.parametrize("by_person", [False, True])
    def test_a_second_attempt_that_is_lost_starts_from_nothing(
        self, store: Store, by_person: bool
    ) -> None:
        books = lost(store)
        held = take(books)
        with books.step() as tx:
            tx.unknowns.plan_lookup(held, until=NOON, tries=5, silent_at=NOON, silent_looks=2)
        held = take(books)
        with books.step() as tx:
            tx.unknowns.record_replay(held, until=NOON + LEASE)
            if by_person:
                tx.unknowns.decide(books.id, Resolution.RESEND, NOON)
        assert settle(books, held, DeliveryState.PENDING) is not by_person
        books.settle(books.claim(attempt_id="a2"), UNKNOWN)
        with store.read() as tx:
            assert tx.unknowns.calls_until(books.id, NOON) is None
        fresh = take(books)
        assert (fresh.attempt_id, fresh.tries) == ("a2", 0)
        assert (fresh.silent_at, fresh.silent_looks) == (None, 0)
