"""Answers that differ within a batch: some accepted, some refused, some unknown."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from tests.unit.pipeline.newsroom import Newsroom

NOT_SENT = [Verdict.RETRY, Verdict.QUOTA, Verdict.CONFIGURATION, Verdict.SPLIT]


def outcome(verdict: Verdict) -> Outcome:
    return Outcome(verdict=verdict, reason=f"because {verdict.value}")


def partly(rest: Verdict, exceptions: Mapping[int, Verdict]) -> Answer:
    others = {number: outcome(verdict) for number, verdict in exceptions.items()}
    return Answer(outcome=outcome(rest), exceptions=others)


def first_then_all(room: Newsroom, rest: Verdict, exceptions: Mapping[int, Verdict]) -> None:
    """This answer to the first call; everything is accepted later."""
    answers = iter([partly(rest, exceptions)])

    def answer(_batch: OutgoingBatch) -> Answer:
        return next(answers, partly(Verdict.ACCEPTED, {}))

    room.provider.answer = answer


@pytest.mark.parametrize("verdict", NOT_SENT)
@pytest.mark.parametrize("rest", [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN])
def test_whoever_was_not_handed_over_is_tried_again_alone(
    room: Newsroom, rest: Verdict, verdict: Verdict
) -> None:
    room.start(5)
    first_then_all(room, rest, {2: verdict, 4: verdict})
    room.dispatch()
    assert room.counts() == Counts(**{rest.value: 3}, pending=2)
    assert room.campaign().state is CampaignState.SENDING
    assert len(room.dispatch(seconds=1).batch.members) == 2
    assert [one.subscriber_id for one in room.provider.batches[1].recipients] == [2, 4]
    expected = {"accepted": 2} | {rest.value: 5 if rest is Verdict.ACCEPTED else 3}
    assert room.counts() == Counts(**expected)
    assert room.campaign().state.is_ended


@pytest.mark.parametrize("rest", NOT_SENT)
def test_whoever_was_taken_is_never_handed_over_again_whatever_the_others_met(
    room: Newsroom, rest: Verdict
) -> None:
    room.start(5)
    first_then_all(room, rest, {1: Verdict.ACCEPTED, 2: Verdict.REJECTED, 3: Verdict.UNKNOWN})
    room.dispatch()
    assert room.counts() == Counts(accepted=1, rejected=1, unknown=1, pending=2)
    room.clock.advance(seconds=1)
    if rest is Verdict.CONFIGURATION:
        assert room.campaign().state is CampaignState.PAUSED
        room.hand().resume("resignation")
    room.drain()
    assert room.counts() == Counts(accepted=3, rejected=1, unknown=1)
    assert room.unknown() == ["reader3@example.org"]
    assert room.campaign().state is CampaignState.ATTENTION
    accepted = room.provider.accepted
    assert sorted(accepted) == [f"reader{number}@example.org" for number in (1, 4, 5)]


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.QUOTA])
def test_the_provider_is_left_alone_for_as_long_as_it_asked(
    room: Newsroom, verdict: Verdict
) -> None:
    room.start(3)
    exceptions = {2: outcome(verdict)}
    asked = timedelta(minutes=10)
    room.provider.answer = lambda _batch: Answer(
        outcome=outcome(Verdict.ACCEPTED), exceptions=exceptions, retry_after=asked
    )
    assert room.dispatch().wait == asked
    room.clock.advance(minutes=9, seconds=59)
    assert room.dispatcher().dispatch() is None
    room.clock.advance(seconds=1)
    assert room.dispatcher().dispatch() is not None


def test_those_who_are_tried_again_wait_longer_each_time(room: Newsroom) -> None:
    room.start(4)

    def take_one(batch: OutgoingBatch) -> Answer:
        numbers = [one.subscriber_id for one in batch.recipients]
        return partly(Verdict.ACCEPTED, dict.fromkeys(numbers[1:], Verdict.RETRY))

    room.provider.answer = take_one
    waits = []
    for _ in range(4):
        wait = room.dispatch().wait
        waits.append(wait.total_seconds())
        room.clock.advance(seconds=waits[-1])
    assert waits == [1, 2, 4, 0]
    assert room.counts() == Counts(accepted=4)
    assert len(set(room.provider.accepted)) == len(room.provider.accepted) == 4
