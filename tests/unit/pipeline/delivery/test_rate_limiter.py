"""The pace is kept in the database: restarts, crashes and clocks that jump change nothing of it."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.delivery.rate_limit import Cause, Limits, RateLimit
from newsletter.domain.errors import ProviderUnreachable
from newsletter.pipeline.campaigns.report import make_report
from newsletter.pipeline.delivery.reconcile import Step
from tests.fakes import NOON, RecordingProvider, accept_all, always
from tests.unit.pipeline.newsroom import Newsroom


def rate_limit(room: Newsroom) -> RateLimit:
    with room.store.read() as tx:
        return tx.rate_limits.get("recording", "forum.example")


def limit(room: Newsroom, **limits: float) -> None:
    room.limits = Limits(timezone="America/New_York", **limits)  # type: ignore[arg-type]


def send(room: Newsroom) -> Answer:
    return room.send_test("ed@forum.example")


def waiting(room: Newsroom) -> dict[str, str] | None:
    with room.store.read() as tx:
        waits = room.pool().waits(tx, room.clock.now())
    found: dict[str, str] | None = make_report("resignation", store=room.store, waits=waits)[
        "waiting"
    ]
    return found


def test_a_rate_holds_across_a_restart(room: Newsroom) -> None:
    limit(room, rate=10)
    room.start(30)
    assert room.drain() == 1
    assert room.drain() == 0, "each drain is another process, as far as the pace goes"
    assert room.drain(seconds=1) == 1


def test_what_a_killed_process_may_have_handed_over_counts(room: Newsroom) -> None:
    limit(room, daily_quota=10)
    room.start(20)

    def killed(_batch: object) -> Answer:
        raise KeyboardInterrupt

    room.provider.answer = killed
    with pytest.raises(KeyboardInterrupt):
        room.dispatch()
    room.provider.answer = accept_all
    room.recover()
    assert rate_limit(room).used == 10
    assert room.drain() == 0


def test_the_quota_of_a_day_is_used_to_the_last_message_and_then_the_rest_waits(
    room: Newsroom,
) -> None:
    limit(room, daily_quota=14)
    room.send(30)
    assert len(room.provider.accepted) == 14
    said = waiting(room)
    assert said is not None
    assert (said["for"], said["until"]) == ("quota", "2026-11-25T05:00:00+00:00")
    assert said["reason"] == "14 of 14 messages have left today"
    room.clock.advance(days=1)
    assert waiting(room) is None
    room.drain()
    room.drain(days=1)
    assert sorted(room.provider.accepted) == sorted(
        f"reader{number}@example.org" for number in range(1, 31)
    )


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.LATE])
def test_what_may_have_been_handed_over_is_used_up_and_nothing_else(
    room: Newsroom, verdict: Verdict
) -> None:
    limit(room, daily_quota=20)
    room.start(10)
    room.dispatch(always(verdict))
    may_have = {Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN}
    assert rate_limit(room).used == (10 if verdict in may_have else 0)


@pytest.mark.parametrize(
    ("verdict", "cause"), [(Verdict.RETRY, "provider"), (Verdict.QUOTA, "quota")]
)
def test_nothing_leaves_until_the_provider_said_and_the_report_says_so(
    room: Newsroom, verdict: Verdict, cause: str
) -> None:
    room.start(20)
    outcome = Outcome(verdict=verdict, reason="later")
    room.dispatch(lambda _: Answer(outcome=outcome, retry_after=timedelta(hours=1)))
    room.provider.answer = accept_all
    assert room.drain(minutes=59) == 0
    assert waiting(room) == {"for": cause, "until": "2026-11-24T13:05:00+00:00", "reason": "later"}
    assert room.drain(minutes=1) == 2
    assert waiting(room) is None


def test_a_turn_is_no_wait_that_a_report_would_tell(room: Newsroom) -> None:
    limit(room, rate=1)
    room.start(20)
    room.dispatch()
    assert waiting(room) is None


def test_a_clock_that_had_jumped_is_told_and_put_right(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.start(10)
    ahead = RateLimit(blocked_until=NOON + timedelta(days=3650), cause=Cause.BLOCKED, reason="busy")
    with room.store.begin() as tx:
        tx.rate_limits.put("recording", "forum.example", ahead)
    with caplog.at_level(logging.WARNING, logger="newsletter.run"):
        assert room.drain() == 0
        assert room.drain() == 0
    [line] = caplog.records
    assert "the clock was changed" in line.getMessage()
    assert room.drain(days=1) == 1


def test_a_test_mail_goes_ahead_of_the_turn_and_counts(room: Newsroom) -> None:
    limit(room, rate=10, daily_quota=12)
    room.start(20)
    room.dispatch()
    due = rate_limit(room).free_at
    assert send(room).outcome.verdict is Verdict.ACCEPTED
    assert (rate_limit(room).used, rate_limit(room).free_at - due) == (11, timedelta(seconds=0.1))


def test_a_test_mail_does_not_break_the_quota(room: Newsroom) -> None:
    limit(room, daily_quota=10)
    room.send(20)
    with pytest.raises(ProviderUnreachable, match=r"until 2026-11-25T05:00:00\+00:00: 10 of 10"):
        send(room)
    assert len(room.provider.accepted) == 10


def test_a_refused_test_mail_blocks_and_uses_up_nothing(room: Newsroom) -> None:
    room.start(20)
    room.provider.answer = always(Verdict.RETRY, "busy")
    send(room)
    kept = rate_limit(room)
    assert (kept.used, kept.reason) == (0, "busy")
    assert kept.blocked_until == room.clock.now() + timedelta(seconds=1)


def test_a_day_is_one_of_the_workspace(room: Newsroom) -> None:
    limit(room, daily_quota=10)
    room.send(20)
    room.clock.advance(hours=16)  # past midnight in UTC, not in New York
    assert room.clock.now() > datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    assert room.drain() == 0


def lose_the_first_batch(room: Newsroom) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.provider.loses = lambda _batch: True
    room.send(20)
    room.provider.loses = lambda _batch: False


@pytest.mark.parametrize("batches", [1, 2])
def test_a_replay_counts_on_the_day_on_which_it_is_made(room: Newsroom, batches: int) -> None:
    quota = batches * 10
    limit(room, daily_quota=quota)
    lose_the_first_batch(room)
    room.clock.advance(days=1)
    for _ in range(batches):
        room.reconcile()
    assert (room.counts().accepted, rate_limit(room).used) == (quota, quota)
    assert room.drain() == 0


def test_a_replay_waits_for_a_day_whose_quota_has_room(room: Newsroom) -> None:
    limit(room, daily_quota=10)
    lose_the_first_batch(room)
    room.clock.advance(days=1)
    room.drain()
    looked = room.reconcile()
    assert (looked.step, len(room.provider.accepted)) == (Step.WAIT, 20)
    room.clock.advance(hours=17)
    limit(room, daily_quota=5)  # smaller than the batch: it waits for no day that never comes
    room.find_out()
    assert room.counts().accepted == 20


def start_second(room: Newsroom, slug: str, **fields: object) -> None:
    room.write_and_approve(slug, **fields)
    room.plan()
    room.start_due(minutes=5)


def test_an_urgent_statement_overtakes_what_is_going_out(room: Newsroom) -> None:
    limit(room, rate=10)
    room.start(30)
    room.dispatch()
    start_second(room, "flood", urgent=True)
    order = []
    for _ in range(4):
        order.append(room.dispatch().batch.campaign.id)
        room.clock.advance(seconds=1)
    assert order == [2, 2, 2, 1]


def test_no_turn_is_longer_than_a_second_so_that_an_urgent_one_need_not_wait(
    room: Newsroom,
) -> None:
    room.start(30)
    limit(room, rate=2)  # lowered after the batches of ten were made
    room.dispatch()
    assert len(room.provider.accepted) == 2
    assert rate_limit(room).free_at - room.clock.now() == timedelta(seconds=1)


def test_urgency_may_change_until_a_campaign_starts_and_needs_no_new_yes(room: Newsroom) -> None:
    room.subscribe(3)
    room.write_and_approve()
    room.plan()
    assert not room.campaign().urgent
    room.write_and_look(urgent=True)
    assert room.campaign().urgent
    assert [one.id for one in room.campaigns()] == [1]
    room.look()
    assert [action for _, action in room.deeds()].count("reschedule") == 1
    [started] = room.start_due(minutes=5)
    assert started.urgent
