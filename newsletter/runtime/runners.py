"""The scheduler's work on transactional emails and on feeds, each in a thread of its own."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TypeVar

from newsletter.pipeline.delivery.transactional import forget
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_email, log_visited
from newsletter.runtime.statements import Statements


class EmptyResultCache:
    """Remembers that a query found nothing, until any process commits.

    The result of the query must not depend on the time.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._asked_at: int | None = None
        self._empty_at: int | None = None

    def holds(self) -> bool:
        """Return whether the query would still find nothing. Else query, then ``remember``."""
        self._asked_at = self._version()  # before the query, so that no commit is missed
        return self._asked_at == self._empty_at

    def remember(self, *, is_empty: bool) -> None:
        self._empty_at = self._asked_at if is_empty else None


class EmailRunner:
    """Sends due transactional emails, and deletes expired records."""

    def __init__(
        self, delivery: Delivery, *, is_stopped: Callable[[], bool], worker_id: int | None = None
    ) -> None:
        self._delivery = delivery
        self._stopped = is_stopped
        self._sender = delivery.transactional_sender(worker_id)
        self._quiet = EmptyResultCache(delivery.store.change_number)
        self._is_busy = False

    def send_due(self) -> None:
        """Send emails until none is due or the rate limit stops them."""
        if self._quiet.holds():
            return
        self._is_busy = True
        try:
            while not self._stopped() and (result := self._sender.post()) is not None:
                log_email(result)
                self._delivery.counters.add(
                    "transactional_emails", result.claimed.email.kind.value, result.state.value
                )
            with self._delivery.store.read() as tx:
                self._quiet.remember(is_empty=not tx.emails.count_waiting()[0])
        finally:
            self._is_busy = False

    def forget(self) -> None:
        """Delete expired records of emails, uploads and former addresses."""
        forget(store=self._delivery.store)

    def has_work(self, within: timedelta) -> bool:
        """Return whether an email is being sent, or may be sent within this time."""
        if self._is_busy:
            return True
        next_at = self._sender.next_at()
        return next_at is not None and next_at <= self._delivery.store.clock.now() + within


TickOutcome = TypeVar("TickOutcome")

_POLL_SECONDS = 0.2
"""The interval of checks for the first tick."""


class FeedRunner:
    """Polls feeds, and records whether a tick has processed the new items."""

    def __init__(self, statements: Statements, *, is_stopped: Callable[[], bool]) -> None:
        self._statements = statements
        self._stopped = is_stopped
        self._visitor = statements.visitor()
        self._has_visited = not statements.feeds
        self._found_count = 0
        self._processed_count = 0
        self._has_ticked = Event()

    @property
    def has_work(self) -> bool:
        """Return whether the first poll is not over, or new items wait for a tick."""
        return not self._has_visited or self._processed_count != self._found_count

    def poll_due(self) -> None:
        try:
            # after a tick, so that no item gets the slug of a new file
            while not self._has_ticked.wait(_POLL_SECONDS) and not self._stopped():
                pass
            for feed in self._visitor.due(self._statements.feeds):
                if self._stopped():
                    return
                result = self._visitor.visit(feed)
                log_visited(result)
                self._found_count += result.has_changes
        finally:
            self._has_visited = True

    def run_tick(self, tick: Callable[[], TickOutcome]) -> TickOutcome:
        """Run a tick, which processes all items found before it began. Return its result."""
        brought = self._found_count
        result = tick()
        self._processed_count = brought
        self._has_ticked.set()
        return result
