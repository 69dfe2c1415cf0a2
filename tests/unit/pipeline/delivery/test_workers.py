"""Several processes share the sending: a claim belongs to one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.worker import DEAD_AFTER, Part
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.reconcile import RecoveryResult, recover
from newsletter.store.sql import Store
from tests.unit.pipeline.newsroom import Newsroom


def enter(room: Newsroom) -> int:
    with room.store.begin() as tx:
        return tx.workers.enter(
            name="w", host="h", part=Part.WORKER, slots=1, at=room.store.clock.now()
        )


def dispatcher(room: Newsroom, owner: int) -> Dispatcher:
    return replace(room.dispatcher(room.store.real), owner=owner)


def look(room: Newsroom, leaving: int | None = None) -> RecoveryResult:
    accounts = room.pool().accounts
    return recover(store=room.store, accounts=accounts, is_shared=True, leaving=leaving)


def test_two_workers_send_to_each_reader_once_and_the_campaign_ends(room: Newsroom) -> None:
    room.start(25)
    one, other = (dispatcher(room, enter(room)) for _ in range(2))
    while one.dispatch() or other.dispatch():
        pass
    assert len(room.provider.accepted) == len(set(room.provider.accepted)) == 25
    assert room.campaign().state is CampaignState.SENT


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.UNKNOWN])
def test_an_answer_that_leaves_something_open_is_booked_alone(
    room: Newsroom, verdict: Verdict
) -> None:
    room.start(3)
    room.provider.answer = lambda _: Answer(outcome=Outcome(verdict=verdict, reason="r"))
    assert dispatcher(room, enter(room)).dispatch()
    state = CampaignState.SENDING if verdict is Verdict.RETRY else CampaignState.ATTENTION
    assert room.campaign().state is state


def test_with_a_limit_each_claim_counts_and_without_one_none_does(room: Newsroom) -> None:
    room.start(20)
    sender = dispatcher(room, enter(room))
    assert sender.dispatch()
    name = room.provider.name
    with room.store.read() as tx:
        assert tx.rate_limits.get(name, "forum.example").used == 0
    room.limits = replace(room.limits, daily_quota=100)
    assert dispatcher(room, enter(room)).dispatch()
    with room.store.read() as tx:
        assert tx.rate_limits.get(name, "forum.example").used == 10


def test_a_worker_is_dead_after_its_silence_and_what_it_had_called_is_unknown(
    room: Newsroom,
) -> None:
    room.start(25)
    sender = dispatcher(room, enter(room))

    def die(_: object) -> Answer:
        raise KeyboardInterrupt

    room.provider.answer = die
    with pytest.raises(KeyboardInterrupt):
        sender.dispatch()
    assert look(room) == RecoveryResult(unknown=0)
    room.clock.advance(seconds=DEAD_AFTER.total_seconds() + 1)
    living = enter(room)
    assert look(room) == RecoveryResult(unknown=1)
    assert room.counts() == Counts(unknown=10, pending=15)
    assert sender.dispatch() is None, "it counts as dead"
    with room.store.read() as tx:
        assert [worker.id for worker in tx.workers.all()] == [living]
        until = tx.unknowns.calls_until(room.campaign().id, room.clock.now())
    assert until == room.clock.now() - DEAD_AFTER - timedelta(seconds=1) + sender.lease


def test_a_worker_that_leaves_takes_its_claims_along(room: Newsroom) -> None:
    room.start(25)
    one = enter(room)
    with room.store.real.send() as tx:
        lease = timedelta(minutes=2)
        assert tx.batches.claim(at=tx.now, lease=lease, attempt_id="a", owner=one)
    assert look(room, leaving=one) == RecoveryResult(unknown=0)
    assert room.counts() == Counts(pending=25)
    room.drain()
    assert room.counts() == Counts(accepted=25)


_ANSWERED, _NOTED = "settled_at IS NOT NULL", "body_hash <> ''"


class Away:
    """A store that is not there for the first transactions that record, or note."""

    def __init__(self, store: Store, times: int, at: str = _ANSWERED) -> None:
        self._store = store
        self.times = times
        self._query = f"SELECT 1 FROM batch WHERE {at}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def send(self, *, lasting: bool = True) -> Iterator[Any]:
        with self._store.send(lasting=lasting) as tx:
            yield tx
            if tx.db.has(self._query) and self.times:
                self.times -= 1
                raise StoreUnavailable("the server is gone")


@pytest.mark.parametrize("patience", [True, False])
def test_an_answer_is_kept_while_the_database_is_away(room: Newsroom, patience: bool) -> None:
    room.start(3)
    store = Away(room.store.real, 2)
    sender = replace(dispatcher(room, enter(room)), store=store, waits=lambda: patience)
    if patience:
        assert sender.dispatch()
        assert room.counts() == Counts(accepted=3)
    else:
        with pytest.raises(StoreUnavailable):
            sender.dispatch()
        assert room.counts() == Counts(pending=3)


def test_after_its_lease_an_answer_is_not_kept_any_longer(room: Newsroom) -> None:
    room.start(3)
    waited = []

    def wait() -> bool:
        room.clock.advance(minutes=3)
        waited.append(1)
        return True

    sender = replace(dispatcher(room, enter(room)), store=Away(room.store.real, 9), waits=wait)
    with pytest.raises(StoreUnavailable):
        sender.dispatch()
    assert waited == [1]


@pytest.mark.parametrize(("at", "unknown"), [(_NOTED, 0), (_ANSWERED, 1)])
def test_what_a_living_worker_could_not_book_is_nobodys_after_its_lease(
    room: Newsroom, at: str, unknown: int
) -> None:
    room.start(3)
    sender = replace(dispatcher(room, owner := enter(room)), store=Away(room.store.real, 1, at))
    with pytest.raises(StoreUnavailable):
        sender.dispatch()
    for seconds, found in ((-1, 0), (1, unknown)):
        room.clock.advance(seconds=sender.lease.total_seconds() + seconds)
        with room.store.begin() as tx:
            assert tx.workers.beat(owner, tx.now)
            assert tx.batches.has_orphans(tx.now) is (seconds > 0)
        assert look(room) == RecoveryResult(unknown=found)
    assert room.counts() == Counts(unknown=3 * unknown, pending=3 - 3 * unknown)
    assert bool(sender.dispatch()) is not bool(unknown)
