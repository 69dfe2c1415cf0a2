"""The threads that answer requests: each kind of request has its own, and takes no other kind's.

The event loop reads, writes, and answers from memory. All that asks the database, renders or
parses runs in one of these threads.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


class Lane:
    """At most so many threads at once. Further requests wait, in their order."""

    def __init__(self, threads: int) -> None:
        self._limiter = CapacityLimiter(threads)

    async def run(self, work: Callable[..., T], *arguments: object, **named: object) -> T:
        """Return or raise what ``work`` does."""
        # a server that ends does not wait for what cannot be interrupted
        return await to_thread.run_sync(
            partial(work, *arguments, **named), abandon_on_cancel=True, limiter=self._limiter
        )


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The lanes of one server."""

    one_click: Lane = field(default_factory=partial(Lane, 4))
    """Unsubscribing by one click."""
    api: Lane = field(default_factory=partial(Lane, 4))
    """The HTTP API."""
    webhooks: Lane = field(default_factory=partial(Lane, 4))
    monitoring: Lane = field(default_factory=partial(Lane, 2))
    readers: Lane = field(default_factory=partial(Lane, 8))
    """Public pages and forms."""
    door: Lane = field(default_factory=partial(Lane, 24))
    """The desk before somebody is signed in: more threads than passwords may wait to be compared,
    so that the places kept for people who are known there are within reach."""
    provider: Lane = field(default_factory=partial(Lane, 4))
    """Sign-ins that wait for the identity provider."""
    desk: Lane = field(default_factory=partial(Lane, 8))
    uploads: Lane = field(default_factory=partial(Lane, 12))
    """Forms with files, and pasted text: two threads more than ``sandbox.DOCUMENTS`` allows, so
    that further requests are refused at once and can try again."""
