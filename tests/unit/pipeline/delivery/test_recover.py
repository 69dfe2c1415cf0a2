"""Stopped at any point, a campaign continues: one message each, and none forgotten."""

import sqlite3
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.ports import Provider
from newsletter.pipeline.campaigns.plan import start_due
from newsletter.pipeline.delivery.reconcile import RecoveryResult
from tests.fakes import RecordingProvider, accept_all, always
from tests.interrupted import Fuse, Instead, PowerCut, WatchedStore, between, fused
from tests.unit.pipeline.delivery.sending import Post
from tests.unit.pipeline.newsroom import Newsroom


class PoweredStore(WatchedStore):
    """Counts the commits that a power cut would undo, by how each was made."""

    def __init__(self, store: Any) -> None:
        super().__init__(store, within=self._count)
        self.undone_by_a_cut = 0

    def _count(self, tx: Any) -> None:
        is_sqlite = isinstance(tx.db.driver, sqlite3.Connection)
        asked = "PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit"
        # what lasts makes all before it last
        self.undone_by_a_cut = 0 if tx.db.value(asked) in {2, "on"} else self.undone_by_a_cut + 1


def fused_provider(provider: Provider, fuse: Fuse) -> Any:
    """Pass a point before the provider has the messages and after, before its answer is read."""
    send, look_up = (between(fuse.burn, "", act) for act in (provider.send, provider.look_up))
    return Instead(provider, send=send, look_up=look_up)


POINTS_OF_A_TRY = 8
"""Two transactions of three points each, and the call with two."""
_BEFORE_THE_CALL = 4
"""It is written down what leaves, and nothing has left."""


def points(last: int) -> list[Any]:
    """Each point of the first try; those of the later ones, which are the same, are for faults."""
    later = range(POINTS_OF_A_TRY + 1, last + 1)
    return [
        *range(1, POINTS_OF_A_TRY + 1),
        *(pytest.param(point, marks=pytest.mark.faults) for point in later),
    ]


def run_until_cut(room: Newsroom, point: int) -> bool:
    """Send until the power is cut; return False if it was not."""
    fuse = Fuse(point)
    dispatcher = room.dispatcher(fused(room.store, fuse), fused_provider(room.provider, fuse))
    try:
        while dispatcher.dispatch() is not None:
            pass
    except PowerCut:
        return True
    return False


def test_the_points_below_are_all_there_are(room: Newsroom) -> None:
    room.start(25)
    last = 3 * POINTS_OF_A_TRY + 3  # three batches, and the look that finds nothing more
    assert not run_until_cut(room, last + 1)
    assert room.campaign().state is CampaignState.SENT


@pytest.mark.parametrize("point", points(3 * POINTS_OF_A_TRY + 3))
def test_cut_off_anywhere_nobody_gets_it_twice_and_nobody_is_forgotten(
    room: Newsroom, point: int
) -> None:
    room.start(25)
    assert run_until_cut(room, point)
    found = room.recover()
    room.drain()
    accepted = room.provider.accepted
    assert len(accepted) == len(set(accepted))
    counts, unknown = room.counts(), room.unknown()
    assert counts == Counts(accepted=25 - len(unknown), unknown=len(unknown))
    assert found == RecoveryResult(unknown=1 if unknown else 0)
    everybody = {f"reader{number}@example.org" for number in range(1, 26)}
    assert everybody == set(accepted) | set(unknown)
    expected = CampaignState.ATTENTION if unknown else CampaignState.SENT
    assert room.campaign().state is expected
    room.deeds()


@pytest.mark.parametrize("point", points(3 * POINTS_OF_A_TRY + 3))
def test_where_repeating_is_safe_everybody_has_it_once_in_the_end(
    room: Newsroom, point: int
) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(25)
    assert run_until_cut(room, point)
    found = room.recover()
    assert room.find_out() == found.unknown
    room.drain()
    everybody = sorted(f"reader{number}@example.org" for number in range(1, 26))
    assert sorted(room.provider.accepted) == everybody
    assert room.counts() == Counts(accepted=25)
    assert room.campaign().state is CampaignState.SENT


@pytest.mark.parametrize("replay", list(Replay))
def test_cut_off_again_and_again_it_still_comes_to_an_end(room: Newsroom, replay: Replay) -> None:
    room.provider = RecordingProvider(replay=replay)
    room.start(25)
    for point in (5, 4, 6, 5, 7, 2, 3):
        run_until_cut(room, point)
        room.recover()
        room.find_out()
    room.drain()
    assert len(room.provider.accepted) == len(set(room.provider.accepted))
    everybody = {f"reader{number}@example.org" for number in range(1, 26)}
    assert everybody == set(room.provider.accepted) | set(room.unknown())
    assert room.campaign().state.is_ended


def test_a_campaign_whose_last_call_was_lost_needs_attention_at_once(room: Newsroom) -> None:
    room.start(3)
    assert run_until_cut(room, _BEFORE_THE_CALL + 1)
    room.recover()
    assert room.campaign().state is CampaignState.ATTENTION


def test_what_was_not_written_down_as_leaving_was_not_claimed_either(room: Newsroom) -> None:
    room.start(3)
    assert run_until_cut(room, _BEFORE_THE_CALL - 2)
    assert room.counts() == Counts(pending=3)
    assert room.recover() == RecoveryResult(unknown=0)
    room.drain()
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def test_whoever_left_after_the_cut_is_not_in_the_repetition(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(3)
    assert run_until_cut(room, _BEFORE_THE_CALL)
    room.suppress("reader2@example.org")
    room.recover()
    room.find_out()
    room.drain()
    assert room.provider.accepted == ["reader1@example.org", "reader3@example.org"]
    assert room.counts() == Counts(accepted=2, unknown=1)


def test_a_paused_campaign_is_repeated_when_it_is_resumed(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(3)
    assert run_until_cut(room, _BEFORE_THE_CALL)
    room.hand().pause("resignation")
    assert room.recover() == RecoveryResult(unknown=1)
    assert room.find_out() == 1
    assert room.drain() == 0
    assert room.counts() == Counts(unknown=3)
    room.hand().resume("resignation")
    room.find_out(seconds=30)
    assert len(room.provider.accepted) == 3


def test_a_cancelled_campaign_is_not_repeated(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(3)
    assert run_until_cut(room, _BEFORE_THE_CALL)
    room.hand().cancel("resignation")
    assert room.recover() == RecoveryResult(unknown=1)
    room.find_out()
    room.drain()
    assert room.provider.accepted == []
    assert room.counts() == Counts(unknown=3)


def test_a_campaign_in_need_of_attention_ends_where_repeating_is_safe(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(3)
    room.drain(answer=always(Verdict.UNKNOWN))
    assert room.campaign().state is CampaignState.ATTENTION
    room.provider.answer = always(Verdict.ACCEPTED)
    assert room.find_out() == 1
    assert room.campaign().state is CampaignState.SENT
    assert len(room.provider.accepted) == 3


def test_a_campaign_in_need_of_attention_stays_so_where_it_is_not(room: Newsroom) -> None:
    room.start(3)
    room.drain(answer=always(Verdict.UNKNOWN))
    assert room.find_out() == 1
    assert room.find_out() == 0
    assert room.campaign().state is CampaignState.ATTENTION


def test_recovering_twice_changes_nothing_more(room: Newsroom) -> None:
    room.start(3)
    run_until_cut(room, _BEFORE_THE_CALL)
    room.recover()
    before = room.campaign()
    assert room.recover() == RecoveryResult(unknown=0)
    assert room.campaign() == before


def test_a_start_that_is_cut_off_freezes_all_or_nothing(room: Newsroom) -> None:
    room.subscribe(5)
    room.write_and_approve()
    room.plan()
    room.clock.advance(minutes=5)
    for point in (1, 2):
        with pytest.raises(PowerCut):
            start_due(store=fused(room.store, Fuse(point)), rules=room.rules)
        assert room.campaign().state is CampaignState.SCHEDULED
        assert room.counts() == Counts()
    with pytest.raises(PowerCut):
        start_due(store=fused(room.store, Fuse(3)), rules=room.rules)
    assert room.counts() == Counts(pending=5)
    assert room.start_due() == ()
    room.drain()
    assert len(room.provider.accepted) == 5


def test_what_is_about_to_leave_lasts_before_its_first_byte_leaves(room: Newsroom) -> None:
    """SQLite's own tests and ``tests/unit/store`` test that SQLite keeps its word."""
    post, seen = Post(room=room), list[tuple[str, int]]()
    store: Any = PoweredStore(room.store)

    def look(batch: OutgoingBatch) -> Answer:
        seen.append((batch.campaign, store.undone_by_a_cut))
        return accept_all(batch)

    room.provider.answer = look
    room.start(3)
    assert room.dispatcher(store).dispatch() is not None
    post.ask()
    assert post.transactional_sender(store).post() is not None
    assert seen == [("resignation", 0), ("letter_confirmation", 0)]
