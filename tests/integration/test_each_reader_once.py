"""A whole campaign through each kind of provider: one message each, none to those who left."""

from collections import Counter
from dataclasses import replace

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.store.sql import Store
from tests.provider_servers.kinds import KINDS, made
from tests.unit.pipeline.newsroom import Newsroom

MANY, FEW = 2300, 60
LEAVING = 50


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_leaves_on_the_way_gets_it_not_at_all_and_everybody_else_once(
    kind: str, store: Store
) -> None:
    with made(kind, "http://127.0.0.1:9") as provider:
        calls = 4 * provider.capabilities.max_recipients
    send(kind, Newsroom(store), max(FEW, min(MANY, calls)), leaving=5)


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_2300_readers_of_whom_50_leave_on_the_way_get_it_once_or_not_at_all(
    kind: str, store: Store
) -> None:
    send(kind, Newsroom(store), MANY, leaving=LEAVING)


def send(kind: str, room: Newsroom, count: int, *, leaving: int) -> None:
    clock = room.clock
    with KINDS[kind].server(clock) as server, made(kind, server.url, clock) as provider:
        able = provider.capabilities
        room.rules = replace(room.rules, provider=kind, batch_size=1000, capabilities=(able,))
        room.start(count)
        dispatcher = room.dispatcher(provider=provider)
        least = -(-count // able.max_recipients)
        for _ in range(least // 3):
            assert dispatcher.dispatch() is not None
        early = {message.to for message in server.delivered}
        assert early
        readers = [f"reader{number}@example.org" for number in range(1, count + 1)]
        left = [reader for reader in readers if reader not in early][7 : 7 + leaving]
        for reader in left:
            room.suppress(reader)
        while dispatcher.dispatch() is not None:
            pass

    got = Counter(message.to for message in server.delivered)
    assert set(got) == set(readers) - set(left)
    assert set(got.values()) == {1}
    assert room.counts() == Counts(accepted=count - leaving, suppressed=leaving)
    assert room.campaign().state is CampaignState.SENT
    links = {message.one("List-Unsubscribe")[1:-1]: message for message in server.delivered}
    assert len(links) == count - leaving
    assert all(link in message.text and link in message.html for link, message in links.items())
    assert least - leaving <= len(server.taken) <= least
