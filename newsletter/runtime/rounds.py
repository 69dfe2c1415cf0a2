"""the scheduler's work for transactional emails and for feeds, each in its own thread."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TypeVar

from newsletter.pipeline.delivery.transactional import forget
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_email, log_visited
from newsletter.runtime.statements import Statements


class EmptyResultCache:
    """Remembers that a query found nothing, until any process commits to the database.

    Only for queries whose result does not change with time.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._asked_at: int | None = None
        self._still_at: int | None = None

    def holds(self) -> bool:
        """Return whether the query would still find nothing. If not, ask, and ``remember``."""
        self._asked_at = self._version()  # before it is asked: what comes meanwhile is seen later
        return self._asked_at == self._still_at

    def remember(self, *, nothing: bool) -> None:
        self._still_at = self._asked_at if nothing else None


class EmailRunner:
    """Sends due transactional emails, and deletes expired records."""

    def __init__(
        self, delivery: Delivery, *, is_stopped: Callable[[], bool], worker_id: int | None = None
    ) -> None:
        self._delivery = delivery
        self._stopped = is_stopped
        self._sender = delivery.transactional_sender(worker_id)
        self._quiet = EmptyResultCache(delivery.store.change_number)
        self._busy = False

    def send_due(self) -> None:
        """Send emails until none is due or none may leave."""
        if self._quiet.holds():
            return
        self._busy = True
        try:
            while not self._stopped() and (result := self._sender.post()) is not None:
                log_email(result)
                self._delivery.counters.add(
                    "transactional_emails", result.claimed.email.kind.value, result.state.value
                )
            with self._delivery.store.read() as tx:
                self._quiet.remember(nothing=not tx.emails.waiting()[0])
        finally:
            self._busy = False

    def forget(self) -> None:
        """Delete expired records of emails, uploads and former addresses."""
        forget(store=self._delivery.store)

    def has_work(self, within: timedelta) -> bool:
        """Return whether an email is being sent, or may be sent within this time."""
        if self._busy:
            return True
        next_at = self._sender.next_at()
        return next_at is not None and next_at <= self._delivery.store.clock.now() + within


TickOutcome = TypeVar("TickOutcome")

_POLL_SECONDS = 0.2
"""The interval of checks for the first tick."""


class FeedRunner:
    """Visits feeds, and records whether a tick has processed the new items."""

    def __init__(self, statements: Statements, *, is_stopped: Callable[[], bool]) -> None:
        self._statements = statements
        self._stopped = is_stopped
        self._visitor = statements.visitor()
        self._round_over = not statements.feeds
        self._found_count = 0
        self._looked_at = 0
        self._looked = Event()

    @property
    def has_work(self) -> bool:
        """Whether the first visits are not over, or items wait for a tick."""
        return not self._round_over or self._looked_at != self._found_count

    def poll_due(self) -> None:
        try:
            # after a tick, so that no item gets the slug of a file that is new
            while not self._looked.wait(_POLL_SECONDS) and not self._stopped():
                pass
            for feed in self._visitor.due(self._statements.feeds):
                if self._stopped():
                    return
                result = self._visitor.visit(feed)
                log_visited(result)
                self._found_count += result.has_changes
        finally:
            self._round_over = True

    def run_tick(self, tick: Callable[[], TickOutcome]) -> TickOutcome:
        """Run a tick, which processes all items found before it began. Return its result."""
        brought = self._found_count
        result = tick()
        self._looked_at = brought
        self._looked.set()
        return result
