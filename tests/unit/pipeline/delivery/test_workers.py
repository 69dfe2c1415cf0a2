"""Several processes share the sending: a claim belongs to one of them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.restore_guard import GuardRecord
from newsletter.domain.delivery.worker import DEAD_AFTER, ProcessRole
from newsletter.domain.errors import Refused, StoreUnavailable
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.reconcile import RecoveryResult, recover
from newsletter.store.sql import Store
from tests.fakes import RecordingProvider, accept_all
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom


def enter(room: Newsroom) -> int:
    with room.store.begin() as tx:
        return tx.workers.enter(
            name="w", host="h", role=ProcessRole.WORKER, slots=1, at=room.store.clock.now()
        )


def dispatcher(room: Newsroom, owner: int) -> Dispatcher:
    return replace(room.dispatcher(room.store.real), owner=owner)


def look(room: Newsroom, leaving: int | None = None) -> RecoveryResult:
    accounts = room.pool().accounts
    return recover(store=room.store, accounts=accounts, shares_sending=True, leaving=leaving)


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


def test_a_quota_begins_with_what_left_that_day_without_one(room: Newsroom) -> None:
    name = room.provider.name
    room.start(30)
    room.provider.answer = lambda _: Answer(outcome=Outcome(verdict=Verdict.RETRY, reason="r"))
    assert dispatcher(room, enter(room)).dispatch(), "nothing of this one left"
    room.clock.advance(days=1)
    room.provider.answer = accept_all
    assert dispatcher(room, enter(room)).dispatch()
    for quota, used in ((None, 0), (100, 10), (100, 10)):
        room.limits = replace(room.limits, daily_quota=quota)
        with room.store.begin() as tx:
            room.pool().first.limiter.count_day(tx, tx.now)
            assert tx.rate_limits.get(name, "forum.example").used == used
    room.clock.advance(days=1)
    with room.store.begin() as tx:
        room.pool().first.limiter.count_day(tx, tx.now)
        assert tx.rate_limits.get(name, "forum.example").used == 0


class Claims:
    """The claims of three workers. A killed worker has another in its place."""

    def __init__(self, room: Newsroom, chance: random.Random) -> None:
        self.room, self.chance = room, chance
        self.made: list[tuple[datetime, int]] = []
        self.silent_until = room.clock.now()
        room.provider.answer = self.answer
        self.workers = [dispatcher(room, enter(room)) for _ in range(3)]

    def answer(self, batch: OutgoingBatch) -> Answer:
        now = self.room.clock.now()
        assert now >= self.silent_until, "the provider asked for silence"
        if self.chance.random() < 0.05:
            self.silent_until = now + timedelta(seconds=2)
            outcome = Outcome(verdict=Verdict.RETRY, reason="busy")
            return Answer(outcome=outcome, retry_after=timedelta(seconds=2))
        self.made.append((now, len(batch.recipients)))
        return accept_all(batch)

    def step(self) -> None:
        self.room.clock.advance(seconds=self.chance.choice([0, 0, 0, 0.004, 0.02, 0.2, 1.2]))
        place = self.chance.randrange(len(self.workers))
        if self.chance.random() < 0.05:
            self.workers[place] = dispatcher(self.room, enter(self.room))
        self.workers[place].dispatch()

    def busiest(self, seconds: float) -> int:
        """Return the most messages within a time."""
        window = timedelta(seconds=seconds)
        return max(
            sum(messages for at, messages in self.made if begin <= at < begin + window)
            for begin, _ in self.made
        )


@pytest.mark.parametrize(
    ("rate", "burst", "batch", "quota"),
    [(1000, 0, 10, None), (1000, 60, 10, 175), (40, 0, 1000, 900), (None, 0, 10, 195)],
)
def test_workers_together_keep_the_rate_the_quota_and_the_silence(
    stores: list[Store], rate: float | None, burst: int, batch: int, quota: int | None
) -> None:
    for seed, store in enumerate(stores):
        room = Newsroom(BalancedStore(store))
        room.provider = RecordingProvider(max_recipients=batch)
        room.limits = replace(room.limits, rate=rate, burst=burst, daily_quota=quota)
        room.start(300)
        claims = Claims(room, random.Random(seed))  # noqa: S311 - draws to be made again
        for _ in range(120):
            claims.step()
        left = sum(messages for _, messages in claims.made)
        assert 100 < left <= (quota or 300)
        for seconds in (0.02, 0.1, 1) if rate else ():
            # a tenth of a second for a late turn, another for shares, or a batch each
            most = burst + rate * (seconds + 0.1) + max(0.1 * rate, 3 * min(batch, rate))
            assert claims.busiest(seconds) <= most, (seed, seconds)


def sent(sender: Dispatcher) -> int:
    return sum(sender.dispatch() is not None for _ in range(12))


def test_a_share_is_sent_until_its_end_and_not_beyond(room: Newsroom) -> None:
    room.provider = RecordingProvider(max_recipients=10)
    room.limits = replace(room.limits, rate=1000)
    room.start(200)
    one, other = (dispatcher(room, enter(room)) for _ in range(2))
    assert (sent(one), sent(other)) == (5, 0), "half of a tenth of a second"
    room.clock.advance(seconds=0.05)
    assert other.dispatch()
    room.clock.advance(seconds=2)
    assert (sent(one), sent(other)) == (5, 0), "what the other had left is over"


def test_a_claim_that_fails_keeps_nothing_of_the_rate(room: Newsroom) -> None:
    room.provider = RecordingProvider(max_recipients=10)
    room.limits = replace(room.limits, rate=1000)
    room.start(200)
    one = dispatcher(room, enter(room))
    known = room.guard_file.read()
    assert isinstance(known, GuardRecord)
    room.guard_file.write(replace(known, mark=replace(known.mark, claims=9)))
    for _ in range(20):
        with pytest.raises(Refused, match="exchanged"):
            one.dispatch()
    room.guard_file.write(known)
    assert sent(one) == 10, "a tenth of a second"


def test_batches_that_are_smaller_than_they_may_be_waste_no_turn(room: Newsroom) -> None:
    room.limits = replace(room.limits, rate=105)
    room.start(200)
    one = dispatcher(room, enter(room))
    assert sent(one) == 11, "ten whole batches, and a part of one"
    assert len(room.provider.accepted) == 105


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
    with room.store.real.begin_sending() as tx:
        lease = timedelta(minutes=2)
        assert tx.batches.claim(at=tx.now, lease=lease, attempt_id="a", owner=one)
    assert look(room, leaving=one) == RecoveryResult(unknown=0)
    assert room.counts() == Counts(pending=25)
    room.drain()
    assert room.counts() == Counts(accepted=25)


class Away:
    """A store that is not there for the first transactions that record."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def begin_sending(self, *, is_durable: bool = True) -> Iterator[Any]:
        with self._store.begin_sending(is_durable=is_durable) as tx:
            yield tx
            is_recorded = tx.db.has_row("SELECT 1 FROM batch WHERE settled_at IS NOT NULL")
            if is_recorded and self.times:
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


def test_what_a_living_worker_could_not_book_is_nobodys_after_its_lease(room: Newsroom) -> None:
    room.start(3)
    sender = replace(dispatcher(room, owner := enter(room)), store=Away(room.store.real, 1))
    with pytest.raises(StoreUnavailable):
        sender.dispatch()
    for seconds, found in ((-1, 0), (1, 1)):
        room.clock.advance(seconds=sender.lease.total_seconds() + seconds)
        with room.store.begin() as tx:
            assert tx.workers.beat(owner, tx.now)
            assert tx.batches.has_orphans(tx.now) is (seconds > 0)
        assert look(room) == RecoveryResult(unknown=found)
    assert room.counts() == Counts(unknown=3)
    assert sender.dispatch() is None
