"""Contract: a store stays correct while many threads use it at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import BatchOutcomes
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, LEASE, Books, ids
from tests.fakes import NOON

THREADS = 8
T = TypeVar("T")


def in_threads(work: Callable[[int], T]) -> list[T]:
    """Run it in all threads at the same moment; raises what any of them raised."""
    start = threading.Barrier(THREADS, timeout=60)

    def one(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS), timeout=60))


class ThreadsContract:
    def test_no_two_threads_ever_claim_the_same_batch(self, store: Store) -> None:
        books = Books(store, 400, batch_size=2)

        def work(number: int) -> list[list[int]]:
            taken = []
            while True:
                with store.begin() as tx:
                    name = f"t{number}a{len(taken)}"
                    claimed = tx.batches.claim(at=NOON, lease=LEASE, attempt_id=name)
                if claimed is None:
                    return taken
                taken.append(ids(claimed))
                with store.begin() as tx:
                    outcomes = BatchOutcomes(outcome=ACCEPTED, exceptions={})
                    assert tx.batches.settle(claimed, outcomes=outcomes, at=NOON)

        taken = [batch for share in in_threads(work) for batch in share]
        assert len(taken) == 200
        assert sorted(number for batch in taken for number in batch) == list(range(1, 401))
        books.check()
        assert books.counts() == Counts(accepted=400)

    def test_one_batch_is_booked_by_one_thread_only(self, store: Store) -> None:
        books = Books(store, 3)
        claimed = books.claim()

        def work(_number: int) -> bool:
            with store.begin() as tx:
                outcomes = BatchOutcomes(outcome=ACCEPTED, exceptions={})
                return tx.batches.settle(claimed, outcomes=outcomes, at=NOON)

        assert in_threads(work).count(True) == 1
        assert books.counts() == Counts(accepted=3)

    def test_messages_that_senders_count_at_once_add_up_to_the_quota_and_not_beyond(
        self, store: Store
    ) -> None:
        day = NOON.date()

        def work(number: int) -> bool:
            with store.begin_sending() as tx:
                kept = tx.rate_limits.get("mailgun", "forum.example", is_locked=True)
                failing = (kept.failing_since or NOON) + timedelta(hours=1)
                kept = replace(kept, day=day, failing_since=failing)
                tx.rate_limits.put("mailgun", "forum.example", kept)
            with store.begin_sending() as tx:
                return tx.rate_limits.count("mailgun", "forum.example", 10, day=day, quota=45)

        assert in_threads(work).count(True) == 4
        with store.begin_sending() as tx:
            kept = tx.rate_limits.get("mailgun", "forum.example")
            tomorrow = day + timedelta(days=1)
            assert not tx.rate_limits.count("mailgun", "forum.example", 1, day=tomorrow, quota=45)
        assert kept.used == 40
        assert kept.failing_since == NOON + timedelta(hours=THREADS)

    def test_the_log_of_many_writers_is_one_chain(self, store: Store) -> None:
        def work(number: int) -> None:
            for place in range(5):
                with store.begin() as tx:
                    tx.audit.enter(actor=f"t{number}", action="do", subject="s", detail=str(place))

        in_threads(work)
        with store.read() as tx:
            assert tx.audit.verify().number == THREADS * 5
