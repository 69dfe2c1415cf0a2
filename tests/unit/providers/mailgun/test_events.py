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

from newsletter.domain.events import Bounce, EventKind, Forged
from newsletter.providers.mailgun.events import Mailgun
from tests.contracts import webhook
from tests.contracts.webhook import NOW, Post, WebhookContract
from tests.rows import rows

OURS, THEIRS = "3f2a9c-signing", "4e5b1d-guessed"


def data(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
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
        return json.dumps(data("delivered", at=at)).encode()

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
        said = json.loads(post.body)
        about = {k: v for k, v in (said["signature"] | changes).items() if v is not None}
        return replace(post, body=json.dumps(said | {"signature": about}).encode())


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
    post = Signer().sign(json.dumps(data("delivered")).encode(), NOW)  # Mailgun signs no more
    assert Mailgun(OURS).read({}, post.body.replace(b"ana@", b"bob@"), NOW)


@rows("seconds", ["1", "17726202000", "1772620200.5", "٣٣٣٣٣٣٣٣٣٣"])
def test_a_time_that_is_no_time_of_mailguns_is_refused(seconds: str) -> None:
    token = "a" * 50
    signature = hmac.new(OURS.encode(), (seconds + token).encode(), hashlib.sha256).hexdigest()
    about = {"timestamp": seconds, "token": token, "signature": signature}
    body = json.dumps({"signature": about, "event-data": data("delivered")}).encode()
    with pytest.raises(Forged):
        Mailgun(OURS).read({}, body, NOW)


def read(event: str, **more: Any) -> Any:
    (found,) = webhook.read(Signer(), data(event, **more))
    return found


@rows(
    ("event", "severity", "meaning"),
    [
        ("accepted", "", EventKind.ACCEPTED),
        ("delivered", "", EventKind.DELIVERED),
        ("failed", "temporary", EventKind.DELAYED),
        ("failed", "permanent", EventKind.BOUNCED),
        ("failed", "", EventKind.OTHER),
        ("rejected", "", EventKind.BOUNCED),
        ("opened", "", EventKind.OPENED),
        ("clicked", "", EventKind.CLICKED),
        ("unsubscribed", "", EventKind.UNSUBSCRIBED),
        ("complained", "", EventKind.COMPLAINED),
        ("stored", "", EventKind.OTHER),
    ],
)
def test_each_kind_has_its_meaning(event: str, severity: str, meaning: EventKind) -> None:
    found = read(event, severity=severity)
    assert found.kind is meaning
    assert (found.campaign, found.attempt_id) == ("resigns", "attempt1")
    assert found.provider_id == "<20260304.1@forum.example>"
    assert found.id == "CPgfbmQMTCKtHW6uIWtuVe"


@rows(
    ("why", "status", "meaning"),
    [
        ("bounce", {"code": 550, "message": "5.1.1 no such user"}, Bounce.HARD),
        ("suppress-bounce", {"code": 605}, Bounce.HARD),
        ("suppress-unsubscribe", {"code": 606}, Bounce.OTHER),
        ("suppress-complaint", {"code": 607}, Bounce.COMPLAINT),
        ("generic", {"code": 605}, Bounce.HARD),
        ("generic", {"code": 607}, Bounce.COMPLAINT),
        ("generic", {"code": 550, "message": "no such user"}, Bounce.HARD),
        ("generic", {"code": 552, "message": "no space"}, Bounce.SOFT),
        ("bounce", {"code": 552, "message": "no space"}, Bounce.SOFT),
        ("generic", {"code": 554, "message": "failed"}, Bounce.OTHER),
        ("generic", {"code": 550, "enhanced-code": "5.7.1"}, Bounce.POLICY),
        ("generic", {"code": 550, "description": "listed at a blocklist"}, Bounce.POLICY),
        ("hardfail", {}, Bounce.HARD),
        ("old", {"code": 602}, Bounce.SOFT),
        ("greylisted", {"code": 451}, Bounce.SOFT),
        ("espblock", {"code": 421}, Bounce.POLICY),
        ("", {}, Bounce.OTHER),
    ],
)
def test_a_permanent_failure_has_its_class(
    why: str, status: dict[str, Any], meaning: Bounce
) -> None:
    found = read("failed", severity="permanent", reason=why, **{"delivery-status": status})
    assert found.bounce is meaning


def test_why_mailgun_rejected_a_message_is_told() -> None:
    assert read("rejected", reject={"reason": "Sandbox domain"}).reason == "Sandbox domain"


def test_an_event_without_an_id_is_named_by_its_content() -> None:
    assert read("delivered", id="").id == read("delivered", id="").id
    assert read("delivered", id="").id != read("opened", id="").id
