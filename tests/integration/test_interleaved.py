"""Claim, note and record of one worker, cut at each statement by what another process does.

On a real PostgreSQL: the first worker stops before its statement number n, the other process acts,
and waits only where a lock makes it wait; then the first one goes on.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.worker import ProcessRole
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.reconcile import recover
from newsletter.store.database import Database
from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.postgresql import Postgresql
from newsletter.store.sql import Store
from tests.fakes import FixedClock, MemoryWatermark, hash_address
from tests.postgresql import emptied
from tests.unit.pipeline.newsroom import Newsroom

pytestmark = pytest.mark.slow("asks a server some thousand times, and waits for locks")
LOCK_SECONDS = 0.15
"""Later than that, it waits for a lock."""


Promise = Callable[[], None]
"""Check the books at the end, after another process has acted."""


def nothing() -> None: ...


class Stepped:
    """A database whose transactions call ``point`` before each statement and before the commit."""

    def __init__(self, database: Postgresql, point: Callable[[], None]) -> None:
        self._database = database
        self._point = point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Database]:
        with self._database.transaction(**options) as db:
            yield Database(_Session(db.driver, self._point))  # type: ignore[arg-type]
            self._point()
        self._point()


class _Session:
    def __init__(self, driver: Any, point: Callable[[], None]) -> None:
        self._driver = driver
        self._point = point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def execute(self, sql: str, values: Any) -> Any:
        self._point()
        return self._driver.execute(sql, values)

    def executemany(self, sql: str, many: Any) -> Any:
        self._point()
        return self._driver.executemany(sql, many)

    def add_rows(self, table: str, columns: Any, rows: Any) -> Any:
        self._point()
        return self._driver.add_rows(table, columns, rows)


class Cut:
    """Counts points, and at one of them starts a deed and waits until it ended or is blocked."""

    def __init__(self, at: int, deed: Callable[[], Promise]) -> None:
        self.passed = 0
        self._at = at
        self._deed = deed
        self._thread: threading.Thread | None = None
        self._failure: list[BaseException] = []
        self.promise: Promise = nothing

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._at:
            self._thread = threading.Thread(target=self._run)
            self._thread.start()
            self._thread.join(LOCK_SECONDS)

    def _run(self) -> None:
        try:
            self.promise = self._deed()
        except BaseException as error:
            self._failure.append(error)

    def end(self) -> bool:
        """Wait for the deed; return whether it was begun."""
        if self._thread is not None:
            self._thread.join(60)
            assert not self._thread.is_alive(), "both wait for each other"
        for error in self._failure:
            raise error
        return self._thread is not None


def enter(room: Newsroom) -> int:
    with room.store.begin() as tx:
        return tx.workers.enter(name="w", host="h", role=ProcessRole.WORKER, slots=1, at=tx.now)


def dispatcher(room: Newsroom, store: Any, owner: int) -> Dispatcher:
    """Return the dispatcher of a process, which has a guard file of its own."""
    return replace(room.dispatcher(store), owner=owner, guard_file=MemoryWatermark(begun=True))


def dispatch(room: Newsroom, owner: int) -> Promise:
    other = dispatcher(room, room.store, enter(room))
    while other.dispatch() is not None:
        pass
    return nothing


def cancel(room: Newsroom, owner: int) -> Promise:
    with room.store.begin() as tx:
        assert tx.campaigns.change_state(
            room.campaign().id, CampaignState.CANCELLED, expect={CampaignState.SENDING}, at=tx.now
        )
        tx.campaigns.cancel_pending(room.campaign().id)
        noted = tx.db.value("SELECT COUNT(*) FROM batch WHERE body_hash <> ''")

    def promise() -> None:
        assert len(room.provider.batches) == noted

    return promise


def leave(room: Newsroom, owner: int) -> Promise:
    with room.store.begin() as tx:
        entry = SuppressedEntry(
            address="reader2@example.org", reason=SuppressionReason.UNSUBSCRIBED
        )
        assert tx.readers.suppress([entry], tx.now, "test") == 1
        claimed = tx.db.value("SELECT MAX(fence) FROM batch WHERE first < 3")

    def promise() -> None:
        assert claimed or "reader2@example.org" not in room.provider.accepted

    return promise


def bury(room: Newsroom, owner: int) -> Promise:
    recover(store=room.store, accounts=room.pool().accounts, shares_sending=True, leaving=owner)
    return nothing


def beat(room: Newsroom, owner: int) -> Promise:
    with room.store.begin(is_durable=False) as tx:
        assert tx.workers.beat(owner, tx.now)
        claims = tx.generation.mark().claims

    def promise() -> None:
        with room.store.read() as tx:
            assert tx.generation.mark().claims >= claims

    return promise


ANSWERS = {
    "all": Answer(outcome=Outcome(verdict=Verdict.ACCEPTED)),
    "one is put off": Answer(
        outcome=Outcome(verdict=Verdict.ACCEPTED),
        exceptions={1: Outcome(verdict=Verdict.RETRY, reason="r")},
    ),
    "one is rejected": Answer(
        outcome=Outcome(verdict=Verdict.ACCEPTED),
        exceptions={1: Outcome(verdict=Verdict.REJECTED, reason="r")},
    ),
}


@pytest.mark.parametrize(
    "answer",
    ["all", *(pytest.param(name, marks=pytest.mark.faults(seconds=15)) for name in [*ANSWERS][1:])],
)
@pytest.mark.parametrize("deed", [dispatch, bury, leave, cancel, beat])
def test_cut_at_any_statement_by_another_process_each_reader_has_it_once(
    postgresql_database: Postgresql,
    tmp_path: Path,
    deed: Callable[[Newsroom, int], Promise],
    answer: str,
) -> None:
    at, is_begun = 0, True
    while is_begun:
        at += 1
        clock = FixedClock()
        chain = Chain(key=b"k" * 32, head=HeadFile(tmp_path / f"head{at}"))
        parts: dict[str, Any] = {"hash_address": hash_address, "chain": chain, "clock": clock}
        database = emptied(postgresql_database)
        room = Newsroom(Store(database, **parts))
        room.rules = replace(room.rules, batch_size=3)
        room.start(6)
        owner = enter(room)
        cut = Cut(at, lambda room=room, owner=owner: deed(room, owner))  # type: ignore[misc]
        stepped = Store(Stepped(database, cut), **parts)  # type: ignore[arg-type]
        room.provider.answer = lambda batch: (
            ANSWERS[answer] if batch.recipients[0].subscriber_id == 1 else ANSWERS["all"]
        )
        first = dispatcher(room, stepped, owner)
        first.dispatch()
        is_begun = cut.end()
        room.provider.answer = lambda _: ANSWERS["all"]
        clock.advance(minutes=10)
        room.drain()
        check(room)
        cut.promise()
    assert at > 15


def check(room: Newsroom) -> None:
    accepted, unknown, counts = room.provider.accepted, set(room.unknown()), room.counts()
    assert len(accepted) == len(set(accepted))
    assert counts.audience == 6
    assert counts.pending == 0
    assert counts.accepted == len(set(accepted) - unknown)
    assert room.campaign().state.is_ended
