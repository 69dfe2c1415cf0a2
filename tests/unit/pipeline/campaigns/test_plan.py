"""approval → campaign, and the start of one whose time has come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, StartBy
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Channel
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.plan import PlanResult
from tests.fakes import NOON, PlainRenderer
from tests.unit.pipeline.newsroom import Newsroom

SCHEDULED, SENDING, PAUSED = (CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED)


def scheduled(room: Newsroom) -> None:
    """One approved statement, planned."""
    room.write_and_approve()
    assert len(room.plan().scheduled) == 1


def wall(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute)  # noqa: DTZ001 - a wall time


def test_an_approved_statement_gets_one_campaign(room: Newsroom) -> None:
    room.write(lists=("press", "supporters"))
    assert room.look() == PlanResult()
    room.approve()
    [campaign] = room.plan().scheduled
    assert campaign == room.campaign()
    assert campaign.state is SCHEDULED
    assert campaign.content_hash == room.content_hash()
    assert campaign.lists == ("press", "supporters")
    assert campaign.approved_by == ("ed@forum.example",)
    assert campaign.provider == "recording"
    assert campaign.release_at == room.clock.now() + timedelta(minutes=5)
    assert room.plan() == PlanResult()
    assert len(room.campaigns()) == 1
    assert room.deeds()[-1] == ("scheduler", "schedule")


def test_what_is_not_rendered_yet_is_left_for_the_next_run(room: Newsroom) -> None:
    scheduled(room)
    room.write(body="Something else.")
    room.ingest()
    assert room.plan() == PlanResult()
    assert room.campaign().state is SCHEDULED


def test_a_statement_is_looked_at_again_without_a_change_while_time_alone_can_move_it(
    room: Newsroom,
) -> None:
    room.subscribe(1)
    room.write_and_look()
    assert room.watch.open == set(), "it waits for an approval"
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.approve()
    room.plan()
    assert room.watch.open == set(), "it waits for a start"
    wanted = StartRequest(slug="resignation", by="sam@forum.example", seen="", shown=room.terms())
    room.starter().start(wanted)
    room.plan()
    assert room.watch.open == {"resignation"}, "it waits for its time"
    assert len(room.start_due(minutes=5)) == 1
    room.plan()
    assert room.watch.open == set()


@pytest.mark.parametrize(
    ("fields", "release"),
    [
        ({}, NOON + timedelta(minutes=5)),
        ({"send_at": wall(9)}, NOON + timedelta(hours=2)),  # New York is five hours behind
        ({"send_at": wall(1)}, NOON + timedelta(minutes=5)),
        ({"embargo_until": wall(10)}, NOON + timedelta(hours=3)),
        ({"send_at": wall(9), "embargo_until": wall(10)}, NOON + timedelta(hours=3)),
        ({"send_at": wall(11), "embargo_until": wall(10)}, NOON + timedelta(hours=4)),
    ],
)
def test_a_campaign_waits_for_undo_window_set_time_and_embargo(
    room: Newsroom, fields: dict[str, datetime], release: datetime
) -> None:
    room.subscribe(1)
    room.write_and_approve(**fields)
    room.plan()
    assert room.campaign().release_at == release
    room.clock.advance(seconds=(release - NOON).total_seconds() - 0.001)
    assert room.start_due() == ()
    assert len(room.start_due(seconds=0.001)) == 1


def test_the_time_to_undo_begins_anew_where_the_approved_email_comes_back(room: Newsroom) -> None:
    """As where the service was restarted with other templates, and again with those of before."""
    room.subscribe(1)
    scheduled(room)
    room.renderer.fingerprint = "plain-2"
    assert [held.slug for held in room.look().withdrawn] == ["resignation"]
    room.clock.advance(hours=1)
    room.renderer.fingerprint = "plain-1"
    room.look()
    assert room.campaign().release_at == NOON + timedelta(hours=1, minutes=5)
    assert room.start_due() == ()


def test_a_time_set_by_staff_outranks_the_file_but_no_embargo(room: Newsroom) -> None:
    room.write_and_approve(send_at=wall(20), embargo_until=wall(10))
    room.plan()
    with pytest.raises(Refused, match=r"resignation is embargoed until Tue 24 Nov 2026, 10:00"):
        room.schedule("resignation", NOON + timedelta(hours=1))
    assert room.plan() == PlanResult()
    assert room.campaign().release_at == NOON + timedelta(hours=13)
    room.schedule("resignation", NOON + timedelta(days=2))
    assert room.campaign().release_at == NOON + timedelta(days=2)
    room.schedule("resignation", None)
    assert room.campaign().release_at == NOON + timedelta(hours=13)
    assert room.plan() == PlanResult()


def test_a_campaign_that_was_put_off_does_not_start_before_planning_knows(room: Newsroom) -> None:
    room.subscribe(1)
    scheduled(room)
    room.schedule("resignation", NOON + timedelta(days=2))
    assert room.start_due(hours=1) == ()
    assert room.campaign().state is SCHEDULED


def test_a_time_that_the_new_zone_skips_holds_that_statement_and_no_other(room: Newsroom) -> None:
    gap = datetime(2026, 11, 24, 0, 0)  # noqa: DTZ001 - a wall time
    room.write(send_at=gap.replace(year=2027, month=3, day=14, hour=2, minute=30))
    room.write("other")
    room.rules = replace(room.rules, timezone="UTC")
    room.review_rules = replace(room.review_rules, campaigns=room.rules)
    room.look()
    room.approve()
    room.plan()
    room.approve(slug="other")
    room.rules = replace(room.rules, timezone="America/New_York")
    planned = room.plan()
    assert [campaign.slug for campaign in planned.scheduled] == ["other"]
    assert [held.slug for held in planned.held] == ["resignation"]
    assert "does not exist in America/New_York" in planned.held[0].reason
    room.subscribe(1)
    assert [campaign.slug for campaign in room.start_due(days=365)] == ["other"]


@pytest.mark.parametrize("paused", [False, True])
def test_a_campaign_is_withdrawn_when_its_text_changes(room: Newsroom, paused: bool) -> None:
    scheduled(room)
    if paused:
        room.hand().pause("resignation")
    room.write(body="Something else.")
    [withdrawn] = room.look().withdrawn
    assert withdrawn.slug == "resignation"
    assert "its text changed after ed@forum.example approved it" in withdrawn.reason
    campaign = room.campaign()
    assert campaign.state is CampaignState.CANCELLED
    assert campaign.reason == withdrawn.reason
    assert room.deeds()[-1] == ("scheduler", "withdraw")
    [held] = room.plan().held
    assert held.reason == withdrawn.reason


@pytest.mark.parametrize("paused", [False, True])
def test_a_text_whose_change_is_approved_too_gets_a_campaign_of_its_own(
    room: Newsroom, paused: bool
) -> None:
    scheduled(room)
    if paused:
        room.hand().pause("resignation")
    room.write(body="Something else.")
    room.ingest()
    room.render()
    room.approve()
    planned = room.plan()
    assert planned.withdrawn == ()
    [campaign] = planned.scheduled
    assert campaign.content_hash == room.content_hash()
    assert [one.state for one in room.campaigns()] == [CampaignState.CANCELLED, SCHEDULED]
    assert room.plan() == PlanResult()


def test_going_back_to_the_old_text_brings_the_approval_back(room: Newsroom) -> None:
    scheduled(room)
    old = room.content_hash()
    room.write_and_look(body="Something else.")
    room.write()
    [campaign] = room.look().scheduled
    assert campaign.content_hash == old


def test_other_templates_are_another_text(room: Newsroom) -> None:
    scheduled(room)
    room.renderer = PlainRenderer("plain-2")
    room.forget_looks()
    assert len(room.look().withdrawn) == 1


def test_a_campaign_is_withdrawn_when_it_can_no_longer_be_rendered(room: Newsroom) -> None:
    scheduled(room)
    room.write(body="This is unrenderable.")
    assert [one.reason for one in room.look().withdrawn] == ["it can no longer be rendered"]


def test_a_statement_turned_into_a_correction_does_not_go_to_everybody(room: Newsroom) -> None:
    scheduled(room)
    room.write(corrects="earlier")
    room.ingest()
    room.render()
    room.approve()
    planned = room.plan()
    assert planned.scheduled == ()
    assert planned.withdrawn[0].reason == "no sender has started it"
    assert "there is no statement of that name" in room.plan().held[0].reason
    assert room.campaign().state is CampaignState.CANCELLED


def test_the_approvals_of_a_campaign_are_told_apart_by_their_channel(room: Newsroom) -> None:
    room.demand(trust_front_matter=True, required=2)
    room.bring_along("flo@forum.example")
    room.look()
    room.approve()
    [campaign] = room.plan().scheduled
    assert set(campaign.approved_by) == {"flo@forum.example", "ed@forum.example"}
    with room.store.read() as tx:
        channels = {yes.channel for yes in tx.approvals.list_for("resignation")}
    assert channels == {Channel.FRONT_MATTER, Channel.COMMAND}


def test_an_embargo_with_an_offset_is_an_instant(room: Newsroom) -> None:
    room.write_and_approve(embargo_until=datetime(2026, 11, 24, 15, 0, tzinfo=UTC))
    room.plan()
    assert room.campaign().release_at == NOON + timedelta(hours=3)
