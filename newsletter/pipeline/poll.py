"""provider → events, by asking: for those whom no webhook can reach.

Nothing is remembered but how far this process has read. What may have been listed late is asked for
again: events have names, and recording one twice does no harm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.errors import InvalidConfiguration, ProviderUnreachable
from newsletter.domain.event import Event
from newsletter.ports import Clock, History


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What one round of questions brought."""

    events: int = 0
    """Also those that were told before."""
    reason: str = ""
    """Why it broke off, where it did."""


@dataclass(kw_only=True)
class Poller:
    """Asks from where it last came to; at first, as far back as the provider lists."""

    history: History
    record: Callable[[Sequence[Event]], object]
    clock: Clock
    stopped: Callable[[], bool] = lambda: False
    """Whether to break off after the page at hand."""
    since: datetime | None = None

    def poll(self) -> Polled:
        """One round. Raises only what ``record`` does."""
        now = self.clock.now()
        begin = self.since or now - self.history.reach
        events = 0
        try:
            for told in self.history.read(begin, now):
                self.record(told.events)
                events += len(told.events)
                if told.until is not None:
                    surely = min(told.until, now - self.history.lateness)
                    self.since = max(begin, surely)
                if self.stopped():
                    break
        except (ProviderUnreachable, InvalidConfiguration) as error:
            return Polled(events=events, reason=str(error))
        return Polled(events=events)
