"""SendGrid's webhooks: an array of events, signed on the curve P-256."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.domain.events import EventKind
from newsletter.providers.sendgrid.events import SendGrid
from tests.contracts import webhook
from tests.contracts.webhook import NOW, HeaderSigner, Post, WebhookContract

OURS, THEIRS = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
KEY = b64encode(
    OURS.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def said(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about = {
        "email": "ana@example.org",
        "timestamp": int(at.timestamp()),
        "event": event,
        "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "category": ["resigns"],
        "campaign": "resigns",
        "attempt": "attempt1",
        "subscriber": "7",
    }
    return about | more


class Signer(HeaderSigner):
    name = "x-twilio-email-event-webhook-signature"
    key = KEY
    time = "x-twilio-email-event-webhook-timestamp"
    window = timedelta(days=1)
    undefended = frozenset[str]()

    def webhook(self) -> SendGrid:
        return SendGrid(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps([said("delivered", at=at)]).encode()

    def sign(
        self,
        content: bytes,
        at: datetime,
        *,
        ours: bool = True,
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> Post:
        seconds = str(int(at.timestamp()))
        key, used = OURS if ours else THEIRS, ec.ECDSA(algorithm or hashes.SHA256())
        signature = b64encode(key.sign(seconds.encode() + content, used)).decode()
        return Post(headers={self.name: signature, self.time: seconds}, body=content)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        return self.sign(content, at, algorithm=hashes.SHA384())

    def retime(self, post: Post, at: datetime) -> Post:
        return replace(post, headers=post.headers | {self.time: str(int(at.timestamp()))})


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(*items: Any) -> Any:
    return webhook.read(Signer(), items)


def test_a_post_holds_many_events_and_what_is_none_among_them_is_kept() -> None:
    found = read(said("delivered"), 7, said("open", sg_event_id="another"))
    kinds = [event.kind for event in found]
    assert kinds == [EventKind.DELIVERED, EventKind.OTHER, EventKind.OPENED]
    assert len({event.id for event in found}) == 3
    assert found[1].raw == "7"


def test_the_message_is_named_as_the_call_named_it() -> None:
    (found,) = read(said("bounce", sg_message_id="euo2iKxdSayPF4YE4--I7A.recvd-5f54-1-67BA-6.0"))
    assert found.provider_id == "euo2iKxdSayPF4YE4--I7A"
