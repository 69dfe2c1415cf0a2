"""The keys that webhooks are verified with, in the forms that providers' pages show them.

Each function raises ValueError that says what the key should look like, and never the key.
"""

import base64
import binascii
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

_PEM = "-----BEGIN "
_DKIM = re.compile(r"(?:^|;)\s*p\s*=\s*([A-Za-z0-9+/=\s]+)")


def secret(key: str, *, looks_like: str) -> bytes:
    """A shared secret: its letters are the key."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"holds a blank, or no plain letters; it looks like {looks_like}")
    return key.encode()


def endpoint_secret(key: str) -> bytes:
    """``whsec_`` and base64, as Svix and Standard Webhooks write their secrets."""
    known, _, letters = key.partition("whsec_")
    found = b"" if known else unbase64(letters + "=" * (-len(letters) % 4))
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
    """An RSA public key, as PEM, as base64 alone, or as the DKIM record that it stands in."""
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


def unbase64(letters: str) -> bytes | None:
    """The bytes, or None for what is no base64, down to a stray blank."""
    try:
        return base64.b64decode(letters.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
