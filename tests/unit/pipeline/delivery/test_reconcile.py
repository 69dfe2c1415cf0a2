"""Unknown deliveries settle by proof alone: none is sent twice, and few stay unknown."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.batch import (
    Answer,
    Outcome,
    OutgoingBatch,
    Resolution,
    UnknownBatch,
    Verdict,
)
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay
from newsletter.domain.errors import InvalidInput
from newsletter.pipeline.delivery.reconcile import FIRST_LOOKUP_AFTER, Step, decide
from tests.fakes import NOON, RecordingProvider, always
from tests.interrupted import Fuse, PowerCut, fused
from tests.unit.pipeline.delivery.test_recover import (
    POINTS_OF_A_TRY,
    fused_provider,
    points,
    run_until_cut,
)
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom

DAY, MINUTES = timedelta(days=1), timedelta(minutes=10)
SAFE = Capabilities(max_recipients=10, replay=Replay.SAFE)
KEYED = Capabilities(max_recipients=10, replay=Replay.KEYED, key_lifetime=DAY)
ASKED = Capabilities(max_recipients=10, records_delay=MINUTES)
BOTH = replace(ASKED, replay=Replay.KEYED, key_lifetime=timedelta(minutes=15))
DEAF = Capabilities(max_recipients=10)


def held(state: CampaignState = CampaignState.ATTENTION, **changes: Any) -> UnknownBatch:
    campaign = Campaign(
        id=1,
        slug="resignation",
        content_hash="d",
        state=state,
        release_at=NOON,
        approved_by=(),
        lists=("press",),
        provider="recording",
    )
    usual = UnknownBatch(
        id=1,
        campaign=campaign,
        fence=2,
        provider="recording",
        attempt_id="a1",
        attempt_at=NOON,
        seen_at=NOON,
        body_hash="h",
        members=((1, "reader1@example.org"),),
        left=frozenset(),
        tries=0,
        silent_at=None,
        silent_looks=0,
    )
    return replace(usual, **changes)


def test_what_is_done_is_decided_by_proof(subtests: pytest.Subtests) -> None:
    two = ((1, "reader1@example.org"), (7, ""))
    for batch, capabilities, age, step in [
        (held(), SAFE, DAY * 9, Step.REPLAY),
        (held(seen_at=NOON + DAY), SAFE, -DAY, Step.REPLAY),
        (held(tries=9), SAFE, timedelta(0), Step.REPLAY),
        (held(left=frozenset({1})), SAFE, timedelta(0), Step.LEAVE),
        (held(left=frozenset({7}), members=two), SAFE, timedelta(0), Step.REPLAY),
        (held(CampaignState.PAUSED), SAFE, DAY * 9, Step.WAIT),
        (held(CampaignState.CANCELLED), SAFE, timedelta(0), Step.LEAVE),
        (held(), KEYED, timedelta(0), Step.REPLAY),
        (held(CampaignState.SENDING), KEYED, timedelta(hours=23), Step.REPLAY),
        (held(), KEYED, DAY - timedelta(minutes=1), Step.LEAVE),
        (held(), KEYED, timedelta(seconds=-1), Step.LEAVE),
        (held(seen_at=NOON + DAY / 2), KEYED, DAY / 2 - timedelta(minutes=1), Step.REPLAY),
        (held(seen_at=NOON + DAY / 2), KEYED, DAY / 2 - MINUTES, Step.LEAVE),
        (held(seen_at=NOON + DAY / 2), BOTH, timedelta(minutes=1), Step.LOOK_UP),
        (held(left=frozenset({1})), KEYED, timedelta(0), Step.LEAVE),
        (held(CampaignState.CANCELLED), KEYED, timedelta(0), Step.LEAVE),
        (held(CampaignState.PAUSED), KEYED, timedelta(0), Step.WAIT),
        (held(), BOTH, timedelta(minutes=1), Step.REPLAY),
        (held(tries=1), KEYED, timedelta(minutes=1), Step.REPLAY),
        (held(tries=1), BOTH, timedelta(minutes=1), Step.LOOK_UP),
        (held(CampaignState.PAUSED), BOTH, timedelta(minutes=1), Step.LOOK_UP),
        (held(left=frozenset({1})), BOTH, timedelta(minutes=1), Step.LOOK_UP),
        (held(), BOTH, timedelta(minutes=14), Step.LOOK_UP),
        (held(), ASKED, timedelta(0), Step.WAIT),
        (held(), ASKED, timedelta(seconds=-50), Step.WAIT),
        (held(), ASKED, timedelta(hours=-2), Step.LEAVE),
        (held(), ASKED, FIRST_LOOKUP_AFTER, Step.LOOK_UP),
        (held(CampaignState.CANCELLED), ASKED, DAY, Step.LOOK_UP),
        (held(), ASKED, DAY * 4, Step.LEAVE),
        (held(), replace(ASKED, records_kept=DAY), DAY, Step.LOOK_UP),
        (held(), replace(ASKED, records_kept=DAY), DAY + MINUTES, Step.LEAVE),
        (held(), replace(ASKED, records_kept=DAY * 9), DAY * 4, Step.LEAVE),
        (held(), DEAF, FIRST_LOOKUP_AFTER, Step.LEAVE),
    ]:
        with subtests.test(batch=batch, capabilities=capabilities, age=age, step=step):
            assert decide(batch, capabilities, NOON + age) is step


def lost(room: Newsroom, readers: int = 3, **capabilities: Any) -> None:
    """A campaign whose one batch was taken, without an answer."""
    room.provider = RecordingProvider(**capabilities)
    room.provider.loses = lambda _batch: True
    room.send(readers)
    room.provider.loses = lambda _batch: False
    assert room.counts() == Counts(unknown=readers)


KEYS: dict[str, Any] = {"replay": Replay.KEYED, "key_lifetime": DAY}
NAMES: dict[str, Any] = {"replay": Replay.SAFE}
RECORDS: dict[str, Any] = {"records_delay": MINUTES}


@pytest.mark.parametrize("capabilities", [KEYS, NAMES])
def test_a_replay_brings_the_answer_that_was_lost(
    room: Newsroom, capabilities: dict[str, Any]
) -> None:
    lost(room, **capabilities)
    looked = room.reconcile()
    assert (looked.step, looked.known, looked.unknown) == (Step.REPLAY, 3, 0)
    assert room.counts() == Counts(accepted=3)
    assert room.campaign().state is CampaignState.SENT
    assert len(room.provider.accepted) == 3


def test_a_replay_tells_who_was_refused(room: Newsroom) -> None:
    room.provider = RecordingProvider(**KEYS)
    no = Outcome(verdict=Verdict.REJECTED, reason="no such mailbox")
    room.provider.answer = lambda _batch: Answer(
        outcome=Outcome(verdict=Verdict.ACCEPTED), exceptions={2: no}
    )
    room.provider.loses = lambda _batch: True
    room.send(3)
    room.provider.loses = lambda _batch: False
    room.find_out()
    assert room.counts() == Counts(accepted=2, rejected=1)


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        (Verdict.REJECTED, Counts(rejected=1)),
        (Verdict.SPLIT, Counts(unknown=1)),
        (Verdict.RETRY, Counts(unknown=1)),
        (Verdict.QUOTA, Counts(unknown=1)),
        (Verdict.CONFIGURATION, Counts(unknown=1)),
        (Verdict.UNKNOWN, Counts(unknown=1)),
    ],
)
def test_only_an_answer_about_the_attempt_itself_settles_it(
    room: Newsroom, verdict: Verdict, counts: Counts
) -> None:
    room.provider = RecordingProvider(**KEYS)
    room.provider.answer = always(Verdict.UNKNOWN)
    room.send(1)
    room.provider.answer = always(verdict)
    room.reconcile()
    assert room.counts() == counts


def test_a_proxy_that_finds_a_replay_too_large_splits_nothing(room: Newsroom) -> None:
    """It was not there at the first try, which the provider took."""
    lost(room, **KEYS)
    taken = room.provider.send
    calls = []

    class Behind(RecordingProvider):
        def send(self, prepared: PreparedRequest) -> Answer:
            calls.append(prepared)
            return always(Verdict.SPLIT)(prepared.batch) if len(calls) == 1 else taken(prepared)

    behind = Behind(**KEYS)
    room.reconciler(provider=behind).reconcile()
    assert room.counts() == Counts(unknown=3)
    room.clock.advance(minutes=1)
    room.reconciler(provider=behind).reconcile()
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def test_whoever_left_before_it_is_handed_over_again_stays_unknown(room: Newsroom) -> None:
    lost(room, **NAMES)
    room.suppress("reader2@example.org")
    room.find_out()
    assert [one.subscriber_id for one in room.provider.batches[-1].recipients] == [1, 3]
    assert room.counts() == Counts(accepted=2, unknown=1)
    assert room.unknown() == ["reader2@example.org"]
    room.find_out(minutes=10)
    assert room.find_out() == 0
    assert len(room.provider.batches) == 2


def test_what_a_folder_may_have_is_never_cancelled_by_being_handed_over_again(
    room: Newsroom,
) -> None:
    lost(room, **NAMES)
    room.provider.answer = always(Verdict.CONFIGURATION)
    room.find_out()
    room.hand().cancel("resignation")
    room.find_out(minutes=10)
    assert room.counts() == Counts(unknown=3)


def test_a_replay_in_vain_is_tried_again_later_and_later(room: Newsroom) -> None:
    lost(room, **KEYS)
    room.provider.loses = lambda _batch: True
    waits = []
    assert room.find_out() == 1
    for _ in range(4):
        waited = 0
        while room.reconcile() is None:
            room.clock.advance(seconds=1)
            waited += 1
        waits.append(waited)
    assert waits == sorted(waits)
    assert waits[0] >= 1
    room.provider.loses = lambda _batch: False
    room.find_out(minutes=10)
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def test_whoever_left_since_ends_all_replays(room: Newsroom) -> None:
    lost(room, **KEYS)
    calls = len(room.provider.batches)
    room.suppress("reader2@example.org")
    looked = room.reconcile()
    assert looked.step is Step.LEAVE
    assert room.find_out() == 0
    assert len(room.provider.batches) == calls
    assert room.counts() == Counts(unknown=3)


def test_other_bytes_are_never_handed_over_under_an_old_key(room: Newsroom) -> None:
    lost(room, **KEYS)
    room.links.for_batch = lambda _id, numbers: ([f"new{n}" for n in numbers],) * 2  # type: ignore[method-assign]
    looked = room.reconcile()
    assert looked.step is Step.LEAVE
    assert room.counts() == Counts(unknown=3)


class Mute(RecordingProvider):
    """Cannot say any more what it said once."""

    fault: Exception | None = None

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        if self.fault:
            raise self.fault
        return super().prepare(batch)


@pytest.mark.parametrize("fault", [InvalidInput([]), ZeroDivisionError("a defect")])
def test_what_can_no_longer_be_said_is_logged_and_looked_up_instead(
    room: Newsroom, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    room.provider = provider = Mute(**KEYS, **RECORDS)
    provider.loses = lambda _batch: True
    room.send(3)
    provider.fault = fault
    looked = room.reconcile()
    assert (looked.step, looked.known) == (Step.LOOK_UP, 3)
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [fault]


def test_a_batch_whose_content_was_altered_is_left_to_a_person(room: Newsroom) -> None:
    lost(room, **KEYS, **RECORDS)
    with room.store.begin() as tx:
        tx.db.change("UPDATE content SET document = replace(document, 'has', 'not')")
    done = room.reconcile()
    assert (done.step, done.unknown) == (Step.LEAVE, 3)
    assert done.reason == "the content of campaign 1 is not what was approved"
    assert room.reconcile(minutes=10) is None
    assert room.counts() == Counts(unknown=3)


def test_what_the_provider_has_is_found_in_its_records(room: Newsroom) -> None:
    lost(room, **RECORDS)
    room.reconcile()
    assert room.provider.looks == 0, "nothing shows in the records at once"
    room.reconcile(seconds=5)
    assert room.counts() == Counts(accepted=3)
    assert room.campaign().state is CampaignState.SENT


def test_not_there_counts_only_when_records_were_silent_for_twice_their_settling_time(
    room: Newsroom,
) -> None:
    room.provider = RecordingProvider(**RECORDS)
    room.provider.answer = always(Verdict.UNKNOWN)
    room.send(3)
    room.provider.answer = always(Verdict.ACCEPTED)
    for _ in range(9 * 4):
        room.find_out(seconds=15)
    assert room.counts() == Counts(unknown=3)
    assert room.provider.looks > 1
    assert room.find_out(seconds=90) == 1, "a settling time after the first look"
    assert room.counts() == Counts(unknown=3), "once is not enough"
    assert room.find_out(minutes=9) == 0, "the last look comes a settling time after that"
    room.find_out(minutes=1)
    assert room.counts() == Counts(pending=3)
    assert room.campaign().state is CampaignState.SENDING
    room.drain()
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def test_the_settling_time_goes_by_on_the_clock_of_the_provider(room: Newsroom) -> None:
    """Ours was wrong at the attempt, or is wrong now."""
    lost(room, **RECORDS)
    room.provider.hides = {1, 2, 3}
    right = room.clock.now()

    class Dated(RecordingProvider):
        def look_up(self, batch: OutgoingBatch) -> LookupResult:
            return replace(room.provider.look_up(batch), read_at=right)

    for half in range(5):
        counts = Counts(pending=3) if half == 4 else Counts(unknown=3)
        room.clock.advance(hours=1)
        looked = room.reconciler(provider=Dated(**RECORDS)).reconcile()
        assert (looked.queued, looked.unknown) == (counts.pending, counts.unknown)
        assert room.counts() == counts
        right += MINUTES / 2


def test_a_clock_put_forward_does_not_make_one_late_copy_a_proof(room: Newsroom) -> None:
    """The first look comes at once, and the second meets a copy of the records that lags."""
    room.provider = RecordingProvider(**RECORDS)
    room.provider.loses = lambda _batch: True
    room.send(3)
    right = room.clock.now() + timedelta(seconds=1)

    class Dated(RecordingProvider):
        def look_up(self, batch: OutgoingBatch) -> LookupResult:
            return replace(room.provider.look_up(batch), read_at=right)

    for hidden in ({1, 2, 3}, {1, 2, 3}, set[int]()):
        room.provider.hides = hidden
        room.clock.advance(hours=2)
        room.reconciler(provider=Dated(**RECORDS)).reconcile()
        right += MINUTES
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def test_records_that_still_show_somebody_new_prove_no_absence(room: Newsroom) -> None:
    lost(room, **RECORDS)
    for hidden, counts in [
        ({1, 2, 3}, Counts(unknown=3)),
        ({2}, Counts(accepted=2, unknown=1)),
        (set(), Counts(accepted=3)),
    ]:
        room.provider.hides = hidden
        room.reconcile(minutes=21)
        assert room.counts() == counts


def test_records_that_cannot_be_read_prove_nothing(room: Newsroom) -> None:
    lost(room, **RECORDS)
    room.provider.records_fail = True
    for _ in range(10):
        room.find_out(hours=3)
    assert room.counts() == Counts(unknown=3)
    room.provider.records_fail = False
    room.find_out(minutes=30)
    assert room.counts() == Counts(accepted=3)


def test_records_that_cannot_be_read_are_asked_ever_later_however_soon_they_settle(
    room: Newsroom,
) -> None:
    """A look that is always due in a second would keep `run --until-idle` for ever."""
    lost(room, records_delay=timedelta(seconds=1))
    room.provider.records_fail = True
    looks_after_minutes = []
    for _ in range(60):
        for _ in range(12):
            room.find_out(seconds=5)
        looks_after_minutes.append(room.provider.looks)
    assert looks_after_minutes[0] == 2
    assert looks_after_minutes[-1] <= 10
    room.provider.records_fail = False
    room.find_out(minutes=10)
    assert room.counts() == Counts(accepted=3)


def test_after_some_days_only_a_person_can_tell(room: Newsroom) -> None:
    lost(room, **RECORDS)
    looked = room.reconcile(days=4)
    assert looked.step is Step.LEAVE
    assert room.find_out() == 0
    room.hand().resolve("resignation", Resolution.ACCEPTED)


def test_of_a_cancelled_campaign_it_still_comes_out_what_had_gone(room: Newsroom) -> None:
    room.provider = RecordingProvider(**RECORDS)
    room.rules = replace(room.rules, batch_size=2)
    room.provider.loses = lambda batch: batch.recipients[0].subscriber_id == 1
    room.provider.answer = _only_first
    room.send(4)
    room.hand().cancel("resignation")
    for _ in range(40):
        room.find_out(minutes=1)
    assert room.counts() == Counts(accepted=2, cancelled=2)
    assert room.campaign().state is CampaignState.CANCELLED
    assert sorted(room.provider.accepted) == ["reader1@example.org", "reader2@example.org"]


def _only_first(batch: OutgoingBatch) -> Answer:
    first = batch.recipients[0].subscriber_id == 1
    return always(Verdict.ACCEPTED if first else Verdict.UNKNOWN)(batch)


def test_a_paused_campaign_is_looked_after_and_not_replayed(room: Newsroom) -> None:
    lost(room, **KEYS)
    room.provider.loses = lambda _batch: True
    room.subscribe(6)  # no new batch: the audience is frozen
    with room.store.begin() as tx:
        tx.campaigns.change_state(
            1, CampaignState.PAUSED, expect=[CampaignState.ATTENTION], at=room.clock.now()
        )
    calls = len(room.provider.batches)
    looked = room.reconcile()
    assert looked.step is Step.WAIT
    assert room.reconcile(seconds=29) is None
    assert len(room.provider.batches) == calls
    room.hand().resume("resignation")
    room.provider.loses = lambda _batch: False
    room.find_out(seconds=30)
    assert room.counts() == Counts(accepted=3)


def test_records_have_to_be_silent_twice_in_a_row(room: Newsroom) -> None:
    """Records that could not be read in between may have been silent for the same reason."""
    lost(room, **RECORDS)
    room.provider.hides = {1, 2, 3}
    room.clock.advance(minutes=10)
    for fails in (False, True, False):
        room.provider.records_fail = fails
        assert room.reconcile() is not None
        assert room.counts() == Counts(unknown=3)
        room.clock.advance(minutes=10)
    assert room.provider.looks == 3
    room.provider.hides = set()
    room.find_out()
    assert room.counts() == Counts(accepted=3)


def move(room: Newsroom, number: int, address: str) -> None:
    with room.store.begin() as tx:
        assert tx.readers.change_address(number, address)


def erase(room: Newsroom, number: int) -> None:
    with room.store.begin() as tx:
        tx.readers.erase(f"reader{number}@example.org", room.clock.now())


def look_for_hours(room: Newsroom) -> None:
    for _ in range(30):
        room.find_out()
        room.drain()
        room.clock.advance(minutes=15)


@pytest.mark.parametrize("capabilities", [RECORDS, KEYS | RECORDS])
def test_the_records_are_asked_for_the_address_that_the_attempt_went_to(
    room: Newsroom, capabilities: dict[str, Any]
) -> None:
    lost(room, **capabilities)
    move(room, 2, "ana@example.org")
    look_for_hours(room)
    assert len(room.provider.accepted) == 3
    assert room.counts() == Counts(accepted=3)


def test_what_was_provably_not_taken_goes_to_the_address_of_today(room: Newsroom) -> None:
    lost(room, **KEYS | RECORDS)
    room.provider.forget()
    move(room, 2, "ana@example.org")
    look_for_hours(room)
    wanted = ["ana@example.org", "reader1@example.org", "reader3@example.org"]
    assert sorted(room.provider.accepted) == wanted
    assert room.counts() == Counts(accepted=3)


@pytest.mark.parametrize("capabilities", [KEYS, {"replay": Replay.SAFE}])
def test_nothing_is_replayed_to_whom_left_the_address(
    room: Newsroom, capabilities: dict[str, Any]
) -> None:
    lost(room, **capabilities)
    room.provider.forget()
    move(room, 2, "ana@example.org")
    look_for_hours(room)
    assert not {"ana@example.org", "reader2@example.org"} & set(room.provider.accepted)
    assert room.counts().unknown >= 1


def test_a_replay_of_bytes_in_another_spelling_of_today_is_what_left(room: Newsroom) -> None:
    lost(room, **KEYS)
    move(room, 2, "READER2@example.org")
    room.find_out()
    assert room.counts() == Counts(accepted=3)
    assert "reader2@example.org" in room.provider.accepted


@pytest.mark.parametrize("taken", [True, False])
def test_who_was_erased_meanwhile_stays_unknown(room: Newsroom, taken: bool) -> None:
    """It is not known where to ask for them; nothing says that the provider has not got them."""
    lost(room, **RECORDS)
    if not taken:
        room.provider.forget()
    erase(room, 2)
    look_for_hours(room)
    assert room.counts() == Counts(accepted=2, unknown=1)
    assert "reader2@example.org" not in room.provider.accepted[3 * taken :]
    looks = room.provider.looks
    look_for_hours(room)
    assert room.provider.looks == looks, "there is nobody left to ask for"
    room.hand().resolve("resignation", Resolution.RESEND)
    room.drain()
    assert room.counts() == Counts(accepted=2, suppressed=1)


def test_the_records_are_asked_for_nobody_whose_address_is_gone(room: Newsroom) -> None:
    lost(room, **RECORDS)
    erase(room, 2)
    asked: list[str] = []

    class Noting(RecordingProvider):
        def look_up(self, batch: OutgoingBatch) -> LookupResult:
            asked.extend(one.address for one in batch.recipients)
            return room.provider.look_up(batch)

    room.clock.advance(hours=1)
    room.reconciler(provider=Noting(**RECORDS)).reconcile()
    assert asked == ["reader1@example.org", "reader3@example.org"]


def test_where_all_were_erased_no_records_are_asked(room: Newsroom) -> None:
    lost(room, 1, **RECORDS)
    erase(room, 1)
    look_for_hours(room)
    assert (room.counts(), room.provider.looks) == (Counts(unknown=1), 0)


@pytest.mark.parametrize(
    ("taken", "counts"), [(True, Counts(accepted=3)), (False, Counts(accepted=2, suppressed=1))]
)
def test_a_call_that_is_taken_whole_or_not_at_all_tells_of_the_erased_too(
    room: Newsroom, taken: bool, counts: Counts
) -> None:
    lost(room, **RECORDS)
    room.provider.all_or_none = True
    if not taken:
        room.provider.forget()
    erase(room, 2)
    look_for_hours(room)
    assert room.counts() == counts


def slow_down(asked: timedelta) -> Answer:
    outcome = Outcome(verdict=Verdict.RETRY, reason="slow down")
    return Answer(outcome=outcome, retry_after=asked)


def test_a_replay_waits_where_the_provider_asked_to_be_left_alone(room: Newsroom) -> None:
    lost(room, **KEYS)
    with room.store.begin() as tx:
        until = room.clock.now() + timedelta(seconds=3)
        room.limiter().block_calls(tx, until, "slow down")
    calls = len(room.provider.batches)
    looked = room.reconcile()
    assert (looked.step, looked.unknown, len(room.provider.batches)) == (Step.WAIT, 3, calls)
    assert room.reconcile(seconds=2) is None
    room.find_out(seconds=1)
    assert room.counts() == Counts(accepted=3)


def test_whoever_is_asked_for_silence_by_a_replay_sends_nothing_else(room: Newsroom) -> None:
    lost(room, 25, **KEYS)
    asked = timedelta(minutes=3)
    heard = room.provider.send
    calls = []

    class Busy(RecordingProvider):
        def send(self, prepared: PreparedRequest) -> Answer:
            calls.append(prepared)
            return slow_down(asked) if len(calls) == 1 else heard(prepared)

    busy = Busy(**KEYS)
    for _ in range(5):
        room.reconciler(provider=busy).reconcile()
    assert len(calls) == 1
    with room.store.read() as tx:
        assert room.pool().blocks(tx, room.clock.now())["recording"] is not None
    room.clock.advance(minutes=3)
    while room.reconciler(provider=busy).reconcile():
        pass
    assert room.counts() == Counts(accepted=25)


def test_records_that_ask_for_silence_are_not_asked_for_another_batch(room: Newsroom) -> None:
    """Nor after a restart; mails are limited apart, so that they go on."""
    lost(room, 25, **RECORDS)

    class Busy(RecordingProvider):
        def look_up(self, batch: OutgoingBatch) -> LookupResult:
            self.looks += 1
            return LookupResult(reason="HTTP 429", retry_after=timedelta(seconds=30))

    room.clock.advance(seconds=5)
    busy = Busy(**RECORDS)
    for _ in range(9):
        room.reconciler(provider=busy).reconcile()
        room.clock.advance(seconds=3)
    assert busy.looks == 1
    with room.store.read() as tx:
        assert room.pool().blocks(tx, room.clock.now())["recording"] is None
    room.find_out(seconds=10)
    assert room.counts() == Counts(accepted=25)


def test_whoever_decided_in_the_meantime_is_not_overruled(room: Newsroom) -> None:
    lost(room, **RECORDS)

    class Decided(RecordingProvider):
        def look_up(self, batch: OutgoingBatch) -> LookupResult:
            room.hand().resolve("resignation", Resolution.ACCEPTED)
            return super().look_up(batch)

    room.clock.advance(seconds=5)
    looked = room.reconciler(provider=Decided(**RECORDS)).reconcile()
    assert looked.reason == "somebody settled the batch by hand first"
    assert room.counts() == Counts(accepted=3)


def test_two_that_look_at_once_do_not_replay_one_batch_twice(room: Newsroom) -> None:
    lost(room, **KEYS)
    seen: list[object] = []
    reconciler = room.reconciler(Meanwhile(room.store, lambda: seen.append(room.reconcile())))
    assert reconciler.reconcile() is None
    assert len(seen) == 1
    assert room.counts() == Counts(accepted=3)


@pytest.mark.parametrize("capabilities", [KEYS, RECORDS, KEYS | RECORDS])
@pytest.mark.parametrize("point", points(2 * POINTS_OF_A_TRY + 3))
def test_cut_off_anywhere_everybody_has_it_once_in_the_end(
    room: Newsroom, capabilities: dict[str, Any], point: int
) -> None:
    room.provider = RecordingProvider(**capabilities)
    room.rules = replace(room.rules, batch_size=5)
    room.start(10)
    assert run_until_cut(room, point)
    room.recover()
    for _ in range(40):
        room.find_out()
        room.drain()
        if room.campaign().state is CampaignState.SENT:
            break
        room.clock.advance(minutes=1)
    everybody = sorted(f"reader{number}@example.org" for number in range(1, 11))
    assert sorted(room.provider.accepted) == everybody
    assert room.counts() == Counts(accepted=10)
    assert room.campaign().state is CampaignState.SENT


@pytest.mark.parametrize("capabilities", [KEYS, RECORDS])
@pytest.mark.parametrize("point", range(1, 9))
def test_a_look_that_is_cut_off_is_made_again(
    room: Newsroom, capabilities: dict[str, Any], point: int
) -> None:
    lost(room, **capabilities)
    room.clock.advance(seconds=5)
    cut_off(room, point)
    room.find_out(minutes=2)
    assert room.counts() == Counts(accepted=3)
    assert len(room.provider.accepted) == 3


def cut_off(room: Newsroom, point: int) -> None:
    fuse = Fuse(point)
    reconciler = room.reconciler(fused(room.store, fuse), fused_provider(room.provider, fuse))
    with pytest.raises(PowerCut):
        reconciler.reconcile()
