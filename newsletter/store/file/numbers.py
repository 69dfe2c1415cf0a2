"""Row numbers in links and cursors: none is ever used twice, even after a restore.

A restored database would use numbers again that it used after the backup. So it continues far
above: at a number made of the time, which grows faster than rows do. The link in an email always
means the same person, email and campaign, or none.
"""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.store.database import Driver

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_MAX_ELAPSED = timedelta(days=36_500)
"""A longer time is a wrong clock's and is ignored, because the numbers in links are limited."""
SKIPPED = {
    "campaign": (1, 1_000),
    "event": (1_000, 1_000),
    "subscriber": (4_800_000, 1_000_000),
    "transactional_email": (4_800_000, 1_000_000),
    "upload": (1_000, 1_000),
    "version": (1_000, 1_000),
}
"""Table → (numbers skipped for each minute since 2026, and at least, if the clock has gone back).

In a hundred years they use up the numbers that fit into a link.
"""


def last_given(driver: Driver) -> dict[str, int]:
    """Return the highest row number that this database is known to have given, by table."""
    return {name: driver.last_number(name) for name in SKIPPED}


def skip(driver: Driver, at: datetime, known_numbers: Mapping[str, int]) -> None:
    """Continue above all row numbers that any copy of this database may have given until now.

    ``known_numbers`` has the highest numbers that another copy is known to have given, by table.
    """
    elapsed = min(max(at - _EPOCH, timedelta(0)), _MAX_ELAPSED)
    for name, (per_minute, minimum) in SKIPPED.items():
        last_number = max(driver.last_number(name), known_numbers.get(name, 0))
        floor = int(elapsed.total_seconds() * per_minute / 60)
        driver.give_after(name, max(last_number + minimum, floor))


class Connection(sqlite3.Connection):
    """A SQLite connection with the methods of ``Driver``."""

    lasting: bool | None = None
    """Whether commits wait for the disk, as the last transaction that writes set it."""

    def stream(self, sql: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return self.execute(sql, values)

    def last_number(self, table: str) -> int:
        given = self.execute(
            "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = ?", (table,)
        )
        stored = self.execute(f"SELECT COALESCE(MAX(rowid), 0) FROM {table}")
        return int(max(given.fetchone()[0], stored.fetchone()[0]))

    def follow(self, other: Driver) -> None:
        counters = self.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE '%PRIMARY KEY AUTOINCREMENT%'"
        )
        for (table,) in counters.fetchall():
            self.give_after(table, other.last_number(table))

    def give_after(self, table: str, number: int) -> None:
        # the table has no key by which a row could be replaced
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
