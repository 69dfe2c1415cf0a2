"""The threads that answer requests: each kind of request has a number of its own.

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
    """A limit on concurrent threads. Further requests wait in their order."""

    def __init__(self, threads: int) -> None:
        self._limiter = CapacityLimiter(threads)

    async def run(self, work: Callable[..., T], *arguments: object, **named: object) -> T:
        """Call ``work`` in a thread. Return its result, or raise its exception."""
        # a server that ends does not wait for what cannot be interrupted
        return await to_thread.run_sync(
            partial(work, *arguments, **named), abandon_on_cancel=True, limiter=self._limiter
        )


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The thread limits of one server, by kind of request."""

    one_click: Lane = field(default_factory=partial(Lane, 16))
    """Many threads, because the posts that wait at the same time share a commit."""
    api: Lane = field(default_factory=partial(Lane, 4))
    webhooks: Lane = field(default_factory=partial(Lane, 16))
    """The same."""
    large_webhooks: Lane = field(default_factory=partial(Lane, 2))
    """Few threads, because each computes for so long that pages would wait for many."""
    sign_ups: Lane = field(default_factory=partial(Lane, 16))
    """The same."""
    monitoring: Lane = field(default_factory=partial(Lane, 2))
    readers: Lane = field(default_factory=partial(Lane, 8))
    """Public pages and forms."""
    sign_in: Lane = field(default_factory=partial(Lane, 24))
    """The desk's pages before a sign-in: more threads than the password queue has places, so
    that its places reserved for known browsers can be reached."""
    provider: Lane = field(default_factory=partial(Lane, 4))
    """Sign-ins that wait for the identity provider."""
    desk: Lane = field(default_factory=partial(Lane, 8))
    uploads: Lane = field(default_factory=partial(Lane, 12))
    """Forms with files, and pasted text: two threads more than ``DOCUMENT_GATE`` slots, so
    that further requests get 503 at once instead of waiting."""
