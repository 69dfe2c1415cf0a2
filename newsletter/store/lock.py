"""Proves that one process sends: a lock on a file, which the system lets go when we die."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.domain.errors import Refused


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock for the length of the block. Raises Refused while another process has it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(
                f"another 'newsletter run' is at work on this workspace ({path} is locked);"
                " stop it first, or let it do the work"
            ) from error
        yield
