"""Contract: a store keeps several processes apart that share the sending."""

import random
from datetime import datetime, timedelta

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import BatchOutcomes, ClaimedBatch
from newsletter.domain.delivery.worker import DEAD_AFTER, ProcessRole
from newsletter.store.database import as_stored
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, BUSY, LEASE, Books, ids
from tests.contracts.store_threads import in_threads
from tests.fakes import NOON

_SECOND = timedelta(seconds=1)


def enter(
    store: Store, name: str = "w", *, at: datetime = NOON, role: ProcessRole = ProcessRole.WORKER
) -> int:
    with store.begin() as tx:
        return tx.workers.enter(name=name, host="one.example", role=role, slots=4, at=at)


def claim(store: Store, owner: int | None, attempt_id: str = "a1") -> ClaimedBatch | None:
    with store.begin_sending(is_durable=False) as tx:
        return tx.batches.claim(at=NOON, lease=LEASE, attempt_id=attempt_id, owner=owner)


def note(store: Store, claimed: ClaimedBatch, owner: int) -> int:
    with store.begin_sending() as tx:
        return tx.batches.record_start(claimed.id, body_hash="b", owner=owner)


def bury(store: Store, *dead: int, shares_sending: bool = True) -> int:
    with store.begin() as tx:
        tx.workers.remove(list(dead))
        return tx.batches.abandon(at=NOON, shares_sending=shares_sending)


class WorkersContract:
    def test_a_worker_is_known_by_name_host_start_and_heartbeat(self, store: Store) -> None:
        one, other = enter(store), enter(store, "v", at=NOON + _SECOND, role=ProcessRole.SCHEDULER)
        with store.begin() as tx:
            assert tx.workers.beat(one, NOON + 3 * _SECOND)
            first, second = tx.workers.all()
        assert (first.id, first.name, first.host, first.slots) == (one, "w", "one.example", 4)
        assert (first.started_at, first.beat_at) == (NOON, NOON + 3 * _SECOND)
        assert (second.id, second.role) == (other, ProcessRole.SCHEDULER)
        assert first.is_alive(first.beat_at + DEAD_AFTER - _SECOND)
        assert not first.is_alive(first.beat_at + DEAD_AFTER)

    def test_a_worker_that_was_removed_learns_it_at_its_next_heartbeat(self, store: Store) -> None:
        one = enter(store)
        with store.begin() as tx:
            assert tx.workers.silent(NOON) == []
            assert tx.workers.silent(NOON + _SECOND) == [one]
            tx.workers.remove([one])
            assert not tx.workers.beat(one, NOON)
        assert enter(store) > one

    def test_nothing_is_claimed_until_the_machines_have_compared_after_a_fail_over(
        self, store: Store
    ) -> None:
        Books(store, 60)
        one, timeline = enter(store), store.database.location().filesystem
        with store.begin() as tx:
            tx.workers.beat(one, NOON)
            tx.generation.note_timeline("before", 3, NOON + _SECOND)
            assert tx.generation.mark().timeline_claims == 3
            # of a server that became another one since
            tx.db.change("UPDATE restore_guard SET timeline = 'another'")
        if "postgresql" in store.database.name:
            assert claim(store, one) is claim(store, None) is None
        with store.begin() as tx:
            tx.generation.note_timeline(timeline, 4, NOON + _SECOND)
            tx.generation.note_timeline(timeline, 5, NOON)  # the first note stays
            mark = tx.generation.mark()
            assert (mark.timeline, mark.timeline_claims) == (timeline, 4)
            # the server has no synchronous standby
            known = 0 if "postgresql" in store.database.name else as_stored(NOON)
            assert mark.timeline_beat_at == mark.beat_at == known
        assert claim(store, one) is None
        with store.begin_sending(is_durable=False) as tx:
            at = NOON + _SECOND
            assert tx.batches.claim(at=at, lease=LEASE, attempt_id="a1", owner=one) is not None

    def test_claims_are_counted_by_each_owner_and_stay_counted(self, store: Store) -> None:
        books = Books(store, 60)
        one, other = enter(store), enter(store)
        numbers = []
        for owner in (one, other, one):
            claimed = claim(store, owner)
            assert claimed is not None
            numbers.append(note(store, claimed, owner))
        numbers.append(books.intend(books.claim(intends=False)))
        assert numbers == [1, 2, 3, 4]
        bury(store, one, other)
        with store.read() as tx:
            assert tx.generation.mark().claims == 4
        assert books.intend(books.claim(intends=False)) == 5
        with store.begin() as tx:
            tx.generation.renew(tx.generation.mark())
            assert tx.generation.mark().claims == 5

    def test_a_worker_without_a_row_claims_nothing(self, store: Store) -> None:
        Books(store, 4)
        one = enter(store)
        bury(store, one)
        assert claim(store, one) is None

    def test_only_what_the_dead_had_claimed_is_recovered(self, store: Store) -> None:
        books = Books(store, 40)
        dead, living = enter(store), enter(store)
        owners = (dead, dead, living, living)
        called, built, theirs, theirs_built = (claim(store, owner) for owner in owners)
        assert called is not None
        assert built is not None
        assert theirs is not None
        assert note(store, called, dead)
        assert note(store, theirs, living)
        with store.read() as tx:
            assert [tx.batches.has_orphans(NOON + at) for at in (0 * LEASE, LEASE)] == [False, True]
        assert theirs_built is not None
        assert bury(store, dead) == 1
        assert books.counts() == Counts(unknown=10, pending=30)
        with store.read() as tx:
            [reason] = tx.db.column("SELECT reason FROM batch WHERE state = 'unknown'")
        assert reason == "the process ended while the call was under way"
        assert books.settle(theirs)
        assert note(store, theirs_built, living)
        assert ids(books.claim()) == ids(built)
        assert not books.settle(called)

    def test_a_call_of_the_dead_may_go_on_until_its_lease_ends(self, store: Store) -> None:
        books = Books(store, 10)
        dead = enter(store)
        claimed = claim(store, dead)
        assert claimed is not None
        assert note(store, claimed, dead)
        assert bury(store, dead) == 1
        with store.begin() as tx:
            assert tx.unknowns.calls_until(books.id, NOON) == NOON + LEASE
            ours = {"recording": ""}
            assert tx.unknowns.claim(at=NOON, lease=LEASE, accounts=ours) is None
            assert tx.unknowns.claim(at=NOON + LEASE, lease=LEASE, accounts=ours) is not None
        # that one process sends proves that no such call goes on
        assert bury(store, shares_sending=False) == 0
        with store.read() as tx:
            assert tx.unknowns.calls_until(books.id, NOON) is None

    def test_one_scheduler_leads_until_its_lease_ends_or_its_row_is_gone(
        self, store: Store
    ) -> None:
        one, other = (enter(store, role=ProcessRole.SCHEDULER) for _ in range(2))
        lease = timedelta(seconds=15)
        with store.begin() as tx:
            assert tx.workers.leader(NOON) is None
            assert tx.workers.lead(one, NOON, lease)
            assert tx.workers.lead(one, NOON + _SECOND, lease)
            assert not tx.workers.lead(other, NOON + lease, lease)
            assert tx.workers.leader(NOON + lease) == one
            assert tx.workers.leader(NOON + 2 * lease) is None
            assert tx.workers.lead(other, NOON + 2 * lease, lease)
            assert not tx.workers.lead(one, NOON + 2 * lease, lease)
            tx.workers.remove([other])
            assert tx.workers.lead(one, NOON + 2 * lease, lease)
            assert tx.db.column("SELECT epoch FROM scheduler_lease") == [3]

    def test_several_workers_with_many_threads_reach_each_reader_once(
        self, store: Store, seed: int
    ) -> None:
        books = Books(store, 400, batch_size=4)
        owners = [enter(store) for _ in range(3)]
        chance = [random.Random(seed + number) for number in range(8)]  # noqa: S311 - no secret

        def work(number: int) -> list[tuple[tuple[int, int], list[int]]]:
            left: list[tuple[tuple[int, int], list[int]]] = []
            owner = owners[number % 3]
            draw = chance[number]
            while (claimed := claim(store, owner, f"t{number}a{len(left)}")) is not None:
                if draw.random() < 0.1:
                    continue  # died before the note
                counted = note(store, claimed, owner)
                assert counted is not None
                left.append(((owner, counted), ids(claimed)))
                again = {n: BUSY for n in ids(claimed) if draw.random() < 0.2}
                with store.begin_sending() as tx:
                    outcomes = BatchOutcomes(
                        outcome=ACCEPTED, exceptions={}, to_retry=again, wait=LEASE
                    )
                    assert tx.batches.settle(claimed, outcomes=outcomes, at=NOON)
            return left

        calls = [call for share in in_threads(work) for call in share]
        assert len({number for number, _ in calls}) == len(calls), "an owner's numbers rise"
        with store.read() as tx:
            assert tx.generation.mark().claims == len(calls)
        reached = [reader for _, members in calls for reader in members]
        assert len(reached) == len(set(reached))
        books.check()
        assert books.counts().accepted + books.counts().pending == 400
        bury(store, *owners)
        books.drain()
        books.check()

    def test_none_is_claimed_after_a_cancellation_beside_many_claims(self, store: Store) -> None:
        books = Books(store, 400, batch_size=2)
        owner = enter(store)

        def work(number: int) -> int:
            if number == 0:
                books.move(CampaignState.CANCELLED)
                with store.read() as tx:
                    return tx.generation.mark().claims
            while True:
                with store.begin_sending() as tx:
                    claimed = tx.batches.claim(
                        at=NOON, lease=LEASE, attempt_id=f"t{number}", owner=owner
                    )
                    if claimed is None:
                        return -1
                    tx.batches.record_start(claimed.id, body_hash="b", owner=owner)

        counted = max(in_threads(work))
        with store.read() as tx:
            assert tx.generation.mark().claims == counted
