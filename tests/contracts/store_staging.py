"""Contract: a store stages an import: it delays no one, and re-subscribes no one."""

from dataclasses import replace
from datetime import timedelta

from newsletter.domain.subscribers.audience import (
    Entry,
    ImportResult,
    SkippedPeople,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.store.sql import Store
from newsletter.store.subscribers.importing import PackedPerson, pack
from tests.contracts.books import entries
from tests.contracts.store_readers import ANA, leave, number_of, suppress
from tests.fakes import NOON, hash_address

NOTHING = ImportResult()
ANAS_LISTS = {"press": 1, "supporters": 1}


def located(*people: Entry) -> list[PackedPerson]:
    return [
        pack(hash_address, f"people.csv:{line}", person)
        for line, person in enumerate(people, start=2)
    ]


def bring_in(store: Store, *people: Entry) -> ImportResult:
    with store.begin() as tx:
        rehearsed = tx.imports.rehearse(located(*people))
        number = tx.imports.begin(at=NOON, by="ada", file="people.csv", kind="plain", sha256="ab")
        brought = tx.imports.import_people(number, located(*people), NOON)
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
            (ana, consent), (twin, same) = tx.readers.stream()
            assert tx.readers.count_by_list() == {"events": 0, "press": 2, "supporters": 2}
        assert replace(twin, id=ana.id, address=ana.address) == ana
        assert consent == same

    def test_an_address_that_a_person_left_brings_nobody_back(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            assert tx.readers.change_address(number_of(tx, ANA.address), "new@example.org")
            leave(tx, "new@example.org", "press")
        twice = SkippedPeople(people=1, first=(("people.csv:2", ANA.address),))
        away = {SuppressionReason.UNSUBSCRIBED: twice}
        assert bring_in(store, ANA) == replace(NOTHING, refused=away)
        with store.begin() as tx:
            assert [one.address for one, _ in tx.readers.stream()] == ["new@example.org"]
            owner = tx.readers.find_former_owner(ANA.address)
            assert owner
            assert owner.address == "new@example.org"
            for never in ("new@example.org", "nobody@example.org"):
                assert tx.readers.find_former_owner(never) is None
            assert tx.readers.change_address(owner.id, ANA.address)
            assert tx.readers.find_former_owner(ANA.address) is None, "it is theirs again"
            assert tx.readers.erase(ANA.address, NOON)
            assert tx.readers.suppression_reason("new@example.org") is SuppressionReason.ERASED

    def test_nothing_comes_of_nothing(self, store: Store) -> None:
        assert bring_in(store) == NOTHING

    def test_a_rehearsal_leaves_no_trace(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.imports.rehearse(located(ANA)) == replace(NOTHING, new=1, joined=ANAS_LISTS)
        with store.read() as tx:
            assert list(tx.readers.stream()) == []
            assert tx.readers.count_by_list() == {}

    def test_addresses_that_are_not_suppressed_are_counted_once(self, store: Store) -> None:
        gone = [
            SuppressedEntry(address=address, reason=SuppressionReason.COMPLAINED)
            for address in ("new@example.org", ANA.address, "NEW@example.org")
        ]
        with store.begin() as tx:
            suppress(tx, ANA.address)
            assert tx.readers.count_unsuppressed(gone) == 1
            assert tx.readers.suppress(gone, NOON, "import 1", 1) == 1
            assert tx.readers.count_unsuppressed(gone) == 0

    def test_an_import_that_was_undone_notes_nothing_more(self, store: Store) -> None:
        with store.begin() as tx:
            number = tx.imports.begin(at=NOON, by="ada", file="a.csv", kind="plain", sha256="ab")
            assert tx.imports.store_progress(ImportResult(number=number, new=2), finished_at=None)
            record = tx.imports.get(number)
            assert (record.new, record.finished_at) == (2, None)
            tx.imports.undo(record, NOON, "ada")
            assert not tx.imports.store_progress(ImportResult(number=number), finished_at=NOON)

    def test_whoever_is_suppressed_is_not_written_down_and_told_by_reason(
        self, store: Store
    ) -> None:
        people = entries(9, "elsewhere")
        with store.begin() as tx:
            for entry in people[1:6]:
                suppress(tx, entry.address.upper(), SuppressionReason.BOUNCED)
            suppress(tx, people[0].address)
            tx.readers.erase(people[6].address, NOON)
        others = [replace(entry, lists=("press",)) for entry in people[7:]]
        brought = bring_in(store, *people[:7], *others)
        assert (brought.new, brought.known) == (2, 0)
        assert list(brought.refused.items()) == [
            (SuppressionReason.MANUAL, SkippedPeople(people=1, first=(at(2, 1),))),
            (
                SuppressionReason.BOUNCED,
                SkippedPeople(people=5, first=(at(3, 2), at(4, 3), at(5, 4))),
            ),
            (SuppressionReason.ERASED, SkippedPeople(people=1, first=(at(8, 7),))),
        ]
        with store.read() as tx:
            known = [person.address for person, _ in tx.readers.stream()]
            assert known == [entry.address for entry in others]
            assert tx.readers.count_by_list() == {"press": 2}, "nor is a list made for them"

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
        assert brought.left == SkippedPeople(people=1, first=(("people.csv:2", ANA.address),))
        assert (brought.new, brought.known, brought.joined) == (0, 2, {"events": 1})
        with store.read() as tx:
            assert tx.readers.count_by_list() == {"events": 1, "press": 0, "supporters": 0}

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

    def test_tags_that_a_file_removes_come_back_with_its_undo(self, store: Store) -> None:
        bob = Entry(address="b@example.org", lists=(), tags=("board", "staff", "vip"))
        with store.begin() as tx:
            tx.readers.upsert([ANA, bob], NOON)
        gone = replace(bob, tags=("donor", "vip"), remove_tags=("board", "vip", "none"))
        brought = bring_in(store, gone, replace(ANA, lists=(), remove_tags=("board",)))
        assert (brought.known, brought.changed) == (2, 1)
        with store.begin() as tx:
            person = tx.readers.find(bob.address)
            assert person
            assert person.tags == ("donor", "staff")
            [before] = tx.data_exports.collect(person.id)["before_imports"]
            assert sorted(before["removed_tags"]) == ["board", "vip"]
            record = tx.imports.get(1)
            assert record
            assert tx.imports.undo(record, NOON, "ada").restored == 1
            back = tx.readers.find(bob.address)
        assert back
        assert back.tags == bob.tags


def at(line: int, number: int) -> tuple[str, str]:
    return f"people.csv:{line}", f"reader{number}@example.org"
