"""Contract: a store keeps subscribers: consent is never invented, suppression outranks all."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from newsletter.domain.subscribers.audience import (
    Audience,
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import PRESS, add_campaign, entries
from tests.fakes import NOON

ANA = Entry(
    address="Ana@Example.org",
    lists=("press", "supporters"),
    name="Ana Ruiz",
    language="es",
    timezone="America/Chicago",
    consent=Consent(source="web form", at=NOON),
)


def suppress(
    tx: Transaction, address: str, reason: SuppressionReason = SuppressionReason.MANUAL
) -> int:
    return tx.readers.suppress([SuppressedEntry(address=address, reason=reason)], NOON, "test")


def number_of(tx: Transaction, address: str) -> int:
    found = tx.readers.find(address)
    return found.id


def leave(tx: Transaction, address: str, *lists: str, campaign_id: int = 1) -> int:
    return len(tx.choices.leave(number_of(tx, address), lists, NOON, campaign_id))


class ReadersContract:
    def test_a_list_has_a_history_once_a_reader_or_an_email_names_it(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            add_campaign(tx, "news", lists=("board",))
            leave(tx, ANA.address, "press", "supporters")
            for name in ("press", "supporters", "board"):
                assert tx.readers.has_list_history(name)
            assert not tx.readers.has_list_history("boar")
            tx.readers.erase(ANA.address, NOON)
            assert not tx.readers.has_list_history("press")
            tx.readers.delete_list("press")
            assert tx.readers.list_names() == ["supporters"]

    def test_a_new_reader_comes_back_as_imported(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
        with store.read() as tx:
            found = tx.readers.find("ana@example.ORG")
            assert tx.readers.get(found.id) == found
            [(listed, consent)] = tx.readers.stream()
        assert listed == found
        assert (found.address, found.name) == ("Ana@Example.org", "Ana Ruiz")
        assert (found.language, found.timezone) == ("es", "America/Chicago")
        assert found.lists == ("press", "supporters")
        assert found.suppressed is None
        assert json.loads(consent) == {"source": "web form", "at": NOON.isoformat()}

    def test_names_are_told_of_those_who_have_one(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, Entry(address="ben@example.org", lists=("press",))], NOON)
            ana, ben = (number_of(tx, one) for one in (ANA.address, "ben@example.org"))
        with store.read() as tx:
            assert tx.readers.find_names([ana, ben, 999]) == {ana: "Ana Ruiz"}
            assert tx.readers.find_names([ben]) == tx.readers.find_names([]) == {}

    @pytest.mark.parametrize(
        ("consent", "recorded"),
        [(None, {}), (Consent(source="fair", at=None), {"source": "fair", "at": None})],
    )
    def test_consent_is_recorded_as_far_as_it_is_known(
        self, store: Store, consent: Consent | None, recorded: dict[str, object]
    ) -> None:
        with store.begin() as tx:
            tx.readers.upsert([Entry(address="a@example.org", lists=(), consent=consent)], NOON)
            [(_, found)] = tx.readers.stream()
        assert json.loads(found) == recorded

    def test_whoever_is_unknown_is_not_found(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.readers.find("nobody@example.org") is None
            assert tx.readers.get(1) is None
            assert tx.readers.suppression_reason("nobody@example.org") is None
            assert list(tx.readers.stream()) == []
            assert list(tx.readers.stream_suppressions()) == []
            assert tx.readers.count_by_list() == {}
            assert tx.audiences.count(PRESS) == 0
            assert tx.audiences.list_excluded(PRESS) == []

    def test_importing_again_keeps_what_the_file_leaves_open(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            before = tx.readers.find(ANA.address)
            tx.readers.upsert([Entry(address="ana@example.org", lists=())], NOON)
            assert tx.readers.find(ANA.address) == before

    def test_importing_again_takes_over_what_the_file_gives(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            again = Entry(
                address="ana@example.org", lists=("events",), name="Ana R.", language="en"
            )
            tx.readers.upsert([again], NOON)
            found = tx.readers.find(ANA.address)
        assert (found.name, found.language, found.timezone) == ("Ana R.", "en", "America/Chicago")
        assert found.lists == ("events", "press", "supporters")

    def test_a_place_and_tags_are_kept_and_importing_again_takes_no_tag_away(
        self, store: Store
    ) -> None:
        first = Entry(address="a@example.org", lists=(), place="Austin, TX", tags=("vip", "board"))
        again = Entry(address="A@example.org", lists=(), tags=("press-us", "vip"))
        with store.begin() as tx:
            tx.readers.upsert([first, Entry(address="b@example.org", lists=())], NOON)
            found = tx.readers.find("a@example.org")
            assert (found.place, found.tags) == ("Austin, TX", ("board", "vip"))
            tx.readers.upsert([again], NOON)
            people = [(person.place, person.tags) for person, _ in tx.readers.stream()]
            assert people == [("Austin, TX", ("board", "press-us", "vip")), ("", ())]
            tx.readers.upsert([Entry(address="a@example.org", lists=(), place="Boston")], NOON)
            moved = tx.readers.find("a@example.org")
            assert moved.place == "Boston"

    def test_a_list_left_elsewhere_begins_as_ended_and_ends_nothing_here(
        self, store: Store
    ) -> None:
        left = Entry(address="a@example.org", lists=("press",), left=("supporters",))
        with store.begin() as tx:
            tx.readers.upsert([Entry(address="a@example.org", lists=("events",))], NOON)
            tx.readers.upsert([left], NOON)
            found = tx.readers.find("a@example.org")
            assert (found.lists, found.left) == (("events", "press"), ("supporters",))
            back = Entry(address="a@example.org", lists=("supporters",))
            tx.readers.upsert([back], NOON)
            assert tx.readers.count_by_list() == {"events": 1, "press": 1, "supporters": 0}
            assert tx.readers.find("a@example.org") == found

    def test_of_two_pauses_the_longer_one_stands(self, store: Store) -> None:
        def paused(*days: int | None) -> list[datetime | None]:
            address = f"a{len(days)}{days[0]}@example.org"
            found = []
            for day in days:
                until = None if day is None else NOON + timedelta(days=day)
                with store.begin() as tx:
                    tx.readers.upsert([Entry(address=address, lists=(), paused_until=until)], NOON)
                    person = tx.readers.find(address)
                    found.append(person.paused_until)
            return found

        first, second = NOON + timedelta(days=1), NOON + timedelta(days=2)
        assert paused(1, 2, None, 1) == [first, second, second, second]
        assert paused(None, 1) == [None, first]

    def test_consent_is_added_where_none_is_known_and_never_replaced(self, store: Store) -> None:
        sources = (None, "web form", "conference", None)
        with store.begin() as tx:
            for source in sources:
                consent = Consent(source=source, at=NOON) if source else None
                tx.readers.upsert([Entry(address="a@example.org", lists=(), consent=consent)], NOON)
            [(_, found)] = tx.readers.stream()
        assert json.loads(found) == {"source": "web form", "at": NOON.isoformat()}

    def test_lists_are_known_by_name(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.readers.list_names() == []
            tx.readers.upsert([ANA], NOON)
            assert tx.readers.list_names() == ["press", "supporters"]

    def test_an_import_larger_than_one_chunk_keeps_everybody(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(iter(entries(5_003)), NOON)
            assert tx.audiences.count(PRESS) == 5_003

    def test_readers_come_by_number(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(20), NOON)
            numbers = [person.id for person, _ in tx.readers.stream()]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) == 20

    def test_whoever_confirms_comes_back_to_what_they_left(self, store: Store) -> None:
        again = Entry(
            address="ana@example.org",
            lists=("press", "sport"),
            name="",
            language="fr",
            consent=Consent(source="our page", at=NOON + timedelta(days=2)),
        )
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            leave(tx, ANA.address, "press", "supporters", campaign_id=7)
            number = number_of(tx, ANA.address)
            tx.choices.set_details(number, paused_until=NOON + timedelta(days=30))
            assert tx.readers.join(again, NOON + timedelta(days=2)) == number
            found = tx.readers.get(number)
            assert found.lists == ("press", "sport"), "and to nothing else"
            assert (found.address, found.name, found.language) == (ANA.address, ANA.name, "fr")
            [(_, consent)] = tx.readers.stream()
            assert json.loads(consent)["source"] == "our page"
            assert tx.audiences.count(PRESS) == 1, "no pause is left"
            assert tx.events.count_reactions([7])[7].unsubscribed == 1, (
                "that they had left stays true"
            )

    def test_whoever_confirms_and_is_new_is_a_subscriber(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([replace(ANA, address="bea@example.org")], NOON)
            leave(tx, "bea@example.org", "press")
            number = tx.readers.join(ANA, NOON)
            found, other = map(tx.readers.find, (ANA.address, "bea@example.org"))
        assert (found.id, found.lists) == (number, ANA.lists)
        assert other.lists == ("supporters",)

    @pytest.mark.parametrize("reason", SuppressionReason)
    def test_only_what_staff_entered_is_not_for_the_person_to_lift(
        self, store: Store, reason: SuppressionReason
    ) -> None:
        manual = reason is SuppressionReason.MANUAL
        with store.begin() as tx:
            suppress(tx, ANA.address, reason)
            suppress(tx, "other@example.org", reason)
            assert tx.readers.lift("ana@example.ORG") is (None if manual else reason)
            assert tx.readers.lift(ANA.address) is None
            assert tx.readers.suppression_reason(ANA.address) is (reason if manual else None)
            assert tx.readers.suppression_reason("other@example.org") is reason

    def test_a_subscriber_moves_to_an_address_that_nobody_else_has(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, Entry(address="bo@example.org", lists=())], NOON)
            number = number_of(tx, ANA.address)
            assert not tx.readers.change_address(number, "BO@example.org")
            assert not tx.readers.change_address(99, "new@example.org")
            assert tx.readers.change_address(number, "New@Example.org")
            found = tx.readers.find("new@example.org")
            assert (found.id, found.address, found.lists) == (number, "New@Example.org", ANA.lists)
            assert tx.readers.find(ANA.address) is None
            assert tx.readers.change_address(number, "NEW@example.org"), "it may be spelt otherwise"

    def test_an_import_never_re_subscribes_whoever_left(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            assert leave(tx, ANA.address, "press") == 1
            tx.readers.upsert([ANA], NOON + timedelta(days=1))
            found = tx.readers.find(ANA.address)
            assert found.lists == ("supporters",)
            assert tx.audiences.count(PRESS) == 0

    def test_an_import_never_lifts_a_suppression(self, store: Store) -> None:
        with store.begin() as tx:
            suppress(tx, "ana@example.org", SuppressionReason.COMPLAINED)
            tx.readers.upsert([ANA], NOON)
            assert tx.readers.suppression_reason(ANA.address) is SuppressionReason.COMPLAINED
            assert tx.audiences.count(PRESS) == 0

    def test_leaving_ends_the_named_lists_alone_and_only_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, *entries(1)], NOON)
            first = add_campaign(tx, "first")
            second = add_campaign(tx, "second")
            assert leave(tx, ANA.address, "press", "nothing", campaign_id=first) == 1
            assert leave(tx, ANA.address, "press", campaign_id=second) == 0
            assert tx.readers.count_by_list() == {"press": 1, "supporters": 1}
            assert tx.events.count_reactions([first])[first].unsubscribed == 1
            assert tx.events.count_reactions([second])[second].unsubscribed == 0

    def test_whoever_leaves_two_lists_by_one_link_left_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            campaign = add_campaign(tx)
            assert leave(tx, ANA.address, "press", "supporters", campaign_id=campaign) == 2
            assert tx.events.count_reactions([campaign])[campaign].unsubscribed == 1

    def test_leaving_no_list_ends_nothing(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            assert leave(tx, ANA.address) == 0

    def test_suppression_outranks_every_subscription(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, *entries(1)], NOON)
            assert suppress(tx, "ANA@example.org") == 1
            assert tx.audiences.count(Audience(lists=("press", "supporters"))) == 1
            assert tx.readers.count_by_list() == {"press": 1, "supporters": 0}
            found = tx.readers.find(ANA.address)
            assert found.suppressed is SuppressionReason.MANUAL

    def test_the_first_reason_for_a_suppression_stands(self, store: Store) -> None:
        with store.begin() as tx:
            assert suppress(tx, "a@example.org", SuppressionReason.BOUNCED) == 1
            assert suppress(tx, "A@example.org", SuppressionReason.MANUAL) == 0
            assert tx.readers.suppression_reason("a@example.org") is SuppressionReason.BOUNCED
            assert list(tx.readers.stream_suppressions()) == [
                SuppressedEntry(address="a@example.org", reason=SuppressionReason.BOUNCED)
            ]

    def test_what_a_person_said_replaces_a_bounce_and_counts_no_new_address(
        self, store: Store
    ) -> None:
        reasons = (
            SuppressionReason.BOUNCED,
            SuppressionReason.UNSUBSCRIBED,
            SuppressionReason.COMPLAINED,
        )
        for number, order in enumerate(permutations(reasons)):
            address = f"a{number}@example.org"
            with store.begin() as tx:
                assert [suppress(tx, address, reason) for reason in order] == [1, 0, 0]
                assert tx.readers.suppression_reason(address) is SuppressionReason.COMPLAINED

    def test_an_address_can_be_suppressed_before_anybody_has_it(self, store: Store) -> None:
        with store.begin() as tx:
            both = [
                SuppressedEntry(address=address, reason=SuppressionReason.UNSUBSCRIBED)
                for address in ("b@example.org", "a@example.org")
            ]
            assert tx.readers.suppress(both, NOON, "import") == 2
            listed = [entry.address for entry in tx.readers.stream_suppressions()]
        assert listed == ["a@example.org", "b@example.org"]

    def test_many_are_suppressed_at_once_each_with_the_weightiest_reason(
        self, store: Store
    ) -> None:
        heavy = SuppressionReason.COMPLAINED
        many = [
            SuppressedEntry(address=f"a{number}@example.org", reason=SuppressionReason.BOUNCED)
            for number in range(5_003)
        ]
        with store.begin() as tx:
            suppress(tx, many[1].address, SuppressionReason.MANUAL)
            again = [replace(many[0], reason=heavy), replace(many[1], reason=heavy)]
            assert tx.readers.suppress(iter([*many, *again]), NOON, "test") == 5_002
            assert tx.readers.suppression_reason(many[0].address) is heavy
            assert tx.readers.suppression_reason(many[1].address) is heavy
            assert tx.readers.suppression_reason(many[-1].address) is SuppressionReason.BOUNCED

    def test_strangers_and_the_erased_are_told_apart(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            for address in (ANA.address, "b@example.org", "c@example.org"):
                suppress(tx, address)
            tx.readers.erase("c@example.org", NOON)
            (entry,) = tx.readers.stream_suppressions()
            assert entry.address == "b@example.org"
            assert tx.readers.count_erased() == 1

    def test_an_audience_is_a_union_without_doubles(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA, *entries(2, "press")], NOON)
            tx.readers.upsert(entries(2, "events", start=2), NOON)
            assert tx.audiences.count(Audience(lists=("press", "events"))) == 4
            assert tx.audiences.count(Audience(lists=("press", "press"))) == 3
            assert tx.audiences.count(Audience(lists=())) == 0
            reachable = list(tx.audiences.stream_addresses(Audience(lists=("press", "events"))))
        assert sorted(reachable) == [
            "Ana@Example.org",
            "reader1@example.org",
            "reader2@example.org",
            "reader3@example.org",
        ]

    def test_those_excluded_are_listed_with_the_reason(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(4, "press", "events"), NOON)
            suppress(tx, "reader1@example.org", SuppressionReason.BOUNCED)
            leave(tx, "reader2@example.org", "press")
            leave(tx, "reader3@example.org", "press", "events")
            assert tx.audiences.list_excluded(PRESS) == [
                ("reader1@example.org", "bounced"),
                ("reader2@example.org", "unsubscribed"),
                ("reader3@example.org", "unsubscribed"),
            ]
            assert tx.audiences.list_excluded(Audience(lists=("press", "events"))) == [
                ("reader1@example.org", "bounced"),
                ("reader3@example.org", "unsubscribed"),
            ]
            assert tx.audiences.list_excluded(Audience(lists=("nothing",))) == []

    def test_forgetting_removes_the_person_and_blocks_the_address(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            number = number_of(tx, ANA.address)
            assert tx.readers.erase("ANA@example.org", NOON)
        with store.begin() as tx:
            assert tx.readers.get(number) is None
            assert tx.readers.find(ANA.address) is None
            assert list(tx.readers.stream()) == []
            assert list(tx.readers.stream_suppressions()) == [], "the address itself is not kept"
            assert tx.readers.suppression_reason(ANA.address) is SuppressionReason.ERASED
            assert tx.readers.count_by_list() == {"press": 0, "supporters": 0}

    def test_whoever_was_forgotten_gets_nothing_after_another_import(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert([ANA], NOON)
            tx.readers.erase(ANA.address, NOON)
            tx.readers.upsert([ANA], NOON)
            assert tx.audiences.count(Audience(lists=("press", "supporters"))) == 0
            assert tx.audiences.list_excluded(PRESS) == [("Ana@Example.org", "erased")]

    def test_forgetting_somebody_unknown_blocks_the_address_all_the_same(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            assert not tx.readers.erase("eve@example.org", NOON)
            assert tx.readers.suppression_reason("eve@example.org") is SuppressionReason.ERASED

    def test_forgetting_wipes_the_address_from_an_older_suppression(self, store: Store) -> None:
        with store.begin() as tx:
            suppress(tx, ANA.address, SuppressionReason.BOUNCED)
            tx.readers.erase(ANA.address, NOON)
            assert list(tx.readers.stream_suppressions()) == []
            assert tx.readers.suppression_reason(ANA.address) is not None

    def test_the_number_of_a_forgotten_reader_is_never_given_again(self, store: Store) -> None:
        seen = set()
        for place in range(3):
            with store.begin() as tx:
                address = f"last{place}@example.org"
                tx.readers.upsert([Entry(address=address, lists=("press",))], NOON)
                number = number_of(tx, address)
                assert number not in seen
                seen.add(number)
                tx.readers.erase(address, NOON)
