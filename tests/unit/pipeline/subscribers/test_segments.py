"""A statement to a segment: the rule that was approved picks who gets it."""

from dataclasses import replace
from typing import Any

import pytest

from newsletter.cli.statements.preview import report_lines
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.statements.review import Check
from newsletter.domain.subscribers.audience import Entry
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.campaigns.report import make_report
from tests.unit.pipeline.campaigns.correcting import RIGHT, correct, foretold, got, people
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.languages import FORUM, SPANISH, begin, held
from tests.unit.pipeline.statements.languages import agree as say_yes

TEXAS = Segment(name="texas", list="press", timezone="America/New_York", place=("Austin",))


def populate(room: Newsroom, *places: str, first: int = 1, **fields: Any) -> None:
    """Subscribe readers in these places, numbered from ``first``."""
    with room.store.begin() as tx:
        for number, place in enumerate(places, start=first):
            address = f"reader{number}@example.org"
            entry = Entry(address=address, lists=("press",), place=place, **fields)
            tx.readers.upsert([entry], tx.now)


def scheduled(room: Newsroom, **fields: Any) -> None:
    """Approve and plan a statement to Texas."""
    room.write_and_approve(**({"segment": TEXAS} | fields))
    room.plan()


def test_what_went_to_a_part_of_a_list_is_no_measure_of_the_whole(room: Newsroom) -> None:
    populate(room, "Austin", "Austin")
    scheduled(room)
    begin(room)
    room.drain()
    room.subscribe(60)
    room.write_and_look("next")
    room.clock.advance(hours=2)
    assert Check.AUDIENCE not in {remark.check for remark in room.review("next").findings}


def test_another_rule_under_the_same_name_asks_for_a_new_yes(room: Newsroom) -> None:
    populate(room, "Austin", "Dallas")
    scheduled(room)
    room.write(segment=replace(TEXAS, place=("Austin", "Dallas")))
    planned = room.look()
    assert [one.slug for one in planned.withdrawn] == ["resignation"]
    assert "its segment changed" in planned.withdrawn[0].reason
    room.write_and_look(segment=TEXAS)
    assert [one.slug for one in room.start_due(minutes=5)] == ["resignation"]


def test_taking_the_segment_out_asks_for_a_new_yes_too(room: Newsroom) -> None:
    populate(room, "Austin", "Dallas")
    scheduled(room)
    room.write()
    assert [one.slug for one in room.look().withdrawn] == ["resignation"]


def test_a_rule_that_picks_nobody_pauses_it_until_somebody_is_there(room: Newsroom) -> None:
    populate(room, "Dallas")
    room.write_and_look(segment=TEXAS)
    room.approve(despite="they join tonight")
    room.plan()
    assert begin(room) == []
    assert room.campaign().state is CampaignState.PAUSED
    assert "segment texas picks no one" in room.campaign().reason
    assert "newsletter resume 1" in room.campaign().reason
    populate(room, "Austin")
    room.hand().resume("resignation")
    assert begin(room) == ["resignation"]


def test_a_review_warns_of_a_rule_that_picks_nobody_now(room: Newsroom) -> None:
    populate(room, "Dallas")
    room.write_and_look(segment=TEXAS)
    assert room.review().warnings == ("segment",)
    [remark] = [one for one in room.review().findings if one.check.value == "segment"]
    assert "'texas' picks no one now (on press; place \"Austin\")" in remark.message
    populate(room, "Austin")
    assert room.review().warnings == ()


def test_an_audience_is_measured_against_one_of_all_readers_alone(room: Newsroom) -> None:
    populate(room, *["Austin"] * 5, *["Dallas"] * 35)
    scheduled(room)
    begin(room)
    room.write("plain")
    room.write_and_look("again", segment=TEXAS)
    assert not {"audience"} & {one.check.value for one in room.review("plain").findings}
    room.approve(slug="plain")
    room.plan()
    assert begin(room) == ["plain"]
    assert not {"audience"} & {one.check.value for one in room.review("again").findings}
    populate(room, *[""] * 10, first=41)
    room.write_and_look("third")
    [remark] = [one for one in room.review("third").findings if one.check.value == "audience"]
    assert "the last one to the same lists went to 40" in remark.message


def test_a_dry_run_counts_those_outside_and_names_them_not(room: Newsroom) -> None:
    populate(room, "Austin", "Dallas", "Dallas", "Austin")
    room.suppress("reader4@example.org")
    scheduled(room)
    dry = foretold(room, "resignation")
    assert (dry.audience, dry.outside, dry.addresses) == (1, 2, ("reader1@example.org",))
    assert dry.excluded == (("reader4@example.org", "bounced"),)
    said = list(report_lines(dry))
    assert 'by the segment texas: on press; place "Austin"' in said
    assert "2 more on these lists are outside it" in said
    assert not [line for line in said if "clocks" in line]


def test_without_a_segment_nothing_is_said_of_one(room: Newsroom) -> None:
    populate(room, "Austin")
    scheduled(room, segment=None)
    dry = foretold(room, "resignation")
    assert (dry.segment, dry.outside) == ("", 0)
    assert not [line for line in report_lines(dry) if "segment" in line or "outside" in line]
    assert begin(room) == ["resignation"]
    assert make_report("resignation", store=room.store)["segment"] == ""


def in_two_languages(room: Newsroom, **spanish: Any) -> None:
    populate(room, "Austin", "Dallas", language="en")
    populate(room, "Austin", "Dallas", first=3, language="es")
    room.write(FORUM, segment=TEXAS)
    room.write_and_look(
        SPANISH, **({"segment": TEXAS} | spanish), translation_of=FORUM, language="es"
    )


def test_each_language_goes_to_its_readers_in_the_segment(room: Newsroom) -> None:
    in_two_languages(room)
    say_yes(room, FORUM, SPANISH)
    assert sorted(begin(room)) == [FORUM, SPANISH]
    room.drain()
    assert (got(room, FORUM), got(room, SPANISH)) == (people(1), people(3))


def test_who_waits_for_a_translation_is_counted_within_the_segment(room: Newsroom) -> None:
    in_two_languages(room)
    say_yes(room, FORUM, SPANISH)
    room.hand().pause(SPANISH)
    begin(room)
    [row] = make_report(FORUM, store=room.store)["awaited"]
    assert row["readers"] == 1


def test_a_dry_run_of_a_language_leaves_those_outside_aside(room: Newsroom) -> None:
    in_two_languages(room)
    say_yes(room, FORUM, SPANISH)
    dry = foretold(room, SPANISH)
    assert (dry.audience, dry.outside) == (1, 2)
    assert dry.elsewhere == (("reader1@example.org", f"gets it in en: {FORUM}"),)


@pytest.mark.parametrize(
    ("original", "translation", "why"),
    [
        (TEXAS, None, "write segment: texas here too"),
        (None, TEXAS, "take segment out, or write the same there"),
        (TEXAS, replace(TEXAS, name="other"), "write segment: texas here too"),
    ],
)
def test_a_translation_to_others_than_its_original_is_held(
    room: Newsroom, original: Segment | None, translation: Segment | None, why: str
) -> None:
    in_two_languages(room, segment=translation)
    room.write(FORUM, segment=original)
    room.ingest()
    assert any(why in fault.message for fault in room.render().faults)
    room.approve(slug=SPANISH)
    assert why in held(room, SPANISH)


def test_a_correction_of_what_went_to_a_segment_goes_to_who_got_it(room: Newsroom) -> None:
    populate(room, "Austin", "Dallas", "Austin")
    scheduled(room)
    begin(room)
    room.drain()
    populate(room, "Boston", "Austin")  # they moved since
    correct(room)
    room.drain()
    assert got(room, RIGHT) == people(1, 3)
