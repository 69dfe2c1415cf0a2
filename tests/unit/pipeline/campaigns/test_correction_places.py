"""A correction of a statement that has not begun, of a correction, or of one sent to no one."""

from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.errors import Refused
from newsletter.pipeline.statements.approve import revoke
from newsletter.pipeline.subscribers.choose import leave
from tests.unit.pipeline.campaigns.correcting import (
    RIGHT,
    WRONG,
    agree,
    correct,
    foretold,
    got,
    held,
    people,
)
from tests.unit.pipeline.newsroom import Newsroom


@pytest.mark.parametrize("paused", [False, True])
def test_an_original_that_has_not_begun_gives_its_place_and_its_lists(
    room: Newsroom, paused: bool
) -> None:
    room.subscribe(3, "events")
    room.write_and_approve(send_at=room.clock.now() + timedelta(days=1), lists=("events",))
    room.plan()
    if paused:
        room.hand().pause(WRONG)
    room.suppress("reader1@example.org")
    agree(room)
    dry = foretold(room)
    assert (dry.addresses, dry.excluded) == (
        ("reader2@example.org", "reader3@example.org"),
        (("reader1@example.org", "bounced"),),
    )
    campaign = correct(room)
    assert campaign.lists == ("events",)
    assert room.campaign(WRONG).state is CampaignState.CANCELLED
    room.drain()
    assert got(room, RIGHT) == people(2, 3)
    with pytest.raises(Refused, match="ended by its correction correction"):
        room.approve()
    assert room.start_due(days=2) == ()


def test_a_name_in_its_file_does_not_bring_the_original_back(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    room.subscribe(3)
    later = room.clock.now() + timedelta(days=1)
    room.bring_along("ed@forum.example", send_at=later)
    room.look()
    correct(room)
    room.drain()
    room.write_and_look(send_at=later)
    room.bring_along("ed@forum.example", send_at=later)
    assert room.look().scheduled == ()
    assert held(room, WRONG) == "correction corrects it, and has its place"


def test_a_correction_of_a_correction_goes_to_those_the_correction_went_to(room: Newsroom) -> None:
    room.start(readers=25)
    room.dispatch()
    correct(room)
    room.suppress("reader1@example.org")
    room.dispatch()
    correct(room, "second", corrects=RIGHT)
    room.drain()
    assert room.campaign(RIGHT).counts == Counts(accepted=9, suppressed=1, cancelled=15)
    assert got(room, "second") == people(*range(2, 26))


def test_a_second_correction_of_the_same_original_goes_to_those_the_original_reached(
    room: Newsroom,
) -> None:
    room.start(readers=25)
    room.dispatch()
    correct(room)
    correct(room, "second")
    room.drain()
    assert got(room, RIGHT) == people(*range(1, 26))
    assert got(room, "second") == people(*range(1, 11))


def test_a_correction_that_has_not_begun_gives_its_place_to_the_one_that_corrects_it(
    room: Newsroom,
) -> None:
    room.start(readers=25)
    room.dispatch()
    agree(room, send_at=room.clock.now() + timedelta(days=1))
    room.plan()
    assert room.campaign(RIGHT).state is CampaignState.SCHEDULED
    agree(room, "second", corrects=RIGHT)
    assert foretold(room, "second").ends == (RIGHT, WRONG)
    correct(room, "second", corrects=RIGHT)
    room.drain()
    assert got(room, "second") == people(*range(1, 26))
    assert got(room, WRONG) == people(*range(1, 11))
    assert {room.campaign(slug).state for slug in (RIGHT, WRONG)} == {CampaignState.CANCELLED}


def test_a_correction_cancelled_before_it_reached_anybody_goes_to_the_same_people_anew(
    room: Newsroom,
) -> None:
    room.start(readers=15)
    room.dispatch()
    correct(room)
    room.hand().cancel(RIGHT)
    correct(room)
    room.drain()
    assert got(room, RIGHT) == people(*range(1, 16))


@pytest.mark.parametrize("known", [False, True])
def test_a_correction_of_what_nobody_was_sent_is_held_with_the_reason(
    room: Newsroom, known: bool
) -> None:
    if known:
        room.write()
    agree(room)
    what = (
        "which was sent to no one; correct resignation itself" if known else "there is no statement"
    )
    assert what in held(room)
    dry = foretold(room)
    assert dry.audience == 0
    assert what in dry.reasons[-1]
    assert room.campaigns() == []


def test_a_correction_is_held_when_the_original_is_cancelled_before_anybody_got_it(
    room: Newsroom,
) -> None:
    room.start(readers=5)
    agree(room)
    room.plan()
    room.hand().cancel(WRONG)
    assert room.start_due(minutes=5) == ()
    assert "which was sent to no one" in held(room)


def test_a_correction_of_what_has_no_public_page_gets_none_by_other_lists(room: Newsroom) -> None:
    room.start(3)
    with room.store.begin() as tx:
        tx.db.change("UPDATE campaign SET unlisted = 1")
    agree(room, lists=("press", "supporters"))
    assert held(room).endswith("write lists: [press]")
    agree(room, "better")
    assert [one.slug for one in room.plan().scheduled] == ["better"]


@pytest.mark.parametrize("far", [False, True])
def test_a_circle_is_held_with_the_reason(room: Newsroom, far: bool) -> None:
    room.write(corrects="third" if far else RIGHT)
    room.write("third", corrects=WRONG)
    agree(room)
    assert held(room).startswith("'corrects' leads in a circle: correction, resignation, ")


def test_a_correction_that_nobody_may_get_is_paused_and_says_so(room: Newsroom) -> None:
    room.send(readers=1)
    room.suppress("reader1@example.org")
    agree(room)
    room.plan()
    assert room.start_due(minutes=5) == ()
    campaign = room.campaign(RIGHT)
    assert campaign.state is CampaignState.PAUSED
    assert "no one who was sent resignation may get email" in campaign.reason


def test_until_a_correction_begins_its_original_goes_on_and_a_revoked_one_ends_nothing(
    room: Newsroom,
) -> None:
    room.start(readers=25)
    agree(room)
    room.plan()
    room.dispatch()
    revoke(RIGHT, by="ed@forum.example", store=room.store, rules=room.rules)
    room.plan()
    assert room.start_due(minutes=5) == ()
    assert room.campaign(WRONG).state is CampaignState.SENDING
    room.drain()
    assert got(room, WRONG) == people(*range(1, 26))


def test_turning_to_another_original_asks_for_a_new_yes(room: Newsroom) -> None:
    room.start(readers=2)
    room.write("other")
    agree(room)
    room.plan()
    room.write(RIGHT, corrects="other", body="This is right: correction.")
    [withdrawn] = room.look().withdrawn
    assert "what it corrects or translates changed after" in withdrawn.reason


def test_its_link_ends_the_subscriptions_to_the_lists_of_the_original(room: Newsroom) -> None:
    room.subscribe(3, "events")
    room.write_and_approve(lists=("events",))
    room.plan()
    room.start_due(minutes=5)
    room.drain()
    campaign = correct(room)
    room.drain()
    [token], _ = room.links.for_batch(campaign.id, [2])
    leave([room.links.read_unsubscribe(token)], store=room.store)
    with room.store.read() as tx:
        assert tx.readers.count_by_list() == {"events": 2}
