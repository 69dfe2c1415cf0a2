"""Mailgun's webhooks: the signature is in the body, over a time and a token."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from newsletter.domain.events import Forged
from newsletter.providers.mailgun.events import Mailgun
from tests.contracts import webhook
from tests.contracts.webhook import NOW, Post, WebhookContract
from tests.rows import rows

OURS, THEIRS = "3f2a9c-signing", "4e5b1d-guessed"


def said(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": at.timestamp(),
        "event": event,
        "recipient": "ana@example.org",
        "message": {"headers": {"message-id": "20260304.1@forum.example"}},
        "tags": ["resigns"],
        "user-variables": {"campaign": "resigns", "attempt": "attempt1"},
    }
    return about | more


class Signer:
    window = timedelta(hours=8)
    key = OURS
    undefended = frozenset({"a tampered body"})  # its token is known once it was recorded

    def __init__(self) -> None:
        self._tokens = count(1)

    def webhook(self) -> Mailgun:
        return Mailgun(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said("delivered", at=at)).encode()

    def sign(
        self, content: bytes, at: datetime, *, ours: bool = True, algorithm: str = "sha256"
    ) -> Post:
        token, seconds = f"{next(self._tokens):050x}", str(int(at.timestamp()))
        key = (OURS if ours else THEIRS).encode()
        signature = hmac.new(key, (seconds + token).encode(), algorithm).hexdigest()
        about = {"timestamp": seconds, "token": token, "signature": signature}
        body = b'{"signature": %b, "event-data": %b}' % (json.dumps(about).encode(), content)
        return Post(headers={}, body=body)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        return self.sign(content, at, algorithm="sha1")

    def change(self, post: Post, how: Callable[[str], str | None]) -> Post:
        return self._changed(post, signature=how(json.loads(post.body)["signature"]["signature"]))

    def retime(self, post: Post, at: datetime) -> Post:
        return self._changed(post, timestamp=str(int(at.timestamp())))

    def _changed(self, post: Post, **changes: str | None) -> Post:
        told = json.loads(post.body)
        about = {k: v for k, v in (told["signature"] | changes).items() if v is not None}
        return replace(post, body=json.dumps(told | {"signature": about}).encode())


class TestTheContract(WebhookContract):
    signature_in_the_body = True
    signed_by = Signer


def test_an_event_names_the_token_that_was_signed_for_it_alone() -> None:
    webhook, signer = Mailgun(OURS), Signer()
    post = signer.sign(signer.example(NOW), NOW)

    [told] = webhook.read({}, post.body, NOW)
    [again] = webhook.read({}, post.body.replace(b": ", b":"), NOW)  # written otherwise
    [altered] = webhook.read({}, post.body.replace(b"ana@", b"bob@"), NOW)

    assert told.token
    assert told == again
    assert altered.token == told.token


def test_an_event_altered_before_it_was_ever_seen_looks_genuine() -> None:
    post = Signer().sign(json.dumps(said("delivered")).encode(), NOW)  # Mailgun signs no more
    assert Mailgun(OURS).read({}, post.body.replace(b"ana@", b"bob@"), NOW)


@rows("seconds", ["1", "17726202000", "1772620200.5", "٣٣٣٣٣٣٣٣٣٣"])
def test_a_time_that_is_no_time_of_mailguns_is_refused(seconds: str) -> None:
    token = "a" * 50
    signature = hmac.new(OURS.encode(), (seconds + token).encode(), hashlib.sha256).hexdigest()
    about = {"timestamp": seconds, "token": token, "signature": signature}
    body = json.dumps({"signature": about, "event-data": said("delivered")}).encode()
    with pytest.raises(Forged):
        Mailgun(OURS).read({}, body, NOW)


def read(event: str, **more: Any) -> Any:
    (found,) = webhook.read(Signer(), said(event, **more))
    return found


def test_why_mailgun_rejected_a_message_is_told() -> None:
    assert read("rejected", reject={"reason": "Sandbox domain"}).reason == "Sandbox domain"


def test_an_event_without_an_id_is_named_by_its_content() -> None:
    assert read("delivered", id="").id == read("delivered", id="").id
    assert read("delivered", id="").id != read("opened", id="").id
