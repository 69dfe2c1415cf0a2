"""Threads that run one at a time, and give the baton back at named points.

The pipeline's code is unchanged and synchronous. The store, the provider and the guard file have
points, and only at a point another thread runs. So the same program gives the same order.
"""

import threading
from collections.abc import Callable
from functools import partial


class Crash(BaseException):
    """The process of the waiting thread has ended."""


class _Thread:
    """A thread that does the tasks of one actor after another: to start one takes long."""

    def __init__(self) -> None:
        self._task: Callable[[], object] = bool
        self._go = threading.Lock()
        self._go.acquire()
        threading.Thread(target=self._work, daemon=True).start()

    def begin(self, task: Callable[[], object]) -> None:
        self._task = task
        self._go.release()

    def _work(self) -> None:
        while True:
            self._go.acquire()
            self._task()


_IDLE: list[_Thread] = []


class Actor:
    """A worker that does one task at a time, in a thread of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.at = ""
        """The point at which the worker waits; empty while it is idle."""
        self.doomed = False
        self.failure: BaseException | None = None
        self.go = threading.Lock()
        self.go.acquire()
        self.thread: _Thread | None = None

    @property
    def idle(self) -> bool:
        return self.thread is None


class Baton:
    """The right to run: the program has it, or the actor that the program resumed."""

    def __init__(self) -> None:
        self.holder: Actor | None = None
        self._back = threading.Lock()
        self._back.acquire()

    def point(self, name: str) -> None:
        """Give the baton back and wait for it. Raises Crash if the process ends before."""
        actor = self.holder
        if actor is None or actor.idle:
            return  # a task without a thread has no points
        actor.at = name
        self._back.release()
        actor.go.acquire()
        if actor.doomed:
            raise Crash

    def run(self, actor: Actor, deed: Callable[[], object]) -> None:
        """Run a task to its end, without a thread. Raises the errors of the task."""
        self.holder = actor
        try:
            deed()
        finally:
            self.holder = None

    def begin(self, actor: Actor, deed: Callable[[], object]) -> None:
        """Start a task and run it to its first point. Raises the errors of the task."""
        actor.doomed = False
        actor.thread = _IDLE.pop() if _IDLE else _Thread()
        actor.thread.begin(partial(self._work, actor, deed))
        self._resume(actor)

    def resume(self, actor: Actor) -> None:
        """Run the task to its next point or its end. Raises the errors of the task.

        Raises Crash if the task itself ended its process.
        """
        if not actor.idle:
            self._resume(actor)

    def kill(self, actor: Actor) -> None:
        """End the task at its point."""
        actor.doomed = True
        self.resume(actor)

    def _resume(self, actor: Actor) -> None:
        self.holder = actor
        actor.go.release()
        self._back.acquire()
        self.holder = None
        failure, actor.failure = actor.failure, None
        if failure is not None:
            raise failure

    def _work(self, actor: Actor, deed: Callable[[], object]) -> None:
        actor.go.acquire()
        try:
            deed()
        except BaseException as error:  # the program judges it
            killed = actor.doomed and isinstance(error, Crash)
            actor.failure = None if killed else error
        if actor.thread is not None:
            _IDLE.append(actor.thread)
        actor.thread, actor.at = None, ""
        self._back.release()
