"""Limits on requests, counted in this process."""

from collections import OrderedDict, deque
from datetime import timedelta
from math import ceil
from threading import Lock

from newsletter.domain.clock import Clock

_MAX_SENDERS = 10_000


class RequestLimit:
    """Limits each sender, a network or a token, to ``limit`` requests within a time window."""

    def __init__(self, limit: int, clock: Clock, window: timedelta = timedelta(hours=1)) -> None:
        self.limit, self.window = limit, window
        self._clock = clock
        self._lock = Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def is_over(self, sender: str) -> bool:
        """Count a request. Return whether it exceeds the limit. An empty sender has no limit."""
        if not sender:
            return False
        with self._lock:
            now, requests = self._requests(sender)
            # refused requests do not count, or repeated attempts would never get in
            if len(requests) >= self.limit:
                return True
            requests.append(now)
            if len(self._seen) > _MAX_SENDERS:
                self._seen.popitem(last=False)
            return False

    def remaining(self, sender: str) -> tuple[int, int]:
        """Return the requests that a sender has left, and the seconds until there is one more."""
        with self._lock:
            now, requests = self._requests(sender)
            wait = requests[0] + self.window.total_seconds() - now if requests else 0
            return self.limit - len(requests), max(1, ceil(wait))

    def _requests(self, sender: str) -> tuple[float, deque[float]]:
        now = self._clock.now().timestamp()
        requests = self._seen.setdefault(sender, deque())
        self._seen.move_to_end(sender)
        while requests and not 0 <= now - requests[0] < self.window.total_seconds():
            requests.popleft()  # long ago, or by a clock that was wrong
        return now, requests
