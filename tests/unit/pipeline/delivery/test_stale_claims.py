"""A claim that went stale before its call: nothing leaves by it, and nothing is unknown."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest, Replay
from newsletter.domain.delivery.rate_limit import RateLimit
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.errors import Defect
from tests.fakes import FixedClock, MemoryWatermark, RecordingProvider
from tests.rows import rows
from tests.unit.pipeline.campaigns.test_trial import ready, send
from tests.unit.pipeline.delivery.sending import Post
from tests.unit.pipeline.delivery.test_rate_limiter import rate_limit
from tests.unit.pipeline.newsroom import Newsroom

HANG = 125
"""Seconds: longer than the lease of two minutes."""


class HangingWatermark(MemoryWatermark):
    """A disk that takes its time, in which other things happen."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(begun=True)
        self.meanwhile = meanwhile

    def store_claim(self, claims: int) -> None:
        super().store_claim(claims)
        self.meanwhile()


class HangingProvider(RecordingProvider):
    """The machine sleeps just before the call, as often as scripted."""

    def __init__(self, clock: FixedClock, **capabilities: Any) -> None:
        super().__init__(**capabilities)
        self.clock, self.naps = clock, 0

    def send(self, prepared: PreparedRequest) -> Answer:
        if self.naps:
            self.naps -= 1
            self.clock.advance(seconds=HANG)
        return super().send(prepared)


class BrokenProvider(RecordingProvider):
    """It cannot build a request."""

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        raise Defect("no request")


def hang(room: Newsroom) -> None:
    room.clock.advance(seconds=HANG)


@rows(["how_far", "left"], [({"minutes": 1}, 60), ({"minutes": 2}, 0), ({"minutes": 3}, -60)])
def test_a_claim_holds_for_its_lease(how_far: dict[str, float], left: float) -> None:
    clock = FixedClock()
    claim = NotAfter.after(timedelta(minutes=2), clock)
    clock.advance(**how_far)
    assert claim.left().total_seconds() == left


def test_a_clock_that_is_set_makes_no_claim_last_longer() -> None:
    clock = FixedClock()
    claim = NotAfter.after(timedelta(minutes=2), clock)
    clock.put(days=-1)
    clock.advance(minutes=3)
    assert claim.left() == timedelta(minutes=-1)
    clock.put(days=2)
    assert claim.left() < timedelta(days=-1)


def test_whoever_left_while_the_disk_hung_gets_nothing(room: Newsroom) -> None:
    room.start(5)

    def meanwhile() -> None:
        hang(room)
        room.suppress("reader2@example.org")

    room.guard_file = HangingWatermark(meanwhile)
    done = room.dispatch()
    assert (done.answer.outcome.verdict, done.recorded, done.wait) == (
        Verdict.LATE,
        True,
        timedelta(0),
    )
    assert room.provider.batches == []
    assert room.counts() == Counts(pending=5)
    room.guard_file = MemoryWatermark(begun=True)
    room.drain()
    assert "reader2@example.org" not in room.provider.accepted
    assert room.counts() == Counts(accepted=4, suppressed=1)


def test_a_campaign_that_was_cancelled_while_the_disk_hung_reaches_nobody(room: Newsroom) -> None:
    room.start(5)

    def meanwhile() -> None:
        hang(room)
        room.hand().cancel("resignation")

    room.guard_file = HangingWatermark(meanwhile)
    room.dispatch()
    assert room.provider.batches == []
    assert room.campaign().state is CampaignState.CANCELLED
    assert room.counts() == Counts(cancelled=5)


def test_a_workspace_that_was_stopped_while_the_disk_hung_sends_nothing(room: Newsroom) -> None:
    room.start(5)

    def meanwhile() -> None:
        hang(room)
        room.guard().stop(by="ada@forum.example", reason="")

    room.guard_file = HangingWatermark(meanwhile)
    room.dispatch()
    assert room.drain() == 0
    assert room.provider.batches == []


def test_a_request_that_cannot_be_built_leaves_no_claim(room: Newsroom) -> None:
    room.start(5)
    right, room.provider = room.provider, BrokenProvider()
    room.dispatch()
    assert room.counts() == Counts(pending=5)
    room.provider = right
    room.hand().resume("resignation")
    done = room.dispatch(minutes=1)
    assert (done.batch.attempts, done.recorded) == (2, True)
    assert room.counts() == Counts(accepted=5)


def test_a_stale_claim_is_no_fault_of_the_provider(room: Newsroom) -> None:
    room.second = RecordingProvider()
    room.second.name = "second"
    room.start(5)
    before = rate_limit(room)
    room.guard_file = HangingWatermark(lambda: hang(room))
    room.dispatch()
    after = rate_limit(room)
    assert (after.blocked_until, after.failing_since) == (before.blocked_until, None)
    assert after.used == 0
    assert room.second.batches == []


def test_a_stale_claim_says_nothing_about_a_provider_that_fails(room: Newsroom) -> None:
    clock = room.clock.now()
    failing = RateLimit(failing_since=clock)
    assert failing.record_verdict(Verdict.LATE, clock).failing_since == clock


def test_a_machine_that_sleeps_before_the_call_hands_nothing_over(room: Newsroom) -> None:
    provider = HangingProvider(room.clock)
    provider.naps = 1
    room.provider = provider
    room.start(5)
    room.dispatch()
    assert (provider.batches, room.counts()) == ([], Counts(pending=5))
    room.drain()
    assert len(provider.accepted) == 5


def test_a_replay_whose_hold_went_stale_leaves_the_batch_unknown(room: Newsroom) -> None:
    provider = HangingProvider(room.clock, replay=Replay.KEYED, key_lifetime=timedelta(days=1))
    room.provider = provider
    provider.loses = lambda _batch: True
    room.send(3)
    provider.loses = lambda _batch: False
    calls, provider.naps = len(provider.batches), 1
    room.reconcile()
    assert len(provider.batches) == calls
    assert room.counts() == Counts(unknown=3)
    room.find_out(minutes=10)
    assert room.counts() == Counts(accepted=3)


def test_a_letter_waits_where_its_claim_went_stale(room: Newsroom) -> None:
    post = Post(room=room)
    post.ask()
    room.guard_file = HangingWatermark(lambda: hang(room))
    assert post.post().state is MessageState.WAITING
    assert room.provider.batches == []


def test_a_test_mail_is_not_sent_once_its_time_is_over(room: Newsroom) -> None:
    provider = HangingProvider(room.clock)
    provider.naps = 1
    room.provider = provider
    ready(room)
    send(room, "ed@forum.example")
    assert provider.batches == []
