"""Another account at the same kind of provider: what it knows or lacks proves nothing."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import Refused
from newsletter.pipeline.campaigns.report import make_report
from newsletter.runtime.log import log_recovered
from newsletter.store.sql import Store
from tests.fakes import RecordingProvider
from tests.unit.pipeline.delivery.sending import Post
from tests.unit.pipeline.newsroom import Newsroom

KEYED: dict[str, Any] = {"replay": Replay.KEYED, "key_lifetime": timedelta(days=1)}
ASKED: dict[str, Any] = {"records_delay": timedelta(minutes=10)}


def lost_at_a(room: Newsroom, **capabilities: Any) -> RecordingProvider:
    """Three readers have theirs through account A, without an answer."""
    at_a = room.provider = RecordingProvider(**capabilities)
    at_a.loses = lambda _batch: True
    room.send(3)
    at_a.loses = lambda _batch: False
    return at_a


def move_to_b(room: Newsroom, **capabilities: Any) -> RecordingProvider:
    """The configuration names another account, and the program starts again."""
    room.account = "account B"
    room.provider = RecordingProvider(**capabilities)
    room.recover()
    return room.provider


def look_for_days(room: Newsroom) -> None:
    for _ in range(60):
        room.find_out()
        room.drain()
        room.clock.advance(minutes=30)


@pytest.mark.parametrize("capabilities", [KEYED, ASKED, KEYED | ASKED, {"replay": Replay.SAFE}])
def test_nothing_goes_out_again_through_another_account(
    room: Newsroom, capabilities: dict[str, Any]
) -> None:
    at_a = lost_at_a(room, **capabilities)
    at_b = move_to_b(room, **capabilities)
    look_for_days(room)
    assert len(at_a.accepted) == 3
    assert (at_b.accepted, at_b.looks) == ([], 0)
    assert room.counts() == Counts(unknown=3)


def test_back_at_the_account_it_comes_out(room: Newsroom) -> None:
    at_a = lost_at_a(room, **ASKED)
    move_to_b(room, **ASKED)
    look_for_days(room)
    room.account, room.provider = "account A", at_a
    look_for_days(room)
    assert room.counts() == Counts(accepted=3)


def test_an_attempt_of_before_accounts_were_noted_is_left_to_a_person(
    room: Newsroom, store: Store
) -> None:
    lost_at_a(room, **ASKED)
    with store.begin() as tx:
        tx.db.change("UPDATE batch SET account = ''")
    look_for_days(room)
    assert room.counts() == Counts(unknown=3)


def test_a_person_can_still_decide(room: Newsroom) -> None:
    lost_at_a(room, **ASKED)
    at_b = move_to_b(room, **ASKED)
    room.hand().resolve("resignation", Resolution.RESEND)
    room.drain()
    assert len(at_b.accepted) == 3


def test_the_report_and_the_log_say_that_nobody_is_asked(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    lost_at_a(room, **ASKED)

    def elsewhere(**more: Any) -> int:
        found: int = make_report("resignation", store=room.store, **more)["unknown_elsewhere"]
        return found

    assert elsewhere(accounts=room.pool().accounts) == 0
    room.account = "account B"
    assert elsewhere(accounts=room.pool().accounts) == 3
    assert elsewhere() == 0
    with caplog.at_level(logging.WARNING):
        log_recovered(room.recover())
    assert "3 readers are unknown at another account" in caplog.text


def test_a_letter_says_to_which_account_it_is_about_to_go(room: Newsroom, store: Store) -> None:
    post = Post(room=room)
    post.ask()
    seen = []

    def look(prepared: Any) -> Any:
        with store.read() as tx:
            seen.extend(tx.db.rows("SELECT state, provider, account FROM transactional_email"))
        return RecordingProvider().answer(prepared)

    room.provider.answer = look
    post.post()
    assert seen == [("calling", "recording", "account A")]


@pytest.mark.parametrize("to", list(Resolution))
def test_a_replay_that_is_under_way_keeps_a_person_waiting(room: Newsroom, to: Resolution) -> None:
    provider = lost_at_a(room, **KEYED)
    refused = []

    def in_the_air(prepared: Any) -> bool:
        try:
            room.hand().resolve("resignation", to)
        except Refused as error:
            refused.append(str(error))
        return True

    provider.loses = in_the_air
    room.reconcile()
    [said] = refused
    assert "try again at 12:07:00 UTC" in said
    room.hand().resolve("resignation", to)
    provider.loses = lambda _batch: False
    room.drain()
    assert room.counts().unknown == 0


def test_an_event_in_the_meantime_does_not_hide_the_replay(room: Newsroom) -> None:
    provider = lost_at_a(room, **KEYED)

    def in_the_air(_batch: Any) -> bool:
        with room.store.begin() as tx:
            tx.unknowns.confirm(1, {1: ""}, at=room.clock.now(), reason="told")
        with pytest.raises(Refused, match="try again at"):
            room.hand().resolve("resignation", Resolution.RESEND)
        return True

    provider.loses = in_the_air
    room.reconcile()
    assert room.counts() == Counts(accepted=1, unknown=2)
    room.clock.advance(minutes=3)
    room.hand().resolve("resignation", Resolution.GIVE_UP)
