"""Backups of a database in use, and restoring one, which stops all sending."""

import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused, StoreUnavailable
from newsletter.store.database import Database
from newsletter.store.file.numbers import Connection, last_given, skip
from newsletter.store.schema import SCHEMA_VERSION

RESTORED_REASON = "the database was put back, and it may have left before"
"""The reason for withholding an email that waited in a restored database."""


def backup(database: Path, target: Path) -> None:
    """Copy the database at one moment into a new file. Raises Refused or NotFound."""
    if target.exists():
        raise Refused(f"{target} exists already; name another file")
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder {target.parent}; make it, or name another file")
    part = target.with_name(target.name + ".part")
    try:
        _remove(part)  # of a backup that was cut off
        _create_file(part)  # SQLite gives what lies beside it the same rights
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            be_one_file(copy)
        part.rename(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            _remove(part)
        why = getattr(error, "strerror", None) or error
        raise StoreUnavailable(
            f"{target} cannot be written: {why}; check the disk, and that the folder is yours"
        ) from error


def be_one_file(connection: sqlite3.Connection) -> None:
    """End the write-ahead log: reading the file then leaves no other files next to it."""
    connection.execute("PRAGMA journal_mode = DELETE")


def restore(
    source: Path, database: Path, *, at: datetime, keys: Mapping[str, str] = MappingProxyType({})
) -> Path:
    """Replace the database by a backup. Return the path of the former file, which is kept.

    A message sent after the backup is not in it, so the restored database is on hold: nothing is
    sent until a person releases it. No number in a link is used again. No other process may have
    the database open. Raises InvalidInput for a file that is not a complete newsletter database,
    and Refused for one with other keys than ``keys``: name → fingerprint in the workspace.
    """
    incoming = database.with_name(database.name + ".incoming")
    former = database.with_name(f"{database.name}.before-{at:%Y%m%dT%H%M%S}")
    _remove(incoming)  # of one that was cut off: its log would be read as that of this one
    try:
        refuse_foreign(source, keys)
        backup(source, incoming)
        reason = f"restored on {at:%Y-%m-%d %H:%M} UTC from the backup {source.name}"
        with closing(sqlite3.connect(incoming, factory=Connection)) as connection, connection:
            hold(Database(connection), reason, _last_numbers(database), at)
        if database.exists():
            _keep_former(database, former)
    except (sqlite3.Error, OSError, StoreUnavailable) as error:
        with suppress(OSError):
            _remove(incoming)  # or it would fill the disk of a database that is still at work
        why = getattr(error, "strerror", None) or error
        raise StoreUnavailable(
            f"{database} stays as it was: {why}; a restore needs room for two more of it"
        ) from error
    for ending in ("-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    os.replace(incoming, database)  # noqa: PTH105 - replaces in one step, which is the point
    return former


def hold(db: Database, reason: str, known_numbers: Mapping[str, int], at: datetime) -> None:
    """Put all sending from a restored or copied database on hold, until a person releases it."""
    db.put("meta", "key", key=HoldKind.RESTORE_GUARD, value=reason)
    invalidate(db, known_numbers, at)


def invalidate(db: Database, known_numbers: Mapping[str, int], at: datetime) -> None:
    """Withhold and end everything in an older database that may have been used since.

    Emails, notices and posts that wait in it may have been sent since. Sessions and tokens may have
    been revoked since, and links used. No row number is given twice.
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
    db.change(
        "UPDATE invitation SET withdrawn_at = :at WHERE used_at IS NULL AND withdrawn_at IS NULL",
        at=at,
    )
    db.change("UPDATE token SET revoked_at = :at WHERE revoked_at IS NULL", at=at)
    skip(db.driver, at, known_numbers)


def _last_numbers(database: Path) -> dict[str, int]:
    """Return the highest row numbers that the replaced database is known to have given."""
    if not database.exists():
        return {}
    try:
        with closing(sqlite3.connect(database, factory=Connection)) as connection:
            return last_given(connection)
    except sqlite3.Error:
        return {}  # damaged: the time has to do


def _keep_former(database: Path, target: Path) -> None:
    """Keep the replaced database: as a backup if it can be read, otherwise as a copied file."""
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
    """Delete a file, with the files of SQLite next to it, which hold addresses too."""
    for ending in ("-journal", "-wal", "-shm", ""):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _create_file(path: Path) -> None:
    """Create an empty file that only its owner can read."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def refuse_foreign(source: Path, keys: Mapping[str, str]) -> None:
    """Raise Refused if a database was made with other keys than ``keys``: name → fingerprint.

    Raises InvalidInput for a file that is not a complete newsletter database.
    """
    _check(source)
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        stored = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'key %'"))
    foreign = [name for name in keys if stored.get(f"key {name}", keys[name]) != keys[name]]
    if foreign:
        raise Refused(
            f"{source} is of another workspace: it was made with other keys than"
            f" {' and '.join(foreign)}, and nothing was changed. Name a backup of this"
            " workspace, or first put var/keys of the other one in place of these"
        )


def _check(source: Path) -> None:
    try:
        with closing(
            sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            damage = connection.execute("PRAGMA integrity_check").fetchone()[0]
            # SQLite takes an empty file for a whole database: the table says that it is ours
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
    raise InvalidInput([Fault(file=str(source), message=f"{message}; name or take another")])
