"""What every store knows of a file on its way in: nobody waits for it, nobody comes back by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.subscribers.audience import (
    Away,
    Brought,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.store.sql import Store
from newsletter.store.subscribers.staging import Staging
from tests.contracts.books import entries
from tests.contracts.store_readers import ANA, leave, number_of, suppress
from tests.fakes import NOON

ORIGIN = "import of people.csv"
NOTHING = Brought(new=0, known=0, suppressed=0, refused={}, left=Away())
ANAS_LISTS = {"press": 1, "supporters": 1}


def located(*people: Entry) -> list[tuple[str, Entry]]:
    return [(f"people.csv:{line}", person) for line, person in enumerate(people, start=2)]


@contextmanager
def entering(staging: Staging) -> Iterator[Brought]:
    with staging.begin() as (_, brought):
        staging.bring_in(NOON, 1, ORIGIN)
        yield brought


def bring_in(store: Store, *people: Entry, shut_out: tuple[SuppressedEntry, ...] = ()) -> Brought:
    with store.staging() as staging:
        staging.add(located(*people))
        staging.suppress(shut_out)
        rehearsed = staging.rehearse()
        with entering(staging) as brought:
            pass
    assert rehearsed == brought, "a rehearsal tells what comes of it"
    return brought


class StagingContract:
    def test_whoever_was_laid_ready_is_brought_in_with_all_that_is_known(
        self, store: Store
    ) -> None:
        person = replace(
            ANA,
            tags=("board", "vip"),
            place="Austin, TX",
            paused_until=NOON + timedelta(days=1),
            left=("events",),
        )
        assert bring_in(store, person) == replace(NOTHING, new=1, joined=ANAS_LISTS)
        with store.begin() as tx:
            tx.readers.upsert([replace(person, address="b@example.org")], NOON)
            (ana, consent), (twin, same) = tx.readers.all()
            assert tx.readers.lists() == {"events": 0, "press": 2, "supporters": 2}
        assert replace(twin, id=ana.id, address=ana.address) == ana
        assert consent == same

    def test_nothing_comes_of_nothing(self, store: Store) -> None:
        assert bring_in(store) == NOTHING

    def test_what_was_not_brought_in_leaves_no_trace(self, store: Store) -> None:
        with store.staging() as staging:
            staging.add(located(ANA))
            staging.suppress(
                [SuppressedEntry(address="b@example.org", reason=SuppressionReason.BOUNCED)]
            )
            said = replace(NOTHING, new=1, suppressed=1, joined=ANAS_LISTS)
            assert staging.rehearse() == said
        with store.read() as tx:
            assert list(tx.readers.all()) == []
            assert list(tx.readers.suppressions()) == []
            assert tx.readers.lists() == {}
        with store.staging() as staging:
            assert staging.rehearse() == NOTHING

    def test_an_error_on_the_way_in_takes_all_of_it_back(self, store: Store) -> None:
        with store.staging() as staging:
            staging.add(located(ANA))
            with pytest.raises(RuntimeError, match="power"), entering(staging):
                raise RuntimeError("power")
        with store.read() as tx:
            assert list(tx.readers.all()) == []
            assert tx.readers.lists() == {}

    def test_whoever_is_suppressed_is_not_written_down_and_told_by_reason(
        self, store: Store
    ) -> None:
        people = entries(9, "elsewhere")
        with store.begin() as tx:
            for entry in people[1:6]:
                suppress(tx, entry.address.upper(), SuppressionReason.BOUNCED)
            suppress(tx, people[0].address)
            tx.readers.forget(people[6].address, NOON)
        others = [replace(entry, lists=("press",)) for entry in people[7:]]
        brought = bring_in(store, *people[:7], *others)
        assert (brought.new, brought.known) == (2, 0)
        assert list(brought.refused.items()) == [
            (SuppressionReason.MANUAL, Away(people=1, first=(at(2, 1),))),
            (SuppressionReason.BOUNCED, Away(people=5, first=(at(3, 2), at(4, 3), at(5, 4)))),
            (SuppressionReason.ERASED, Away(people=1, first=(at(8, 7),))),
        ]
        with store.read() as tx:
            known = [person.address for person, _ in tx.readers.all()]
            assert known == [entry.address for entry in others]
            assert tx.readers.lists() == {"press": 2}, "nor is a list made for them"

    def test_whoever_left_a_list_stays_away_from_it_and_is_told(self, store: Store) -> None:
        bob, eve = (Entry(address=f"{name}@example.org", lists=("press",)) for name in ("b", "e"))
        with store.begin() as tx:
            tx.readers.upsert([ANA, bob, eve], NOON)
            leave(tx, ANA.address, "press", "supporters")
            leave(tx, bob.address, "press")
            suppress(tx, eve.address)
            leave(tx, eve.address, "press")
        elsewhere = replace(bob, lists=("events",), left=("press",))
        brought = bring_in(store, ANA, elsewhere, eve)
        assert brought.left == Away(people=1, first=(("people.csv:2", ANA.address),))
        assert (brought.new, brought.known, brought.joined) == (0, 2, {"events": 1})
        with store.read() as tx:
            assert tx.readers.lists() == {"events": 1, "press": 0, "supporters": 0}

    def test_what_a_file_says_of_those_who_are_known_is_counted_and_ends_what_they_left(
        self, store: Store
    ) -> None:
        bob, eve = (Entry(address=f"{name}@example.org", lists=("press",)) for name in ("b", "e"))
        with store.begin() as tx:
            tx.readers.upsert([ANA, bob, eve], NOON)
            suppress(tx, eve.address)
        brought = bring_in(
            store,
            ANA,
            replace(bob, lists=("events",), left=("press",), tags=("vip",)),
            replace(eve, lists=(), left=("press",), name="Eve"),
        )
        assert (brought.known, brought.changed, brought.ended) == (2, 1, 2)
        assert brought.joined == {"events": 1}
        again = bring_in(store, replace(ANA, lists=("press", "events", "supporters")))
        assert (again.changed, again.joined) == (0, {"events": 1})
        with store.read() as tx:
            found = [tx.readers.find(person.address) for person in (ANA, bob, eve)]
        assert [(who.lists, who.left) for who in found if who] == [
            (("events", "press", "supporters"), ()),
            (("events",), ("press",)),
            ((), ("press",)),  # what is suppressed now may be let back one day
        ]

    def test_the_suppressions_of_a_file_follow_its_people(self, store: Store) -> None:
        with store.begin() as tx:
            suppress(tx, "known@example.org", SuppressionReason.BOUNCED)
        shut_out = tuple(
            SuppressedEntry(address=address, reason=SuppressionReason.COMPLAINED)
            for address in ("new@example.org", "known@example.org", ANA.address, "NEW@example.org")
        )
        brought = bring_in(store, ANA, shut_out=shut_out)
        assert brought == replace(NOTHING, new=1, suppressed=2, joined=ANAS_LISTS)
        with store.read() as tx:
            found = tx.readers.find(ANA.address)
            assert found is not None
            assert found.suppressed is SuppressionReason.COMPLAINED
            reason = tx.readers.suppressed("known@example.org")
        assert reason is SuppressionReason.COMPLAINED

    def test_two_spellings_of_an_address_are_one_reader_in_the_order_of_the_file(
        self, store: Store
    ) -> None:
        first = Entry(address="a@example.org", lists=(), left=("press",), name="A")
        second = Entry(address="A@EXAMPLE.org", lists=("press", "events"), name="B")
        brought = bring_in(store, first, second)
        assert (brought.new, brought.known) == (1, 1)
        with store.read() as tx:
            [(found, _)] = tx.readers.all()
        assert (found.address, found.name) == ("a@example.org", "B")
        assert (found.lists, found.left) == (("events",), ("press",))

    def test_others_write_while_a_file_is_laid_ready_and_whoever_leaves_meanwhile_stays_away(
        self, store: Store
    ) -> None:
        people = [ANA, *entries(3_999)]
        with store.begin() as tx:
            tx.readers.upsert([ANA, people[-1]], NOON)

        def lay_ready(staging: Staging) -> Iterator[int]:
            for start in range(0, len(people), 500):
                staging.add([(str(start), person) for person in people[start : start + 500]])
                yield start

        with store.staging() as staging:
            for start in lay_ready(staging):
                with store.begin() as tx:
                    if start == 1_000:
                        leave(tx, ANA.address, "press")
                    suppress(tx, people[start + 1].address, SuppressionReason.UNSUBSCRIBED)
            with store.begin() as tx:
                leave(tx, people[-1].address, "press")
            assert staging.rehearse().left.people == 2
            with store.begin() as tx:
                number = number_of(tx, ANA.address)
                tx.readers.end_subscriptions(number, ["supporters"], NOON, 1)
            with entering(staging) as brought:
                pass
        assert (brought.new, brought.known, brought.left.people) == (3_990, 2, 2)
        assert brought.refused[SuppressionReason.UNSUBSCRIBED].people == 8
        with store.read() as tx:
            found = tx.readers.find(ANA.address)
            assert found is not None
            assert (found.lists, found.left) == ((), ("press", "supporters"))
            assert tx.readers.audience(["press", "supporters"]) == 3_990

    def test_who_was_laid_ready_is_brought_in_by_one_alone(self, store: Store) -> None:
        with store.staging() as one, store.staging() as other:
            one.add(located(ANA))
            other.add(located(*entries(2)))
            assert one.rehearse().new == 1
            assert other.rehearse().new == 2
            with entering(one) as brought:
                assert brought.new == 1
            assert other.rehearse().new == 2


def at(line: int, number: int) -> tuple[str, str]:
    return f"people.csv:{line}", f"reader{number}@example.org"
