"""parts → approval: only where that is trusted, and only while each part is what went out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Channel
from newsletter.pipeline.statements.approve import revoke
from newsletter.store.sql import Store
from tests.fakes import PlainRenderer
from tests.unit.pipeline.campaigns.digests import FIRST, SECOND, WEEKLY, Desk
from tests.unit.pipeline.newsroom import BalancedStore, Meanwhile

ED, FLO = "ed@forum.example", "flo@forum.example"


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(BalancedStore(store))
    desk.set(trust_parts=True)
    return desk


def publish_two(desk: Desk) -> None:
    desk.publish("one", "2026-11-25 10:00", by=ED)
    desk.publish("two", "2026-11-26 10:00", by=FLO)
    desk.at("2026-11-27 16:00")


def test_without_that_trust_it_waits_for_a_yes_of_its_own(desk: Desk) -> None:
    desk.set(trust_parts=False)
    publish_two(desk)
    desk.tick()
    assert desk.yeses() == []
    assert desk.started(FIRST) is None


def test_with_it_those_who_approved_the_parts_have_approved_the_whole(desk: Desk) -> None:
    publish_two(desk)
    desk.tick()
    assert [(yes.by, yes.channel) for yes in desk.yeses()] == [
        (ED, Channel.PARTS),
        (FLO, Channel.PARTS),
    ]
    campaign = desk.started(FIRST)
    assert campaign is not None
    assert campaign.approved_by == (ED, FLO)
    with desk.store.read() as tx:
        entered = [one for one in tx.audit.all() if one.subject == FIRST and one.actor == ED]
    assert [(one.action, one.detail) for one in entered] == [
        ("approve", f"{desk.content_hash(FIRST)} by parts: one, two")
    ]


def test_where_a_check_warns_of_it_a_person_says_why_it_may_go_out(desk: Desk) -> None:
    desk.set(title="The week at TK")
    publish_two(desk)
    desk.tick()
    assert desk.yeses() == []
    assert desk.started(FIRST) is None
    desk.approve(ED, FIRST, despite="TK is what we are called")
    desk.tick()
    assert [(yes.by, yes.channel) for yes in desk.yeses()] == [(ED, Channel.COMMAND)]
    assert desk.started(FIRST) is not None


def test_what_is_said_when_it_is_made_does_not_promise_a_wait(desk: Desk) -> None:
    publish_two(desk)
    said = "2 statements; it waits for approval, unless its parts vouch for it"
    assert desk.build() == [(FIRST, said)]


def test_they_are_taken_down_once(desk: Desk) -> None:
    publish_two(desk)
    desk.rules = replace(desk.rules, undo_window=timedelta(minutes=5))  # so it does not begin yet
    desk.refresh()
    desk.tick()
    desk.refresh()
    assert len(desk.yeses()) == 2
    assert desk.inherit_approvals() == ()


def test_it_still_takes_as_many_as_are_demanded(desk: Desk) -> None:
    publish_two(desk)
    desk.demand(required=3)
    desk.tick()
    assert len(desk.yeses()) == 2
    assert desk.started(FIRST) is None
    desk.approve("ada@forum.example", FIRST)
    desk.tick()
    assert desk.started(FIRST) is not None


def test_one_who_may_not_approve_any_more_does_not_count_and_one_who_left_does(desk: Desk) -> None:
    publish_two(desk)
    desk.demand(required=2)
    with desk.store.begin() as tx:
        tx.staff.put(ED, Role.VIEWER, desk.clock.now())
    desk.tick()
    assert desk.started(FIRST) is None
    with desk.store.begin() as tx:
        tx.staff.put(ED, Role.APPROVER, desk.clock.now())
    desk.tick()
    assert desk.started(FIRST) is not None


def test_names_of_trusted_front_matter_count_as_they_did_for_the_part(desk: Desk) -> None:
    desk.demand(trust_front_matter=True)
    desk.at("2026-11-25 10:00")
    desk.bring_along(FLO, slug="one", title="One")
    desk.refresh()
    desk.plan()
    desk.start_due()
    desk.at("2026-11-27 16:00")
    desk.tick()
    campaign = desk.started(FIRST)
    assert campaign is not None
    assert campaign.approved_by == (FLO,)


def test_where_a_part_changed_since_a_person_has_to_look(desk: Desk) -> None:
    publish_two(desk)
    desk.write("one", title="Another title")
    desk.tick()
    assert desk.yeses() == []
    assert desk.started(FIRST) is None


def test_where_templates_changed_since_a_person_has_to_look(desk: Desk) -> None:
    publish_two(desk)
    desk.renderer = PlainRenderer("plain-2")
    desk.tick()
    assert desk.yeses() == []


def test_where_a_part_is_paused_a_person_has_to_look_until_it_goes_on(desk: Desk) -> None:
    desk.at("2026-11-25 10:00")
    desk.write("one", title="One")
    desk.refresh()
    desk.approve(slug="one")
    desk.plan()
    desk.start_due()
    desk.hand().pause("one")
    desk.at("2026-11-27 16:00")
    desk.tick()
    assert desk.yeses() == []
    desk.hand().resume("one")
    desk.tick()
    assert [yes.by for yes in desk.yeses()] == [ED]


def test_one_that_cannot_be_rendered_is_not_approved(desk: Desk) -> None:
    desk.set(intro="unrenderable")
    publish_two(desk)
    desk.tick()
    assert desk.yeses() == []


def test_after_a_person_took_them_back_or_cancelled_it_only_people_approve(desk: Desk) -> None:
    publish_two(desk)
    desk.demand(required=3)
    desk.tick()
    assert revoke(FIRST, by="ada@forum.example", store=desk.store) == 2
    desk.demand(required=1)
    for _ in range(3):
        desk.tick()
    assert desk.started(FIRST) is None
    desk.approve(slug=FIRST)
    desk.tick()
    assert desk.started(FIRST) is not None


def test_where_the_trust_is_taken_away_before_it_began_they_count_no_more(desk: Desk) -> None:
    publish_two(desk)
    desk.demand(required=3)
    desk.tick()
    desk.set(trust_parts=False)
    desk.demand(required=1)
    desk.tick()
    assert all(yes.revoked_at for yes in desk.yeses())
    assert desk.started(FIRST) is None
    assert ("scheduler", "revoke") in desk.deeds()
    revoked = desk.yeses()
    desk.tick()
    assert desk.yeses() == revoked


def test_after_a_part_was_corrected_they_approve_what_stands_there_now(desk: Desk) -> None:
    publish_two(desk)
    desk.demand(required=2)
    desk.build()
    desk.refresh()
    before = desk.content_hash(FIRST)
    desk.schedule(FIRST, desk.clock.now() + timedelta(hours=2))
    desk.write("right", title="Put right", corrects="one")
    desk.refresh()
    for by in (ED, FLO):
        desk.approve(by, "right")
    desk.tick()
    desk.tick()
    assert desk.parts() == ("two", "right")
    assert desk.content_hash(FIRST) != before
    live = [yes for yes in desk.yeses() if yes.content_hash == desk.content_hash(FIRST)]
    assert [yes.by for yes in live] == [ED, FLO]
    desk.at("2026-11-27 18:00")
    desk.tick()
    assert desk.campaign(FIRST).content_hash == desk.content_hash(FIRST)
    assert desk.campaign(FIRST).state is CampaignState.SENDING


def test_two_looks_at_once_take_them_down_once(desk: Desk) -> None:
    publish_two(desk)
    desk.set(trust_parts=False)
    desk.tick()
    desk.set(trust_parts=True)

    racing = Meanwhile(desk.store, desk.inherit_approvals)
    assert desk.inherit_approvals(racing) == ()  # type: ignore[arg-type] # a store in what counts
    assert len(desk.yeses()) == 2


def test_an_issue_that_was_dropped_or_of_another_round_up_is_left_alone(desk: Desk) -> None:
    publish_two(desk)
    desk.build()
    desk.builder().drop(FIRST, "ada@forum.example")
    desk.tick()
    assert desk.yeses() == []
    desk.digests = (WEEKLY,)
    desk.publish("three", "2026-12-01 10:00")
    desk.at("2026-12-04 16:00")
    desk.tick()
    assert desk.yeses(SECOND) == []
