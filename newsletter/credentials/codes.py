"""Random tokens, one-time codes (TOTP) with their QR code, and recovery codes.

The TOTP secret is not stored: it is derived from the workspace's key and a random salt, so the
database alone does not suffice to compute codes.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode, urlsafe_b64encode
from datetime import datetime, timedelta

_STEP_SECONDS = 30
"""The lifetime of a one-time code (RFC 6238)."""
_MAX_DRIFT_STEPS = 1
"""The time steps by which the app's clock may differ."""
_CODE_DIGITS = 6
_CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUP = 5


def secret(key: bytes, salt: str) -> str:
    """Return the TOTP secret for an authenticator app, in base32: 160 bits, as RFC 4226 advises."""
    digest = hashlib.blake2b(bytes.fromhex(salt), key=key, digest_size=20, person=b"one-time code")
    return b32encode(digest.digest()).decode()


def totp_uri(secret: str, *, account: str, issuer: str) -> str:
    """Return the ``otpauth://`` URI that an authenticator app reads from the QR code."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def find_step(code: str, secret: str, at: datetime) -> int | None:
    """Return the TOTP time step of a code near this instant; None if the code is wrong.

    Each candidate is compared, so that the duration reveals nothing.
    """
    from pyotp import TOTP

    typed = re.sub(r"\s", "", code)
    if not re.fullmatch(rf"[0-9]{{{_CODE_DIGITS}}}", typed, re.ASCII):
        return None
    totp, found = TOTP(secret), None
    for drift in range(-_MAX_DRIFT_STEPS, _MAX_DRIFT_STEPS + 1):
        instant = at + timedelta(seconds=_STEP_SECONDS * drift)
        if hmac.compare_digest(totp.at(instant), typed):
            found = int(instant.timestamp()) // _STEP_SECONDS
    return found


def new_recovery_codes(count: int) -> tuple[str, ...]:
    """Return random codes of 49 bits without characters that look alike."""
    return tuple(
        "-".join("".join(secrets.choice(_CODE_ALPHABET) for _ in range(_GROUP)) for _ in range(2))
        for _ in range(count)
    )


def recovery_hash(key: bytes, address: str, code: str) -> bytes:
    """Return the hash under which a recovery code is stored, keyed and bound to its owner."""
    plain = re.sub(r"[^a-z0-9]", "", code.lower())
    owned = f"{address}\0{plain}".encode()
    return hashlib.blake2b(owned, key=key, digest_size=32, person=b"recovery").digest()


def is_recovery_code(text: str) -> bool:
    return bool(
        re.fullmatch(rf"\s*[a-z0-9]{{{_GROUP}}}[\s-]*[a-z0-9]{{{_GROUP}}}\s*", text.lower())
    )


_TOKEN_BYTES = 32


def new_token() -> str:
    """Return a random token of 256 bits, in ``[A-Za-z0-9_-]``."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def link_token(key: bytes, email_id: int) -> str:
    """Return the token of the link in an email to staff, derived from the email's id."""
    digest = hashlib.blake2b(str(email_id).encode(), key=key, digest_size=32, person=b"staff link")
    return urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def hash_token(token: str) -> bytes:
    """Return the hash under which a random token is stored, without salt and key."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_device_cookie(key: bytes, address: str) -> str:
    """Return a cookie that proves later that its browser signed in to this account."""
    number = secrets.token_hex(8)
    return number + _device_mac(key, address, number)


def find_device(key: bytes, address: str, cookie: str) -> str:
    """Return the browser's id in a valid device cookie of this account, or ""."""
    number, mac = cookie[:16], cookie[16:].encode("utf-8", "surrogatepass")
    expected_mac = _device_mac(key, address, number).encode()
    return number if hmac.compare_digest(mac, expected_mac) else ""


def _device_mac(key: bytes, address: str, device_number: str) -> str:
    device = f"{device_number} {address}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(device, key=key, digest_size=16, person=b"device").hexdigest()


def qr_code(text: str) -> str:
    """Return a QR code as a ``data:`` URL for ``<img src>``, black on white in dark mode too."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return code.svg_data_uri(
        scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
