"""A correction goes to exactly those who may have the original, or wait for it."""

from collections import Counter
from datetime import timedelta

import pytest

from newsletter.cli.statements.preview import report_lines
from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, Resolution, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import Refused
from newsletter.pipeline.campaigns.report import make_report
from tests.fakes import RecordingProvider, accept_all, always
from tests.unit.pipeline.campaigns.correcting import (
    RIGHT,
    WRONG,
    agree,
    correct,
    foretold,
    got,
    leave,
    people,
)
from tests.unit.pipeline.newsroom import Newsroom


def reject(*numbers: int) -> Answer:
    no = Outcome(verdict=Verdict.REJECTED, reason="no such mailbox")
    return Answer(outcome=Outcome(verdict=Verdict.ACCEPTED), exceptions=dict.fromkeys(numbers, no))


def test_it_goes_to_exactly_those_who_were_sent_the_original(room: Newsroom) -> None:
    room.start(readers=12)
    room.suppress("reader1@example.org")
    leave(room, 2)
    room.drain(answer=lambda _batch: reject(3))
    room.provider.answer = accept_all
    leave(room, 4)
    room.suppress("reader5@example.org")
    room.subscribe(20)

    agree(room)
    dry = foretold(room)
    correct(room)
    room.drain()

    assert got(room, RIGHT) == sorted(dry.addresses) == people(4, 6, 7, 8, 9, 10, 11, 12)
    assert dry.excluded == (
        ("reader1@example.org", "bounced"),
        ("reader2@example.org", "was never sent the original: suppressed"),
        ("reader3@example.org", "was never sent the original: rejected"),
        ("reader5@example.org", "bounced"),
    )
    assert room.campaign(RIGHT).state is CampaignState.SENT
    assert room.campaign(WRONG).state is CampaignState.SENT
    assert make_report(RIGHT, store=room.store)["corrects"] == WRONG
    words = "\n".join(report_lines(dry))
    assert "correction would go to 8 readers who may have resignation or wait for it" in words
    assert "4 who were to get that would not get it" in words


def test_who_is_suppressed_or_erased_after_its_start_is_booked_and_who_leaves_gets_it(
    room: Newsroom,
) -> None:
    room.send(readers=4)
    correct(room)
    room.suppress("reader1@example.org")
    leave(room, 2)
    with room.store.begin() as tx:
        tx.readers.erase("reader3@example.org", room.clock.now())
    room.drain()
    assert got(room, RIGHT) == people(2, 4)
    assert room.campaign(RIGHT).counts == Counts(accepted=2, suppressed=2)


def test_in_the_middle_each_gets_the_original_and_the_correction_or_the_correction_alone(
    room: Newsroom,
) -> None:
    room.start(readers=35)
    room.dispatch()
    with room.store.begin() as tx:
        under_way = tx.batches.claim(
            at=room.clock.now(), lease=timedelta(minutes=2), attempt_id="a"
        )
    assert under_way is not None
    leave(room, 35)
    agree(room)
    dry = foretold(room)
    assert dry.ends == (WRONG,)
    assert "correction would end resignation" in next(report_lines(dry))

    campaign = correct(room)

    original = room.campaign(WRONG)
    assert (original.state, original.reason) == (CampaignState.CANCELLED, "corrected by correction")
    assert original.counts == Counts(accepted=10, pending=10, cancelled=15)
    assert (original.corrected_by, campaign.corrects) == (RIGHT, WRONG)
    assert campaign.counts == Counts(pending=34) == Counts(pending=dry.audience)
    room.drain()
    assert got(room, WRONG) == people(*range(1, 11))
    assert got(room, RIGHT) == people(*range(1, 35))
    assert dry.excluded == (("reader35@example.org", "unsubscribed"),)
    with room.store.read() as tx:
        assert all(yes.revoked_at for yes in tx.approvals.list_for(WRONG))


def test_who_has_the_original_and_left_gets_the_correction_that_takes_the_place_of_another(
    room: Newsroom,
) -> None:
    room.send(readers=4)
    leave(room, 1)
    correct(room)
    leave(room, 2)
    correct(room, "second", RIGHT)
    room.drain()
    assert (got(room, RIGHT), got(room, "second")) == ([], people(1, 2, 3, 4))


def test_what_was_under_way_and_provably_did_not_leave_gets_the_correction_alone(
    room: Newsroom,
) -> None:
    room.start(readers=10)
    with room.store.begin() as tx:
        under_way = tx.batches.claim(
            at=room.clock.now(), lease=timedelta(minutes=2), attempt_id="a"
        )
    assert under_way is not None
    correct(room)
    with room.store.begin() as tx:
        assert tx.batches.requeue(under_way, not_before=room.clock.now(), reason="busy")
    assert room.campaign(WRONG).counts == Counts(cancelled=10)
    room.drain()
    assert got(room, WRONG) == []
    assert got(room, RIGHT) == people(*range(1, 11))


def test_who_waited_and_leaves_before_their_batch_is_claimed_gets_neither(room: Newsroom) -> None:
    room.start(readers=25)
    room.dispatch()
    correct(room)
    leave(room, 1)
    leave(room, 11)
    room.drain()
    assert got(room, RIGHT) == people(*(set(range(1, 26)) - {11}))
    assert room.campaign(RIGHT).counts == Counts(accepted=24, suppressed=1)


@pytest.mark.parametrize("decision", [None, Resolution.ACCEPTED, Resolution.GIVE_UP])
def test_those_of_whom_nobody_knows_are_counted_as_reached_and_never_get_the_original_again(
    room: Newsroom, decision: Resolution | None
) -> None:
    room.start(readers=15)
    room.dispatch(always(Verdict.UNKNOWN))
    room.drain(answer=accept_all)
    if decision is not None:
        room.hand().resolve(WRONG, decision)
    correct(room)
    if decision is None:
        assert room.campaign(WRONG).state is CampaignState.CANCELLED
        with pytest.raises(Refused, match="nothing more is sent"):
            room.hand().resolve(WRONG, Resolution.RESEND)
    room.drain()
    assert Counter(got(room, WRONG)) == Counter(people(*range(1, 16)))
    assert got(room, RIGHT) == people(*range(1, 16))


@pytest.mark.parametrize(
    ("left", "counts"), [(True, Counts(unknown=10)), (False, Counts(cancelled=10))]
)
def test_a_crash_after_the_correction_repeats_nothing_of_the_original(
    room: Newsroom, left: bool, counts: Counts
) -> None:
    room.provider = RecordingProvider(replay=Replay.SAFE)
    room.start(readers=10)
    with room.store.begin() as tx:
        lease = timedelta(minutes=2)
        claimed = tx.batches.claim(at=room.clock.now(), lease=lease, attempt_id="a")
        assert claimed is not None
        if left:
            tx.batches.record_start(claimed.id, body_hash="bytes")
    correct(room)
    room.recover()
    room.drain()
    assert got(room, WRONG) == []
    assert got(room, RIGHT) == people(*range(1, 11))
    assert room.campaign(WRONG).counts == counts
