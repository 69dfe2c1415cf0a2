"""The workspace's own keys, created once and readable by their owner alone; links signed by them.

``links`` holds one key a line. The last key signs and all keys verify, so that links in old emails
work after a new key was added. A key marked ``retired`` only verifies unsubscribe links.
``addresses`` is the key of the hash under which suppressions are stored.

A token is base64url of: key number (1 byte), subject, and a MAC of 16 bytes by keyed BLAKE2b that
is personalised by purpose. It contains no address, only letters, digits, ``-`` and ``_``.

| purpose | subject (bytes) | length | lifetime |
|---|---|---|---|
| unsubscribe | campaign (4), subscriber (6) | 36 | for ever |
| letter | letter (7) | 32 | as the letter says |
| preferences | subscriber (6), minute of signing (4) | 36 | as its reader decides |
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.subscribers.address import fold

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIME_DIGITS = 10
"""Digits of a Unix timestamp: enough until the year 2286."""
_KEY_BYTES = 32
_MAX_KEYS = 256
_RETIRED = "retired"


def load_keys(path: Path) -> tuple[bytes, ...]:
    """Return all keys of a file, oldest first. A missing file is created with one key."""
    return tuple(key for key, _ in _load(path))


def load_link_keys(path: Path) -> tuple[tuple[bytes, ...], frozenset[int]]:
    """Return all keys that sign links, and the positions of the retired ones."""
    lines = _load(path)
    retired = frozenset(number for number, (_, is_retired) in enumerate(lines) if is_retired)
    if len(lines) - 1 in retired:
        message = "is retired, and the last key signs; add one with 'newsletter db rekey'"
        raise InvalidInput([Fault(file=str(path), line=len(lines), message=message)])
    return tuple(key for key, _ in lines), retired


def add_link_key(path: Path) -> int:
    """Add a key and retire all others atomically. Return the number of keys.

    Raises NotFound if there is no key yet, and Refused if there are too many.
    """
    if not path.exists():
        raise NotFound(f"{path} is missing; put it back from the backup of var/keys")
    keys, _ = load_link_keys(path)
    if len(keys) >= _MAX_KEYS:
        raise Refused(f"{path} holds {len(keys)} keys, and no more can be told apart in links")
    lines = [f"{key.hex()} {_RETIRED}" for key in keys]
    draft = _write_draft(path, [*lines, secrets.token_hex(_KEY_BYTES)])
    draft.replace(path)
    return len(keys) + 1


def _load(path: Path) -> list[tuple[bytes, bool]]:
    if not path.exists():
        # whole or not at all, and by one process only: the others take what the first made
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _write_draft(path, [secrets.token_hex(_KEY_BYTES)])
        try:
            with suppress(FileExistsError):
                # unlike a rename, a link fails where another process was first
                path.hardlink_to(draft)
        finally:
            draft.unlink()
    found = [
        (_key(path, number, line.split()), line.split()[1:] == [_RETIRED])
        for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), start=1)
        if line.strip()
    ]
    if not found:
        raise InvalidInput(
            [Fault(file=str(path), message="holds no key; restore it from a backup")]
        )
    return found


def _key(path: Path, number: int, parts: list[str]) -> bytes:
    try:
        key = bytes.fromhex(parts[0])
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES or parts[1:] not in ([], [_RETIRED]):
        message = f"is not a key of {_KEY_BYTES * 2} hexadecimal digits; restore it from a backup"
        raise InvalidInput([Fault(file=str(path), line=number, message=message)])
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


def address_hash(key: bytes) -> Callable[[str], bytes]:
    """Return a function that hashes a folded address with the key (16 bytes, BLAKE2b)."""
    keyed = hashlib.blake2b(key=key, digest_size=16, person=b"address")

    def hash_address(address: str) -> bytes:
        state = keyed.copy()
        state.update(fold(address).encode())
        return state.digest()

    return hash_address


def account_name(key: bytes) -> Callable[[bytes], str]:
    """Return a function that names a provider's account by 32 hexadecimal digits.

    The name is keyed: with the database alone a secret cannot be guessed.
    """
    keyed = hashlib.blake2b(key=key, digest_size=16, person=b"account")

    def name(identity: bytes) -> str:
        state = keyed.copy()
        state.update(identity)
        return state.hexdigest()

    return name


def workspace_name(key: bytes) -> str:
    """Return the workspace's name, derived from its key: 12 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=6, person=b"workspace").hexdigest()


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint, which does not reveal the key: 16 hexadecimal digits."""
    return hashlib.blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()


_PROXY_SECONDS = 300


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
    recent = abs(now - at) <= timedelta(seconds=_PROXY_SECONDS)
    return recent and hmac.compare_digest(token.encode(), proxy_token(key, at).encode())


def fingerprints_in(workspace: Path) -> dict[str, str]:
    """Return key file → fingerprint of its first key, for the files that exist."""
    paths = {name: workspace / name for name in ("var/keys/addresses", "var/keys/links")}
    return {name: fingerprint(_load(path)[0][0]) for name, path in paths.items() if path.exists()}


_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def private() -> Iterator[int]:
    """Create files in the block for their owner alone. Yields the former umask.

    Files that are meant for others are written under ``with_umask`` and the former umask.
    """
    with with_umask(_OTHERS) as before:
        yield before


@contextmanager
def with_umask(umask: int) -> Iterator[int]:
    """Set the umask during the block. Yields the former one."""
    before = os.umask(umask)
    try:
        yield before
    finally:
        os.umask(before)


def remove_other_rights(paths: Iterable[Path]) -> None:
    """Remove all rights of others from those of the files that we own."""
    for path in paths:
        mode = _mode(path)
        if mode & _OTHERS and path.stat().st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Return the files that others may read or change."""
    return [path for path in paths if _mode(path) & _OTHERS]


def kept_in(folder: Path, *others: Path) -> list[Path]:
    """Return a folder, the files in it, and the other files with their companions.

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


_MAC_BYTES = 16
_EMAIL_BYTES = 7
_TOKEN_BYTES = 1 + 4 + 6 + _MAC_BYTES
_TOKEN_LENGTH = _TOKEN_BYTES // 3 * 4  # three bytes are four letters and nothing is left over


class SignedLinks:
    """Signs and verifies tokens of links. The last of ``keys`` signs, all verify.

    ``retired`` are the positions of keys that only verify unsubscribe links. A key's position never
    changes, since each token contains it.
    """

    def __init__(self, keys: Sequence[bytes], *, retired: Collection[int] = ()) -> None:
        if not 1 <= len(keys) <= 256:
            raise ValueError("between 1 and 256 keys")
        if len(keys) - 1 in retired:
            raise ValueError("the key that signs cannot be retired")
        self._retired = frozenset(retired)
        self._unsubscribe = [_keyed(key, b"unsubscribe") for key in keys]
        self._email = [_keyed(key, b"letter") for key in keys]
        self._preferences = [_keyed(key, b"preferences") for key in keys]
        # the first key stays for ever, and so does the id of a mail
        self._message = hashlib.blake2b(key=keys[0], digest_size=8, person=b"message")

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return a token per subscriber, which stays the same as long as the key signs."""
        number = len(self._unsubscribe) - 1
        head = bytes([number]) + campaign_id.to_bytes(4)
        # the beginning is hashed once: of a million tokens only the subscriber differs
        begun = self._unsubscribe[number].copy()
        begun.update(head)
        raw: list[bytes] = []
        for subscriber_id in subscriber_ids:
            tail = subscriber_id.to_bytes(6)
            mac = begun.copy()
            mac.update(tail)
            raw += (head, tail, mac.digest())
        words = base64.urlsafe_b64encode(b"".join(raw)).decode()
        return [words[at : at + _TOKEN_LENGTH] for at in range(0, len(words), _TOKEN_LENGTH)]

    def read_unsubscribe(self, token: str) -> tuple[int, int] | None:
        """Return (campaign id, subscriber id) of a valid token, else None."""
        # retired keys count too, so that the link in an old email always unsubscribes
        about = _read(token, self._unsubscribe, 4 + 6)
        if about is None:
            return None
        return int.from_bytes(about[:4]), int.from_bytes(about[4:])

    def email_token(self, email_id: int) -> str:
        return _sign(self._email, email_id.to_bytes(_EMAIL_BYTES))

    def read_email(self, token: str) -> int | None:
        """Return the email id of a valid token, else None."""
        about = _read(token, self._email, _EMAIL_BYTES, self._retired)
        return None if about is None else int.from_bytes(about)

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """Return the token of a preferences link; ``at`` is stored to the minute."""
        minutes = (at - _EPOCH) // timedelta(minutes=1)
        return _sign(self._preferences, subscriber_id.to_bytes(6) + minutes.to_bytes(4))

    def read_preferences(self, token: str) -> tuple[int, datetime] | None:
        """Return (subscriber id, time of signing) of a valid token, else None."""
        about = _read(token, self._preferences, 6 + 4, self._retired)
        if about is None:
            return None
        return int.from_bytes(about[:6]), _EPOCH + int.from_bytes(about[6:]) * timedelta(minutes=1)

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return the part of Message-ID before the @: signed, and the same in each attempt."""
        begun = self._message.copy()
        begun.update(campaign_id.to_bytes(4))
        ids, middle = list[str](), f".{campaign_id}."
        for subscriber_id in subscriber_ids:
            mac = begun.copy()
            mac.update(subscriber_id.to_bytes(6))
            ids.append(f"{subscriber_id}{middle}{mac.hexdigest()}")
        return ids


def _keyed(key: bytes, purpose: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key, digest_size=_MAC_BYTES, person=purpose)


def _sign(keys: "Sequence[hashlib.blake2b]", about: bytes) -> str:
    body = bytes([len(keys) - 1]) + about
    mac = keys[-1].copy()
    mac.update(body)
    return base64.urlsafe_b64encode(body + mac.digest()).decode()


def _read(
    token: str, keys: "Sequence[hashlib.blake2b]", size: int, retired: Collection[int] = frozenset()
) -> bytes | None:
    """Return the content of a token that one of the keys signed; None for a retired key."""
    if len(token) != (1 + size + _MAC_BYTES) // 3 * 4:
        return None
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if base64.urlsafe_b64encode(raw).decode() != token:  # + and / are read too
        return None
    if raw[0] >= len(keys) or raw[0] in retired:
        return None
    body, claimed = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    mac = keys[raw[0]].copy()
    mac.update(body)
    return body[1:] if hmac.compare_digest(mac.digest(), claimed) else None
