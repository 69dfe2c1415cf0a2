"""An embargo holds for all that gives the news away."""

from datetime import UTC, datetime, timedelta

from tests.fakes import NOON
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.languages import FORUM, SPANISH, agree, begin, compose, populate

AT_THREE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def test_a_translation_waits_for_the_embargo_of_its_original(room: Newsroom) -> None:
    populate(room, {"en": 1, "es": 1})
    compose(room, FORUM, embargo_until=AT_THREE)
    compose(room, SPANISH)
    agree(room, SPANISH)
    assert begin(room) == []
    assert room.campaign(SPANISH).release_at == AT_THREE
    room.clock.advance(hours=3)
    assert begin(room) == [SPANISH]


def test_of_two_embargoes_the_later_one_holds(room: Newsroom) -> None:
    compose(room, FORUM, embargo_until=AT_THREE)
    compose(room, SPANISH, embargo_until=AT_THREE + timedelta(hours=1))
    agree(room, SPANISH)
    assert room.campaign(SPANISH).release_at == AT_THREE + timedelta(hours=1)


def test_a_correction_in_the_place_of_an_embargoed_statement_waits_too(room: Newsroom) -> None:
    populate(room, {"en": 1})
    compose(room, FORUM, embargo_until=AT_THREE)
    agree(room, FORUM)
    room.write("right", corrects=FORUM)
    room.write("better", corrects="right")
    room.look()
    agree(room, "right", "better")
    assert room.campaign("right").release_at == AT_THREE
    assert begin(room) == []


def test_what_has_begun_to_go_out_is_no_secret(room: Newsroom) -> None:
    populate(room, {"en": 1})
    compose(room, FORUM)
    agree(room, FORUM)
    begin(room)
    room.drain()
    compose(room, FORUM, embargo_until=AT_THREE)
    room.write("right", corrects=FORUM)
    room.look()
    agree(room, "right")
    assert room.campaign("right").release_at == NOON + timedelta(minutes=10)


def test_statements_that_correct_each_other_are_looked_at_once(room: Newsroom) -> None:
    room.write("one", corrects="two", embargo_until=AT_THREE)
    room.write("two", corrects="one")
    room.look()
    agree(room, "one", "two")
    assert room.campaigns() == []
