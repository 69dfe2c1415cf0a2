"""Runs the periodic work of a workspace, and the threads that send batches.

APScheduler keeps its schedule in memory. All work is in the database, where each tick looks for it,
so a lost or late tick loses nothing.
"""

import ctypes
import gc
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from newsletter.domain.errors import NewsletterError, Refused, StoreUnavailable
from newsletter.domain.wording import joined
from newsletter.pipeline.delivery.dispatch import Dispatcher, DispatchResult
from newsletter.pipeline.delivery.reconcile import Reconciler
from newsletter.pipeline.events.record import pause_harmful
from newsletter.runtime.channels import ChannelPostRunner
from newsletter.runtime.clock import ServerClock, require_answer
from newsletter.runtime.diagnosis import check_health
from newsletter.runtime.log import (
    EndLog,
    log_attempt,
    log_reconciled,
    log_recovered,
    log_stopped,
    log_tick,
)
from newsletter.runtime.outcome import Run
from newsletter.runtime.runners import EmailRunner, EmptyResultCache, FeedRunner
from newsletter.runtime.tick import Tick
from newsletter.store.file.lock import record_heartbeat

log = logging.getLogger("newsletter.run")

_EXECUTOR_NAMES = ("default", "reconcile", "feeds", "emails", "posts", "health")
_IDLE_WAIT_SECONDS = 1.0
_BUSY_POLL, _IDLE_POLL = 0.2, 1.0
"""Seconds between checks whether the run has ended or is on hold, while sending and else."""
_M_ARENA_MAX, _MALLOC_ARENAS = -8, 2
"""An option of glibc's malloc, and its value. The default is eight for each core."""
_LOCK_TRIES = 10
"""The tries to get the lock, ``_IDLE_POLL`` apart."""
_RECONCILE_SECONDS = 1.0
_EMAIL_SECONDS, _CLEANUP_SECONDS = 1.0, 3600.0
_HEALTH_SECONDS, _FIRST_HEALTH_DELAY = 1800.0, timedelta(minutes=1)
"""Seconds between checks of the sender's health, and the time until the first one."""
_CLOCK_TOLERANCE = timedelta(seconds=1)
_IDLE_LOOKAHEAD = timedelta(seconds=12)
"""``until_idle`` waits for a replay or a look-up that is due within this time."""
_MAX_IDLE_WAIT = timedelta(minutes=5)
"""The longest wait for a quota, a local time or a blocked provider with ``until_idle``."""
_MAX_FAILED_ATTEMPTS = 4
"""Failed attempts of one batch after which ``until_idle`` ends."""


class _Every(IntervalTrigger):  # type: ignore[misc] # APScheduler has no types
    """An interval that counts from the last run, even if the clock jumps."""

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + timedelta(seconds=self.interval_length)


class Scheduler:
    """Runs a workspace until it is stopped, or until no work is left."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._delivery = delivery = tick.delivery
        clock = delivery.store.clock
        self._machine_clock = clock.machine if isinstance(clock, ServerClock) else clock
        """The clock of APScheduler, which may differ from the server's."""
        self._service_name = secrets.token_hex(8)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._run = Run()
        self._is_sending = True
        """Whether a campaign was being sent at the last check."""
        self._feed_runner = FeedRunner(tick.statements, is_stopped=self._stop.is_set)
        self._email_runner = EmailRunner(delivery, is_stopped=self._stop.is_set)
        self._end_log = EndLog()
        self._failed_attempts_lock = threading.Lock()
        self._failed_attempts: dict[int, int] = {}
        self._is_reconciling = False
        self._nothing_unknown = EmptyResultCache(delivery.store.change_number)
        self._nothing_sent = EmptyResultCache(delivery.store.change_number)

    def stop(self) -> None:
        """Claim nothing more, and let calls under way end. Returns at once."""
        self._stop.set()
        self._wake.set()

    def run(self, *, until_idle: bool = False) -> Run:
        """Run until stopped, or until idle. Return the run's events.

        Raises Refused if another process sends. While sending is on hold, it waits for its release,
        since the desk and readers' links need this process; ``until_idle`` raises Refused instead.
        """
        self._tick.prepare()  # before threads share it
        # else each thread keeps the memory that it freed, 8 MB in all
        with suppress(AttributeError):  # without glibc
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _MALLOC_ARENAS)
        tries = 1
        try:
            while not self._stop.is_set():
                with self._sender_lock(tries):
                    self._note_configuration()
                    if self._begin_generation(until_idle):
                        return self._at_work(until_idle)
                self._await_resumption()
                tries = _LOCK_TRIES
        finally:
            # without the lock, a note that stays counts for a minute at most
            with suppress(NewsletterError), self._delivery.store.begin(is_durable=False) as tx:
                tx.running_service.remove_note(self._service_name)
        return self._run

    def _note_configuration(self) -> None:
        """Store the hash of this process's settings and templates, until the process ends."""
        record_heartbeat(self._delivery.settings.lock_path)
        with self._delivery.store.begin(is_durable=False) as tx:
            tx.running_service.replace_note(
                self._tick.statements.configuration.digest(), self._service_name
            )

    @contextmanager
    def _sender_lock(self, tries: int) -> Iterator[None]:
        """Hold the sender's lock. Try again while a command has it for a moment."""
        with ExitStack() as locks:
            while True:
                try:
                    locks.enter_context(self._delivery.hold_sender_lock())
                    break
                except Refused:
                    tries -= 1
                    if not tries or self._stop.wait(_IDLE_POLL):
                        raise
            yield

    def _begin_generation(self, until_idle: bool) -> bool:
        """Begin a generation. Return False if sending is on hold."""
        guard = self._delivery.guard()
        try:
            guard.begin()
        except Refused as refusal:
            if until_idle or not guard.holds():
                raise
            log.warning("%s", refusal)
            return False
        return True

    def _await_resumption(self) -> None:
        """Wait until sending is resumed, without the lock, which the command needs."""
        guard = self._delivery.guard()
        while guard.holds():
            if self._stop.wait(_IDLE_POLL):
                return
            # so that processes with other settings may still not approve
            record_heartbeat(self._delivery.settings.lock_path)
            if self._is_superseded():
                self.stop()
                return
        log.warning("sending is resumed")

    def _at_work(self, until_idle: bool) -> Run:
        store = self._delivery.store
        log_recovered(self._delivery.recover())
        with store.read() as tx:
            # this run reports what a dead process had begun
            self._run.worked_on |= set(tx.campaigns.find_sending_ids())
        paused = pause_harmful(store=store)  # before the first batch, not some batches later
        log_stopped(paused)
        self._delivery.counters.add("breaker_pauses", by=len(paused))
        clock = self._start_clock()
        workers = self._start_workers()
        try:
            self._watch(until_idle, clock)
        finally:
            self.stop()
            clock.shutdown(wait=True)
            for worker in workers:
                worker.join()
            gc.unfreeze()
        self._log_ended()
        if self._run.failure is not None:
            raise self._run.failure
        return self._run

    def _start_clock(self) -> BackgroundScheduler:
        clock = BackgroundScheduler(
            timezone=UTC,
            # a thread each, so that statements do not wait for a slow provider
            executors={name: ThreadPoolExecutor(1) for name in _EXECUTOR_NAMES},
            # a late tick is as good, and several missed ticks are one
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        clock.add_listener(self._on_error, EVENT_JOB_ERROR)
        poll = self._delivery.settings.schedule.poll.total_seconds()
        self._repeat(clock, "default", poll, self._run_tick)
        reconcile = partial(self._reconcile, self._delivery.reconciler())
        self._repeat(clock, "reconcile", _RECONCILE_SECONDS, reconcile)
        if self._tick.statements.feeds:
            self._repeat(clock, "feeds", poll, self._feed_runner.poll_due)
        self._repeat(clock, "emails", _EMAIL_SECONDS, self._email_runner.send_due)
        self._repeat(clock, "emails", _CLEANUP_SECONDS, self._email_runner.forget)
        self._schedule_notices(clock)
        clock.start()
        return clock

    def _schedule_notices(self, clock: BackgroundScheduler) -> None:
        """Schedule posts to the team's channels, and checks of the sender's health."""
        settings, store = self._delivery.settings, self._delivery.store
        if not settings.desk.enabled:
            return
        if settings.notices:
            posts = ChannelPostRunner(settings, store, is_stopped=self._stop.is_set)
            self._repeat(clock, "posts", _EMAIL_SECONDS, posts.send_due)
        check = partial(check_health, self._delivery)
        self._repeat(clock, "health", _HEALTH_SECONDS, check, after=_FIRST_HEALTH_DELAY)

    def _repeat(
        self,
        clock: BackgroundScheduler,
        executor: str,
        seconds: float,
        action: Callable[[], None],
        after: timedelta = timedelta(0),
    ) -> None:
        """Schedule an action in an executor, first ``after`` a time, then every ``seconds``."""
        clock.add_job(
            action,
            _Every(seconds=max(seconds, 0.1)),
            next_run_time=self._machine_clock.now() + after,
            executor=executor,
        )

    def _start_workers(self) -> list[threading.Thread]:
        dispatcher = self._delivery.dispatcher(
            goes_on=lambda: self._is_sending and not self._stop.is_set()
        )
        gc.freeze()  # else the collector would scan all loaded modules every few batches
        workers = [
            threading.Thread(target=self._work, args=(dispatcher,), name=f"dispatch-{number}")
            for number in range(self._delivery.settings.provider.concurrency)
        ]
        for worker in workers:
            worker.start()
        return workers

    def _run_tick(self) -> None:
        if self._stop.is_set():
            return
        try:
            # first, so that nothing is planned in an exchanged database
            self._delivery.guard_file.flush()
        except Refused as error:
            self._fail(error)
            return
        if self._run.hold_reason:
            return
        tick_result = self._feed_runner.run_tick(self._tick.run)
        log_tick(tick_result, self._run.last_result)
        self._delivery.counters.ticked_at = self._delivery.store.clock.now()
        self._delivery.counters.add("breaker_pauses", by=len(tick_result.stopped))
        self._run.last_result = tick_result
        self._run.withdrawn += tick_result.withdrawn
        self._run.worked_on |= {campaign.id for campaign in tick_result.started}
        self._run.ticks += 1
        if tick_result.started:
            self._send()

    def _reconcile(self, reconciler: Reconciler) -> None:
        if self._nothing_unknown.holds():
            return
        self._is_reconciling = True
        try:
            while not self._stop.is_set() and (result := reconciler.reconcile()) is not None:
                log_reconciled(result)
                self._run.worked_on.add(result.batch.campaign.id)
                if result.queued:
                    self._send()
            with self._delivery.store.read() as tx:
                asks_at = tx.unknowns.next_at(self._delivery.pool.accounts)
            self._nothing_unknown.remember(is_empty=asks_at is None)
        finally:
            self._is_reconciling = False

    def _on_error(self, event: JobExecutionEvent) -> None:
        # a full disk and a lock are temporary, and the next tick tries again; the rest are defects
        if isinstance(event.exception, StoreUnavailable):
            log.error("cannot look: %s", event.exception)
        else:
            self._fail(event.exception)

    def _fail(self, error: BaseException) -> None:
        self._run.failure = self._run.failure or error
        self.stop()

    def _work(self, dispatcher: Dispatcher) -> None:
        try:
            while not self._stop.is_set():
                for result in dispatcher.dispatch_all() if self._is_sending else ():
                    self._record_attempt(result)
                if self._is_sending and (
                    ends := [wait.until for wait in self._delivery.waits().values() if wait]
                ):
                    # not on ``_wake``, because the rate limit stops the work
                    left = min(ends) - self._delivery.store.clock.now()
                    self._stop.wait(min(max(left.total_seconds(), 0.0), _IDLE_WAIT_SECONDS))
                else:
                    self._wake.wait(_IDLE_WAIT_SECONDS)
                    self._wake.clear()
        except BaseException as error:  # a dead thread must not go unnoticed
            self._fail(error)

    def _send(self) -> None:
        self._is_sending = True
        self._wake_workers()

    def _wake_workers(self) -> None:
        self._wake.set()

    def _record_attempt(self, result: DispatchResult) -> None:
        with self._failed_attempts_lock:
            tries = self._failed_attempts.pop(result.batch.id, 0)
            if result.wait:
                self._failed_attempts[result.batch.id] = tries + 1
        log_attempt(result)
        self._delivery.counters.note_attempt(result)

    def _watch(self, until_idle: bool, clock: BackgroundScheduler) -> None:
        while not self._stop.wait(_BUSY_POLL if until_idle or self._is_sending else _IDLE_POLL):
            # if the clock went back, the next runs are too late
            now = self._machine_clock.now()
            for tick in clock.get_jobs():
                if tick.next_run_time > now + tick.trigger.interval + _CLOCK_TOLERANCE:
                    tick.modify(next_run_time=now)
            if self._delivery.settings.is_on_server:
                require_answer(self._delivery.store)
            self._check_state()
            record_heartbeat(self._delivery.settings.lock_path)
            if not until_idle and self._is_superseded():
                return
            if until_idle and self._run.hold_reason:
                return
            if (
                until_idle
                and self._run.ticks
                and not self._feed_runner.has_work
                and self._is_idle()
            ):
                return

    def _is_superseded(self) -> bool:
        self._run.superseded = self._tick.statements.configuration.is_superseded()
        return self._run.superseded

    def _log_ended(self) -> None:
        numbers = [one for one in tuple(self._run.worked_on) if not self._end_log.is_over(one)]
        if numbers:
            with self._delivery.store.read() as tx:
                self._end_log.log_ended(filter(None, map(tx.campaigns.get, numbers)))

    def _check_state(self) -> None:
        if self._nothing_sent.holds():
            return
        with self._delivery.store.read() as tx:
            reason = joined([*tx.hold.reasons().values()])
            sends, before = bool(tx.campaigns.find_sending_ids()), self._is_sending
        self._log_ended()
        self._is_sending = sends
        self._nothing_sent.remember(is_empty=not sends)
        if sends and not before:  # another process resumed it
            self._wake_workers()
        # claims heed a hold anyway; here it is logged
        if reason and not self._run.hold_reason:
            log.warning("sending is stopped: %s; calls under way are booked", reason)
        elif self._run.hold_reason and not reason:
            log.warning("sending is resumed")
            self._wake_workers()
        self._run.hold_reason = reason

    def _is_idle(self) -> bool:
        with self._delivery.store.read() as tx:
            waiting = tx.batches.count_open()
            due = tx.campaigns.list_scheduled(until=tx.now)
            asks_at = tx.unknowns.next_at(self._delivery.pool.accounts)
        if waiting.queued and not waiting.claimed and self._has_long_wait():
            return True
        with self._failed_attempts_lock:
            failures = max(self._failed_attempts.values(), default=0)
        # a call under way may still succeed
        if waiting.queued and not waiting.claimed and failures >= _MAX_FAILED_ATTEMPTS:
            self._run.unreachable = waiting.reason
            return True
        soon = asks_at is not None and asks_at <= tx.now + _IDLE_LOOKAHEAD
        has_work = soon or self._is_reconciling or self._email_runner.has_work(_IDLE_LOOKAHEAD)
        return not (due or has_work or waiting.claimed or waiting.due_by(tx.now + _MAX_IDLE_WAIT))

    def _has_long_wait(self) -> bool:
        wait = self._delivery.wait()
        if wait is None or wait.until - self._delivery.store.clock.now() < _MAX_IDLE_WAIT:
            return False
        self._run.wait = wait
        return True
