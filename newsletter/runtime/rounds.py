"""Transactional email, which readers wait for, and feeds: each in a thread of its own."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TypeVar

from newsletter.pipeline.delivery.transactional import forget
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_posted, log_visited
from newsletter.runtime.statements import Statements


class QuietPeriod:
    """Remembers that a query found nothing, until any process commits.

    Only for queries whose answer does not change with time.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._asked_at: int | None = None
        self._still_at: int | None = None

    def holds(self) -> bool:
        """Return whether nothing was open, and nothing written since. Else ask, and ``note`` it."""
        self._asked_at = self._version()  # before it is asked: what comes meanwhile is seen later
        return self._asked_at == self._still_at

    def note(self, *, nothing: bool) -> None:
        self._still_at = self._asked_at if nothing else None


class Rounds:
    """Sends waiting emails, and deletes old requests in time."""

    def __init__(
        self, delivery: Delivery, *, stopped: Callable[[], bool], owner: int | None = None
    ) -> None:
        self._delivery = delivery
        self._stopped = stopped
        self._sender = delivery.transactional_sender(owner)
        self._still = QuietPeriod(delivery.store.version)
        self._busy = False

    def go(self) -> None:
        """Send one email after another, until none is due or none may leave."""
        if self._still.holds():
            return
        self._busy = True
        try:
            while not self._stopped() and (done := self._sender.post()) is not None:
                log_posted(done)
                self._delivery.counters.add(
                    "transactional_emails", done.claimed.email.kind.value, done.state.value
                )
            with self._delivery.store.read() as tx:
                self._still.note(nothing=not tx.emails.waiting()[0])
        finally:
            self._busy = False

    def forget(self) -> None:
        """Forget the networks and addresses of emails that are long done."""
        forget(store=self._delivery.store)

    def open(self, within: timedelta) -> bool:
        """Return whether an email is being sent, or one may be sent within this time."""
        if self._busy:
            return True
        due = self._sender.next_at()
        return due is not None and due <= self._delivery.store.clock.now() + within


Seen = TypeVar("Seen")

_PATIENCE = 0.2
"""Seconds."""


class Visits:
    """Visits to feeds, and whether a look has followed upon what they brought."""

    def __init__(self, statements: Statements, *, stopped: Callable[[], bool]) -> None:
        self._statements = statements
        self._stopped = stopped
        self._visitor = statements.visitor()
        self._round_over = not statements.feeds
        self._brought = 0
        self._looked_at = 0
        self._looked = Event()

    @property
    def open(self) -> bool:
        """Return whether the first visits last, or something new came since the last look began."""
        return not self._round_over or self._looked_at != self._brought

    def go(self) -> None:
        """Visit the feeds that are due, one after the other."""
        try:
            # after a tick, so that no item gets the slug of a file that is new
            while not self._looked.wait(_PATIENCE) and not self._stopped():
                pass
            for feed in self._visitor.due(self._statements.feeds):
                if self._stopped():
                    return
                seen = self._visitor.visit(feed)
                log_visited(seen)
                self._brought += seen.found
        finally:
            self._round_over = True

    def run_tick(self, look: Callable[[], Seen]) -> Seen:
        """Run a tick, and note that it saw all items that came before it began."""
        brought = self._brought
        seen = look()
        self._looked_at = brought
        self._looked.set()
        return seen
