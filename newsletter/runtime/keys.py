"""The workspace's own keys, created once and readable by their owner alone.

``links`` holds one key a line. The last key signs and all keys verify, so that links in old emails
work after a new key was added. A key marked ``retired`` only verifies unsubscribe links.
``addresses`` is the key of the hash under which suppressions are stored.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.domain.errors import InvalidInput, NotFound, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIME_DIGITS = 10
"""The digits of a Unix timestamp until the year 2286."""
_KEY_BYTES = 32
_MAX_KEYS = 256
_RETIRED_FOLDER = "retired"


def load_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys of a file, oldest first. A missing file is created with one key."""
    return tuple(key for key, _ in _load(path))


def load_link_keys(path: Path) -> tuple[tuple[bytes, ...], frozenset[int]]:
    """Return the keys of links, oldest first, and the positions of the retired ones."""
    lines = _load(path)
    numbers = frozenset(number for number, (_, is_retired) in enumerate(lines) if is_retired)
    if len(lines) - 1 in numbers:
        message = "is retired, and the last key signs; add one with 'newsletter db rekey'"
        raise InvalidInput.at(str(path), message, line=len(lines))
    return tuple(key for key, _ in lines), numbers


def add_link_key(path: Path) -> int:
    """Add a key and retire all others atomically. Return the number of keys.

    Raises NotFound if there is no key yet, and Refused if there are too many.
    """
    if not path.exists():
        raise NotFound(f"{path} is missing; put it back from the backup of var/keys")
    keys, _ = load_link_keys(path)
    if len(keys) >= _MAX_KEYS:
        raise Refused(f"{path} holds {len(keys)} keys, and no more can be told apart in links")
    lines = [f"{key.hex()} {_RETIRED_FOLDER}" for key in keys]
    path = path.resolve()  # replacing a link would leave the old keys in place
    draft = _write_draft(path, [*lines, secrets.token_hex(_KEY_BYTES)])
    draft.replace(path)
    return len(keys) + 1


def _load(path: Path) -> list[tuple[bytes, bool]]:
    if not path.exists():
        # the file appears complete, and only one process creates it
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _write_draft(path, [secrets.token_hex(_KEY_BYTES)])
        try:
            with suppress(FileExistsError):
                # unlike a rename, a link fails if another process was first
                path.hardlink_to(draft)
        finally:
            draft.unlink()
    found = [
        (_parse_key(path, number, line.split()), line.split()[1:] == [_RETIRED_FOLDER])
        for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), start=1)
        if line.strip()
    ]
    if not found:
        raise InvalidInput.at(str(path), "holds no key; restore it from a backup")
    return found


def _parse_key(path: Path, number: int, parts: list[str]) -> bytes:
    try:
        key = bytes.fromhex(parts[0])
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES or parts[1:] not in ([], [_RETIRED_FOLDER]):
        message = f"is not a key of {_KEY_BYTES * 2} hexadecimal digits; restore it from a backup"
        raise InvalidInput.at(str(path), message, line=number)
    return key


def _write_draft(path: Path, lines: Sequence[str]) -> Path:
    """Write and sync a file next to ``path``, readable by its owner alone. Return its path."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    return draft


def account_name(key: bytes, identity: bytes) -> str:
    """Return the name of a provider's account: a keyed hash of 32 hexadecimal digits."""
    return hashlib.blake2b(identity, key=key, digest_size=16, person=b"account").hexdigest()


def workspace_name(key: bytes) -> str:
    """Return the workspace's name, derived from its key: 12 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=6, person=b"workspace").hexdigest()


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint, which does not reveal the key: 16 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()


_PROXY_LINK_SECONDS = 300


def proxy_token(key: bytes, at: datetime) -> str:
    """Return a token, valid for minutes, for the page on which ``doctor`` tests a proxy."""
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    mac = hashlib.blake2b(str(seconds).encode(), key=key, digest_size=16, person=b"proxy")
    return f"{seconds}-{mac.hexdigest()}"


def is_proxy_token(key: bytes, token: str, now: datetime) -> bool:
    """Return whether the key signed the token within the last five minutes."""
    seconds = token.partition("-")[0]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _MAX_TIME_DIGITS):
        return False
    at = _EPOCH + timedelta(seconds=int(seconds))
    recent = abs(now - at) <= timedelta(seconds=_PROXY_LINK_SECONDS)
    return recent and hmac.compare_digest(token.encode(), proxy_token(key, at).encode())


def fingerprints_in(workspace: Path) -> dict[str, str]:
    """Return the place of each key → its fingerprint, for existing files.

    The place is the path of its file, for a later key with the line: ``var/keys/links:2``.
    """
    paths = [
        path for path in ("var/keys/addresses", "var/keys/links") if (workspace / path).exists()
    ]
    return {
        f"{path}:{line}" if line > 1 else path: fingerprint(key)
        for path in paths
        for line, key in enumerate(load_keys(workspace / path), start=1)
    }


_OTHERS_PERMISSIONS = stat.S_IRWXG | stat.S_IRWXO


def private() -> AbstractContextManager[int]:
    """Create files in the block for their owner alone. Yields the former umask.

    Files that are meant for others are written under ``with_umask`` and the former umask.
    """
    return with_umask(_OTHERS_PERMISSIONS)


@contextmanager
def with_umask(umask: int) -> Iterator[int]:
    """Set the umask during the block. Yields the former one."""
    before = os.umask(umask)
    try:
        yield before
    finally:
        os.umask(before)


def remove_other_rights(paths: Iterable[Path]) -> None:
    """Remove the rights of others from the files that this account owns."""
    for path in paths:
        mode = _mode(path)
        if mode & _OTHERS_PERMISSIONS and path.stat().st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS_PERMISSIONS)


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Return the files that others may read or change."""
    return [path for path in paths if _mode(path) & _OTHERS_PERMISSIONS]


def private_files(folder: Path, *others: Path) -> list[Path]:
    """Return a folder, its files, and the other files with the files beside them.

    Files in subfolders are protected by their folder.
    """
    beside = (one for path in others for one in (path, *_companions(path)))
    within = folder.iterdir() if folder.is_dir() else ()
    return [folder, *sorted({*within, *beside})]


def _companions(path: Path) -> Iterator[Path]:
    """Yield the files that SQLite and newsletter create beside a file."""
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    starts = (f"{path.name}-", f"{path.name}.")
    return (one for one in beside if one.name.startswith(starts))


def _mode(path: Path) -> int:
    """Return a file's mode; 0 if it is missing or a symbolic link."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return 0
    return 0 if stat.S_ISLNK(mode) else mode
