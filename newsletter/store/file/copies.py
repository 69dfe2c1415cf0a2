"""Backups of a database in use, and restoring one, which stops all sending.

A restored database would give row numbers again that were given after the backup. So it skips
numbers in proportion to the time, which grows faster than the rows. The link in an email always
means the same person, email and campaign, or nothing.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import InvalidInput, NotFound, Refused, StoreUnavailable
from newsletter.store.database import Database, Driver
from newsletter.store.schema import SCHEMA_VERSION

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


RESTORED_REASON = "the database was put back, and it may have left before"
"""The reason of emails and posts that waited in a restored database and are not sent."""


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield the place of a new database, which gets its name at the end if nothing failed.

    Raises Refused, NotFound, StoreUnavailable.
    """
    if target.exists():
        raise Refused(f"{target} exists already; name another file")
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder {target.parent}; make it, or name another file")
    part = target.with_name(target.name + ".part")
    try:
        _remove(part)  # of a backup that was interrupted
        yield part
        part.rename(target)
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreUnavailable(
            f"{target} cannot be written: {why}; check the disk, and that the folder is yours"
        ) from error
    finally:
        with suppress(OSError):
            _remove(part)


def backup(database: Path, target: Path) -> None:
    """Copy the database as of one moment into a new file. Raises what ``new_file`` does."""
    with new_file(target) as part:
        _create_file(part)  # SQLite gives the files next to it the same rights
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            end_write_ahead_log(copy)


def end_write_ahead_log(connection: sqlite3.Connection) -> None:
    """End the write-ahead log, so that readers of the file create no files next to it."""
    connection.execute("PRAGMA journal_mode = DELETE")


def restore(
    source: Path, database: Path, *, at: datetime, keys: Mapping[str, str] = MappingProxyType({})
) -> Path:
    """Replace the database by a backup. Return the path of the former database, which is kept.

    The backup lacks messages that were sent after it, so nothing is sent until a person resumes
    sending. No number of a link is used again. No other process may have the database open.
    ``keys`` is name → fingerprint in the workspace. Raises InvalidInput for a file that is not a
    complete newsletter database, and Refused for a database with other keys.
    """
    incoming = database.with_name(database.name + ".incoming")
    former = database.with_name(f"{database.name}.before-{at:%Y%m%dT%H%M%S}")
    _remove(incoming)  # of an interrupted restore, whose log would be read as this one's
    try:
        refuse_other_keys(source, keys)
        backup(source, incoming)
        reason = f"restored on {at:%Y-%m-%d %H:%M} UTC from the backup {source.name}"
        with closing(sqlite3.connect(incoming, factory=Connection)) as connection, connection:
            hold_sending(Database(connection), reason, _last_numbers(database), at)
        if database.exists():
            _keep_former(database, former)
    except (sqlite3.Error, OSError, StoreUnavailable) as error:
        with suppress(OSError):
            _remove(incoming)  # else it would fill the disk of the database in use
        why = getattr(error, "strerror", None) or error
        raise StoreUnavailable(
            f"{database} stays as it was: {why}; a restore needs room for two more of it"
        ) from error
    for ending in ("-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    os.replace(incoming, database)  # noqa: PTH105 - replaces in one step, which is the point
    return former


def hold_sending(db: Database, reason: str, known_numbers: Mapping[str, int], at: datetime) -> None:
    """Stop all sending from a restored or copied database, until a person resumes it."""
    db.put("meta", "key", key=HoldKind.RESTORE_GUARD, value=reason)
    invalidate(db, known_numbers, at)


def invalidate(db: Database, known_numbers: Mapping[str, int], at: datetime) -> None:
    """End everything in an older database that may have been sent, used or revoked since.

    These are waiting emails, notices and posts, sessions, tokens, invitations, recovery codes and
    the private links of calendars. No row number is given twice.
    """
    db.change(
        "UPDATE transactional_email SET state = 'withheld', settled_at = :at, reason = :reason"
        " WHERE state = 'waiting' OR state = 'calling' AND provider = ''",
        at=at,
        reason=RESTORED_REASON,
    )
    db.change("UPDATE notice SET done_at = :at WHERE done_at IS NULL", at=at)
    db.change(
        "UPDATE post SET state = 'withheld', reason = :reason"
        " WHERE state IN ('waiting', 'calling')",
        reason=RESTORED_REASON,
    )
    db.change("DELETE FROM session")
    db.change("DELETE FROM recovery")
    db.change(
        "UPDATE staff_link SET withdrawn_at = :at WHERE used_at IS NULL AND withdrawn_at IS NULL",
        at=at,
    )
    db.change("UPDATE token SET revoked_at = :at WHERE revoked_at IS NULL", at=at)
    db.change("UPDATE credential SET feed = NULL")
    skip_numbers(db.driver, at, known_numbers)


def _last_numbers(database: Path) -> dict[str, int]:
    """Return the highest row numbers of the replaced database; {} if it is damaged."""
    if not database.exists():
        return {}
    try:
        with closing(sqlite3.connect(database, factory=Connection)) as connection:
            return last_numbers(connection)
    except sqlite3.Error:
        return {}  # damaged: the time has to do


def _keep_former(database: Path, target: Path) -> None:
    """Keep the replaced database as a backup, or as a copied file if it is damaged."""
    try:
        backup(database, target)
    except StoreUnavailable:
        _create_file(target)
        try:
            shutil.copyfile(database, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def _remove(path: Path) -> None:
    """Delete a file and SQLite's files next to it, which contain addresses too."""
    for ending in ("-journal", "-wal", "-shm", ""):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _create_file(path: Path) -> None:
    """Create an empty file that only its owner can read."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def refuse_other_keys(source: Path, keys: Mapping[str, str]) -> None:
    """Raise Refused for a database with other keys than ``keys``: name → fingerprint.

    Raises InvalidInput for a file that is not a complete newsletter database.
    """
    _check_database(source)
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        stored = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'key %'"))
    foreign = [name for name in keys if stored.get(f"key {name}", keys[name]) != keys[name]]
    if foreign:
        raise Refused(
            f"{source} is of another workspace: it was made with other keys than"
            f" {' and '.join(foreign)}, and nothing was changed. Name a backup of this"
            " workspace, or first put var/keys of the other one in place of these"
        )


def _check_database(source: Path) -> None:
    try:
        with closing(
            sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            damage = connection.execute("PRAGMA integrity_check").fetchone()[0]
            # SQLite takes an empty file for a complete database
            table_query = "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'"
            if damage != "ok":
                message = f"is damaged: {damage}"
            elif not connection.execute(table_query).fetchone():
                message = "is not a database of this program"
            else:
                [version] = connection.execute("SELECT version FROM schema_version").fetchone()
                if version == SCHEMA_VERSION:
                    return
                message = f"has schema {version}, and this program needs {SCHEMA_VERSION}"
    except sqlite3.Error as error:
        message = f"is not a database: {error}" if source.exists() else "does not exist"
    raise InvalidInput.at(str(source), f"{message}; name or take another")


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
