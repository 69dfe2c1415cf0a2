"""Readers who are called by name: each by their own, and by what it is when the call is made."""

from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.delivery.reconcile import Step
from newsletter.store.sql import Store
from tests.fakes import RecordingProvider
from tests.unit.pipeline.newsroom import Newsroom

GREETING = "Dear {name|friend}, the Forum has resigned."


def call(room: Newsroom, name: str, number: int = 1) -> None:
    """Give a reader a name, as an import does."""
    with room.store.begin() as tx:
        entry = Entry(address=f"reader{number}@example.org", lists=(), name=name)
        tx.readers.upsert([entry], room.clock.now())


def called(room: Newsroom, batch: int = 0) -> list[tuple[str, ...]]:
    return [reader.names for reader in room.provider.batches[batch].recipients]


def test_each_reader_is_called_by_name_and_strangers_as_the_text_says(room: Newsroom) -> None:
    room.start(3, body=GREETING)
    call(room, "Ana O'Brien")
    call(room, "visit evil.example", 2)
    room.drain()
    assert called(room) == [("Ana O’Brien",), ("friend",), ("friend",)]
    [batch] = room.provider.batches
    assert "Dear Ana O’Brien, the" in batch.recipients[0].merge(batch.content.text)


def test_names_do_not_leave_where_nobody_is_greeted(room: Newsroom) -> None:
    room.start(3)
    call(room, "Ana O'Brien")
    room.drain()
    assert called(room) == [(), (), ()]


def test_a_name_that_was_damaged_is_not_said(room: Newsroom, store: Store) -> None:
    room.start(2, body=GREETING)
    with store.begin() as tx:
        tx.db.change("UPDATE subscriber SET name = CAST(x'41ff42' AS TEXT)")
    room.drain()
    assert called(room) == [("friend",), ("friend",)]


def test_a_database_that_fails_is_no_fault_of_the_email(room: Newsroom, store: Store) -> None:
    room.start(2, body=GREETING)
    with store.begin() as tx:
        tx.db.change("ALTER TABLE subscriber RENAME COLUMN name TO lost")
    with pytest.raises(StoreUnavailable):
        room.drain()
    with store.begin() as tx:  # the tests after this one have the same database
        tx.db.change("ALTER TABLE subscriber RENAME COLUMN lost TO name")
    assert room.campaign().state is CampaignState.SENDING


def test_a_try_is_not_repeated_under_its_key_with_another_name_in_it(room: Newsroom) -> None:
    for renamed, step in (("Ana Ruiz", Step.LEAVE), ("Ana", Step.REPLAY)):
        slug = f"for-{renamed.lower().replace(' ', '-')}"
        room.provider = RecordingProvider(replay=Replay.KEYED, key_lifetime=timedelta(days=1))
        room.provider.loses = lambda _batch: True
        call(room, "Ana")
        room.send(1, slug=slug, title=slug, body=GREETING)
        call(room, renamed)
        looked = room.reconcile()
        assert looked.step is step
