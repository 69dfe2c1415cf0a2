"""Visits the feeds that are due, in a thread of its own while the workspace runs."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from newsletter.app import App
from newsletter.runlog import log_visited

Seen = TypeVar("Seen")

_PATIENCE = 0.2
"""Seconds."""


class Visits:
    """Visits to feeds, and whether a look has followed upon what they brought."""

    def __init__(self, app: App, *, stopped: Callable[[], bool]) -> None:
        self._app = app
        self._stopped = stopped
        self._visitor = app.visitor()
        self._round_over = not app.feeds
        self._brought = 0
        self._looked_at = 0
        self._looked = Event()

    @property
    def open(self) -> bool:
        """The first visits are not over, or no look has begun since something new came."""
        return not self._round_over or self._looked_at != self._brought

    def go(self) -> None:
        """Visit what is due, one after the other."""
        try:
            self._await_a_look()
            for feed in self._visitor.due(self._app.feeds):
                if self._stopped():
                    return
                seen = self._visitor.visit(feed)
                log_visited(seen)
                self._brought += seen.found
        finally:
            self._round_over = True

    def _await_a_look(self) -> None:
        """So that no item gets the slug of a file that is new."""
        while not self._looked.wait(_PATIENCE) and not self._stopped():
            pass

    def followed_by(self, look: Callable[[], Seen]) -> Seen:
        """Look; what came before it began has been looked at then."""
        brought = self._brought
        seen = look()
        self._looked_at = brought
        self._looked.set()
        return seen
