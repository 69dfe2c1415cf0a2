"""Posts that wait for the database at the same time are written down in one transaction.

A commit costs far more than an event, and many providers post each event by itself.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.event import Event

_MOST_EVENTS = 1_000
"""Beyond so many, a transaction would keep those who send waiting for too long."""


@dataclass(eq=False)
class _Post:
    events: tuple[Event, ...]
    done: bool = False
    error: Exception | None = None


class Gathering:
    """Whoever is first in turn records for those who came in the meantime.

    ``record`` gets the events and how many posts they are from.
    """

    def __init__(self, record: Callable[[tuple[Event, ...], int], None]) -> None:
        self._record = record
        self._turn = threading.Lock()
        self._access = threading.Lock()
        self._waiting: list[_Post] = []

    def record(self, events: tuple[Event, ...]) -> None:
        """Returns once they are recorded; raises what ``record`` raised."""
        post = _Post(events)
        with self._access:
            self._waiting.append(post)
        while not post.done:
            with self._turn:
                if not post.done:
                    self._record_waiting()
        if post.error is not None:
            raise post.error

    def _record_waiting(self) -> None:
        posts = self._take()
        self._try(posts)
        for post in posts:
            post.done = True

    def _try(self, posts: list[_Post]) -> None:
        events = tuple(event for post in posts for event in post.events)
        try:
            self._record(events, len(posts))
        except Exception as error:  # it is raised again, to each whose post it was
            if len(posts) == 1 or isinstance(error, StoreUnavailable):
                for post in posts:
                    post.error = error
                return
            for post in posts:  # what is wrong in one shall not keep the others out
                self._try([post])

    def _take(self) -> list[_Post]:
        """Those who have waited longest, one at the least."""
        with self._access:
            taken, events = 0, 0
            for post in self._waiting:
                events += len(post.events)
                if taken and events > _MOST_EVENTS:
                    break
                taken += 1
            posts, self._waiting = self._waiting[:taken], self._waiting[taken:]
            return posts
