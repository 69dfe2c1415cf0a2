"""SQLite that a test limits."""

import sqlite3
from pathlib import Path

from newsletter.store.sqlite import Sqlite


class LimitedSqlite(Sqlite):
    """Says ``limits`` to each new connection, after our own, and remembers it in ``opened``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.limits: list[str] = []
        self.opened: list[sqlite3.Connection] = []

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        self.opened.append(connection)
        for limit in self.limits:
            connection.execute(f"PRAGMA {limit}")
        return connection

    def limit(self, *limits: str) -> None:
        """From now on: open ones are closed."""
        self.close()
        self.limits += limits
