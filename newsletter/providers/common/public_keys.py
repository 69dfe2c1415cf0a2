"""Parses public keys, and verifies RSA signatures.

Parsing raises ValueError, which describes a valid key and never shows the key. Only webhooks that
need cryptography, which takes 10 MB of memory, import this module.
"""

import re

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from newsletter.domain.events import Forged
from newsletter.providers.common.webhooks import decode_base64

_PEM_START = "-----BEGIN "
_DKIM_KEY_PATTERN = re.compile(r"(?:^|;)\s*p\s*=\s*([A-Za-z0-9+/=\s]+)")


def parse_curve_key(key: str) -> ec.EllipticCurvePublicKey:
    """Parse an ECDSA public key on the curve P-256, as PEM or base64."""
    found = _public_key(key)
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(
        found.curve, ec.SECP256R1
    ):
        raise ValueError("must be the verification key as SendGrid shows it, like MFkwEwYHKoZI…")
    return found


def parse_rsa_key(key: str) -> rsa.RSAPublicKey:
    """Parse an RSA public key: PEM, base64, or a DKIM record that contains it."""
    record = _DKIM_KEY_PATTERN.search(key)
    found = _public_key(record[1] if record and _PEM_START not in key else key)
    if not isinstance(found, rsa.RSAPublicKey):
        raise ValueError(
            "must be Postal's public key, like MIGfMA0GCSqG… or -----BEGIN PUBLIC KEY-----; "
            "`postal default-dkim-record` prints it after p="
        )
    return found


def _public_key(key: str) -> object:
    try:
        if _PEM_START in key:
            return load_pem_public_key(key.encode())
        return load_der_public_key(decode_base64("".join(key.split())) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None


def require_rsa(
    key: rsa.RSAPublicKey, message: bytes, signature: str, algorithm: hashes.HashAlgorithm
) -> None:
    """Verify an RSA signature (PKCS #1 v1.5) in base64. Raises Forged."""
    try:
        key.verify(decode_base64(signature) or b"", message, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Forged("the signature does not match") from error
