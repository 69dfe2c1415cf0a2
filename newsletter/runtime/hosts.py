"""Processes that share the sending, on one machine or many: workers, and one scheduler."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from newsletter.domain.delivery.worker import DEAD_AFTER, HEARTBEAT, Part
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.runtime.clock import ServerClock
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_recovered
from newsletter.runtime.outcome import Run
from newsletter.runtime.rounds import Rounds
from newsletter.runtime.scheduler import Scheduler, log
from newsletter.store.looks import WorkerWakeups

_PAUSE, _LONG_PAUSE = 1.0, 3.0
"""Seconds until another try, while the database is not there or another scheduler is at work."""
_SHORT = timedelta(seconds=1)
"""A worker waits for a rate by itself if the wait is shorter."""
_LOST = "this process gave no sign of life for too long; others have taken over what it had begun"


class Presence:
    """The row of this process, with a heartbeat. ``on_end`` gets an error that ends its work."""

    def __init__(
        self, delivery: Delivery, part: Part, *, on_end: Callable[[Exception], None]
    ) -> None:
        self._delivery = delivery
        self._part = part
        self._on_end = on_end
        self._over = threading.Event()
        self.leads = threading.Event()
        """Whether this process is the scheduler at work."""

    @contextmanager
    def at_work(self) -> Iterator[int]:
        """Give the number of this process. Its open claims are recovered at the end."""
        store = self._delivery.store
        with store.begin() as tx:
            owner = tx.workers.enter(
                name=f"{self._part.value}-{os.getpid()}",
                host=socket.gethostname(),
                part=self._part,
                slots=self._delivery.settings.provider.concurrency,
                at=tx.now,
            )
        beating = threading.Thread(target=self._beat, args=(owner,), name="heartbeat")
        beating.start()
        try:
            yield owner
        finally:
            self._over.set()
            beating.join()
            with suppress(StoreUnavailable):
                log_recovered(self._delivery.recover(leaving=owner))

    def _beat(self, owner: int) -> None:
        while not self._over.is_set():
            try:
                if not self._beat_once(owner):
                    self._on_end(StoreUnavailable(_LOST))
                    return
            except StoreUnavailable as error:
                log.error("no sign of life could be given: %s", error)
            except Exception as error:
                self._on_end(error)
                return
            self._over.wait(HEARTBEAT.total_seconds())

    def _beat_once(self, owner: int) -> bool:
        """Return whether this process still counts as alive, and leads if it led."""
        store, guard_file = self._delivery.store, self._delivery.guard_file
        if isinstance(store.clock, ServerClock):
            store.clock.set()
        with store.begin(lasting=False) as tx:
            is_known = tx.workers.beat(owner, tx.now)
            leads = self._part is Part.SCHEDULER and tx.workers.lead(owner, tx.now, DEAD_AFTER)
            claims = tx.generation.mark().claims
        if not is_known or (self.leads.is_set() and not leads):
            return False
        # each machine follows the claims of all, so that each knows a database that was put back
        guard_file.note(claims)
        guard_file.flush()
        if leads:
            self.leads.set()
        return True


def _tell(delivery: Delivery, looks: WorkerWakeups) -> None:
    """Tell all workers to look for batches."""
    with delivery.store.read() as tx:
        slots = sum(
            worker.slots
            for worker in tx.workers.all()
            if worker.part is Part.WORKER and worker.is_alive(tx.now)
        )
    looks.tell(slots)


class LeadingScheduler(Scheduler):
    """The scheduler of a workspace whose workers are other processes.

    It waits while another one is at work, and takes its place when that one gives no sign of life.
    """

    def _note_configuration(self) -> None:
        """Say nothing yet: another scheduler may be at work."""

    def _at_work(self, until_idle: bool) -> Run:
        self._looks = self._delivery.looks()
        presence = Presence(self._delivery, Part.SCHEDULER, on_end=self._fail)
        with self._looks.open(), presence.at_work() as owner:
            while not presence.leads.wait(_PAUSE):
                if self._stop.is_set():
                    return self._run
            super()._note_configuration()
            with self._delivery.store.begin() as tx:
                self._delivery.pool.first.limiter.count_day(tx, tx.now)
            self._rounds = Rounds(self._delivery, stopped=self._stop.is_set, owner=owner)
            return super()._at_work(until_idle)

    def _start_workers(self) -> list[threading.Thread]:
        return []

    def _wake_workers(self) -> None:
        _tell(self._delivery, self._looks)


class BatchWorker(Scheduler):
    """Sends batches when another process tells it to look for them."""

    def stop(self) -> None:
        """Claim nothing more, let the calls that are under way end, and come back."""
        super().stop()
        self._looks.stop()

    def _note_configuration(self) -> None:
        """Say nothing: the scheduler at work says which settings are used."""

    def _begins(self, until_idle: bool) -> bool:
        self._looks = self._delivery.looks()
        return super()._begins(until_idle)

    def _at_work(self, until_idle: bool) -> Run:
        while not self._stop.is_set():
            try:
                self._work_once_told()
            except StoreUnavailable as error:
                log.error("%s", error)
                self._stop.wait(_LONG_PAUSE)
        if self._run.failure is not None:
            raise self._run.failure
        return self._run

    def _work_once_told(self) -> None:
        """Work until the end of the process, or until it needs another row or connection."""
        self._looks = looks = self._delivery.looks()
        ends: list[Exception] = []

        def end(error: Exception) -> None:
            ends.append(error)
            looks.stop()

        presence = Presence(self._delivery, Part.WORKER, on_end=end)
        slots = self._delivery.settings.provider.concurrency
        with looks.open(), presence.at_work() as owner:
            dispatcher = self._delivery.dispatcher(
                owner=owner, waits=lambda: not self._stop.wait(_PAUSE)
            )
            if not self._stop.is_set():
                looks.work(lambda: self._look(dispatcher), self._sweep, slots=slots)
        for error in ends:
            raise error

    def _look(self, dispatcher: Dispatcher) -> None:
        """Send one batch after another, until none is due or none may leave now."""
        try:
            while not self._stop.is_set():
                done = dispatcher.dispatch()
                if done is not None:
                    self._note(done)
                elif not self._waited():
                    return
        except StoreUnavailable as error:
            log.error("cannot send: %s", error)
        except BaseException as error:  # Procrastinate would only log it
            self._fail(error)

    def _waited(self) -> bool:
        """Wait for the rate if that is short, else look again then. Return whether it waited."""
        ends = [wait.until for wait in self._delivery.waits().values() if wait]
        if not ends:
            return False
        left = min(ends) - self._delivery.store.clock.now()
        if left > _SHORT:
            self._looks.tell_at(min(ends))
            return False
        return not self._stop.wait(max(left.total_seconds(), 0.0))

    def _sweep(self) -> None:
        """Recover what the dead had begun, and tell all workers what they may have missed."""
        try:
            with self._delivery.store.read() as tx:
                lost = tx.workers.silent(tx.now - DEAD_AFTER) or tx.batches.has_orphans(tx.now)
                sends = bool(tx.campaigns.sending())
            if lost:
                log_recovered(self._delivery.recover())
            if sends and self._delivery.wait() is None:
                _tell(self._delivery, self._looks)
        except StoreUnavailable as error:
            log.error("cannot look for dead processes: %s", error)
