"""Contract: a store freezes the audience that a segment's rule chooses."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Correction
from newsletter.domain.subscribers.audience import (
    Audience,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.sql import Store
from tests.contracts.books import PRESS, add_campaign
from tests.fakes import NOON

BARE = Segment(name="some", list="press", timezone="America/New_York")
PRESS_CONTACT = {"outlet": "Example Herald", "beat": "Water, schools", "phone": "+1 202 555 0101"}
PEOPLE = (
    Entry(address="1@example.org", lists=("press",), language="es", place="Austin", tags=("vip",)),
    Entry(
        address="2@example.org",
        lists=("press",),
        language="es-MX",
        place="DALLAS, TX",
        **PRESS_CONTACT,
    ),
    Entry(address="3@example.org", lists=("press", "events"), language="en", tags=("vip", "board")),
    Entry(address="4@example.org", lists=("events",), language="es", place="Austin", tags=("vip",)),
    Entry(
        address="5@example.org", lists=("press",), language="est", place="São Paulo", beat="Schools"
    ),
    Entry(address="6@example.org", lists=("press",), language="ES-mx", tags=("staff",)),
    Entry(address="7@example.org", lists=("press",), language="es", place="Austin", tags=("vip",)),
)


def picked(store: Store, segment: Segment, *lists: str) -> list[int]:
    with store.read() as tx:
        addresses = list(
            tx.audiences.stream_addresses(Audience(lists=lists or ("press",), segment=segment))
        )
        assert tx.audiences.count(Audience(lists=lists or ("press",), segment=segment)) == len(
            addresses
        )
    return [int(address.partition("@")[0]) for address in addresses]


def populate(store: Store) -> None:
    """Number seven is suppressed, and so in no segment."""
    with store.begin() as tx:
        tx.readers.upsert(PEOPLE, NOON)
        gone = SuppressedEntry(address="7@example.org", reason=SuppressionReason.BOUNCED)
        tx.readers.suppress([gone], NOON, "test")


class SegmentsContract:
    def test_whoever_meets_all_conditions_and_may_be_written_to_is_picked(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        populate(store)
        for rule, numbers in [
            ({}, [1, 2, 3, 5, 6]),
            ({"language": ("es",)}, [1, 2, 6]),
            ({"language": ("es-MX",)}, [2, 6]),
            ({"language": ("e%", "_s")}, []),
            ({"language": ("en", "es-MX")}, [2, 3, 6]),
            ({"place": ("austin",)}, [1]),
            ({"place": ("AUSTIN", "Dallas, TX")}, [1, 2]),
            ({"place": ("são PAULO",)}, [5]),
            ({"place": ("SÃO PAULO",)}, [5]),
            ({"place": ("sa\u0303o paulo",)}, [5]),  # as macOS writes an accent
            ({"place": ("Aus%",)}, []),
            ({"outlet": ("example HERALD", "none")}, [2]),
            ({"outlet": ("Herald",)}, []),
            ({"beat": ("schools",)}, [2, 5]),
            ({"beat": ("WATER", "none"), "outlet": ("Example Herald",)}, [2]),
            ({"tags": ("vip",)}, [1, 3]),
            ({"tags": ("vip", "board")}, [3]),
            ({"any_tag": ("staff", "board")}, [3, 6]),
            ({"without_tags": ("vip", "staff")}, [2, 5]),
            ({"language": ("es",), "without_tags": ("staff",), "place": ("Austin",)}, [1]),
            ({"list": "events"}, [3]),
            ({"list": "nothing"}, []),
        ]:
            with subtests.test(rule=rule, numbers=numbers):
                assert picked(store, replace(BARE, **rule)) == numbers

    def test_a_segment_narrows_several_lists_to_those_on_its_own(self, store: Store) -> None:
        populate(store)
        assert picked(store, replace(BARE, tags=("vip",)), "press", "events") == [1, 3]
        events = replace(BARE, list="events", tags=("vip",))
        assert picked(store, events, "press", "events") == [3, 4]

    def test_dates_are_those_of_the_confirmation_in_the_zone_of_the_segment(
        self, store: Store
    ) -> None:
        midnight = NOON.replace(hour=5)  # in New York, on the 24th of November
        times = [midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=1)]
        with store.begin() as tx:
            for number, at in enumerate(times, start=1):
                tx.readers.upsert([Entry(address=f"{number}@example.org", lists=("press",))], at)
        day, after = date(2026, 11, 24), date(2026, 11, 25)
        assert picked(store, replace(BARE, joined_since=day)) == [2, 3]
        assert picked(store, replace(BARE, joined_before=day)) == [1]
        assert picked(store, replace(BARE, joined_since=day, joined_before=after)) == [2]

    def test_the_freeze_takes_those_picked_and_the_claim_asks_for_no_rule(
        self, store: Store
    ) -> None:
        populate(store)
        with store.begin() as tx:
            number = add_campaign(tx)
            tx.campaigns.change_state(
                number, CampaignState.SENDING, expect=list(CampaignState), at=NOON
            )
            segment = replace(BARE, without_tags=("board",))
            assert tx.audiences.freeze(number, Audience(lists=("press",), segment=segment), 10) == 4
            later = Entry(address="1@example.org", lists=(), tags=("board",))
            tx.readers.upsert([later], NOON)
            tx.choices.leave(2, ["press"], NOON, number)
        with store.begin() as tx:
            claimed = tx.batches.claim(at=NOON, lease=timedelta(minutes=1), attempt_id="a")
        assert [member for member, _ in claimed.members] == [1, 5, 6]

    def test_of_a_family_too_only_those_picked_are_meant(self, store: Store) -> None:
        populate(store)
        split = Audience(
            slug="forum-es",
            original="forum",
            lists=("press",),
            languages=frozenset({"es", "es-MX", "en"}),
            segment=replace(BARE, any_tag=("vip", "board")),
        )
        with store.begin() as tx:
            assert list(tx.audiences.stream_addresses(split)) == ["1@example.org", "3@example.org"]
            assert tx.audiences.count(split) == 2
            english = replace(split, languages=frozenset({"en"}))
            assert tx.audiences.list_other_languages(english) == [("1@example.org", "es", "")]
            assert tx.audiences.freeze(add_campaign(tx, "forum-es"), split, 10) == 2

    def test_a_correction_of_what_has_not_begun_goes_to_those_it_was_for(
        self, store: Store
    ) -> None:
        populate(store)
        with store.begin() as tx:
            add_campaign(tx, "wrong")
            number = add_campaign(tx, "right")
            right = Correction(
                by="right",
                original="wrong",
                lists=("press",),
                is_original_unstarted=True,
                ended_campaigns=(),
                segment=replace(BARE, language=("es",)),
            )
            assert tx.audiences.count(right) == 3
            assert tx.audiences.freeze(number, right, 10) == 3

    def test_zones_are_counted_of_those_who_are_meant(self, store: Store) -> None:
        zones = ["Asia/Tokyo", "", "Asia/Tokyo", "Europe/Berlin"]
        with store.begin() as tx:
            tx.readers.upsert(
                (
                    Entry(
                        address=f"{number}@example.org",
                        lists=("press",) if number < 4 else ("events",),
                        language="es" if number == 1 else "en",
                        timezone=zone,
                        tags=("vip",) if number == 3 else (),
                    )
                    for number, zone in enumerate(zones, start=1)
                ),
                NOON,
            )
            everybody = PRESS
            assert tx.audiences.count_by_zone(everybody) == {"": 1, "Asia/Tokyo": 2}
            spanish = replace(everybody, languages=frozenset({"es", ""}))
            assert tx.audiences.count_by_zone(spanish) == {"Asia/Tokyo": 1}
            vip = replace(everybody, segment=replace(BARE, tags=("vip",)))
            assert tx.audiences.count_by_zone(vip) == {"Asia/Tokyo": 1}
            assert tx.audiences.has_reader_in_zone(vip, ["Asia/Tokyo", "Europe/Berlin"])
            assert not tx.audiences.has_reader_in_zone(vip, ["", "Europe/Berlin"])
            assert not tx.audiences.has_reader_in_zone(everybody, [])
