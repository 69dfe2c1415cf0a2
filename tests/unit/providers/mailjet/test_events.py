"""Mailjet's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, EventKind
from newsletter.providers.mailjet.events import Mailjet
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract
from tests.rows import rows


def item(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about = {
        "event": event,
        "time": int(at.timestamp()),
        "MessageID": 19421777835146490,
        "email": "ana@example.org",
        "CustomID": "resigns.attempt1.7",
        "Payload": "",
    }
    return about | more


class Signer(BasicSigner):
    def webhook(self) -> Mailjet:
        return Mailjet(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps([item("sent", at=at)]).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(said: Any) -> Any:
    return webhook.read(Signer(), said)


@rows(
    ("event", "meaning"),
    [
        ("sent", EventKind.DELIVERED),
        ("bounce", EventKind.BOUNCED),
        ("blocked", EventKind.BOUNCED),
        ("spam", EventKind.COMPLAINED),
        ("unsub", EventKind.UNSUBSCRIBED),
        ("open", EventKind.OPENED),
        ("click", EventKind.CLICKED),
        ("brandnew", EventKind.OTHER),
    ],
)
def test_each_kind_has_its_meaning(event: str, meaning: EventKind) -> None:
    (found,) = read(item(event))
    assert found.kind is meaning
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("resigns", "attempt1", 7)
    assert found.provider_id == "19421777835146490"


@rows(
    ("error", "meaning"),
    [
        ("user unknown", Bounce.HARD),
        ("mailbox inactive", Bounce.HARD),
        ("invalid domain", Bounce.HARD),
        ("preblocked", Bounce.SOFT),
        ("quota exceeded", Bounce.SOFT),
        ("no mail host", Bounce.SOFT),
        ("system issue", Bounce.SOFT),
        ("protocol issue", Bounce.SOFT),
        ("connection issue", Bounce.SOFT),
        ("relay/access denied", Bounce.POLICY),
        ("sender blocked", Bounce.POLICY),
        ("content blocked", Bounce.POLICY),
        ("policy issue", Bounce.POLICY),
        ("duplicate in campaign", Bounce.OTHER),
        ("brand new", Bounce.OTHER),
    ],
)
def test_a_blocked_message_has_its_class(error: str, meaning: Bounce) -> None:
    assert read(item("blocked", error=error))[0].bounce is meaning


@rows(
    ("more", "meaning"),
    [
        ({"error": "user unknown", "hard_bounce": False}, Bounce.SOFT),
        ({"error": "brand new", "hard_bounce": True}, Bounce.HARD),
        ({"error": "greylisted", "hard_bounce": True}, Bounce.SOFT),
        ({"error": "user unknown", "hard_bounce": True, "comment": "550 5.7.1 no"}, Bounce.POLICY),
    ],
)
def test_a_bounce_has_its_class(more: dict[str, Any], meaning: Bounce) -> None:
    assert read(item("bounce", **more))[0].bounce is meaning


def test_what_is_tried_again_is_a_delay() -> None:
    found = read(item("bounce", error="greylisted", error_related_to="domain", hard_bounce=False))
    assert found[0].kind is EventKind.DELAYED
    assert found[0].reason == "domain greylisted"


def test_a_delivery_may_be_named_by_json() -> None:
    payload = json.dumps({"campaign": "resigns", "attempt": "attempt2", "subscriber": 8})
    (found,) = read(item("sent", Payload=payload))
    assert (found.attempt_id, found.subscriber_id) == ("attempt2", 8)


def test_a_delivery_may_have_no_name() -> None:
    (found,) = read(item("sent", CustomID=""))
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("", "", None)


def test_events_without_an_id_are_named_by_their_content() -> None:
    first, second, third = read([item("open"), item("click"), item("open", time=1772627401)])
    assert len({first.id, second.id, third.id}) == 3
