"""A clock that jumps forward or back, by an hour or by years, sends nothing twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Replay
from tests.conftest import FreshStores
from tests.fakes import FixedClock, RecordingProvider, accept_all, always
from tests.unit.pipeline.delivery.test_recover import run_until_cut
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom

pytestmark = pytest.mark.slow("a jump at every step")

HOUR, DAY, DECADE = timedelta(hours=1), timedelta(days=1), timedelta(days=3653)
JUMPS = [sign * step for step in (HOUR, DAY, DECADE) for sign in (1, -1)]
PROVIDERS = {
    "keys": lambda: RecordingProvider(replay=Replay.KEYED, key_lifetime=DAY),
    "records": lambda: RecordingProvider(records_delay=timedelta(minutes=10)),
    "keys and records": lambda: RecordingProvider(
        replay=Replay.KEYED, key_lifetime=timedelta(minutes=15), records_delay=timedelta(minutes=10)
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
        run_until_cut(room, 8)  # the provider has it, and the process is gone
        return
    room.provider.loses = lambda _batch: trouble == TAKEN
    room.provider.answer = always(Verdict.RETRY) if trouble == PUT_OFF else accept_all
    room.dispatcher().dispatch()
    room.provider.loses = lambda _batch: False
    room.provider.answer = accept_all


def come_to_an_end(room: Newsroom) -> None:
    """Send and look for five days, longer than any wait."""
    for _ in range(5 * 4):
        room.drain()
        room.find_out()
        if room.campaign().state is CampaignState.SENT:
            return
        room.clock.advance(hours=6)


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


few_examples = settings(max_examples=12, deadline=None, derandomize=True, database=None)
kinds = st.sampled_from([*PROVIDERS])
jumps = st.sampled_from(JUMPS)


@contextmanager
def sending(fresh_store: FreshStores, kind: str) -> Iterator[Newsroom]:
    """A campaign to 25 that goes out, and comes to an end with everybody accounted for."""
    clock = FixedClock()
    store = fresh_store(clock)
    room = Newsroom(BalancedStore(store))
    room.provider = PROVIDERS[kind]()
    room.start(25)
    yield room
    come_to_an_end(room)
    check(room)
    store.close()


def jump_between(room: Newsroom, trouble: str, place: int, far: timedelta) -> None:
    """Go through the steps of a campaign; the clock jumps before one of them."""
    for number, step in enumerate(steps(room, trouble)):
        if number == place:
            jump(room, far)
        step()


def jump_during_the_call(room: Newsroom, verdict: Verdict, far: timedelta) -> None:
    def answer(batch: OutgoingBatch) -> Answer:
        jump(room, far)
        room.provider.answer = accept_all
        return always(verdict)(batch)

    room.dispatch(answer)


TROUBLES = [TAKEN, CUT_OFF, PUT_OFF, QUIET]
VERDICTS = [Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.RETRY]
PLACES = range(5)


@few_examples
@given(kind=kinds, trouble=st.sampled_from(TROUBLES), far=jumps)
def test_whenever_the_clock_jumps_nobody_gets_two_and_nobody_is_forgotten(
    fresh_store: FreshStores, kind: str, trouble: str, far: timedelta
) -> None:
    with sending(fresh_store, kind) as room:
        jump_between(room, trouble, 1, far)


@few_examples
@given(kind=kinds, place=st.sampled_from(PLACES), far=jumps)
def test_at_whatever_step_and_back_again_the_same_holds(
    fresh_store: FreshStores, kind: str, place: int, far: timedelta
) -> None:
    with sending(fresh_store, kind) as room:
        jump_between(room, TAKEN, place, far)
        jump(room, -far)


@few_examples
@given(kind=kinds, verdict=st.sampled_from(VERDICTS), far=jumps)
def test_a_clock_that_jumps_during_a_call_changes_nothing_about_its_answer(
    fresh_store: FreshStores, kind: str, verdict: Verdict, far: timedelta
) -> None:
    with sending(fresh_store, kind) as room:
        jump_during_the_call(room, verdict, far)


@pytest.mark.parametrize("back", [HOUR, DAY, DECADE], ids=str)
def test_whoever_waits_is_not_kept_waiting_by_a_clock_that_was_ahead(
    room: Newsroom, back: timedelta
) -> None:
    room.start(3)
    room.dispatch(always(Verdict.RETRY))
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
    room.send(3)
    jump(room, -far)
    room.find_out()
    room.find_out(days=2)
    assert room.provider.looks == 0
    assert len(room.provider.batches) == 1
    assert (room.campaign().state, room.counts()) == (CampaignState.ATTENTION, Counts(unknown=3))


def test_a_key_counts_as_over_where_the_clock_went_back_while_it_lived(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.KEYED, key_lifetime=timedelta(minutes=15))
    room.provider.loses = lambda _batch: True
    room.send(3)
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
