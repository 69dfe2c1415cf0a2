"""Wakes workers on all machines through Procrastinate, so that they look for batches.

The tables of newsletter decide which worker sends which batch. If a wake-up is lost, a batch waits
some seconds for the next sweep.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import Any

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from newsletter.domain.errors import StoreUnavailable

_log = logging.getLogger("newsletter.run")
_SCHEMA_NAME = "procrastinate"
"""The database schema with Procrastinate's tables."""
_CREATION_LOCK = 0x6E6577
"""The advisory lock of the process that creates these tables."""
_WAKE_TASK, _PERIODIC_TASK = "look", "sweep"
_POOL_OPTIONS: dict[str, Any] = {"timeout": 5.0, "reconnect_timeout": 5.0}
_POLL_SECONDS, _RETRY_SECONDS = 1.0, 0.1
"""Seconds between polls for wake-ups that came before a worker listened, and between retries."""
_EVERY_FEW_SECONDS = "* * * * * */5"
"""A cron expression with a sixth field, which is the seconds."""


class WorkerWakeups:
    """The queue of wake-ups; call ``open`` first. ``parameters`` are psycopg's."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        options = f"{parameters.get('options', '')} -c search_path={_SCHEMA_NAME}"
        self._parameters = {**parameters, "options": options}
        self._app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(
                kwargs=self._parameters, min_size=0, max_size=2, **_POOL_OPTIONS
            )
        )
        self._over = threading.Event()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Create the tables if they are missing, and connect for the length of the block."""
        with _explain_errors():
            with psycopg.connect(**self._parameters) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATION_LOCK,))
                [(has_tables,)] = connection.execute("SELECT to_regclass('procrastinate_jobs')")
                if has_tables is None:
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA_NAME}".encode())
                    connection.execute(SchemaManager.get_schema().encode())
            self._app.open()
        with ExitStack() as opened:
            opened.callback(self._app.close)
            yield

    def wake(self, slots: int) -> None:
        """Wake this many slots of workers now. A slot that has not begun gets one wake-up only."""
        with _explain_errors():
            for slot in range(slots):
                self._defer(f"slot {slot}")

    def wake_at(self, at: datetime) -> None:
        with _explain_errors():
            self._defer(at.isoformat(timespec="seconds"), schedule_at=at)

    def _defer(self, lock: str, **when: Any) -> None:
        with suppress(AlreadyEnqueued):
            self._app.configure_task(
                _WAKE_TASK, allow_unknown=True, queue=_WAKE_TASK, queueing_lock=lock, **when
            ).defer()

    def work(self, handle: Callable[[], None], sweep: Callable[[], None], *, slots: int) -> None:
        """Call ``handle`` at each wake-up, in one thread per slot, until ``stop``.

        One process of all calls ``sweep`` every few seconds. Raises StoreUnavailable.
        """
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                kwargs=self._parameters, min_size=1, max_size=4, **_POOL_OPTIONS
            )
        )
        app.task(name=_WAKE_TASK, queue=_WAKE_TASK)(handle)

        @app.periodic(cron=_EVERY_FEW_SECONDS)
        @app.task(name=_PERIODIC_TASK, queue=_PERIODIC_TASK, queueing_lock=_PERIODIC_TASK)
        async def run_sweep(timestamp: int) -> None:
            await asyncio.to_thread(sweep)
            # wake-ups that a dead process had begun to handle
            for job in await app.job_manager.get_stalled_jobs():
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

        async def work() -> None:
            loop = asyncio.get_running_loop()
            # the default executor has too few threads if there are more slots than processors
            loop.set_default_executor(ThreadPoolExecutor(slots + 2))
            loop.set_exception_handler(_log_task_error)
            async with app.open_async():
                workers: list[Any] = [
                    Worker(
                        app,
                        queues=[queue],
                        concurrency=concurrency,
                        fetch_job_polling_interval=_POLL_SECONDS,
                        delete_jobs="always",
                        install_signal_handlers=False,
                    )
                    for queue, concurrency in ((_WAKE_TASK, slots), (_PERIODIC_TASK, 1))
                ]
                running = [asyncio.create_task(worker.run()) for worker in workers]
                # a worker that loses the database ends, with or without an error
                while not self._over.is_set() and not any(task.done() for task in running):
                    await asyncio.sleep(_RETRY_SECONDS)
                for worker in workers:
                    worker.stop()
                await asyncio.gather(*running)

        with _explain_errors():
            asyncio.run(work())

    def stop(self) -> None:
        """End ``work`` when the calls of ``handle`` under way have ended."""
        self._over.set()


def _log_task_error(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log an error of a background task, such as the one that records the end of a wake-up."""
    _log.error("Procrastinate: %s", _reason(context.get("exception") or context["message"]))


def _reason(error: object) -> str:
    return str(getattr(error, "__cause__", None) or error).strip().partition("\n")[0]


@contextmanager
def _explain_errors() -> Iterator[None]:
    try:
        yield
    except (ConnectorException, psycopg.Error) as error:
        raise StoreUnavailable(f"Procrastinate: {_reason(error)}") from error
