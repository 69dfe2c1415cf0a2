"""The workspace's own keys: made once, readable by their owner alone.

``links`` holds one key a line; the last signs, all verify, so that links in old mails go on
working after a new key was added. ``addresses`` keys the hash under which suppressions are kept.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from newsletter.domain.audience import fold
from newsletter.domain.errors import Fault, InvalidInput

_KEY_BYTES = 32


def load_keys(path: Path) -> tuple[bytes, ...]:
    """All keys of a file, oldest first; makes the file with one key if it is not there."""
    if not path.exists():
        _create(path)
    keys = []
    for number, line in enumerate(path.read_text("ascii", "replace").split(), start=1):
        try:
            key = bytes.fromhex(line)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            message = (
                f"is not a key of {_KEY_BYTES * 2} hexadecimal digits; restore it from a backup"
            )
            raise InvalidInput([Fault(file=str(path), line=number, message=message)])
        keys.append(key)
    if not keys:
        raise InvalidInput(
            [Fault(file=str(path), message="holds no key; restore it from a backup")]
        )
    return tuple(keys)


def _create(path: Path) -> None:
    """Whole or not at all, and by one process only: the others take what the first made."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def address_hash(key: bytes) -> Callable[[str], bytes]:
    """The keyed hash (16 bytes, BLAKE2b) of an address in its folded form."""
    keyed = hashlib.blake2b(key=key, digest_size=16, person=b"address")

    def hash_address(address: str) -> bytes:
        state = keyed.copy()
        state.update(fold(address).encode())
        return state.digest()

    return hash_address


def account_name(key: bytes) -> Callable[[bytes], str]:
    """A name for an account at a provider, out of its identity: 32 hexadecimal digits.

    It is keyed, so that whoever has the database alone can try out no secret by it.
    """
    keyed = hashlib.blake2b(key=key, digest_size=16, person=b"account")

    def name(identity: bytes) -> str:
        state = keyed.copy()
        state.update(identity)
        return state.hexdigest()

    return name


def workspace_name(key: bytes) -> str:
    """A name for the workspace that stays as long as its key does: 12 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=6, person=b"workspace").hexdigest()


def fingerprint(key: bytes) -> str:
    """A name for a key that gives nothing of it away: 16 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()
