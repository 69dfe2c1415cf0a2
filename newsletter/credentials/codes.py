"""Random tokens of links and sessions, one-time codes with their QR code, recovery codes.

The secret of the codes is not stored: it is derived from the workspace's key and a random salt.
With the database alone, codes cannot be computed.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode, urlsafe_b64encode
from datetime import datetime, timedelta

_STEP = 30
"""Seconds that a code lasts (RFC 6238)."""
_AWAY = 1
"""The steps by which a clock may be early or late."""
_DIGITS = 6
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_HALF = 5


def new_salt() -> str:
    """Return a random salt; a secret is derived from it with the key."""
    return secrets.token_hex(20)


def secret(key: bytes, salt: str) -> str:
    """The secret of an app, in base32: 160 bits, as RFC 4226 advises."""
    made = hashlib.blake2b(bytes.fromhex(salt), key=key, digest_size=20, person=b"one-time code")
    return b32encode(made.digest()).decode()


def address_of(secret: str, *, account: str, issuer: str) -> str:
    """Return the content of the QR code for an app: ``otpauth://…``."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(code: str, secret: str, at: datetime) -> int | None:
    """Return the time step of a code near this instant; None if the code is wrong.

    Compares with every candidate, so that the time it takes reveals nothing.
    """
    from pyotp import TOTP

    typed = re.sub(r"\s", "", code)
    if not re.fullmatch(rf"[0-9]{{{_DIGITS}}}", typed, re.ASCII):
        return None
    totp, found = TOTP(secret), None
    for away in range(-_AWAY, _AWAY + 1):
        instant = at + timedelta(seconds=_STEP * away)
        if hmac.compare_digest(totp.at(instant), typed):
            found = int(instant.timestamp()) // _STEP
    return found


def new_recovery_codes(count: int) -> tuple[str, ...]:
    """Random codes of 49 bits, without letters that look alike."""
    return tuple(
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2))
        for _ in range(count)
    )


def recovery_hash(key: bytes, address: str, code: str) -> bytes:
    """Return the stored form of a recovery code: keyed, bound to its owner, however it was
    typed."""
    plain = re.sub(r"[^a-z0-9]", "", code.lower())
    owned = f"{address}\0{plain}".encode()
    return hashlib.blake2b(owned, key=key, digest_size=32, person=b"recovery").digest()


def is_recovery_code(text: str) -> bool:
    """Return whether the text has the form of a recovery code."""
    return bool(re.fullmatch(rf"\s*[a-z0-9]{{{_HALF}}}[\s-]*[a-z0-9]{{{_HALF}}}\s*", text.lower()))


_WORD_BYTES = 32


def new_word() -> str:
    """256 bits, of ``[A-Za-z0-9_-]``."""
    return secrets.token_urlsafe(_WORD_BYTES)


def link_word(key: bytes, email_id: int) -> str:
    """The word of the link that an email brings to its owner: no table and no page has it."""
    made = hashlib.blake2b(str(email_id).encode(), key=key, digest_size=32, person=b"staff link")
    return urlsafe_b64encode(made.digest()).decode().rstrip("=")


def hash_of(word: str) -> bytes:
    """Return the stored form of a token. A random token needs neither salt nor key."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()


def new_device(key: bytes, address: str) -> str:
    """A cookie that proves later that this browser signed in to this account."""
    number = secrets.token_hex(8)
    return number + _device_mac(key, address, number)


def device_of(key: bytes, address: str, cookie: str) -> str:
    """Return the number of a browser that signed in to this account before, or ""."""
    number, mac = cookie[:16], cookie[16:].encode("utf-8", "surrogatepass")
    right = _device_mac(key, address, number).encode()
    return number if hmac.compare_digest(mac, right) else ""


def _device_mac(key: bytes, address: str, number: str) -> str:
    about = f"{number} {address}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(about, key=key, digest_size=16, person=b"device").hexdigest()


def qr_code(text: str) -> str:
    """A ``data:`` address for ``<img src>``: black on white, in light and in dark."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return code.svg_data_uri(
        scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
