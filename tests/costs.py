"""The cost of work, measured so that a loaded machine changes nothing: CPU time, no wall time."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Cost:
    """Filled at the end of the block."""

    seconds: float = 0.0
    """Of this process's work."""
    peak: int = 0
    """The most bytes that its objects took."""


@contextmanager
def working() -> Iterator[Cost]:
    """How many seconds of work the block takes.

    The collector skips older objects: in a worker that has run for long, they are more work than
    the block's own.
    """
    gc.collect()
    gc.freeze()
    cost, begun = Cost(), time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.process_time() - begun
        gc.unfreeze()


def costs_less(seconds: float, work: Callable[[], object], *, tries: int = 4) -> bool:
    """Whether the work takes less than so many seconds of a core, the first time or a later one.

    Two threads of one core take turns: what a busy machine makes twice as slow is tried again.
    """
    for _ in range(tries):
        with working() as cost:
            work()
        if cost.seconds < seconds:
            return True
    return False


def grows_in_proportion(work: Callable[[int], object], many: int, *, tries: int = 4) -> bool:
    """Whether so many take at most twice as long as four times a quarter of them.

    A quadratic step takes sixteen times as long, on any machine.
    """
    for _ in range(tries):
        with working() as quarter:
            work(many // 4)
        with working() as whole:
            work(many)
        if whole.seconds < 8 * quarter.seconds:
            return True
    return False


@contextmanager
def holding() -> Iterator[Cost]:
    """How many bytes the block holds at most; tracing makes it several times as slow."""
    cost = Cost()
    tracemalloc.start()
    try:
        yield cost
    finally:
        _, cost.peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
