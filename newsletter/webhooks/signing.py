"""Is it from the provider, and is it fresh? What is not, is forged."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from newsletter.domain.event import Event, EventKind
from newsletter.ports import Forged
from newsletter.webhooks.keys import unbase64, user_and_password
from newsletter.webhooks.reading import Translate, read_many

MARGIN = timedelta(minutes=5)
"""How far two clocks may differ."""
LONGEST = timedelta(days=1)
_Value = TypeVar("_Value")


class Unverifiable(Forged):
    """It could not be verified just now. The provider should tell it again, so answer 503."""


def header(headers: Mapping[str, str], name: str) -> str:
    """The one value. Raises Forged where there is none."""
    value = headers.get(name, "")
    if not value:
        raise Forged(f"the header {name} is missing or empty")
    return value


def same(claimed: str, expected: str) -> bool:
    """Compare in constant time. Case counts."""
    return hmac.compare_digest(claimed.encode(errors="replace"), expected.encode())


def require_hmac(key: bytes, signed: bytes, claimed: str) -> None:
    """HMAC-SHA256 in small hexadecimal letters. Raises Forged."""
    if not same(claimed, hmac.new(key, signed, hashlib.sha256).hexdigest()):
        raise Forged("the signature does not match")


def require_rsa(
    key: rsa.RSAPublicKey, signed: bytes, claimed: str, algorithm: hashes.HashAlgorithm
) -> None:
    """RSA with PKCS #1 v1.5 over the bytes, in base64. Raises Forged."""
    try:
        key.verify(unbase64(claimed) or b"", signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Forged("the signature does not match") from error


def require_user(key: bytes, headers: Mapping[str, str]) -> None:
    """Basic authentication (RFC 7617). Raises Forged."""
    scheme, _, letters = header(headers, "authorization").partition(" ")
    given = unbase64(letters)
    matches = hmac.compare_digest(given or b"", key)  # before the rest: no early way out
    if scheme.lower() != "basic" or not matches:
        raise Forged("the user name or the password does not match")


def require_fresh(signed_at: datetime | None, now: datetime, retries: timedelta) -> None:
    """Raises Forged for what was signed too long ago, or in the future, or nobody knows when.

    ``retries``: how long after signing the provider may still post the same signature.
    """
    if signed_at is None:
        raise Forged("it does not say when it was signed")
    if signed_at > now + MARGIN:
        raise Forged("it was signed in the future; is the clock of this machine right?")
    if now - signed_at > min(retries + MARGIN, LONGEST):
        raise Forged("it was signed too long ago: a replay")


def require_recent(
    signed_at: datetime | None, events: Sequence[Event], now: datetime, retries: timedelta
) -> None:
    """For what is signed as a whole. Raises Forged for what leads to something, and is not fresh.

    What says no time and is not understood leads to nothing, however often it comes.
    """
    if signed_at is not None or any(event.kind is not EventKind.OTHER for event in events):
        require_fresh(signed_at, now, retries)


class ByPassword:
    """A webhook of a provider that signs nothing, and says a user name and a password."""

    def __init__(self, key: str, translate: Translate) -> None:
        self._key = user_and_password(key)
        self._translate = translate

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """One event, or all in an array. Raises Forged."""
        require_user(self._key, headers)
        return read_many(body, now, self._translate)


class Memory(Generic[_Value]):
    """The newest of what was learnt: a bounded map for many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, _Value] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str) -> _Value | None:
        """What is remembered under this name."""
        with self._lock:
            return self._known.get(name)

    def put(self, name: str, value: _Value) -> _Value:
        """Remember a value, unless there is one of this name. Returns what is remembered."""
        with self._lock:
            kept = self._known.setdefault(name, value)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return kept
