"""Rewrites the whole database file, so that no byte of erased data is left.

SQLite overwrites deleted rows (``secure_delete``). But when it moves rows out of a full page, their
copies stay in the unused part of the page, and no later deletion overwrites them. VACUUM copies the
existing rows into new pages.
"""

import shutil
import sqlite3
import time
from pathlib import Path

ERASURES_KEY = "erasures"
"""The key in ``meta`` of "TIME COUNT": the first erasure since the last rewrite, and how many."""
_READERS_MILLISECONDS = 2_000
"""Milliseconds to wait for readers of the write-ahead log."""
_CHECKPOINT_SECONDS = 30
"""Seconds to try to move the write-ahead log into the file."""
_FREE_SPACE_FACTOR = 2
"""VACUUM makes two copies of the database: a temporary file and the log."""


def overwrite_erased(
    path: Path,
    connection: sqlite3.Connection,
    *,
    free_bytes: int | None = None,
    wait_milliseconds: int = _READERS_MILLISECONDS,
) -> bool:
    """Rewrite the database file. Return False if the disk is too full or the file in use.

    Other processes can read in the meantime; writers wait. ``free_bytes`` defaults to the free
    space of the disk.
    """
    available_bytes = shutil.disk_usage(path.parent).free if free_bytes is None else free_bytes
    if available_bytes < _FREE_SPACE_FACTOR * path.stat().st_size:
        return False
    try:
        connection.execute(f"PRAGMA busy_timeout = {wait_milliseconds}")
        if not _empty_log(connection):
            return False
        [note] = connection.execute(
            "SELECT COALESCE(MAX(value), '') FROM meta WHERE key = ?", (ERASURES_KEY,)
        ).fetchone()
        connection.execute("VACUUM")
        until = time.monotonic() + _CHECKPOINT_SECONDS
        while not _empty_log(connection):
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        # the note differs if somebody was erased since the VACUUM began
        connection.execute("DELETE FROM meta WHERE key = ? AND value = ?", (ERASURES_KEY, note))
    except sqlite3.OperationalError:
        return False
    return True


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Move all commits from the log into the file. Return False if another process reads it."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
