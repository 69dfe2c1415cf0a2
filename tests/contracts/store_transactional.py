"""Contract: a store sends emails within limits, one attempt at a time, never twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.delivery.transactional import (
    ClaimedEmail,
    EmailKind,
    EmailLimits,
    MessageState,
    RequestOutcome,
    TransactionalEmail,
)
from newsletter.store.sql import Store, Transaction
from tests.contracts.store_workers import enter
from tests.fakes import NOON

JOIN = TransactionalEmail(
    id=0,
    kind=EmailKind.JOIN,
    address="Ana@Example.org",
    lists=("press", "supporters"),
    name="Ana Ruiz",
    language="es",
    timezone="America/Chicago",
    source="our sign-up page",
    wording="a" * 64,
    asked_at=NOON,
)
LIMITS = EmailLimits(max_per_day=1, max_per_month=3, max_per_network=4, max_waiting=6)
HERE = "198.51.100.0/24"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def ask(
    tx: Transaction, email: TransactionalEmail = JOIN, network: str = HERE, **changes: object
) -> RequestOutcome:
    return tx.emails.ask(replace(email, **changes), network=network, limits=LIMITS)  # type: ignore[arg-type]


def claim(tx: Transaction, attempt: str = "a1", at: timedelta = timedelta(0)) -> ClaimedEmail:
    claimed = tx.emails.claim(at=NOON + at, attempt_id=attempt)
    assert claimed is not None
    return claimed


def intend(tx: Transaction, held: ClaimedEmail) -> int:
    """Return the number of attempts so far."""
    return tx.emails.record_start(held, provider="recording", account="one")


class LettersContract:
    def test_those_that_wait_are_counted_without_one_kind(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.emails.inform("ed@forum.example", "", NOON + HOUR, EmailKind.NEWS)
            assert tx.emails.count_waiting()[0] == 2
            assert tx.emails.count_waiting(without=EmailKind.NEWS) == (1, NOON)

    def test_a_letter_comes_back_as_it_was_asked_for(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.emails.get(1) is None
            assert ask(tx) is RequestOutcome.NEW
        with store.read() as tx:
            assert tx.emails.get(1) == replace(JOIN, id=1)
            assert tx.emails.count_waiting() == (1, NOON)

    def test_one_of_a_kind_a_day_and_three_a_month_go_to_a_mailbox(self, store: Store) -> None:
        with store.begin() as tx:
            taken = [ask(tx, asked_at=NOON + HOUR * hours) for hours in range(0, 24 * 9, 12)]
            kinds = [one is RequestOutcome.NEW for one in taken]
            assert kinds == [hours in {0, 24, 48} for hours in range(0, 24 * 9, 12)]
            assert ask(tx, asked_at=NOON + DAY * 31) is RequestOutcome.NEW
            # a clock that ran ahead holds up no subscriber once it is set right
            assert ask(tx, asked_at=NOON - DAY * 31) is RequestOutcome.NEW

    def test_spellings_of_one_mailbox_count_together(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        for other in ["ana@example.org", "ANA+x@example.ORG", "ana+@example.org"]:
            with subtests.test(other=other), store.begin() as tx:
                ask(tx)
                assert ask(tx, address=other) is RequestOutcome.AGAIN
                assert tx.emails.count_waiting()[0] == 1

    def test_another_kind_and_another_mailbox_are_not_in_the_way(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            assert ask(tx, kind=EmailKind.PREFERENCES) is RequestOutcome.NEW
            assert ask(tx, address="+ana@example.org") is RequestOutcome.NEW

    def test_a_network_asks_for_so_many_an_hour(self, store: Store) -> None:
        with store.begin() as tx:
            taken = [ask(tx, address=f"r{number}@example.org") for number in range(6)]
            assert taken == [RequestOutcome.NEW] * 4 + [RequestOutcome.NETWORK] * 2
            assert ask(tx, address="r9@example.org", network="203.0.113.0/24") is RequestOutcome.NEW
            assert ask(tx, address="r8@example.org", asked_at=NOON + HOUR) is RequestOutcome.NEW
            earlier = ask(tx, address="r7@example.org", asked_at=NOON - HOUR * 2)
            assert earlier is RequestOutcome.FULL, "no limit of the network, by a clock set right"

    def test_where_no_network_is_known_none_is_limited(self, store: Store) -> None:
        with store.begin() as tx:
            taken = [ask(tx, address=f"r{n}@example.org", network="") for n in range(7)]
        assert taken == [RequestOutcome.NEW] * 6 + [RequestOutcome.FULL], "all that may wait"

    def test_who_was_refused_by_the_provider_may_ask_again(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.emails.settle(claim(tx), MessageState.REJECTED, at=NOON)
            assert ask(tx) is RequestOutcome.NEW

    def test_who_used_their_link_may_ask_again(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.emails.settle(claim(tx), MessageState.ACCEPTED, at=NOON)
            assert ask(tx) is RequestOutcome.AGAIN
            tx.emails.use(1, NOON)
            assert ask(tx) is RequestOutcome.NEW
            assert ask(tx) is RequestOutcome.AGAIN

    def test_letters_are_claimed_oldest_first_and_each_once(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx, address="b@example.org", asked_at=NOON + timedelta(seconds=1))
            ask(tx)
            later = timedelta(seconds=2)
            assert claim(tx, "a1", later).email.address == JOIN.address
            assert claim(tx, "a2", later).email.address == "b@example.org"
            assert tx.emails.claim(at=NOON + later, attempt_id="a3") is None
            assert tx.emails.count_waiting() == (0, None)

    def test_each_attempt_counts_as_one_of_the_epoch(self, store: Store) -> None:
        with store.begin() as tx:
            before = tx.generation.mark().claims
            ask(tx)
            held = claim(tx)
            assert tx.generation.mark().claims == before
            assert intend(tx, held) == before + 1 == tx.generation.mark().claims

    def test_on_hold_none_is_claimed(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.hold.put(HoldKind.STOP, "a person said so")
            assert tx.emails.claim(at=NOON, attempt_id="a1") is None
            tx.hold.release(HoldKind.STOP)
            assert claim(tx).attempts == 1

    def test_what_was_not_handed_over_is_claimed_again_when_it_is_due(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            assert tx.emails.requeue(claim(tx), not_before=NOON + HOUR, reason="refused")
            assert tx.emails.count_waiting() == (1, NOON + HOUR)
            assert tx.emails.waiting_since() == NOON
            assert tx.emails.claim(at=NOON, attempt_id="a2") is None
            again = claim(tx, "a2", HOUR)
        assert again.attempts == 2
        assert again.email.state is MessageState.CALLING

    def test_what_a_wrong_clock_put_off_for_long_is_due(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.emails.requeue(claim(tx), not_before=NOON + DAY * 400, reason="a wrong clock")
            assert claim(tx, "a2").attempts == 2

    @pytest.mark.parametrize("state", [MessageState.ACCEPTED, MessageState.UNKNOWN])
    def test_only_the_attempt_that_holds_a_letter_books_it(
        self, store: Store, state: MessageState
    ) -> None:
        with store.begin() as tx:
            ask(tx)
            held = claim(tx)
            assert not tx.emails.settle(replace(held, attempt_id="a2"), state, at=NOON)
            assert tx.emails.settle(held, state, at=NOON, provider="p", provider_id="1")
            assert not tx.emails.settle(held, MessageState.REJECTED, at=NOON)
            assert not tx.emails.requeue(held, not_before=NOON, reason="late")
            found = tx.emails.get(held.email.id)
        assert found.state is state

    def test_whoever_held_one_and_died_left_it_unknown(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            ask(tx, address="b@example.org")
            held = claim(tx)
            assert intend(tx, held)
            assert tx.emails.abandon(NOON) == 1
            assert tx.emails.abandon(NOON) == 0
            found = tx.emails.get(held.email.id)
            assert found.state is MessageState.UNKNOWN
            assert (found.settled_at, found.reason.split(" that")[0]) == (NOON, "the process")
            assert not tx.emails.settle(held, MessageState.ACCEPTED, at=NOON)
            assert tx.emails.count_waiting()[0] == 1

    def test_what_the_living_had_claimed_is_still_theirs(self, store: Store) -> None:
        owner = enter(store)
        with store.begin() as tx:
            ask(tx)
            held = tx.emails.claim(at=NOON, attempt_id="a1", owner=owner)
            assert held is not None
            assert intend(tx, held)
            assert tx.emails.abandon(NOON) == 0
            assert tx.emails.settle(held, MessageState.ACCEPTED, at=NOON)

    def test_what_the_dead_had_not_written_down_as_leaving_waits_again(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            held = claim(tx)
            intend(tx, held)
            tx.emails.requeue(held, not_before=NOON, reason="busy")
            held = claim(tx, "a2")
            assert tx.emails.abandon(NOON) == 0
            assert not tx.emails.settle(held, MessageState.ACCEPTED, at=NOON)
            assert claim(tx, "a3").email.id == held.email.id

    def test_a_link_is_used_once(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            assert tx.emails.use(1, NOON)
            assert not tx.emails.use(1, NOON + HOUR)
            assert not tx.emails.use(2, NOON)
            found = tx.emails.get(1)
        assert found.used_at == NOON

    def test_what_left_is_counted_from_when_it_did(self, store: Store) -> None:
        with store.begin() as tx:
            for number in range(3):
                ask(tx, address=f"r{number}@example.org")
            tx.emails.settle(claim(tx, "a1", HOUR), MessageState.ACCEPTED, at=NOON + HOUR)
            tx.emails.settle(claim(tx, "a2", HOUR), MessageState.WITHHELD, at=NOON + HOUR)
            claim(tx, "a3", HOUR * 2)
            # one is of the hour before, and one of an hour to come, by a clock that was put back
            left = [tx.emails.count_sent_in_hour(NOON + HOUR * hours) for hours in (0, 1, 2, 3)]
            assert left == [0, 1, 1, 0]

    def test_letters_are_counted_by_their_state(self, store: Store) -> None:
        with store.begin() as tx:
            assert set(tx.emails.counts(NOON - DAY)) == set(MessageState)
            for number in range(3):
                ask(tx, address=f"r{number}@example.org", asked_at=NOON + HOUR * number)
            tx.emails.settle(claim(tx, "a1", HOUR), MessageState.UNKNOWN, at=NOON + HOUR)
            found = tx.emails.counts(NOON - HOUR)
            assert {state: count for state, count in found.items() if count} == {
                MessageState.UNKNOWN: 1,
                MessageState.WAITING: 2,
            }
            assert sum(tx.emails.counts(NOON).values()) == 2

    def test_what_waited_in_an_older_database_does_not_leave(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            claim(tx)
            ask(tx, address="b@example.org")
            tx.generation.invalidate_copy("older", NOON)
            assert tx.emails.count_waiting() == (0, None)
            ask(tx, address="c@example.org")
            assert claim(tx, "a2").email.address == "c@example.org"

    def test_what_a_hold_kept_back_counts_from_its_end(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            claim(tx)
            ask(tx, address="b@example.org")
            assert tx.emails.restart_lifetimes(NOON + DAY * 9) == 1
            found = tx.emails.get(2)
            assert (found.held_until, found.free_since) == (NOON + DAY * 9, NOON + DAY * 9)
            assert not found.is_link_expired(NOON + DAY * 16)
            settled = claim(tx, "a2", DAY * 9)
            tx.emails.settle(settled, MessageState.ACCEPTED, at=NOON + DAY * 9)
            assert tx.emails.count_sent_in_hour(NOON + DAY * 9) == 1
            spans = {"network_age": DAY, "address_age": DAY * 8, "row_age": DAY * 31}
            assert tx.emails.clear(NOON + DAY * 17, **spans) == 0
            assert tx.emails.clear(NOON + DAY * 18, **spans) == 1
            tx.emails.clear(NOON + DAY * 40, **spans)
            assert tx.emails.get(2) is not None
            tx.emails.clear(NOON + DAY * 41, **spans)
            assert tx.emails.get(2) is None

    def test_what_is_not_needed_any_more_is_forgotten(self, store: Store) -> None:
        with store.begin() as tx:
            ask(tx)
            tx.emails.settle(claim(tx), MessageState.ACCEPTED, at=NOON)
            ask(tx, address="waits@example.org")
            spans = {"network_age": DAY, "address_age": DAY * 8, "row_age": DAY * 31}
            assert tx.emails.clear(NOON + DAY * 8, **spans) == 0
            more = [ask(tx, address=f"r{n}@example.org") for n in range(5)]
            assert more == [RequestOutcome.NEW] * 4 + [RequestOutcome.NETWORK], (
                "networks of the day before"
            )
            assert tx.emails.clear(NOON + DAY * 9, **spans) == 1
            first, second = tx.emails.get(1), tx.emails.get(2)
            accepted = replace(JOIN, state=MessageState.ACCEPTED, settled_at=NOON)
            assert first == replace(accepted, id=1, address="", name="")
            assert second.address == "waits@example.org"
            tx.emails.clear(NOON + DAY * 31, **spans)
            assert tx.emails.get(1) is not None
            tx.emails.clear(NOON + DAY * 32, **spans)
            assert tx.emails.get(1) is None
            assert tx.emails.get(2) is not None
            ask(tx, address="new@example.org", asked_at=NOON + DAY * 40, network="")
            assert tx.emails.get(1) is None, "no number is given twice"
