"""Resend's webhooks, signed by the Standard Webhooks library."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Standard

from newsletter.domain.events import Forged
from newsletter.providers.resend.events import Resend
from tests.contracts import webhook
from tests.contracts.webhook import NOW, HeaderSigner, Post, WebhookContract

OURS = "whsec_" + b64encode(b"ours" * 8).decode()
THEIRS = "whsec_" + b64encode(b"them" * 8).decode()


def said(kind: str, *, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    tags = {"campaign": "resigns", "attempt": "attempt1", "subscriber": "7"}
    about = {"email_id": "e1", "to": ["ana@example.org"], "subject": "resigns", "tags": tags}
    return {"type": kind, "created_at": at.isoformat(), "data": about | data}


class Signer(HeaderSigner):
    name = "svix-signature"
    key = OURS
    window = timedelta(0)
    undefended = frozenset[str]()

    def webhook(self) -> Resend:
        return Resend(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said("email.delivered", at=at)).encode()

    def sign(self, content: bytes, at: datetime, *, ours: bool = True, id: str = "") -> Post:
        id = id or f"msg_{hashlib.sha256(content).hexdigest()[:16]}"  # another with each event
        key, seconds = OURS if ours else THEIRS, str(int(at.timestamp()))
        try:
            signature = Standard(key).sign(id, at, content.decode())
        except UnicodeDecodeError:
            raw = b64decode(key.removeprefix("whsec_"))
            mac = hmac.new(raw, f"{id}.{seconds}.".encode() + content, hashlib.sha256)
            signature = f"v1,{b64encode(mac.digest()).decode()}"
        headers = {"svix-id": id, "svix-timestamp": seconds, self.name: signature}
        return Post(headers=headers, body=content)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        return self.change(self.sign(content, at), lambda one: one.replace("v1,", "v1a,"))

    def retime(self, post: Post, at: datetime) -> Post:
        return replace(post, headers=post.headers | {"svix-timestamp": str(int(at.timestamp()))})


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(kind: str, **data: Any) -> Any:
    (event,) = webhook.read(Signer(), said(kind, **data))
    return event


def test_why_a_message_failed_is_told() -> None:
    assert read("email.failed", failed={"reason": "reached_daily_quota"}).reason == (
        "reached_daily_quota"
    )


def test_tags_may_come_as_a_list_of_names_and_values() -> None:
    tags = [{"name": "campaign", "value": "resigns"}, {"name": "subscriber", "value": "9"}]
    event = read("email.delivered", tags=tags)
    assert (event.campaign, event.subscriber_id) == ("resigns", 9)


def test_one_good_signature_among_several_is_enough_while_a_secret_is_replaced() -> None:
    signer = Signer()
    content = signer.example(NOW)
    old = signer.sign(content, NOW, ours=False).headers["svix-signature"]
    post = signer.change(signer.sign(content, NOW), lambda new: f"{old} v1a,c2lnbg== {new}")

    assert Resend(OURS).read(post.headers, post.body, NOW)


def test_an_event_is_named_by_its_header() -> None:
    post = Signer().sign(Signer().example(NOW), NOW, id="msg_2")
    (event,) = Resend(OURS).read(post.headers, post.body, NOW)
    assert event.id == "msg_2"


def test_another_name_needs_another_signature() -> None:
    post = Signer().sign(Signer().example(NOW), NOW)
    with pytest.raises(Forged):
        Resend(OURS).read(post.headers | {"svix-id": "msg_9"}, post.body, NOW)
