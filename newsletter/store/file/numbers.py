"""Numbers of rows in links: a number is never used twice, whatever happens to the file.

A restored database would use numbers again that it used after the backup. So it continues far
above: at a number made of the time, which grows faster than rows do. The link in an email always
means the same person, email and campaign, or none.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=36_500)
"""A later time of the clock is ignored, because the numbers in links are limited."""
A_MINUTE = {
    "campaign": 1,
    "subscriber": 4_800_000,
    "transactional_email": 4_800_000,
    "version": 1_000,
}
"""Table → numbers a minute. In a hundred years they are as many as the links have room for."""
_STEP = {
    "campaign": 1_000,
    "subscriber": 1_000_000,
    "transactional_email": 1_000_000,
    "version": 1_000,
}
"""Table → the smallest gap, for a clock that has gone back."""
_FORMERLY = {"letter": "transactional_email"}
"""What an older database calls a table → what it is called now."""

Execute = Callable[[str, tuple[Any, ...]], Any]
"""Runs one statement of SQL with its values, in the driver."""


def last_given(execute: Execute) -> dict[str, int]:
    """Table → the highest number that this database knows to have given."""
    return {name: _last(execute, there) for there, name in _present(execute)}


def skip(execute: Execute, at: datetime, given: Mapping[str, int]) -> None:
    """Go on beyond all that may have been given until now, by whatever copy of this database.

    ``given`` is what another one is known to have given.
    """
    elapsed = min(max(at - _BEGAN, timedelta(0)), _LONGEST)
    for there, name in _present(execute):
        known = max(_last(execute, there), given.get(name, 0))
        floor = int(elapsed.total_seconds() * A_MINUTE[name] / 60)
        # the table has no key by which a row could be replaced
        execute("DELETE FROM sqlite_sequence WHERE name = ?", (there,))
        execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            (there, max(known + _STEP[name], floor)),
        )


def _present(execute: Execute) -> list[tuple[str, str]]:
    """(name in this database, name of today): an older one may not have all of them yet."""
    rows = execute("SELECT name FROM sqlite_master WHERE type = 'table'", ()).fetchall()
    named = ((row[0], _FORMERLY.get(row[0], row[0])) for row in rows)
    return sorted(pair for pair in named if pair[1] in A_MINUTE)


def _last(execute: Execute, name: str) -> int:
    rows = execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).fetchall()
    highest = execute(f"SELECT max(rowid) FROM {name}", ()).fetchone()[0]
    return max([highest or 0, *(int(row[0] or 0) for row in rows)])
