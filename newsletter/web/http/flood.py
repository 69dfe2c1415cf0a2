"""Too many posts from one network within an hour, so that the page can say so.

It counts every post alike, so that its answer depends on the network alone. It is kept in memory
and bounded: behind it stand the limits of the store, which say nothing to anybody.
"""

from collections import OrderedDict, deque
from datetime import timedelta

from newsletter.domain.clock import Clock

_HOUR = timedelta(hours=1)
_MOST_NETWORKS = 10_000


class Flood:
    """``most`` posts of a network within an hour are let through."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def is_over(self, network: str) -> bool:
        """Count a post; tells whether it is one too many. An unnamed network has no limit."""
        if not network:
            return False
        now = self._clock.now().timestamp()
        posts = self._seen.setdefault(network, deque())
        self._seen.move_to_end(network)
        while posts and not 0 <= now - posts[0] < _HOUR.total_seconds():
            posts.popleft()  # long ago, or by a clock that was wrong
        if len(posts) >= self._most:
            return True
        posts.append(now)
        if len(self._seen) > _MOST_NETWORKS:
            self._seen.popitem(last=False)
        return False
