"""What we keep is for its owner alone: readers' addresses stand in it.

Files are made so from their first byte, whatever the shell's umask is. What an older version made
is put right when a workspace is opened.
"""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def private() -> Iterator[int]:
    """Whatever the process makes in the block is for its owner alone.

    Yields what it was before, for files that are meant for others: give it to ``made_with``.
    """
    with made_with(_OTHERS) as before:
        yield before


@contextmanager
def made_with(umask: int) -> Iterator[int]:
    """Files and folders made in the block lack these rights. Yields what they lacked before."""
    before = os.umask(umask)
    try:
        yield before
    finally:
        os.umask(before)


def close_off(paths: Iterable[Path]) -> None:
    """Take away all rights of others to these, where they are ours."""
    for path in paths:
        mode = _mode(path)
        if mode & _OTHERS and path.stat().st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Which of these somebody else may read or change."""
    return [path for path in paths if _mode(path) & _OTHERS]


def kept_in(folder: Path, *others: Path) -> list[Path]:
    """A folder of ours and what lies right in it; other files, and what has their name and more.

    What lies deeper is shut in by its folder.
    """
    beside = (one for path in others for one in (path, *_named_after(path)))
    within = folder.iterdir() if folder.is_dir() else ()
    return [folder, *sorted({*within, *beside})]


def _named_after(path: Path) -> Iterator[Path]:
    """What SQLite and we ourselves put beside a file."""
    for ending in ("-*", ".*"):
        yield from path.parent.glob(glob.escape(path.name) + ending)


def _mode(path: Path) -> int:
    """Nought for what is not there, or only leads somewhere else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return 0
    return 0 if stat.S_ISLNK(mode) else mode
