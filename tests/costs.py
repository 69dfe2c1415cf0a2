"""The cost of work, measured so that a loaded machine changes nothing: CPU time, no wall time."""

import gc
import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_NEGLIGIBLE_SECONDS = 0.05


@dataclass
class Cost:
    """Filled at the end of the block."""

    seconds: float = 0.0
    """Of this process's work."""
    peak: int = 0
    """The most bytes that its objects took."""


@contextmanager
def working() -> Iterator[Cost]:
    """Measure the seconds of work of the block.

    The collector skips older objects: in a worker that has run for long, they are more work than
    the block's own. To collect them before each block would cost more than all blocks.
    """
    gc.freeze()
    cost, begun = Cost(), time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.process_time() - begun
        gc.unfreeze()


def grows_in_proportion(work: Callable[[int], object], many: int, *, tries: int = 5) -> bool:
    """Return whether many take less than four times as long as 16 times a sixteenth of them.

    A quadratic step takes 16 times as long, on any machine. Other work on the machine adds to a
    time, so that the least of several counts. Times too short to matter always pass.
    """
    work(many // 16)  # what is done once is no cost of the length
    least = {many // 16: math.inf, many: math.inf}
    for _ in range(tries):
        for size in least:
            with working() as cost:
                work(size)
            least[size] = min(least[size], cost.seconds)
        if least[many] < max(_NEGLIGIBLE_SECONDS, 4 * 16 * least[many // 16]):
            return True
    return False


@contextmanager
def holding() -> Iterator[Cost]:
    """Measure the most bytes that the block holds; tracing makes it several times as slow."""
    cost = Cost()
    tracemalloc.start()
    try:
        yield cost
    finally:
        _, cost.peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
