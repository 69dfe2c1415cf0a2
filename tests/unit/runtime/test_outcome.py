"""The outcome of a finished run, for every display."""

from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.rate_limit import Cause, Wait
from newsletter.domain.errors import Fault
from newsletter.runtime.outcome import Ending, Outcome, find_outcome
from newsletter.runtime.scheduler import Run
from newsletter.runtime.tick import TickResult
from newsletter.store.sql import Store
from tests.fakes import NOON, always
from tests.unit.pipeline.newsroom import Newsroom


@pytest.fixture
def room(store: Store) -> Newsroom:
    return Newsroom(store)


def outcome(room: Newsroom, run: Run) -> Outcome:
    return find_outcome(run, store=room.store)


def test_a_run_after_which_nothing_is_left_is_done(room: Newsroom) -> None:
    campaign = room.start(3)
    room.drain()
    assert outcome(room, Run(worked_on={campaign.id})) == Outcome(ending=Ending.DONE)


def test_a_stop_outweighs_all_and_work_that_is_left_outweighs_the_rest(room: Newsroom) -> None:
    fault = TickResult(faults=(Fault(file="a.md", message="has no title"),))
    wait = Wait(until=NOON + timedelta(hours=1), cause=Cause.QUOTA, reason="all has left today")
    assert outcome(room, Run(hold_reason="stopped", unreachable="no route")).ending is Ending.HELD
    assert (
        outcome(room, Run(unreachable="no route", last_result=fault)).ending is Ending.UNREACHABLE
    )
    assert outcome(room, Run(wait=wait, last_result=fault)).ending is Ending.UNREACHABLE
    assert outcome(room, Run(last_result=fault)).ending is Ending.INVALID


def test_what_is_paused_or_unknown_needs_a_person(room: Newsroom) -> None:
    campaign = room.start(3)
    room.dispatch(always(Verdict.UNKNOWN))
    found = outcome(room, Run())
    assert found.ending is Ending.NEEDS_A_PERSON
    assert [(one.id, one.state) for one in found.needing_attention] == [
        (campaign.id, CampaignState.ATTENTION)
    ]


def test_whom_a_run_saw_rejected_is_in_question_in_that_run_alone(room: Newsroom) -> None:
    campaign = room.start(3)
    room.drain(answer=always(Verdict.REJECTED))
    run = Run(worked_on={campaign.id})
    assert outcome(room, run).ending is Ending.NEEDS_A_PERSON
    assert outcome(room, Run()).ending is Ending.DONE


def test_a_campaign_that_waits_for_its_time_is_named(room: Newsroom) -> None:
    room.subscribe(3)
    room.write_and_approve()
    room.plan()
    found = outcome(room, Run())
    assert (found.ending, [one.slug for one in found.scheduled]) == (Ending.DONE, ["resignation"])
