"""Overwrites what was erased in those bytes of the file where no data is any more.

SQLite overwrites what it deletes (``secure_delete``). But where it spreads the rows of full pages
over others, it leaves copies in the unused middle of a page, between the list of its cells and
their content, and no later deletion knows of them. VACUUM would write the whole file anew. This
finds those bytes and writes zeros over them, which no reader ever sees.

It runs as a program of its own, ``secure_erase.py FILE``: closing a file drops all locks that a
process has on it, and those of SQLite must stay. It holds SQLite's write lock while it writes, with
an empty WAL, and ends with a commit, so that no process goes on with a page that it read before.

The format is that of https://sqlite.org/fileformat2.html, sections 1.3 and 1.6.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

DUE = "scrub"
"""The key in ``meta`` that says that something was erased since the last time."""
_MAGIC = b"SQLite format 3\x00"
_CELLS_BEGIN = {2: 12, 5: 12, 10: 8, 13: 8}
"""Kind of a page of a tree → where the list of its cells begins."""
_MOST_PAGES = 1 << 25
"""Beyond, the first byte of a page number could be taken for a kind: a file of 137 GB."""
_READ_AT_ONCE = 1024
_TRIES = 50
_PATIENCE = 2.0
_LONGEST = 1800
_DONE, _BUSY = 0, 3


def overwrite_erased(path: Path) -> bool:
    """Overwrite what was erased; False where others work so busily that it has to wait."""
    done = subprocess.run(  # noqa: S603 - our own program, and the file that the settings name
        # -I: nothing of the caller's can bring another module in place of Python's own
        [sys.executable, "-I", __file__, str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LONGEST,
        check=False,
    )
    return done.returncode == _DONE


def gap(page: bytes) -> tuple[int, int] | None:
    """Where a page of a tree holds something between its cells' list and their content."""
    begin = _CELLS_BEGIN.get(page[0])
    if begin is None:
        return None
    start = begin + 2 * int.from_bytes(page[3:5])
    # two bytes cannot hold 65,536, which is written as 0
    end = int.from_bytes(page[5:7]) or 1 << 16
    if start > end or end > len(page) or not any(page[start:end]):
        return None
    return start, end


def _erase_in(path: Path) -> bool:
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)
    try:
        if not _empty_log(connection):
            return False
        # Copies do not wander: what was erased before this is on these pages, or on none by then.
        suspects = list(_suspects(file))
        if not _begin_without_log(connection, path):
            return False
        size = _page_size(os.pread(file, 100, 0))
        for number in suspects:
            _overwrite(file, number, size)
        # before the commit takes back the note that this is due
        os.fsync(file)
        connection.execute("DELETE FROM meta WHERE key = ?", (DUE,))
        connection.execute("COMMIT")
        return True
    finally:
        connection.close()
        os.close(file)


def _page_size(head: bytes) -> int:
    if head[:16] != _MAGIC:
        raise ValueError("is no SQLite database")
    size = int.from_bytes(head[16:18])
    # the same number is written as 1 here
    return 1 << 16 if size == 1 else size


def _suspects(file: int) -> Iterator[int]:
    """The numbers, from 0, of pages with something in their gap. The first holds the schema."""
    size = _page_size(os.pread(file, 100, 0))
    pages = os.fstat(file).st_size // size
    if pages >= _MOST_PAGES:
        raise ValueError("is too large")
    for first in range(1, pages, _READ_AT_ONCE):
        read = os.pread(file, size * _READ_AT_ONCE, first * size)
        for place in range(len(read) // size):
            if gap(read[place * size : (place + 1) * size]):
                yield first + place


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Bring all that was committed into the file itself; False where somebody reads the log."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _begin_without_log(connection: sqlite3.Connection, path: Path) -> bool:
    """Begin to write while all that was committed stands in the file itself."""
    log = Path(f"{path}-wal")
    for _ in range(_TRIES):
        if not _empty_log(connection):
            return False
        connection.execute("BEGIN IMMEDIATE")
        if not log.exists() or log.stat().st_size == 0:
            return True
        connection.execute("ROLLBACK")  # somebody was quicker
    return False


def _overwrite(file: int, number: int, size: int) -> None:
    found = gap(os.pread(file, size, number * size))
    if found is not None:
        start, end = found
        os.pwrite(file, bytes(end - start), number * size + start)


def main() -> int:
    """Erase in the file that is named; exit code 3 where others are too busy."""
    try:
        return _DONE if _erase_in(Path(sys.argv[1])) else _BUSY
    except sqlite3.OperationalError:
        return _BUSY


if __name__ == "__main__":
    sys.exit(main())
