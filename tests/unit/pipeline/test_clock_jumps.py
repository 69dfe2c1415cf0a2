"""A clock that is put forward or back, by an hour or by years, makes nobody get two."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter.domain.campaign import CampaignState
from newsletter.domain.delivery import Answer, Counts, OutgoingBatch, Verdict
from newsletter.ports import Replay
from tests.fakes import RecordingProvider, accept_all, always
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.test_recover import run_until_cut

HOUR, DAY, DECADE = timedelta(hours=1), timedelta(days=1), timedelta(days=3653)
JUMPS = [sign * step for step in (HOUR, DAY, DECADE) for sign in (1, -1)]
PROVIDERS = {
    "keys": lambda: RecordingProvider(replay=Replay.KEYED, key_lives=DAY),
    "records": lambda: RecordingProvider(settles_in=timedelta(minutes=10)),
    "keys and records": lambda: RecordingProvider(
        replay=Replay.KEYED, key_lives=timedelta(minutes=15), settles_in=timedelta(minutes=10)
    ),
    "a folder": lambda: RecordingProvider(replay=Replay.SAFE),
    "neither": lambda: RecordingProvider(),
}
EVERYBODY = [f"reader{number}@example.org" for number in range(1, 26)]
TAKEN, CUT_OFF, PUT_OFF, QUIET = "taken and not said", "cut off", "put off", "nothing wrong"


def jump(room: Newsroom, far: timedelta) -> None:
    room.clock.advance(seconds=far.total_seconds())


def steps(room: Newsroom, trouble: str) -> list[Callable[[], object]]:
    """A campaign in trouble, between whose steps the clock may jump."""
    return [
        lambda: _dispatch_in(room, trouble),
        room.recover,
        room.find_out,
        lambda: _dispatch_in(room, QUIET),
        room.find_out,
    ]


def _dispatch_in(room: Newsroom, trouble: str) -> None:
    if trouble == CUT_OFF:
        run_until_cut(room, 5)  # the provider has it, and the process is gone
        return
    room.provider.loses = lambda _batch: trouble == TAKEN
    room.provider.answer = always(Verdict.RETRY) if trouble == PUT_OFF else accept_all
    room.dispatcher().dispatch()
    room.provider.loses = lambda _batch: False
    room.provider.answer = accept_all


def come_to_an_end(room: Newsroom) -> None:
    """Hand over and look for five days, which is more than anything waits."""
    for _ in range(5 * 4):
        room.drain()
        room.find_out()
        if room.campaign().state is CampaignState.SENT:
            return
        room.clock.advance(hours=6)


@pytest.mark.parametrize("far", JUMPS, ids=str)
@pytest.mark.parametrize("trouble", [TAKEN, CUT_OFF, PUT_OFF, QUIET])
@pytest.mark.parametrize("kind", list(PROVIDERS))
def test_whenever_the_clock_jumps_nobody_gets_two_and_nobody_is_forgotten(
    room: Newsroom, kind: str, trouble: str, far: timedelta
) -> None:
    room.provider = PROVIDERS[kind]()
    room.start(25)
    for place, step in enumerate(steps(room, trouble)):
        step()
        if place == 0:
            jump(room, far)
    come_to_an_end(room)
    check(room)


@pytest.mark.parametrize("far", JUMPS, ids=str)
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("kind", list(PROVIDERS))
def test_at_whatever_step_and_back_again_the_same_holds(
    room: Newsroom, kind: str, place: int, far: timedelta
) -> None:
    room.provider = PROVIDERS[kind]()
    room.start(25)
    for number, step in enumerate(steps(room, TAKEN)):
        if number == place:
            jump(room, far)
        step()
    jump(room, -far)
    come_to_an_end(room)
    check(room)


@pytest.mark.parametrize("far", JUMPS, ids=str)
@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.RETRY])
@pytest.mark.parametrize("kind", list(PROVIDERS))
def test_a_clock_that_jumps_during_a_call_changes_nothing_about_its_answer(
    room: Newsroom, kind: str, verdict: Verdict, far: timedelta
) -> None:
    room.provider = PROVIDERS[kind]()
    room.start(25)

    def answer(batch: OutgoingBatch) -> Answer:
        jump(room, far)
        room.provider.answer = accept_all
        return always(verdict)(batch)

    room.provider.answer = answer
    room.dispatch()
    come_to_an_end(room)
    check(room)


def check(room: Newsroom) -> None:
    """Everybody has it once or is named; where all can be found out, all were."""
    accepted, named = room.provider.accepted, room.unknown()
    assert len(accepted) == len(set(accepted))
    assert set(accepted) | set(named) == set(EVERYBODY)
    assert room.counts() == Counts(accepted=25 - len(named), unknown=len(named))
    assert room.campaign().state is (CampaignState.ATTENTION if named else CampaignState.SENT)
    assert len(named) <= 10  # the batch that was under way
    if room.provider.capabilities.replay is Replay.SAFE:
        assert not named


@pytest.mark.parametrize("back", [HOUR, DAY, DECADE], ids=str)
def test_whoever_waits_is_not_kept_waiting_by_a_clock_that_was_ahead(
    room: Newsroom, back: timedelta
) -> None:
    room.start(3)
    room.provider.answer = always(Verdict.RETRY)
    room.dispatch()
    room.provider.answer = accept_all
    jump(room, -back)
    room.drain()  # the first that sees the jump puts right how long anybody waits
    room.clock.advance(days=1, hours=1)
    room.drain()
    assert room.counts() == Counts(accepted=3)


@pytest.mark.parametrize("far", [HOUR, DAY, DECADE], ids=str)
def test_an_attempt_in_the_future_is_neither_replayed_nor_looked_for(
    room: Newsroom, far: timedelta
) -> None:
    room.provider = PROVIDERS["keys and records"]()
    room.provider.loses = lambda _batch: True
    room.start(3)
    room.drain()
    jump(room, -far)
    room.find_out()
    room.clock.advance(days=2)
    room.find_out()
    assert room.provider.looks == 0
    assert len(room.provider.batches) == 1
    assert (room.campaign().state, room.counts()) == (CampaignState.ATTENTION, Counts(unknown=3))


def test_a_key_counts_as_over_where_the_clock_went_back_while_it_lived(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.KEYED, key_lives=timedelta(minutes=15))
    room.provider.loses = lambda _batch: True
    room.start(3)
    room.drain()
    for _ in range(6):  # it is tried again, for twelve of the fifteen minutes
        room.find_out()
        room.clock.advance(minutes=2)
    tried = len(room.provider.batches)
    room.provider.loses = lambda _batch: False
    jump(room, -timedelta(minutes=10))
    room.find_out()  # a run does so every second
    room.clock.advance(minutes=9)  # by the provider's clock the key is over
    room.find_out()
    assert len(room.provider.batches) == tried
    assert room.counts() == Counts(unknown=3)
