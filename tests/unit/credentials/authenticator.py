"""A device that makes passkeys and signs with them, as WebAuthn describes one.

It is written apart from the library that judges what it says.
"""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """The few kinds of CBOR (RFC 8949) that a device writes, with short heads alone."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    pairs = b"".join(cbor(name) + cbor(said) for name, said in value.items())
    return _head(5, len(value)) + pairs


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    if number < 256:
        return bytes([kind << 5 | 24, number])
    return bytes([kind << 5 | 25]) + struct.pack(">H", number)


@dataclass(kw_only=True)
class Authenticator:
    """One passkey in one browser. Changes to it make it lie."""

    origin: str = "https://news.forum.example"
    party: str = "news.forum.example"
    flags: int = PRESENT | VERIFIED
    cross_origin: bool = False
    algorithm: int = -7
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: Mapping[str, Any], kind: str = "webauthn.create") -> dict[str, Any]:
        """The answer of ``navigator.credentials.create``."""
        numbers = self.key.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        public = cbor({1: 2, 3: self.algorithm, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(ATTESTED) + attested
        told = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._said(self._client(options, kind), attestationObject=base64url(told))

    def sign(self, options: Mapping[str, Any], kind: str = "webauthn.get") -> dict[str, Any]:
        """The answer of ``navigator.credentials.get``."""
        client, data = self._client(options, kind), self._data()
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._said(client, authenticatorData=base64url(data), signature=base64url(signature))

    def _data(self, more: int = 0) -> bytes:
        party = hashlib.sha256(self.party.encode()).digest()
        return party + struct.pack(">BI", self.flags | more, self.count)

    def _client(self, options: Mapping[str, Any], kind: str) -> bytes:
        said = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return json.dumps(said).encode()

    def _said(self, client: bytes, **response: str) -> dict[str, Any]:
        name = base64url(self.id)
        told = {"clientDataJSON": base64url(client), **response}
        return {"id": name, "rawId": name, "type": "public-key", "response": told}
