"""Posts that wait for the database at the same time share one transaction.

A commit takes far longer than the writes in it. Many providers send each event in a post of its
own, and each unsubscribe by one click and each sign-up is a post.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from newsletter.domain.errors import StoreUnavailable

Item = TypeVar("Item")

_MAX_ITEMS = 1_000
"""Items of a transaction: a larger one would delay the responses for too long."""


@dataclass(eq=False)
class _QueuedPost(Generic[Item]):
    items: tuple[Item, ...]
    is_recorded: bool = False
    error: Exception | None = None


class GroupCommit(Generic[Item]):
    """Lets the first of the waiting posts record the items of all.

    ``record`` gets the items, such as events, and the number of posts that they come from.
    """

    def __init__(self, record: Callable[[tuple[Item, ...], int], None]) -> None:
        self._record = record
        self._writing = threading.Lock()
        self._queue_lock = threading.Lock()
        self._waiting: list[_QueuedPost[Item]] = []

    def record(self, items: tuple[Item, ...]) -> None:
        """Record items in a shared transaction. Return after its commit; raise what it raised.

        Items that can be recorded are, also if another item of the post raises.
        """
        post = _QueuedPost(items)
        with self._queue_lock:
            self._waiting.append(post)
        while not post.is_recorded:
            with self._writing:  # after the wait another post has mostly recorded this one
                if not post.is_recorded:
                    posts = self._take()
                    self._store(posts)
                    for stored in posts:
                        stored.is_recorded = True
        if post.error is not None:
            raise post.error

    def _store(self, posts: list[_QueuedPost[Item]]) -> None:
        items = tuple(item for post in posts for item in post.items)
        try:
            self._record(items, len(posts))
        except Exception as error:  # it is raised again, to each whose post it was
            # a store that is away is so for each of them: one by one would only take longer
            if len(items) <= 1 or isinstance(error, StoreUnavailable):
                for post in posts:
                    post.error = error
                return
            # an item that cannot be recorded keeps no others out
            if len(posts) > 1:
                for post in posts:
                    self._store([post])
                return
            middle = len(items) // 2
            halves = [_QueuedPost(items[:middle]), _QueuedPost(items[middle:])]
            for half in halves:
                self._store([half])
            posts[0].error = halves[0].error or halves[1].error

    def _take(self) -> list[_QueuedPost[Item]]:
        """Remove and return the posts that have waited longest, at least one."""
        with self._queue_lock:
            count, items = 0, 0
            for post in self._waiting:
                items += len(post.items)
                if count and items > _MAX_ITEMS:
                    break
                count += 1
            posts, self._waiting = self._waiting[:count], self._waiting[count:]
            return posts
