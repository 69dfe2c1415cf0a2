"""A line that shows how far a long piece of work has come, where somebody looks."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Thing = TypeVar("Thing")
_STEP = 1_000


class Counter:
    """Counts, and shows the count. May be called with the count so far."""

    def __init__(self, progress: "Progress", what: str, total: int | None) -> None:
        self._progress = progress
        self._of = "" if total is None else f" of {total:,}"
        self._task = progress.add_task(what, total=total, count="0")

    def __call__(self, count: int) -> None:
        self._progress.update(self._task, completed=count, count=f"{count:,}{self._of}")

    def each(self, things: Iterable[Thing]) -> Iterator[Thing]:
        """Pass things on, counting them."""
        for number, thing in enumerate(things, start=1):
            if number % _STEP == 0:
                self(number)
            yield thing


@contextmanager
def counted(what: str, total: int | None = None) -> Iterator[Counter]:
    """Show a count on standard error for the length of the block; a bar too, if it has an end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    words = (TextColumn("{task.description}"), TextColumn("{task.fields[count]}"))
    columns = words if total is None else (words[0], BarColumn(), words[1])
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        yield Counter(progress, what, total)
