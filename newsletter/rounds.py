"""The courier's rounds: letters that readers wait for, in a thread of their own."""

from collections.abc import Callable
from datetime import timedelta

from newsletter.app import App
from newsletter.pipeline.letters import forget
from newsletter.runlog import log_posted


class Rounds:
    """Hands over what waits, and forgets in time who asked for it."""

    def __init__(self, app: App, *, stopped: Callable[[], bool]) -> None:
        self._app = app
        self._stopped = stopped
        self._courier = app.courier()
        self._busy = False

    def go(self) -> None:
        """Hand over letter after letter, until none is due or none may leave."""
        self._busy = True
        try:
            while not self._stopped() and (done := self._courier.post()) is not None:
                log_posted(done)
        finally:
            self._busy = False

    def forget(self) -> None:
        """Forget the networks and addresses of letters that are long done."""
        forget(store=self._app.store, clock=self._app.clock)

    def open(self, within: timedelta) -> bool:
        """A letter is being handed over, or one may leave within so long."""
        if self._busy:
            return True
        due = self._courier.next_at()
        return due is not None and due <= self._app.clock.now() + within
