"""A whole campaign through each kind of provider: everybody once, but those who left meanwhile."""

from collections import Counter
from dataclasses import replace

import pytest

from newsletter.domain.campaign import CampaignState
from newsletter.domain.delivery import Counts
from newsletter.store.sql import SqlStore
from tests.fakes import FixedClock
from tests.provider_servers.kinds import KINDS, made
from tests.unit.pipeline.newsroom import Newsroom

READERS = 2300
LEAVING = 50


@pytest.mark.parametrize("kind", KINDS)
def test_2300_readers_of_whom_50_leave_on_the_way_get_it_once_or_not_at_all(
    kind: str, store: SqlStore, clock: FixedClock
) -> None:
    room = Newsroom(store, clock)
    with KINDS[kind].server(clock) as server, made(kind, server.url, clock) as provider:
        able = provider.capabilities
        room.rules = replace(room.rules, provider=kind, batch_size=1000, capabilities=able)
        room.start(READERS)
        dispatcher = room.dispatcher(provider=provider)
        least = -(-READERS // able.max_recipients)
        for _ in range(least // 3):
            assert dispatcher.dispatch() is not None
        early = {message.to for message in server.delivered}
        assert early
        readers = [f"reader{number}@example.org" for number in range(1, READERS + 1)]
        leaving = [reader for reader in readers if reader not in early][7 : 7 + LEAVING]
        for reader in leaving:
            room.suppress(reader)
        while dispatcher.dispatch() is not None:
            pass

    got = Counter(message.to for message in server.delivered)
    assert set(got) == set(readers) - set(leaving)
    assert set(got.values()) == {1}
    assert room.counts() == Counts(accepted=READERS - LEAVING, suppressed=LEAVING)
    assert room.campaign().state is CampaignState.SENT
    links = {message.one("List-Unsubscribe")[1:-1]: message for message in server.delivered}
    assert len(links) == READERS - LEAVING
    assert all(link in message.text and link in message.html for link, message in links.items())
    assert least - LEAVING <= len(server.taken) <= least
