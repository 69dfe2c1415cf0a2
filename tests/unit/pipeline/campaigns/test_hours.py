"""A statement at an hour by each reader's own clock: planned, started, sent, once."""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from newsletter.cli.statements.preview import report_lines
from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import LocalTime
from newsletter.domain.subscribers.audience import Entry
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.campaigns.plan import PlanResult
from newsletter.pipeline.campaigns.report import make_report
from tests.counting import counted
from tests.fakes import NOON
from tests.unit.pipeline.campaigns.correcting import correct, got, people
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.languages import FORUM, SPANISH

TOKYO, BERLIN, NEW_YORK, HONOLULU = (
    *("Asia/Tokyo", "Europe/Berlin"),
    *("America/New_York", "Pacific/Honolulu"),
)
NINE = LocalTime(at=time(9))
ON_THE_FIRST = LocalTime(at=time(9), day=date(2026, 12, 1))
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


IN_TOKYO, IN_BERLIN, IN_NEW_YORK, IN_HONOLULU = (
    *(at("2026-12-01 00:00"), at("2026-12-01 08:00")),
    *(at("2026-12-01 14:00"), at("2026-12-01 19:00")),
)


def populate(room: Newsroom, *zones: str, start: int = 1, **fields: Any) -> None:
    with room.store.begin() as tx:
        tx.readers.upsert(
            (
                Entry(
                    address=f"reader{number}@example.org", lists=("press",), timezone=zone, **fields
                )
                for number, zone in enumerate(zones, start=start)
            ),
            room.clock.now(),
        )


def scheduled(room: Newsroom, local: LocalTime = ON_THE_FIRST, **fields: Any) -> None:
    """Approved at noon, and planned."""
    room.write_and_approve(**({"local_time": local} | fields))
    room.plan()


def go_to(room: Newsroom, instant: datetime) -> list[str]:
    """Move the clock there, look, and send the due part; return who has it by now."""
    room.clock.advance(seconds=(instant - room.clock.now()).total_seconds())
    room.look()
    room.start_due()
    room.drain()
    return got(room, "resignation")


def test_each_reader_gets_it_at_that_hour_of_their_own_clock(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO, "", NEW_YORK, HONOLULU, BERLIN)
    scheduled(room)
    assert room.campaign().release_at == IN_TOKYO
    assert go_to(room, IN_TOKYO - HOUR) == []
    assert room.campaign().state is CampaignState.SCHEDULED
    assert go_to(room, IN_TOKYO) == people(2)
    assert room.campaign().counts == Counts(accepted=1, pending=5)
    assert go_to(room, IN_BERLIN - timedelta(seconds=1)) == people(2)
    assert go_to(room, IN_BERLIN) == people(1, 2, 6)
    assert go_to(room, IN_NEW_YORK) == people(1, 2, 3, 4, 6)
    assert room.campaign().state is CampaignState.SENDING
    assert go_to(room, IN_HONOLULU) == people(1, 2, 3, 4, 5, 6)
    assert room.campaign().state is CampaignState.SENT


def test_without_a_date_it_is_each_readers_next_such_hour(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO, NEW_YORK)  # noon is 13:00, 21:00 and 07:00 there
    scheduled(room, NINE)
    assert room.campaign().release_at == at("2026-11-24 14:00")
    assert go_to(room, at("2026-11-24 14:00")) == people(3)
    assert go_to(room, at("2026-11-25 00:00")) == people(2, 3)
    assert go_to(room, at("2026-11-25 07:59")) == people(2, 3)
    assert go_to(room, at("2026-11-25 08:00")) == people(1, 2, 3)


def test_planning_again_changes_nothing_and_the_campaign_starts_once(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO)
    scheduled(room)
    for _ in range(3):
        with counted() as said:
            assert room.look() == PlanResult()
        assert not [query for query in said if "GROUP BY timezone" in query]  # slow
    go_to(room, IN_TOKYO)
    assert room.look() == PlanResult()
    assert room.start_due() == ()
    assert len(room.campaigns()) == 1
    assert room.campaign().counts.audience == 2


def test_whose_hour_has_passed_when_it_starts_gets_it_at_once(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO, HONOLULU)
    room.clock.advance(seconds=(IN_BERLIN + HOUR - NOON).total_seconds())
    scheduled(room)
    ready = IN_BERLIN + HOUR + timedelta(minutes=5)
    assert room.campaign().release_at == ready
    assert go_to(room, ready) == people(1, 2)
    assert go_to(room, IN_HONOLULU) == people(1, 2, 3)


def test_an_embargo_holds_for_all(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO, HONOLULU)
    scheduled(room, embargo_until=datetime(2026, 12, 1, 12))  # noqa: DTZ001 - a wall time
    embargo = at("2026-12-01 17:00")
    assert room.campaign().release_at == embargo
    assert go_to(room, embargo) == people(1, 2)
    assert go_to(room, IN_HONOLULU) == people(1, 2, 3)


def test_who_joins_with_an_earlier_hour_brings_the_start_forward(room: Newsroom) -> None:
    populate(room, NEW_YORK)
    scheduled(room)
    assert room.campaign().release_at == IN_NEW_YORK
    populate(room, BERLIN, start=2)
    room.look()
    assert room.campaign().release_at == IN_BERLIN
    assert room.deeds()[-1] == ("scheduler", "reschedule")
    populate(room, "Mars/Olympus", "", HONOLULU, start=3)
    assert room.look() == PlanResult()
    assert room.campaign().release_at == IN_BERLIN


def test_who_has_no_zone_may_be_the_first(room: Newsroom) -> None:
    populate(room, HONOLULU)
    scheduled(room)
    populate(room, "", start=2)
    room.look()
    assert room.campaign().release_at == IN_NEW_YORK


def test_it_does_not_begin_before_the_first_reader_could_have_it(room: Newsroom) -> None:
    populate(room, TOKYO, NEW_YORK)
    scheduled(room)
    with room.store.begin() as tx:
        tx.choices.leave(1, ["press"], room.clock.now(), 0)
    assert go_to(room, IN_TOKYO) == []
    assert room.campaign().state is CampaignState.SCHEDULED
    assert room.campaign().release_at == IN_NEW_YORK
    assert go_to(room, IN_NEW_YORK) == people(2)


def test_where_nobody_is_there_yet_the_clocks_of_the_house_count(room: Newsroom) -> None:
    room.write_and_approve(local_time=ON_THE_FIRST)
    room.plan()
    assert room.campaign().release_at == IN_NEW_YORK


def test_what_was_due_while_it_was_paused_goes_when_it_goes_on(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO, NEW_YORK, HONOLULU)
    scheduled(room)
    go_to(room, IN_TOKYO)
    room.hand().pause("resignation")
    assert go_to(room, IN_NEW_YORK) == people(2)
    room.hand().resume("resignation")
    assert go_to(room, IN_NEW_YORK + HOUR) == people(1, 2, 3)
    room.hand().cancel("resignation")
    assert go_to(room, IN_HONOLULU) == people(1, 2, 3)
    assert room.campaign().counts == Counts(accepted=3, cancelled=1)


def test_what_is_cancelled_before_anybodys_hour_may_be_approved_anew(room: Newsroom) -> None:
    populate(room, BERLIN, TOKYO)
    scheduled(room)
    room.clock.advance(seconds=(IN_TOKYO - NOON).total_seconds())
    room.start_due()
    room.hand().cancel("resignation")
    room.approve()
    [campaign] = room.plan().scheduled
    assert campaign.release_at == IN_TOKYO + timedelta(minutes=5)


def test_a_time_that_staff_set_is_one_for_all(room: Newsroom) -> None:
    populate(room, TOKYO, BERLIN, HONOLULU)
    scheduled(room)
    last = at("2026-12-01 21:00")  # of all zones that there are
    room.schedule("resignation", last)
    room.plan()
    assert room.campaign().release_at == last
    room.schedule("resignation", None)
    room.plan()
    assert room.campaign().release_at == IN_TOKYO
    room.schedule("resignation", last)
    assert go_to(room, last) == people(1, 2, 3)


def test_no_reader_gets_it_before_the_hour_by_their_clock_that_was_approved(room: Newsroom) -> None:
    """A time for all that is the first zone's hour is the evening before in Honolulu."""
    populate(room, TOKYO, BERLIN, HONOLULU)
    scheduled(room)
    room.schedule("resignation", None)
    for time_for_all in (IN_TOKYO, IN_HONOLULU):
        with pytest.raises(Refused, match="no earlier than Tue 1 Dec 2026, 16:00"):
            room.schedule("resignation", time_for_all)
    room.schedule("resignation", IN_BERLIN, renews_approvals=True)
    assert [one.slug for one in room.look().withdrawn] == ["resignation"]
    room.approve()
    room.schedule("resignation", IN_HONOLULU)
    assert go_to(room, IN_HONOLULU) == people(1, 2, 3)


def test_another_hour_asks_for_a_new_yes(room: Newsroom) -> None:
    populate(room, TOKYO)
    scheduled(room)
    room.write(local_time=replace(ON_THE_FIRST, at=time(8)))
    assert [one.slug for one in room.look().withdrawn] == ["resignation"]


def test_a_correction_goes_at_once_to_who_has_it_and_who_waits_for_their_hour(
    room: Newsroom,
) -> None:
    populate(room, TOKYO, BERLIN)
    scheduled(room)
    go_to(room, IN_TOKYO)
    correct(room)
    room.drain()
    assert got(room, "correction") == people(1, 2)
    assert go_to(room, IN_BERLIN) == people(1)


def test_a_segment_of_readers_has_its_own_first_hour(room: Newsroom) -> None:
    populate(room, TOKYO, BERLIN)
    populate(room, NEW_YORK, HONOLULU, start=3, place="Abroad")
    abroad = Segment(name="abroad", list="press", timezone=NEW_YORK, place=("Abroad",))
    scheduled(room, segment=abroad)
    assert room.campaign().release_at == IN_NEW_YORK
    assert go_to(room, IN_NEW_YORK) == people(3)
    assert go_to(room, IN_HONOLULU) == people(3, 4)


def test_each_language_has_the_first_hour_of_its_own_readers(room: Newsroom) -> None:
    populate(room, TOKYO, language="en")
    populate(room, NEW_YORK, start=2, language="es")
    room.write(FORUM, local_time=ON_THE_FIRST)
    room.write_and_look(SPANISH, local_time=ON_THE_FIRST, language="es", translation_of=FORUM)
    for slug in (FORUM, SPANISH):
        room.approve(slug=slug)
    room.plan()
    room.plan()
    assert room.campaign(FORUM).release_at == IN_TOKYO
    assert room.campaign(SPANISH).release_at == IN_NEW_YORK
    go_to(room, IN_TOKYO)
    assert (got(room, FORUM), got(room, SPANISH)) == (people(1), [])
    go_to(room, IN_NEW_YORK)
    assert (got(room, FORUM), got(room, SPANISH)) == (people(1), people(2))


def test_readers_who_have_another_language_have_no_hour(room: Newsroom) -> None:
    populate(room, NEW_YORK, language="en")
    populate(room, TOKYO, start=2, language="es")
    room.write(FORUM, local_time=ON_THE_FIRST)
    room.write_and_look(SPANISH, local_time=ON_THE_FIRST, language="es", translation_of=FORUM)
    for slug in (FORUM, SPANISH):
        room.approve(slug=slug)
    room.plan()
    go_to(room, IN_TOKYO)
    assert got(room, SPANISH) == people(2)
    assert room.rehearse(FORUM).hours == ((IN_NEW_YORK, 1),)


def test_a_translation_that_may_not_go_out_is_held_whatever_its_hour(room: Newsroom) -> None:
    populate(room, TOKYO)
    room.write_and_approve(
        SPANISH, local_time=ON_THE_FIRST, language="es", translation_of="nothing"
    )
    [held] = room.plan().held
    assert "there is no statement of that name" in held.reason


def test_the_report_says_when_the_next_and_the_last_readers_get_it(room: Newsroom) -> None:
    populate(room, TOKYO, BERLIN, HONOLULU)
    scheduled(room)
    go_to(room, IN_TOKYO)
    told = make_report("resignation", store=room.store)["later"]
    assert told == {
        "readers": 2,
        "next_at": IN_BERLIN.isoformat(),
        "last_at": IN_HONOLULU.isoformat(),
    }
    go_to(room, IN_HONOLULU)
    assert make_report("resignation", store=room.store)["later"] is None


def test_a_dry_run_says_how_many_get_it_when(room: Newsroom) -> None:
    populate(room, TOKYO, BERLIN, "Europe/Paris", "")
    scheduled(room)
    dry = room.rehearse()
    assert dry.hours == ((IN_TOKYO, 1), (IN_BERLIN, 2), (IN_NEW_YORK, 1))
    said = list(report_lines(dry, zone=NEW_YORK))
    start = said.index("by their own clocks, in America/New_York that is at")
    assert said[start + 1 : start + 4] == [
        "  2026-11-30 19:00  1",
        "  2026-12-01 03:00  2",
        "  2026-12-01 09:00  1",
    ]


def test_a_dry_run_of_what_is_not_approved_reckons_from_now(room: Newsroom) -> None:
    populate(room, NEW_YORK)
    room.write_and_look(local_time=NINE)
    assert room.rehearse().hours == ((at("2026-11-24 14:00"), 1),)
    gap = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001 - a wall time
    room.write_and_look(local_time=NINE, embargo_until=gap)
    assert room.rehearse().hours == ()


def test_a_review_knows_about_when_it_goes_out(room: Newsroom) -> None:
    populate(room, NEW_YORK)
    embargo = datetime(2026, 12, 1, 10)  # noqa: DTZ001 - a wall time
    room.write_and_look(local_time=ON_THE_FIRST, embargo_until=embargo)
    assert "embargo" in {remark.check.value for remark in room.review().findings}


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in (1, 2))]
)
def test_whatever_the_zones_everybody_gets_it_once_at_their_hour(room: Newsroom, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    zones = [
        chance.choice([TOKYO, BERLIN, NEW_YORK, HONOLULU, "Asia/Kathmandu", "Pacific/Kiritimati"])
        for _ in range(60)
    ]
    populate(room, *zones)
    scheduled(room, LocalTime(at=time(chance.randrange(24), 15)))
    taken: dict[str, datetime] = {}
    for _ in range(27):
        room.clock.advance(hours=1)
        go_to(room, room.clock.now())
        for address in got(room, "resignation"):
            taken.setdefault(address, room.clock.now())
    assert sorted(taken) == people(*range(1, 61))
    assert len(got(room, "resignation")) == 60
    hour = room.source.statements[0].local_time
    assert hour is not None
    ready = NOON + timedelta(minutes=5)
    for number, zone in enumerate(zones, start=1):
        wanted = hour.instant(zone, earliest=ready)
        late = taken[f"reader{number}@example.org"] - wanted
        assert timedelta(0) <= late < HOUR
