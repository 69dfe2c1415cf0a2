"""An embargo holds for all that gives the news away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Approval, Progress
from newsletter.store.sql import Store
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.pipeline.campaigns.digests import FIRST, Desk
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom
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


WORDS = "EMBARGOED UNTIL FRIDAY"


def yes(room: Newsroom) -> Approval:
    with room.store.read() as tx:
        return tx.approvals.list_for("resignation")[-1]


def test_an_embargo_without_an_end_keeps_a_statement_from_approval(room: Newsroom) -> None:
    room.write_and_look(embargo=WORDS)
    with pytest.raises(Refused, match=r"say when its embargo ends(.|\n)*EMBARGOED UNTIL FRIDAY"):
        room.approve(despite="the chair wants it")
    room.write_and_look(embargo=WORDS, embargo_until=datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert room.approve().approval.approved


def test_an_embargo_is_waived_by_name_for_these_words_alone(room: Newsroom) -> None:
    room.write_and_look(embargo=WORDS)
    assert room.approve(no_embargo=True).warnings == ("open-embargo",)
    assert (yes(room).by, yes(room).despite) == ("ed@forum.example", "no embargo")
    with room.store.read() as tx:
        [entry, *_] = [one for one in tx.audit.list_newest(5) if one.action == "approve"]
    assert (entry.values["warnings"], entry.values["despite"]) == (("open-embargo",), "no embargo")
    assert room.plan().scheduled
    room.write(embargo="EMBARGOED UNTIL MONDAY")
    assert room.look().withdrawn


def test_waiving_an_embargo_is_no_word_on_other_warnings(room: Newsroom) -> None:
    room.write_and_look(embargo=WORDS, body="It resigned on TK.")
    with pytest.raises(Refused, match="--despite"):
        room.approve(no_embargo=True)
    room.approve(no_embargo=True, despite="set tonight")
    assert yes(room).warnings == ("open-embargo", "placeholder")
    assert yes(room).despite == "no embargo; set tonight"


def test_where_no_embargo_is_open_nothing_is_waived(room: Newsroom) -> None:
    room.write_and_look()
    assert room.approve(no_embargo=True).warnings == ()
    assert yes(room).despite == ""


def test_a_file_that_names_its_approver_waives_no_embargo(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    room.bring_along("ed@forum.example", embargo=WORDS)
    assert not room.look().scheduled
    room.bring_along(
        "ed@forum.example", embargo=WORDS, embargo_until=datetime(2026, 11, 24, 12, tzinfo=UTC)
    )
    assert room.look().scheduled


SAID = "Embargoed until 1 December 2026, 10:00 London time."


@rows(
    "fields",
    [
        {"body": f"{SAID}\n\nThe Forum has resigned."},
        {"title": SAID},
        {"summary": SAID},
        {"desk": "k" * 16, "body": SAID, "progress": Progress.REVIEW},
        {"feed": "wire", "body": SAID},
        {"body": SAID, "progress": Progress.APPROVED, "approved_by": ("ed@forum.example",)},
        {
            "feed": "wire",
            "body": SAID,
            "progress": Progress.APPROVED,
            "approved_by": ("a@b.example",),
        },
    ],
)
def test_an_embargo_in_the_text_keeps_it_whatever_door_it_came_through(
    room: Newsroom, fields: dict[str, Any]
) -> None:
    room.demand(trust_front_matter=True)
    room.subscribe(1)
    room.write_and_look(**fields)
    assert room.review().blocking == ("open-embargo",)
    with pytest.raises(Refused, match="say when its embargo ends"):
        room.approve("flo@forum.example", despite="the chair wants it")
    room.clock.advance(minutes=10)
    assert (room.plan().scheduled, room.campaigns()) == ((), [])


def test_an_embargo_in_the_text_of_a_translation_keeps_the_email_of_both(room: Newsroom) -> None:
    room.demand(shares_email=True)
    compose(room, FORUM)
    compose(room, SPANISH, body="Embargado hasta el 1 de diciembre de 2026, 10:00.")
    assert room.review(FORUM).blocking == ("open-embargo",)
    compose(room, FORUM, embargo_until=AT_THREE)
    assert room.review(FORUM).blocking == ("open-embargo",)
    compose(room, SPANISH, body="Embargado hasta el lunes.", embargo_until=AT_THREE)
    assert room.review(FORUM).blocking == ()


def test_an_embargo_in_what_a_digest_gathers_keeps_it(store: Store) -> None:
    desk = Desk(BalancedStore(store))
    desk.at("2026-11-25 10:00")
    desk.write("one", title=SAID)
    desk.refresh()
    desk.approve(slug="one", no_embargo=True)
    desk.plan()
    desk.start_due()
    desk.drain()
    desk.publish("two", "2026-11-26 10:00")
    desk.tick("2026-11-27 16:00")
    assert desk.review(FIRST).blocking == ("open-embargo",)


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
    room.write_and_look("better", corrects="right")
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
    room.write_and_look("right", corrects=FORUM)
    agree(room, "right")
    assert room.campaign("right").release_at == NOON + timedelta(minutes=10)


def test_statements_that_correct_each_other_are_looked_at_once(room: Newsroom) -> None:
    room.write("one", corrects="two", embargo_until=AT_THREE)
    room.write_and_look("two", corrects="one")
    agree(room, "one", "two")
    assert room.campaigns() == []
