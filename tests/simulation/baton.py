"""One thread at a time: each hands the baton back at named points, and goes on when it is told to.

The pipeline's code is as it is, synchronous. What it calls (store, provider, guard file)
has points, and only there does anybody else get a turn: so the order of everything is the order in
which a program hands the baton out, and the same program gives the same order.
"""

import threading
from collections.abc import Callable


class Crash(BaseException):
    """The process of whoever waits at a point has ended: nothing of it goes on."""


class Actor:
    """Does one deed at a time, in a thread of its own that is never alone at work."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.at = ""
        """The point at which it waits; empty while it has nothing to do."""
        self.doomed = False
        self.failure: BaseException | None = None
        self.go = threading.Lock()
        self.go.acquire()
        self.thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        return self.thread is None


class Baton:
    """Whoever has it runs: the program, or the actor that it resumed."""

    def __init__(self) -> None:
        self.holder: Actor | None = None
        self._back = threading.Lock()
        self._back.acquire()

    def point(self, name: str) -> None:
        """Here others may get a turn. Raises Crash where the process ends meanwhile."""
        actor = self.holder
        if actor is None:
            return  # the program's own deed, which is done at once
        actor.at = name
        self._back.release()
        actor.go.acquire()
        if actor.doomed:
            raise Crash

    def begin(self, actor: Actor, deed: Callable[[], object]) -> None:
        """Let it begin a deed, up to its first point. Raises what the deed raises."""
        actor.doomed = False
        actor.thread = threading.Thread(
            target=self._work, args=(actor, deed), name=actor.name, daemon=True
        )
        actor.thread.start()
        self._resume(actor)

    def resume(self, actor: Actor) -> None:
        """Let it go on to its next point, or to its end. Raises what the deed raises."""
        if not actor.idle:
            self._resume(actor)

    def kill(self, actor: Actor) -> None:
        """End it where it waits."""
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
        except Crash:
            pass
        except BaseException as error:  # it is the program's to judge
            actor.failure = error
        actor.thread, actor.at = None, ""
        self._back.release()
