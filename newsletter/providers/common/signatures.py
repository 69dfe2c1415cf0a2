"""Is a post from the provider, and is it fresh? The keys that say so, and how each is read.

Each function raises ValueError that says what the key should look like, and never the key.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from newsletter.domain.events import Event, EventKind, Forged
from newsletter.providers.common.webhooks import Translate, inside, instant, parse_many, read_many

_PEM = "-----BEGIN "
_DKIM = re.compile(r"(?:^|;)\s*p\s*=\s*([A-Za-z0-9+/=\s]+)")


def secret(key: str, *, looks_like: str) -> bytes:
    """A shared secret: its letters are the key."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"holds a blank, or no plain letters; it looks like {looks_like}")
    return key.encode()


def endpoint_secret(key: str) -> bytes:
    """``whsec_`` and base64, as Svix and Standard Webhooks write their secrets."""
    known, _, encoded = key.partition("whsec_")
    found = b"" if known else unbase64(encoded + "=" * (-len(encoded) % 4))
    if not found:
        raise ValueError("must be whsec_ and then letters of base64, as Resend's page shows it")
    return found


def user_and_password(key: str) -> bytes:
    """``user:password`` of Basic authentication."""
    user, colon, password = key.partition(":")
    if not (user and colon and password) or not key.isprintable():
        raise ValueError("must be a user name, a colon and a password, like events:kL9…")
    return key.encode()


def curve_key(key: str) -> ec.EllipticCurvePublicKey:
    """A public key on the curve P-256, as PEM or as base64 alone."""
    found = _public_key(key)
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(
        found.curve, ec.SECP256R1
    ):
        raise ValueError("must be the verification key as SendGrid shows it, like MFkwEwYHKoZI…")
    return found


def rsa_key(key: str) -> rsa.RSAPublicKey:
    """Read an RSA public key: PEM, base64 alone, or the DKIM record that contains it."""
    record = _DKIM.search(key)
    found = _public_key(record[1] if record and _PEM not in key else key)
    if not isinstance(found, rsa.RSAPublicKey):
        raise ValueError(
            "must be Postal's public key, like MIGfMA0GCSqG… or -----BEGIN PUBLIC KEY-----; "
            "`postal default-dkim-record` prints it after p="
        )
    return found


def _public_key(key: str) -> object:
    try:
        if _PEM in key:
            return load_pem_public_key(key.encode())
        return load_der_public_key(unbase64("".join(key.split())) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None


def unbase64(encoded: str) -> bytes | None:
    """Return the bytes; None for invalid base64, even a stray space."""
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


MARGIN = timedelta(minutes=5)
"""The largest difference between two clocks."""
MAX_AGE = timedelta(days=1)


class Unverifiable(Forged):
    """It could not be verified now. The provider should post it again, so answer 503."""


def header(headers: Mapping[str, str], name: str) -> str:
    """The one value. Raises Forged where there is none."""
    value = headers.get(name, "")
    if not value:
        raise Forged(f"the header {name} is missing or empty")
    return value


def same(claimed: str, expected: str) -> bool:
    """Compare in constant time. Case counts."""
    # in bytes: of text it takes ASCII alone, and raises over the rest
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
    scheme, _, encoded = header(headers, "authorization").partition(" ")
    given = unbase64(encoded)
    matches = hmac.compare_digest(given or b"", key)  # before the rest: no early way out
    if scheme.lower() != "basic" or not matches:
        raise Forged("the user name or the password does not match")


def require_fresh(signed_at: datetime | None, now: datetime, retries: timedelta) -> None:
    """Raise Forged for a signature that is too old, in the future, or without a time.

    ``retries``: how long after signing the provider may still post the same signature.
    """
    if signed_at is None:
        raise Forged("it does not say when it was signed")
    if signed_at > now + MARGIN:
        raise Forged("it was signed in the future; is the clock of this machine right?")
    if now - signed_at > min(retries + MARGIN, MAX_AGE):
        raise Forged("it was signed too long ago: a replay")


class Signed:
    """A webhook whose posts are signed whole: the newest time in one is that of signing."""

    translate: Translate
    retries: timedelta
    """How long after signing the provider may still post the same signature."""
    time: str
    """The key of an event's time."""
    several = ""
    """The key of the events in a post with several."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature. Raises Forged."""
        raise NotImplementedError

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Return the events of a post. Raises Forged."""
        self.verify(headers, body)
        events = read_many(body, now, self.translate, key=self.several)
        posted = parse_many(body, key=self.several)
        times = [when for item in posted if (when := instant(inside(item, self.time)))]
        # a post without a time that is not understood has no effect, however often it comes
        if times or any(event.kind is not EventKind.OTHER for event in events):
            require_fresh(max(times, default=None), now, self.retries)
        return events


class ByHmac(Signed):
    """A webhook that is signed by HMAC-SHA256. ``key``: the shared secret."""

    looks_like: str
    signature: str
    """The name of the header."""

    def __init__(self, key: str) -> None:
        self._key = secret(key, looks_like=self.looks_like)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature. Raises Forged."""
        require_hmac(self._key, body, header(headers, self.signature))


class ByPassword:
    """A webhook of a provider that signs nothing, and says a user name and a password.

    ``key``: ``user:password``.
    """

    translate: Translate

    def __init__(self, key: str) -> None:
        self._key = user_and_password(key)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """One event, or all in an array. Raises Forged."""
        require_user(self._key, headers)
        return read_many(body, now, self.translate)
