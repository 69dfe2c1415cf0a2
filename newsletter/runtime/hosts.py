"""Processes that share the sending, on one or more machines: workers and one scheduler."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from newsletter.domain.delivery.worker import DEAD_AFTER, HEARTBEAT_INTERVAL, ProcessRole
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.runtime.clock import ServerClock, answered_in_time
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_recovered
from newsletter.runtime.outcome import Run
from newsletter.runtime.runners import EmailRunner
from newsletter.runtime.scheduler import Scheduler, log
from newsletter.store.database import as_stored
from newsletter.store.wakeups import WorkerWakeups

_RETRY_SECONDS, _LONG_RETRY_SECONDS = 1.0, 3.0
"""Seconds before another try, if another scheduler leads or the database is away."""
_MAX_RATE_WAIT = timedelta(seconds=1)
"""A worker sleeps during a shorter wait for the rate, instead of scheduling a wake-up."""
_LOST = "this process gave no sign of life for too long; others have taken over what it had begun"


class WorkerRegistration:
    """The row of this process in the database, and its heartbeat. ``on_end`` gets fatal errors."""

    def __init__(
        self, delivery: Delivery, role: ProcessRole, *, on_end: Callable[[Exception], None]
    ) -> None:
        self._delivery = delivery
        self._role = role
        self._on_end = on_end
        self._ended = threading.Event()
        self.leads = threading.Event()
        """Set while this process is the leading scheduler."""

    @contextmanager
    def registered(self) -> Iterator[int]:
        """Yield this process's worker id. At the end its open claims are recovered."""
        store = self._delivery.store
        with store.begin() as tx:
            owner = tx.workers.enter(
                name=f"{self._role.value}-{os.getpid()}",
                host=socket.gethostname(),
                role=self._role,
                slots=self._delivery.settings.provider.concurrency,
                at=tx.now,
            )
        beating = threading.Thread(target=self._beat, args=(owner,), name="heartbeat")
        beating.start()
        try:
            yield owner
        finally:
            self._ended.set()
            beating.join()
            with suppress(StoreUnavailable):
                # the process may end because a replica lacks one of its claims
                self._delivery.guard().follow()
                log_recovered(self._delivery.recover(leaving=owner))

    def _beat(self, worker_id: int) -> None:
        while not self._ended.is_set():
            try:
                with answered_in_time():
                    is_alive = self._beat_once(worker_id)
                if not is_alive:
                    self._on_end(StoreUnavailable(_LOST))
                    return
            except StoreUnavailable as error:
                log.error("no sign of life could be given: %s", error)
            except Exception as error:
                self._on_end(error)
                return
            self._ended.wait(HEARTBEAT_INTERVAL.total_seconds())

    def _beat_once(self, worker_id: int) -> bool:
        """Record a heartbeat. Return False if this process counts as dead or no longer leads."""
        store, guard_file = self._delivery.store, self._delivery.guard_file
        if isinstance(store.clock, ServerClock):
            store.clock.synchronise()
        self._delivery.guard().follow()
        with store.begin() as tx:  # durable: a standby that has it has all commits before it
            is_known = tx.workers.beat(worker_id, tx.now)
            leads = self._role is ProcessRole.SCHEDULER and tx.workers.lead(
                worker_id, tx.now, DEAD_AFTER
            )
            mark = tx.generation.mark()
        if not is_known or (self.leads.is_set() and not leads):
            return False
        # each machine stores the claims of all, so that each detects a restored database
        guard_file.store_claim(mark.claims, as_stored(tx.now), mark)
        guard_file.flush(is_replica_checked=True)
        if leads:
            self.leads.set()
        return True


def _wake_all_workers(delivery: Delivery, wakeups: WorkerWakeups) -> None:
    with delivery.store.read() as tx:
        slots = sum(
            worker.slots
            for worker in tx.workers.all()
            if worker.role is ProcessRole.WORKER and worker.is_alive(tx.now)
        )
    wakeups.wake(slots)


class LeadingScheduler(Scheduler):
    """The scheduler of a workspace whose workers are other processes.

    It waits while another scheduler leads, and takes over when that is dead.
    """

    def _note_configuration(self) -> None:
        """Store nothing yet, because another scheduler may lead."""

    def _at_work(self, until_idle: bool) -> Run:
        self._wakeups = self._delivery.wakeups()
        presence = WorkerRegistration(self._delivery, ProcessRole.SCHEDULER, on_end=self._fail)
        with self._wakeups.open(), presence.registered() as owner:
            while not presence.leads.wait(_RETRY_SECONDS):
                if self._stop.is_set():
                    return self._run
            super()._note_configuration()
            with self._delivery.store.begin() as tx:
                self._delivery.pool.first.limiter.count_day(tx, tx.now)
            self._email_runner = EmailRunner(
                self._delivery, is_stopped=self._stop.is_set, worker_id=owner
            )
            return super()._at_work(until_idle)

    def _start_workers(self) -> list[threading.Thread]:
        return []

    def _wake_workers(self) -> None:
        _wake_all_workers(self._delivery, self._wakeups)


class BatchWorker(Scheduler):
    """A process that sends batches when it is woken."""

    def stop(self) -> None:
        """Claim nothing more, and let calls under way end. Returns at once."""
        super().stop()
        self._wakeups.stop()

    def _note_configuration(self) -> None:
        """Store nothing, because the leading scheduler stores its settings."""

    def _begin_generation(self, until_idle: bool) -> bool:
        self._wakeups = self._delivery.wakeups()
        return super()._begin_generation(until_idle)

    def _at_work(self, until_idle: bool) -> Run:
        while not self._stop.is_set():
            try:
                self._work_until_end()
            except StoreUnavailable as error:
                log.error("%s", error)
                self._stop.wait(_LONG_RETRY_SECONDS)
        if self._run.failure is not None:
            raise self._run.failure
        return self._run

    def _work_until_end(self) -> None:
        """Send until the process ends, or needs a new row or connection."""
        self._wakeups = wakeups = self._delivery.wakeups()
        ends: list[Exception] = []

        def end(error: Exception) -> None:
            ends.append(error)
            wakeups.stop()

        presence = WorkerRegistration(self._delivery, ProcessRole.WORKER, on_end=end)
        slots = self._delivery.settings.provider.concurrency
        with wakeups.open(), presence.registered() as owner:
            dispatcher = self._delivery.dispatcher(
                worker_id=owner,
                goes_on=lambda: not self._stop.is_set(),
                waits=lambda: not self._stop.wait(_RETRY_SECONDS),
            )
            if not self._stop.is_set():
                wakeups.work(lambda: self._send_due(dispatcher), self._recover_dead, slots=slots)
        for error in ends:
            raise error

    def _send_due(self, dispatcher: Dispatcher) -> None:
        """Send batches until none is due or the rate limit stops them."""
        try:
            while not self._stop.is_set():
                for result in dispatcher.dispatch_all():
                    self._record_attempt(result)
                if not self._wait_for_rate():
                    return
        except StoreUnavailable as error:
            log.error("cannot send: %s", error)
        except BaseException as error:  # Procrastinate would only log it
            self._fail(error)

    def _wait_for_rate(self) -> bool:
        """Sleep until the rate allows more; if that is far, schedule a wake-up and return False."""
        ends = [wait.until for wait in self._delivery.waits().values() if wait]
        if not ends:
            return False
        left = min(ends) - self._delivery.store.clock.now()
        if left > _MAX_RATE_WAIT:
            self._wakeups.wake_at(min(ends))
            return False
        return not self._stop.wait(max(left.total_seconds(), 0.0))

    def _recover_dead(self) -> None:
        """Recover the claims of dead processes, and wake all workers again."""
        try:
            with self._delivery.store.read() as tx:
                has_lost = tx.workers.silent(tx.now - DEAD_AFTER) or tx.batches.has_orphans(tx.now)
                sends = bool(tx.campaigns.find_sending_ids())
            if has_lost:
                log_recovered(self._delivery.recover())
            if sends and self._delivery.wait() is None:
                _wake_all_workers(self._delivery, self._wakeups)
        except StoreUnavailable as error:
            log.error("cannot look for dead processes: %s", error)
