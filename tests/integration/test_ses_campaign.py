"""A whole campaign through SES: many signed calls, and answers that differ by reader."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.providers.common.calls import HttpProvider
from newsletter.store.sql import Store
from tests.provider_servers.kinds import made
from tests.provider_servers.ses import SesServer
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom


@pytest.fixture
def room(store: Store) -> Newsroom:
    return Newsroom(BalancedStore(store))


@pytest.fixture
def server(room: Newsroom) -> Iterator[SesServer]:
    with SesServer(clock=room.clock) as running:
        yield running


@pytest.fixture
def provider(room: Newsroom, server: SesServer) -> Iterator[HttpProvider]:
    with made("ses", server.url, room.clock) as provider:
        yield provider


def start(room: Newsroom, provider: HttpProvider, readers: int) -> None:
    able = provider.capabilities
    room.rules = replace(room.rules, batch_size=able.max_recipients, capabilities=(able,))
    room.start(readers)


def drain(room: Newsroom, provider: HttpProvider) -> int:
    """Send all due batches, in time; return the number of calls."""
    dispatcher, calls = room.dispatcher(provider=provider), 0
    while (done := dispatcher.dispatch()) is not None:
        calls += 1
        room.clock.advance(seconds=done.wait.total_seconds() + 10)
    return calls


def test_whoever_was_throttled_among_others_gets_one_later(
    room: Newsroom, server: SesServer, provider: HttpProvider
) -> None:
    start(room, provider, 120)
    throttled = {f"reader{number}@example.org" for number in (3, 50, 77)}
    server.statuses = dict.fromkeys(
        throttled, ("ACCOUNT_THROTTLED", "Maximum sending rate exceeded.")
    )
    server.statuses["reader9@example.org"] = ("INVALID_PARAMETER", "Domain contains dot-dot")
    server.statuses["reader90@example.org"] = ("FAILED", "")
    dispatcher = room.dispatcher(provider=provider)
    for _ in range(3):
        assert dispatcher.dispatch() is not None
        room.clock.advance(seconds=1)  # what SES asks for by throttling
    assert room.counts() == Counts(accepted=115, rejected=1, unknown=1, pending=3)
    assert room.campaign().state is CampaignState.SENDING
    for address in throttled:
        del server.statuses[address]
    room.clock.advance(seconds=1)
    drain(room, provider)
    assert room.counts() == Counts(accepted=118, rejected=1, unknown=1)
    assert room.campaign().state is CampaignState.ATTENTION
    assert room.unknown() == ["reader90@example.org"]
    assert Counter(message.to for message in server.delivered).most_common(1)[0][1] == 1
    assert throttled <= {message.to for message in server.delivered}


def test_a_daily_quota_in_the_middle_is_waited_out(
    room: Newsroom, server: SesServer, provider: HttpProvider
) -> None:
    start(room, provider, 60)
    late = [f"reader{number}@example.org" for number in range(31, 61)]
    server.statuses = dict.fromkeys(late, ("ACCOUNT_DAILY_QUOTA_EXCEEDED", ""))
    dispatcher = room.dispatcher(provider=provider)
    done = dispatcher.dispatch()
    assert done.wait
    assert dispatcher.dispatch() is None
    assert room.counts() == Counts(accepted=30, pending=30)
    server.statuses = {}
    room.clock.advance(minutes=10)
    drain(room, provider)
    assert room.counts() == Counts(accepted=60)
    assert len({message.to for message in server.delivered}) == len(server.delivered) == 60


def test_an_account_that_is_paused_pauses_the_campaign_and_nobody_is_lost(
    room: Newsroom, server: SesServer, provider: HttpProvider
) -> None:
    start(room, provider, 20)
    late = [f"reader{number}@example.org" for number in range(11, 21)]
    server.statuses = dict.fromkeys(late, ("ACCOUNT_SENDING_PAUSED", "Sending is paused."))
    drain(room, provider)
    assert room.campaign().state is CampaignState.PAUSED
    assert "Sending is paused" in room.campaign().reason
    assert room.counts() == Counts(accepted=10, pending=10)
    server.statuses = {}
    room.hand().resume("resignation")
    drain(room, provider)
    assert room.counts() == Counts(accepted=20)
    assert len({message.to for message in server.delivered}) == len(server.delivered) == 20
