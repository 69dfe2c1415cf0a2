"""Postal's webhooks: one event, signed with an RSA key, by SHA-256 and by SHA-1."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.domain.events import Bounce, Forged
from newsletter.providers.postal.events import RETRY_PERIOD, Postal
from tests.contracts import webhook
from tests.contracts.webhook import NOW, HeaderSigner, Post, WebhookContract
from tests.rows import rows

OURS, THEIRS = (rsa.generate_private_key(public_exponent=65537, key_size=1024) for _ in range(2))  # noqa: S505 - as Postal makes them
KEY = b64encode(
    OURS.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
MESSAGE = {
    "id": 12345,
    "token": "abcdef123",
    "to": "ana@example.org",
    "subject": "resigns",
    "tag": "the/forum-resigns/attempt1/7",
}


def said(event: str, *, at: datetime = NOW, **payload: Any) -> dict[str, Any]:
    about = {"message": MESSAGE, "timestamp": at.timestamp()}
    about |= payload
    return {"event": event, "timestamp": at.timestamp(), "payload": about, "uuid": "0123-4567"}


class Signer(HeaderSigner):
    name = "x-postal-signature-256"
    key = KEY
    window = RETRY_PERIOD
    undefended = frozenset({"a tampered time"})  # there is none beside the signed body
    algorithm: hashes.HashAlgorithm = hashes.SHA256()

    def webhook(self) -> Postal:
        return Postal(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said("MessageSent", at=at)).encode()

    def sign(self, content: bytes, at: datetime, *, ours: bool = True) -> Post:
        return self._sign(content, OURS if ours else THEIRS, self.algorithm)

    def _sign(
        self, content: bytes, key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm
    ) -> Post:
        signature = b64encode(key.sign(content, padding.PKCS1v15(), algorithm)).decode()
        return Post(headers={self.name: signature, "x-postal-signature-kid": "k"}, body=content)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        return self._sign(content, OURS, hashes.SHA512())

    def retime(self, post: Post, at: datetime) -> Post:
        return post


class OlderSigner(Signer):
    """A server that knows SHA-1 alone."""

    name = "x-postal-signature"
    algorithm = hashes.SHA1()  # noqa: S303 - what older servers do


class TestTheContract(WebhookContract):
    signed_by = Signer


class TestTheContractWithAnOlderServer(WebhookContract):
    signed_by = OlderSigner


def test_the_older_signature_does_not_count_beside_a_newer_one() -> None:
    content = Signer().example(NOW)
    older, newer = OlderSigner().sign(content, NOW), Signer().sign(content, NOW, ours=False)
    for signature in (newer.headers["x-postal-signature-256"], ""):
        post = replace(older, headers=older.headers | {"x-postal-signature-256": signature})
        with pytest.raises(Forged):
            Postal(KEY).read(post.headers, post.body, NOW)


def read(event: str, **payload: Any) -> Any:
    (found,) = webhook.read(Signer(), said(event, **payload))
    return found


@rows(
    ("bounce", "meaning"),
    [
        ({"bounce_type": "hard"}, Bounce.HARD),
        ({"bounce_type": "soft"}, Bounce.SOFT),
        ({"subject": "Undelivered"}, Bounce.OTHER),
    ],
)
def test_a_bounce_names_the_message_that_came_back(bounce: dict[str, str], meaning: Bounce) -> None:
    returned = {"id": 9, "to": "x@psrp.example", "subject": "Undelivered"}
    found = read("MessageBounced", message=None, original_message=MESSAGE, bounce=returned | bounce)
    assert found.bounce is meaning
    assert (found.address, found.provider_id) == ("ana@example.org", "12345")


def test_an_event_without_an_id_is_named_by_its_content() -> None:
    content = json.dumps(said("MessageSent") | {"uuid": None}).encode()
    post = Signer().sign(content, NOW)
    first, again = (Postal(KEY).read(post.headers, post.body, NOW)[0] for _ in range(2))
    assert first.id == again.id
