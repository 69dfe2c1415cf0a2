"""A second provider takes what the first provably did not; no reader has it from both."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.provider import Capabilities, Replay
from newsletter.domain.errors import Refused
from newsletter.pipeline.campaigns.report import make_report
from newsletter.store.sql import Store
from tests.fakes import RecordingProvider, accept_all, always
from tests.unit.pipeline.delivery.test_workers import dispatcher, enter
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom

KEY = always(Verdict.CONFIGURATION, "the account is suspended")
DOWN = always(Verdict.RETRY, "connection refused")


@pytest.fixture
def room(store: Store) -> Newsroom:
    room = Newsroom(BalancedStore(store))
    room.second = RecordingProvider()
    room.second.name = "second"
    return room


def busy_for_an_hour(_batch: object) -> Answer:
    outcome = Outcome(verdict=Verdict.RETRY, reason="busy")
    return Answer(outcome=outcome, retry_after=timedelta(hours=1))


def second(room: Newsroom) -> RecordingProvider:
    assert room.second is not None
    return room.second


def everybody(room: Newsroom) -> list[str]:
    return sorted(room.provider.accepted + second(room).accepted)


def people(count: int) -> list[str]:
    return sorted(f"reader{number}@example.org" for number in range(1, count + 1))


def fail_over(room: Newsroom) -> None:
    assert room.dispatch(KEY).wait == timedelta(0)


def test_a_refused_account_lets_the_rest_go_to_the_second_provider(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.start(30)
    room.dispatch()
    with caplog.at_level(logging.WARNING, logger="newsletter.run"):
        fail_over(room)
        room.drain()
    assert "from recording to second: the account is suspended" in caplog.text
    assert (len(room.provider.accepted), len(second(room).accepted)) == (10, 20)
    assert everybody(room) == people(30)
    assert room.campaign().state is CampaignState.SENT
    figures = make_report("resignation", store=room.store)
    assert (figures["provider"], figures["providers"]) == ("recording", ["recording", "second"])
    assert ("scheduler", "fail over") in room.deeds()


def test_processes_that_share_the_sending_fail_over_too(room: Newsroom) -> None:
    room.start(20)
    fail_over(room)
    room.drain(dispatcher=dispatcher(room, enter(room)))
    assert (room.provider.accepted, len(second(room).accepted)) == ([], 20)


def test_a_provider_that_is_down_for_a_while_is_waited_for(room: Newsroom) -> None:
    room.start(10)
    room.dispatch(DOWN)
    room.dispatch(minutes=5)
    room.provider.answer = accept_all
    room.drain(minutes=4)
    assert (len(room.provider.accepted), second(room).accepted) == (10, [])


def test_a_provider_that_stays_down_is_given_up_by_its_next_refusal(room: Newsroom) -> None:
    room.start(20)
    assert room.dispatch(DOWN).wait
    assert not room.dispatch(minutes=10).wait
    room.drain()
    assert sorted(second(room).accepted) == people(20)
    assert room.provider.accepted == []


def test_it_is_given_up_without_another_try_while_it_is_to_be_left_alone(room: Newsroom) -> None:
    room.start(20)
    room.dispatch(busy_for_an_hour)
    assert room.drain(minutes=9) == 0
    assert room.drain(minutes=1) == 2
    assert len(room.provider.batches) == 1
    assert everybody(room) == people(20)


def test_a_daily_quota_that_is_used_up_is_no_outage(room: Newsroom) -> None:
    room.limits = replace(room.limits, daily_quota=10)
    room.start(20)
    room.dispatch(DOWN)
    room.dispatch(always(Verdict.UNKNOWN), minutes=5)
    assert room.drain(minutes=10) == 0
    assert second(room).batches == []


def test_a_campaign_that_is_paused_stays_with_the_first_provider(room: Newsroom) -> None:
    room.start(10)
    room.hand().pause("resignation")
    room.start(10, slug="other")
    room.dispatch(busy_for_an_hour)
    room.drain(minutes=10)
    assert (room.campaign().fallback_provider, room.campaign("other").fallback_provider) == (
        "",
        "second",
    )


def test_a_break_between_two_outages_begins_the_count_anew(room: Newsroom) -> None:
    room.start(30)
    room.dispatch(DOWN)
    room.clock.advance(minutes=9)
    room.dispatch(accept_all)
    room.provider.answer = DOWN
    assert room.dispatch(minutes=9).wait
    assert second(room).batches == []


@pytest.mark.parametrize("verdict", [Verdict.QUOTA, Verdict.SPLIT, Verdict.UNKNOWN])
def test_no_other_answer_fails_over(room: Newsroom, verdict: Verdict) -> None:
    room.start(20)
    room.dispatch(always(verdict))
    room.clock.advance(minutes=30)
    room.drain(answer=accept_all)
    assert second(room).batches == []


def test_after_unknown_answers_alone_what_was_never_sent_goes_to_the_second(room: Newsroom) -> None:
    room.start(200)
    room.provider.answer = always(Verdict.UNKNOWN, "HTTP 503")
    sender = room.dispatcher()
    for minutes in range(12):
        room.drain(dispatcher=sender)
        assert bool(second(room).accepted) is (minutes >= 10)
        room.clock.advance(minutes=1)
    unknown = len(room.unknown())
    assert 40 <= unknown <= 160
    assert room.counts() == Counts(accepted=200 - unknown, unknown=unknown)
    assert not {*room.unknown()} & {*second(room).accepted}


def test_what_is_unknown_at_the_first_never_reaches_the_second(room: Newsroom) -> None:
    room.start(30)
    room.dispatch(always(Verdict.UNKNOWN, "timed out"))
    fail_over(room)
    room.drain()
    room.recover()
    room.drain()
    assert len(second(room).accepted) == 20
    assert room.counts() == Counts(accepted=20, unknown=10)
    assert room.campaign().state is CampaignState.ATTENTION
    assert not {*room.unknown()} & {*second(room).accepted}


def test_what_is_unknown_at_the_second_is_settled_at_the_account_it_went_to(room: Newsroom) -> None:
    room.second = RecordingProvider(records_delay=timedelta(minutes=10))
    room.second.name = "second"
    room.second.loses = lambda _batch: True
    room.start(10)
    fail_over(room)
    room.drain()
    assert room.counts() == Counts(unknown=10)
    room.second_account = "another account"
    assert room.reconcile(minutes=1) is None
    room.account, room.second_account = "account Z", "account Z"
    looked = room.reconcile()
    assert (looked.known, room.second.looks, room.provider.looks) == (10, 1, 0)
    assert room.counts() == Counts(accepted=10)


def test_what_the_first_keeps_one_of_a_name_of_is_handed_to_it_alone(room: Newsroom) -> None:
    """The process dies while a call is under way; the campaign goes on at the second."""
    room.provider.capabilities = Capabilities(max_recipients=1000, replay=Replay.SAFE)
    room.start(30)
    with room.store.begin() as tx:
        claimed = tx.batches.claim(at=room.clock.now(), lease=timedelta(minutes=2), attempt_id="a")
        assert claimed is not None
        tx.batches.record_start(claimed.id, body_hash="h", account=room.account)
        assert tx.campaigns.assign_provider(1, "second")
    assert room.recover().unknown == 1
    room.drain(answer=KEY)
    assert room.find_out() == 1
    assert room.counts() == Counts(accepted=20, unknown=10)
    assert room.campaign().state is CampaignState.ATTENTION
    room.provider.answer = accept_all
    room.find_out(minutes=1)
    assert (len(room.provider.accepted), len(second(room).accepted)) == (10, 20)
    assert everybody(room) == people(30)


def test_a_second_provider_that_refuses_too_pauses_the_campaign(room: Newsroom) -> None:
    room.start(20)
    fail_over(room)
    second(room).answer = always(Verdict.CONFIGURATION, "wrong key")
    room.dispatch()
    campaign = room.campaign()
    assert campaign.state is CampaignState.PAUSED
    assert campaign.reason.startswith("second refuses: wrong key. ")


@pytest.mark.parametrize("is_altered", [True, False])
def test_a_fault_of_our_own_pauses_the_campaign_and_leaves_it_at_the_first_provider(
    room: Newsroom, is_altered: bool
) -> None:
    room.start(20)
    if is_altered:
        with room.store.begin() as tx:
            tx.db.change("UPDATE content SET document = replace(document, 'has', 'not')")
    ours = "" if is_altered else "other settings"
    assert replace(room.dispatcher(), delivery_settings_hash=ours).dispatch() is not None
    assert room.campaign().state is CampaignState.PAUSED
    assert everybody(room) == []
    assert ("scheduler", "fail over") not in room.deeds()


def test_answers_that_were_under_way_fail_over_once(room: Newsroom) -> None:
    room.start(30)
    calls = 0

    def answer(_batch: object) -> Answer:
        nonlocal calls
        calls += 1
        if calls == 1:
            room.dispatch()  # another thread, at the same time
        return KEY(_batch)  # type: ignore[arg-type]

    room.dispatch(answer)
    room.drain()
    assert [action for _, action in room.deeds()].count("fail over") == 1
    assert room.provider.accepted == []
    assert everybody(room) == people(30)


def test_the_next_campaign_begins_with_the_first_provider(room: Newsroom) -> None:
    room.start(10)
    fail_over(room)
    room.drain()
    room.provider.answer = accept_all
    room.send(10, slug="next")
    assert room.campaign("next").fallback_provider == ""
    assert len(room.provider.accepted) == 10


def test_a_person_brings_a_campaign_back_to_the_first_provider(room: Newsroom) -> None:
    room.start(30)
    room.dispatch(DOWN)
    room.dispatch(minutes=10)
    room.dispatch()
    room.provider.answer = accept_all
    campaign = room.hand().return_to_first_provider("resignation")
    assert campaign.fallback_provider == ""
    assert ("ada@forum.example", "go back") in room.deeds()
    room.drain()
    assert (len(room.provider.accepted), len(second(room).accepted)) == (20, 10)
    assert everybody(room) == people(30)


def test_there_is_nothing_to_bring_back_where_nothing_failed_over(room: Newsroom) -> None:
    room.start(10)
    with pytest.raises(Refused, match="it has not failed over, or it is over"):
        room.hand().return_to_first_provider("resignation")
    fail_over(room)
    room.drain()
    with pytest.raises(Refused, match="it has not failed over, or it is over"):
        room.hand().return_to_first_provider("resignation")


def test_a_batch_fits_both_providers(room: Newsroom) -> None:
    both = (*room.rules.capabilities, Capabilities(max_recipients=4))
    room.rules = replace(room.rules, capabilities=both)
    room.start(10)
    assert len(room.dispatch().answer.exceptions) == 0
    assert len(room.provider.accepted) == 4


def test_a_batch_made_before_there_was_a_second_provider_is_parted_for_it(room: Newsroom) -> None:
    room.start(10)
    second(room).capabilities = Capabilities(max_recipients=3)
    fail_over(room)
    room.drain()
    assert [len(batch.recipients) for batch in second(room).batches] == [3, 3, 3, 1]
    assert everybody(room) == people(10)


def test_each_provider_keeps_its_own_pace(room: Newsroom) -> None:
    room.start(20)
    fail_over(room)
    second(room).answer = DOWN
    room.dispatch()
    with room.store.read() as tx:
        waits = room.pool().waits(tx, room.clock.now())
        assert room.pool().rate_limits(tx, room.clock.now())["second"].failing_since is None
    assert waits[""] is None
    assert waits["second"] is not None
    found = make_report("resignation", store=room.store, waits=waits)["waiting"]
    assert found["reason"] == "connection refused"
    assert room.drain() == 0


def test_without_a_second_provider_everything_waits_for_the_first(room: Newsroom) -> None:
    room.second = None
    room.start(10)
    room.provider.answer = DOWN
    for _ in range(3):
        room.dispatch()
        room.clock.advance(hours=1)
    assert room.campaign().fallback_provider == ""
    room.dispatch(KEY)
    assert room.campaign().state is CampaignState.PAUSED
