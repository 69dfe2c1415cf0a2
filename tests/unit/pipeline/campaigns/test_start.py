"""A campaign whose time has come: its audience is frozen, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.pipeline.campaigns.plan import PlanResult, PlanRules, plan, start_due
from newsletter.pipeline.statements.approve import revoke
from tests.fakes import NOON
from tests.unit.pipeline.campaigns.test_plan import PAUSED, SCHEDULED, SENDING, scheduled
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom


def test_what_changed_just_before_the_start_does_not_start(room: Newsroom) -> None:
    room.subscribe(3)
    scheduled(room)
    revoke("resignation", by="ed@forum.example", store=room.store, rules=room.rules)
    assert room.start_due(hours=1) == ()
    assert room.campaign().state is CampaignState.CANCELLED
    assert room.counts() == Counts()


def test_starting_freezes_the_audience_once(room: Newsroom) -> None:
    campaign = room.start(25)
    assert campaign.state is SENDING
    assert campaign.started_at == room.clock.now()
    assert campaign.counts == Counts(pending=25)
    assert room.start_due() == ()
    assert room.deeds()[-1] == ("scheduler", "start")


@pytest.mark.parametrize("kind", HoldKind)
def test_during_a_hold_none_starts_and_it_can_still_be_undone(
    room: Newsroom, kind: HoldKind
) -> None:
    room.subscribe(3)
    for slug in ("resignation", "other"):
        room.write_and_approve(slug)
    room.plan()
    with room.store.begin() as tx:
        tx.hold.put(kind, "wait")
    assert room.start_due(hours=1) == ()
    room.starter().undo("other", by="ada@forum.example")
    with room.store.begin() as tx:
        tx.hold.release(kind)
    assert [campaign.slug for campaign in room.start_due()] == ["resignation"]


def test_those_due_start_together(room: Newsroom) -> None:
    room.subscribe(2)
    for slug in ("a", "b"):
        room.write(slug)
    room.look()
    for slug in ("a", "b"):
        room.approve(slug=slug)
    room.plan()
    assert [campaign.slug for campaign in room.start_due(minutes=5)] == ["a", "b"]


def test_with_nobody_subscribed_the_campaign_waits_for_a_person(room: Newsroom) -> None:
    scheduled(room)
    assert room.start_due(minutes=5) == ()
    campaign = room.campaign()
    assert campaign.state is PAUSED
    assert "no one is subscribed to press" in campaign.reason
    assert "newsletter resume 1" in campaign.reason
    room.subscribe(3)
    assert room.start_due() == ()
    assert room.hand().resume("1").state is SCHEDULED
    assert len(room.start_due()) == 1
    room.drain()
    assert room.campaign().state is CampaignState.SENT
    assert len(room.provider.accepted) == 3


def test_a_paused_campaign_does_not_start(room: Newsroom) -> None:
    room.subscribe(1)
    scheduled(room)
    room.hand().pause("resignation")
    room.clock.advance(hours=1)
    room.plan()
    assert room.start_due() == ()
    room.hand().resume("resignation")
    assert len(room.start_due()) == 1


def meanwhile(room: Newsroom, deed: object) -> tuple[Meanwhile, PlanRules]:
    return Meanwhile(room.store, deed), room.rules  # type: ignore[arg-type]


def test_what_somebody_else_scheduled_in_the_meantime_is_not_scheduled_twice(
    room: Newsroom,
) -> None:
    room.write_and_approve()
    store, rules = meanwhile(room, room.plan)
    assert plan(store=store, rules=rules) == PlanResult()
    assert len(room.campaigns()) == 1


def test_what_was_revoked_in_the_meantime_is_not_scheduled(room: Newsroom) -> None:
    room.write_and_approve()

    def take_back() -> None:
        revoke("resignation", by="ed@forum.example", store=room.store, rules=room.rules)

    store, rules = meanwhile(room, take_back)
    assert plan(store=store, rules=rules).scheduled == ()
    assert room.campaigns() == []


@pytest.mark.parametrize("deed", ["pause", "cancel", "put off", "start"])
def test_what_happened_in_the_meantime_stops_the_start(room: Newsroom, deed: str) -> None:
    room.subscribe(3)
    scheduled(room)
    room.clock.advance(minutes=5)

    def act() -> None:
        if deed == "pause":
            room.hand().pause("resignation")
        elif deed == "cancel":
            room.hand().cancel("resignation")
        elif deed == "put off":
            room.schedule("resignation", NOON + timedelta(days=1))
            room.plan()
        else:
            assert len(room.start_due()) == 1

    store, rules = meanwhile(room, act)
    assert start_due(store=store, rules=rules) == ()
    expected = {"pause": PAUSED, "put off": SCHEDULED, "start": SENDING}
    assert room.campaign().state is expected.get(deed, CampaignState.CANCELLED)


def test_a_campaign_with_another_text_than_was_approved_last_does_not_start(room: Newsroom) -> None:
    room.subscribe(3)
    scheduled(room)
    room.clock.advance(minutes=5)
    room.write(body="Something else.")
    room.ingest()
    room.render()
    room.approve()
    assert room.start_due() == ()
    assert room.campaign().state is SCHEDULED
    room.plan()
    room.start_due(minutes=5)
    room.drain()
    assert {batch.content.text.splitlines()[0] for batch in room.provider.batches} == {
        "Something else."
    }


def test_a_batch_holds_no_more_than_fits_into_one_call(room: Newsroom) -> None:
    room.subscribe(3)
    scheduled(room)
    able = Capabilities(max_recipients=1000, max_bytes=1, own_body=True)
    room.rules = replace(room.rules, capabilities=(able,))
    room.start_due(minutes=5)
    with room.store.read() as tx:
        assert tx.batches.count_open().queued == 3


def test_a_campaign_whose_content_was_altered_pauses_and_others_start(room: Newsroom) -> None:
    room.subscribe(3)
    for slug in ("altered", "sound"):
        room.write(slug, body=f"Text of {slug}.")
    room.look()
    for slug in ("altered", "sound"):
        room.approve(slug=slug)
    room.plan()
    with room.store.begin() as tx:
        tx.db.change("UPDATE content SET document = replace(document, 'of altered', 'of Eve')")
    room.clock.advance(minutes=5)
    assert [one.slug for one in room.start_due()] == ["sound"]
    assert room.campaign("altered").state is PAUSED
    assert "not what was approved" in room.campaign("altered").reason
