"""Mailjet's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import EventKind
from newsletter.providers.mailjet.events import Mailjet
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract


def said(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
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
        return json.dumps([said("sent", at=at)]).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(told: Any) -> Any:
    return webhook.read(Signer(), told)


def test_what_is_tried_again_is_a_delay() -> None:
    found = read(said("bounce", error="greylisted", error_related_to="domain", hard_bounce=False))
    assert found[0].kind is EventKind.DELAYED
    assert found[0].reason == "domain greylisted"


def test_a_delivery_may_be_named_by_json() -> None:
    payload = json.dumps({"campaign": "resigns", "attempt": "attempt2", "subscriber": 8})
    (found,) = read(said("sent", Payload=payload))
    assert (found.attempt_id, found.subscriber_id) == ("attempt2", 8)


def test_a_delivery_may_have_no_name() -> None:
    (found,) = read(said("sent", CustomID=""))
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("", "", None)


def test_events_without_an_id_are_named_by_their_content() -> None:
    first, second, third = read([said("open"), said("click"), said("open", time=1772627401)])
    assert len({first.id, second.id, third.id}) == 3
