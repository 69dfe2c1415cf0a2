"""A campaign to which too many readers or servers object is stopped, until a person has looked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.pipeline.events.record import pause_harmful, record
from newsletter.store.sql import Store
from tests.fakes import OURS, WORKSPACE
from tests.unit.pipeline.newsroom import BalancedStore, Meanwhile, Newsroom


@pytest.fixture
def half(store: Store) -> Newsroom:
    """Four hundred readers, of whom two hundred are accepted."""
    room = Newsroom(BalancedStore(store))
    room.rules = replace(room.rules, batch_size=100)
    room.start(400)
    room.dispatch()
    room.dispatch()
    return room


def tell(room: Newsroom, kind: EventKind, *members: int, bounce: Bounce | None = None) -> None:
    events = [
        Event(
            id=f"{kind.value} {number}",
            kind=kind,
            at=room.clock.now() + timedelta(seconds=number),
            bounce=bounce,
            campaign="resignation",
            attempt_id=OURS,
            subscriber_id=number,
        )
        for number in members
    ]
    record(events, provider="recording", workspace=WORKSPACE, store=room.store)


def look(room: Newsroom) -> tuple[Campaign, ...]:
    return pause_harmful(store=room.store)


def test_a_campaign_without_objections_goes_on(half: Newsroom) -> None:
    tell(half, EventKind.DELIVERED, *range(1, 101))
    tell(half, EventKind.BOUNCED, *range(101, 110), bounce=Bounce.HARD)
    assert look(half) == ()
    assert half.campaign().state is CampaignState.SENDING


def test_one_complaint_of_two_hundred_stops_it_and_says_what_to_do(half: Newsroom) -> None:
    tell(half, EventKind.COMPLAINED, 7)
    [stopped] = look(half)
    assert stopped == half.campaign()
    assert stopped.state is CampaignState.PAUSED
    assert stopped.reason == (
        "1 of 200 accepted were reported as spam (0.50 %; from 0.1 % on it stops);"
        " find out why with 'newsletter report 1' and at the provider,"
        " then 'newsletter resume 1' or 'newsletter cancel 1'"
    )
    assert half.deeds()[-1] == ("breaker", "pause")
    assert half.drain() == 0
    assert len(half.provider.accepted) == 200


def test_hard_bounces_of_a_twentieth_stop_it(half: Newsroom) -> None:
    tell(half, EventKind.BOUNCED, *range(1, 11), bounce=Bounce.HARD)
    [stopped] = look(half)
    assert stopped.reason.startswith("10 of 200 accepted came back since there is no such mailbox")


@pytest.mark.parametrize("bounce", [Bounce.SOFT, Bounce.POLICY, Bounce.COMPLAINT, Bounce.OTHER])
def test_other_bounces_stop_nothing(half: Newsroom, bounce: Bounce) -> None:
    tell(half, EventKind.BOUNCED, *range(1, 101), bounce=bounce)
    assert look(half) == ()


def test_before_two_hundred_are_accepted_nothing_is_judged(room: Newsroom) -> None:
    room.start(25)
    room.dispatch()
    tell(room, EventKind.COMPLAINED, 1, 2, 3)
    assert look(room) == ()


def test_what_a_person_let_go_on_stops_again_only_when_it_has_doubled(half: Newsroom) -> None:
    tell(half, EventKind.COMPLAINED, 1)
    look(half)
    tell(half, EventKind.COMPLAINED, 2)  # told while it was paused: the person sees two
    half.hand().resume("resignation")
    assert look(half) == ()
    tell(half, EventKind.COMPLAINED, 3)
    assert look(half) == ()
    tell(half, EventKind.COMPLAINED, 4)
    [stopped] = look(half)
    assert stopped.reason.startswith("4 of 200")
    half.hand().resume("resignation")
    half.drain()
    assert half.campaign().state is CampaignState.SENT


def test_a_pause_for_another_reason_overrules_nothing(half: Newsroom) -> None:
    half.hand().pause("resignation")
    half.hand().resume("resignation")
    tell(half, EventKind.COMPLAINED, 1)
    assert look(half) != ()


@pytest.mark.parametrize("deed", ["pause", "cancel"])
def test_what_is_not_sending_any_more_is_left_alone(half: Newsroom, deed: str) -> None:
    tell(half, EventKind.COMPLAINED, 1)
    meanwhile = Meanwhile(half.store, lambda: getattr(half.hand(), deed)("resignation"))
    assert pause_harmful(store=meanwhile) == ()
    assert half.campaign().reason.endswith(" by ada@forum.example")
    assert ("breaker", "pause") not in half.deeds()


def test_what_a_person_let_go_on_meanwhile_is_not_stopped_again(half: Newsroom) -> None:
    tell(half, EventKind.COMPLAINED, 1)
    by_another = Meanwhile(half.store, lambda: look(half) and half.hand().resume("resignation"))
    assert pause_harmful(store=by_another) == ()
    assert half.campaign().state is CampaignState.SENDING
