"""Row numbers in links and cursors, of which none is used twice, even after a restore.

A restored database would give numbers again that were given after the backup. So it skips numbers
in proportion to the time, which grows faster than the rows. The link in an email always means the
same person, email and campaign, or nothing.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.store.database import Driver

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_MAX_ELAPSED = timedelta(days=36_500)
"""The most time that counts. A wrong clock must not use up the numbers of links."""
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


def last_numbers(driver: Driver) -> dict[str, int]:
    """Return table → the highest row number that this database is known to have given."""
    return {name: driver.last_number(name) for name in SKIPPED}


def skip_numbers(driver: Driver, at: datetime, known_numbers: Mapping[str, int]) -> None:
    """Skip all row numbers that any copy of this database may have given until now.

    ``known_numbers`` is table → the highest number that another copy is known to have given.
    """
    elapsed = min(max(at - _EPOCH, timedelta(0)), _MAX_ELAPSED)
    for name, (per_minute, minimum) in SKIPPED.items():
        last_number = max(driver.last_number(name), known_numbers.get(name, 0))
        number_by_time = int(elapsed.total_seconds() * per_minute / 60)
        driver.give_after(name, max(last_number + minimum, number_by_time))


class Connection(sqlite3.Connection):
    """A SQLite connection with the methods of ``Driver``."""

    keeps_plans = False
    is_durable: bool | None = None
    """Whether commits wait for the disk, as the last writing transaction set it; None at first."""

    def stream(self, sql: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        return self.execute(sql, values)

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        return self.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows).rowcount

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
        # sqlite_sequence has no key, so that an upsert is impossible
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
