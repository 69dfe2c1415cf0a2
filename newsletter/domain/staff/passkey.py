"""A passkey: a pair of keys of which somebody's device keeps the secret one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

CHALLENGE_LIVES = timedelta(minutes=5)
"""So long may somebody take to touch their device."""
MOST_PASSKEYS = 20
LONGEST_NAME = 60
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Party:
    """For which website passkeys are: the relying party of WebAuthn."""

    id: str
    """A host name. A browser shows a passkey to no other."""
    origin: str
    """Scheme, host and port, as browsers write them."""
    name: str
    """The name that the browser shows."""


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """One that somebody added to their account. There is no secret in it."""

    id: bytes
    """The device's id of the passkey."""
    address: str
    """Folded."""
    party: str
    """The host name that it is for."""
    name: str
    """The owner's name of the passkey."""
    public: bytes
    """Its public key as the device sent it (attested credential data of WebAuthn)."""
    signatures: int
    """The device's count of signatures at the last one; 0 if it does not count."""
    made_at: datetime
    used_at: datetime | None = None

    @property
    def key(self) -> str:
        """The passkey's name on its owner's pages."""
        return sha256(self.id).hexdigest()[:16]

    def repeats(self, count: int) -> bool:
        """Return whether this count was seen before: two devices then use one key."""
        # what counts nothing says 0 each time
        return count <= self.signatures and (count, self.signatures) != (0, 0)


def party_of(address: str, name: str) -> Party | None:
    """Return the relying party for this address; None if browsers offer no passkeys there.

    Browsers need a host name, and https except on the machine itself.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    safe = parts.scheme == "https" or (parts.scheme, host) == ("http", "localhost")
    if not host or not safe or _is_number(host):
        return None
    written = host if host.isascii() else host.encode("idna").decode()
    other = parts.port not in {None, _PORTS[parts.scheme]}
    origin = f"{parts.scheme}://{written}{f':{parts.port}' if other else ''}"
    return Party(id=written, origin=origin, name=name)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
