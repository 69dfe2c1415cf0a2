"""File locks, which the system releases when their holder dies.

The process that sends has ``hold_sender_lock``. Each process with an open database has
``lock_shared``; ``lock_exclusively`` is for replacing the file. These two exclude each other.
SQLite's own locks cannot do this, because they belong to the file that is replaced.

Only the account that owns the workspace gets a lock. The service's account could not read files
that root writes.
"""

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from newsletter.domain.errors import Refused, StoreUnavailable


def hold_sender_lock(path: Path) -> AbstractContextManager[None]:
    """Hold the lock during the block. Raises Refused while another process has it."""
    return _hold(
        path,
        fcntl.LOCK_EX,
        f"another 'newsletter run' is at work on this workspace ({path} is locked);"
        " stop it first, or let it do the work",
    )


def record_heartbeat(path: Path) -> None:
    """Record a heartbeat on a held lock, as the time of its file."""
    with suppress(OSError):  # on a read-only disk the heartbeat is missing
        os.utime(path)


def last_heartbeat(path: Path) -> float:
    """Return the last heartbeat on a lock, in seconds since 1970; 0 if there was none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def lock_shared(path: Path) -> AbstractContextManager[None]:
    """Keep the database file from being replaced during the block.

    Raises Refused while it is being replaced.
    """
    return _hold(
        path,
        fcntl.LOCK_SH,
        "the database is just being replaced or changed by another process; wait for its"
        " end, then try again",
    )


def lock_exclusively(path: Path) -> AbstractContextManager[None]:
    """Keep all other processes from opening the database during the block.

    Raises Refused while another process has it open.
    """
    return _hold(
        path,
        fcntl.LOCK_EX,
        f"the database is in use by another process, which 'fuser {path}' names;"
        " stop that first: what it writes meanwhile would be lost",
    )


@contextmanager
def _hold(path: Path, kind: int, refusal: str) -> Iterator[None]:
    """Lock a file during the block. Raises Refused if the lock cannot be had at once."""
    _refuse_other_owners(path)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be opened: {error.strerror}; check that its folder exists, is yours"
            " and can be written to"
        ) from error
    try:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(refusal) from None
        yield
    finally:
        os.close(file)


def _refuse_other_owners(path: Path) -> None:
    """Raise Refused if the file, or a folder that cannot be read, is another account's."""
    for checked in (path, path.parent):
        try:
            owner = checked.stat().st_uid
        except PermissionError:
            continue
        except OSError:  # missing, and created later
            return
        if owner != os.geteuid():
            whose, ours = _user_name(owner), _user_name(os.geteuid())
            raise Refused(
                f"{checked} belongs to the account {whose}, and this is run by {ours}: what one of"
                f" them writes, the other cannot read. Run it as {whose}, like 'sudo -u {whose}"
                f" newsletter …', or give the whole workspace to {ours} with chown -R"
            )
        return


def _user_name(account: int) -> str:
    try:
        return pwd.getpwuid(account).pw_name
    except KeyError:
        return f"#{account}"  # sudo takes a number in this form
