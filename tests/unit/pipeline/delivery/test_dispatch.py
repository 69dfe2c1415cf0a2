"""batch → provider → outcomes."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Defect
from newsletter.store.sql import Store
from tests.contracts.store_threads import in_threads
from tests.fakes import RecordingProvider, accept_all, always
from tests.interrupted import watched
from tests.unit.pipeline.newsroom import Newsroom


def answer(verdict: Verdict, **exceptions: Outcome) -> Answer:
    """One for all; ``n3=…`` is an exception for the subscriber 3."""
    others = {int(name[1:]): outcome for name, outcome in exceptions.items()}
    return Answer(outcome=Outcome(verdict=verdict, reason="because"), exceptions=others)


def test_without_anything_to_do_nothing_is_dispatched(room: Newsroom) -> None:
    assert room.dispatcher().dispatch() is None
    assert room.provider.batches == []


def test_everybody_gets_the_approved_content_once(room: Newsroom) -> None:
    campaign = room.start(25)
    assert room.drain() == 3
    assert sorted(room.provider.accepted) == sorted(f"reader{n}@example.org" for n in range(1, 26))
    assert {batch.content.content_hash() for batch in room.provider.batches} == {
        campaign.content_hash
    }
    assert {batch.content_hash for batch in room.provider.batches} == {campaign.content_hash}
    assert [batch.campaign for batch in room.provider.batches] == ["resignation"] * 3
    ended = room.campaign()
    assert ended.state is CampaignState.SENT
    assert ended.finished_at == room.clock.now()
    assert ended.counts == Counts(accepted=25)
    assert room.deeds()[-1] == ("scheduler", "finish")


def test_each_recipient_gets_their_own_link_and_message_id(room: Newsroom) -> None:
    campaign = room.start(3)
    room.drain()
    [batch] = room.provider.batches
    with room.store.read() as tx:
        for one in batch.recipients:
            found = tx.readers.get(one.subscriber_id)
            assert one.address == found.address
            signed = room.links.read_unsubscribe(one.unsubscribe)
            assert signed == (campaign.id, one.subscriber_id)
    assert len({one.message_id for one in batch.recipients}) == 3


def test_each_try_has_a_name_of_its_own_and_says_when_it_was_claimed(room: Newsroom) -> None:
    room.send(25)
    assert len({batch.attempt_id for batch in room.provider.batches}) == 3
    assert {batch.at for batch in room.provider.batches} == {room.clock.now()}


def test_what_is_about_to_leave_is_written_down_before_it_does(
    room: Newsroom, store: Store
) -> None:
    room.start(5)
    seen: list[object] = []

    def look(batch: OutgoingBatch) -> Answer:
        with store.read() as tx:
            seen.extend(
                tx.db.rows("SELECT state, attempt_id, length(body_hash), pending FROM batch")
            )
        return answer(Verdict.ACCEPTED)

    done = room.dispatch(look)
    assert seen == [("claimed", done.attempt_id, 64, 5)]


def test_no_transaction_is_open_while_the_provider_is_called(room: Newsroom) -> None:
    room.start(5)

    def write_meanwhile(batch: OutgoingBatch) -> Answer:
        room.suppress("reader5@example.org")
        return answer(Verdict.ACCEPTED)

    room.dispatch(write_meanwhile)
    assert room.counts() == Counts(accepted=5)


@pytest.mark.parametrize(
    ("verdict", "counts", "state"),
    [
        (Verdict.ACCEPTED, Counts(accepted=5), CampaignState.SENT),
        (Verdict.REJECTED, Counts(rejected=5), CampaignState.SENT),
        (Verdict.UNKNOWN, Counts(unknown=5), CampaignState.ATTENTION),
        (Verdict.RETRY, Counts(pending=5), CampaignState.SENDING),
        (Verdict.QUOTA, Counts(pending=5), CampaignState.SENDING),
        (Verdict.SPLIT, Counts(pending=5), CampaignState.SENDING),
        (Verdict.CONFIGURATION, Counts(pending=5), CampaignState.PAUSED),
        (Verdict.LATE, Counts(pending=5), CampaignState.SENDING),
    ],
)
def test_each_verdict_is_booked_as_what_it_means(
    room: Newsroom, verdict: Verdict, counts: Counts, state: CampaignState
) -> None:
    room.start(5)
    done = room.dispatch(always(verdict))
    assert done.recorded
    assert done.answer.outcome.verdict is verdict
    assert (done.batch.campaign.id, len(done.batch.members)) == (1, 5)
    assert room.counts() == counts
    assert room.campaign().state is state


def test_every_verdict_is_covered_by_the_tests_above() -> None:
    mark = test_each_verdict_is_booked_as_what_it_means.pytestmark[0]  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(Verdict)


def test_a_campaign_with_unknowns_says_what_to_do(room: Newsroom) -> None:
    room.start(5)
    room.dispatch(always(Verdict.UNKNOWN))
    assert room.dispatcher().dispatch() is None, "never sent again on a guess"
    assert room.campaign().reason.startswith("for 5 it is unknown")
    assert "resolve" in room.campaign().reason
    assert room.unknown() == [f"reader{number}@example.org" for number in range(1, 6)]


def test_those_who_differ_are_booked_one_by_one_with_the_providers_names(room: Newsroom) -> None:
    room.start(4)
    room.provider.answer = lambda _batch: answer(
        Verdict.ACCEPTED,
        n2=Outcome(verdict=Verdict.REJECTED, reason="no such mailbox", provider_id="m2"),
        n3=Outcome(verdict=Verdict.ACCEPTED, provider_id="m3"),
    )
    room.dispatch()
    assert room.counts() == Counts(accepted=3, rejected=1)
    with room.store.read() as tx:
        assert tx.campaigns.list_exceptions(1) == [
            ("reader2@example.org", "rejected", "no such mailbox", "m2"),
            ("reader3@example.org", "accepted", "", "m3"),
        ]


def test_what_a_provider_says_of_strangers_is_not_booked(room: Newsroom) -> None:
    room.start(2)
    stranger = Outcome(verdict=Verdict.REJECTED, reason="?")
    room.provider.answer = lambda _batch: answer(Verdict.ACCEPTED, n1=stranger, n3=stranger)
    room.subscribe(3)
    room.dispatch()
    assert room.counts() == Counts(accepted=1, rejected=1)
    assert room.campaign().state is CampaignState.SENT


def test_a_retry_waits_longer_each_time(room: Newsroom) -> None:
    room.start(5)
    room.provider.answer = always(Verdict.RETRY)
    waits = []
    for _ in range(4):
        done = room.dispatch()
        waits.append(done.wait.total_seconds())
        assert room.dispatcher().dispatch() is None
        room.clock.advance(seconds=waits[-1] - 0.001)
        assert room.dispatcher().dispatch() is None
        room.clock.advance(seconds=0.001)
    assert waits == [1, 2, 4, 8]
    assert room.drain(answer=always(Verdict.ACCEPTED)) == 1
    assert len(room.provider.accepted) == 5


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.QUOTA])
def test_a_retry_waits_at_least_as_long_as_the_provider_asked(
    room: Newsroom, verdict: Verdict
) -> None:
    room.start(5)
    asked = replace(answer(verdict), retry_after=timedelta(hours=1))
    assert room.dispatch(lambda _batch: asked).wait == timedelta(hours=1)
    room.clock.advance(minutes=59)
    assert room.dispatcher().dispatch() is None
    room.clock.advance(minutes=1)
    assert room.dispatcher().dispatch() is not None


def test_what_is_final_makes_nobody_wait(room: Newsroom) -> None:
    room.start(5)
    asked = replace(answer(Verdict.ACCEPTED), retry_after=timedelta(hours=1))
    assert room.dispatch(lambda _batch: asked).wait == timedelta(0)


def test_halving_finds_the_one_that_the_provider_objects_to(room: Newsroom) -> None:
    room.start(9)

    def object_to_reader_4(batch: OutgoingBatch) -> Answer:
        found = any(one.address == "reader4@example.org" for one in batch.recipients)
        return answer(Verdict.SPLIT if found else Verdict.ACCEPTED)

    assert room.drain(answer=object_to_reader_4) <= 9
    assert room.counts() == Counts(accepted=8, rejected=1)
    assert room.campaign().state is CampaignState.SENT
    assert len(room.provider.accepted) == len(set(room.provider.accepted)) == 8


def test_a_wrong_setting_pauses_the_campaign_and_says_why(room: Newsroom) -> None:
    room.start(25)
    room.dispatch(always(Verdict.CONFIGURATION, "the key is not valid"))
    assert room.campaign().reason.startswith("recording refuses: the key is not valid. Nothing is")
    assert room.dispatcher().dispatch() is None
    room.provider.answer = always(Verdict.ACCEPTED)
    room.hand().resume("resignation")
    room.drain()
    assert room.counts() == Counts(accepted=25)


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        (Verdict.ACCEPTED, Counts(accepted=10, cancelled=15)),
        (Verdict.UNKNOWN, Counts(unknown=10, cancelled=15)),
        (Verdict.RETRY, Counts(cancelled=25)),
        (Verdict.SPLIT, Counts(cancelled=25)),
        (Verdict.CONFIGURATION, Counts(cancelled=25)),
    ],
)
def test_the_answer_to_a_call_that_was_under_way_at_the_cancellation_is_booked(
    room: Newsroom, verdict: Verdict, counts: Counts
) -> None:
    room.start(25)

    def cancelled_meanwhile(_batch: OutgoingBatch) -> Answer:
        room.hand().cancel("resignation")
        return answer(verdict)

    room.dispatch(cancelled_meanwhile)
    assert room.counts() == counts
    assert room.campaign().state is CampaignState.CANCELLED
    assert room.dispatcher().dispatch() is None


def test_the_answer_of_whoever_was_taken_for_dead_is_not_booked(room: Newsroom) -> None:
    room.start(5)

    def taken_over(_batch: OutgoingBatch) -> Answer:
        room.recover()
        return answer(Verdict.ACCEPTED)

    done = room.dispatch(taken_over)
    assert not done.recorded
    assert room.counts() == Counts(unknown=5)
    assert room.campaign().state is CampaignState.ATTENTION


def states(room: Newsroom) -> list[str]:
    with room.store.read() as tx:
        return [str(state) for state in tx.db.column("SELECT state FROM batch ORDER BY id")]


@pytest.mark.parametrize("has_second", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_record_claims_the_next_batch_if_sending_goes_on_and_one_provider_sends(
    room: Newsroom, goes_on: bool, has_second: bool
) -> None:
    if has_second:
        room.second = RecordingProvider()
        room.second.name = "second"
    room.start(25)
    dispatcher = replace(room.dispatcher(), goes_on=lambda: goes_on)
    seen = [states(room) for _ in dispatcher.dispatch_all()]
    following = "queued" if has_second else "claimed"
    if goes_on:
        assert seen == [["done", following, "queued"], ["done", "done", following], ["done"] * 3]
        assert room.campaign().state is CampaignState.SENT
    else:
        assert seen == [["done", "queued", "queued"]]


def test_if_sending_ends_while_a_record_waits_for_its_turn_nothing_more_is_claimed(
    room: Newsroom,
) -> None:
    ends = threading.Event()

    def end() -> None:
        """While the writer after a call waits."""
        if room.provider.batches:
            ends.set()

    room.start(25)
    busy = watched(room.store, before=end)
    dispatcher = replace(room.dispatcher(), store=busy, goes_on=lambda: not ends.is_set())
    assert len([*dispatcher.dispatch_all()]) == 1
    assert states(room) == ["done", "queued", "queued"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_an_error_of_a_record_itself_is_raised(room: Newsroom, goes_on: bool) -> None:
    room.start(20)

    def lose_the_other(_batch: OutgoingBatch) -> Answer:
        with room.store.real.begin() as tx:
            tx.db.change("UPDATE batch SET state = 'done' WHERE state = 'queued'")
        return answer(Verdict.ACCEPTED)

    room.provider.answer = lose_the_other
    with pytest.raises(Defect, match="has deliveries pending and no batch"):
        next(replace(room.dispatcher(), goes_on=lambda: goes_on).dispatch_all())


def test_a_next_batch_that_cannot_be_claimed_does_not_undo_the_record(
    room: Newsroom, store: Store
) -> None:
    room.subscribe(1)
    for slug in ("a", "b"):
        room.write(slug, body=f"Text of {slug}.")
    room.look()
    for slug in ("a", "b"):
        room.approve(slug=slug)
    room.plan()
    room.start_due(minutes=5)
    with store.begin() as tx:
        tx.db.change("UPDATE content SET document = replace(document, 'Text of b', 'No text')")
    sent = replace(room.dispatcher(), goes_on=lambda: True).dispatch_all()
    assert next(sent).recorded
    assert states(room) == ["done", "claimed"]
    next(sent)
    assert states(room) == ["done", "queued"]
    assert room.campaign("b").state is CampaignState.PAUSED


def test_eight_threads_hand_over_to_each_reader_once(room: Newsroom) -> None:
    room.rules = replace(room.rules, batch_size=5)
    room.start(200)
    in_threads(lambda _number: room.drain())
    assert sorted(room.provider.accepted) == sorted(f"reader{n}@example.org" for n in range(1, 201))
    assert room.campaign().state is CampaignState.SENT
    assert room.counts() == Counts(accepted=200)


def test_an_outage_makes_few_batches_unknown_and_the_rest_waits_longer_each_time(
    room: Newsroom,
) -> None:
    room.start(200)
    room.provider.answer = always(Verdict.UNKNOWN)
    sender, waits = room.dispatcher(), []
    for _ in range(4):
        room.drain(dispatcher=sender)
        with room.store.read() as tx:
            wait = room.pool().waits(tx, room.clock.now())[""]
        waits.append((wait.until - room.clock.now()).total_seconds())
        room.clock.advance(seconds=waits[-1])
    assert (waits, len(room.provider.batches)) == ([1, 2, 4, 8], 7)
    room.provider.answer = accept_all
    room.drain(dispatcher=sender)
    assert room.counts() == Counts(accepted=130, unknown=70)
