"""Whatever may have reached anybody is never planned again."""

import pytest

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import Resolution, Verdict
from newsletter.pipeline.campaigns.plan import PlanResult
from tests.fakes import always
from tests.unit.pipeline.campaigns.test_plan import scheduled
from tests.unit.pipeline.newsroom import Newsroom


def test_a_statement_that_has_gone_out_never_gets_another_campaign(room: Newsroom) -> None:
    room.send()
    room.write(body="Something else.")
    for _ in range(3):
        assert room.look() == PlanResult()
    assert len(room.campaigns()) == 1
    assert len(room.provider.accepted) == 25


def test_a_change_after_the_start_does_not_stop_what_was_approved(room: Newsroom) -> None:
    room.start()
    room.dispatch()
    room.write(body="Something else.")
    assert room.look() == PlanResult()
    room.drain()
    assert len(set(room.provider.accepted)) == 25
    assert "Something else." not in {batch.content.text for batch in room.provider.batches}


def test_cancelling_spends_the_approvals(room: Newsroom) -> None:
    scheduled(room)
    room.hand().cancel("resignation")
    assert room.look() == PlanResult()
    room.approve()
    assert len(room.plan().scheduled) == 1


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.UNKNOWN])
def test_a_campaign_cancelled_after_anything_may_have_gone_out_is_the_last(
    room: Newsroom, verdict: Verdict
) -> None:
    room.start()
    room.dispatch(always(verdict))
    room.hand().cancel("resignation")
    room.demand(trust_front_matter=True)
    room.bring_along("flo@forum.example")
    assert room.look().scheduled == ()
    assert len(room.campaigns()) == 1


def test_a_campaign_whose_calls_are_still_under_way_is_the_last(room: Newsroom) -> None:
    room.start()

    def cancelled_meanwhile(batch: object) -> object:
        room.hand().cancel("resignation")
        room.demand(trust_front_matter=True)
        room.bring_along("flo@forum.example")
        assert room.look().scheduled == ()
        return always(Verdict.ACCEPTED)(batch)  # type: ignore[arg-type]

    room.provider.answer = cancelled_meanwhile  # type: ignore[assignment]
    room.dispatch()
    assert room.counts() == Counts(accepted=10, cancelled=15)
    assert len(room.campaigns()) == 1


def test_resolving_the_unknown_of_a_cancelled_campaign_opens_no_second_one(room: Newsroom) -> None:
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().cancel("resignation")
    room.hand().resolve("resignation", Resolution.ACCEPTED)
    room.demand(trust_front_matter=True)
    room.bring_along("flo@forum.example")
    assert room.look().scheduled == ()
