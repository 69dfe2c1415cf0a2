"""A line that shows how far a long piece of work has come, where somebody looks."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

Thing = TypeVar("Thing")
_STEP = 1_000


class Counter:
    """Counts, and shows the count. May be called with the count so far."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None, count="0")

    def __call__(self, count: int) -> None:
        self._progress.update(self._task, count=f"{count:,}")

    def each(self, things: Iterable[Thing]) -> Iterator[Thing]:
        """Pass things on, counting them."""
        for number, thing in enumerate(things, start=1):
            if number % _STEP == 0:
                self(number)
            yield thing


@contextmanager
def counted(what: str) -> Iterator[Counter]:
    """Show a count on standard error for the length of the block."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[count]}"))
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        yield Counter(progress, what)
