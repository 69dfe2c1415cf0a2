"""Brevo's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce
from newsletter.providers.brevo.events import Brevo
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract


def said(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about = {
        "event": event,
        "email": "ana@example.org",
        "id": 100,
        "date": "2026-03-04 13:30:00",
        "ts": int(at.timestamp()) + 3600,
        "message-id": "<201798300811.5787683@relay.example>",
        "ts_event": int(at.timestamp()),
        "X-Mailin-custom": "the-forum.resigns.attempt1.7",
        "tags": ["the-forum.resigns", "attempt1"],
    }
    return about | more


class Signer(BasicSigner):
    def webhook(self) -> Brevo:
        return Brevo(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said("delivered", at=at)).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(told: Any) -> Any:
    return webhook.read(Signer(), told)


def test_the_servers_words_decide_what_kind_of_bounce_it_is() -> None:
    (found,) = read(said("soft_bounce", reason="550 5.7.26 ana@example.org: unauthenticated"))
    assert found.bounce is Bounce.POLICY
    assert found.reason == "550 5.7.26 …@example.org: unauthenticated"


def test_a_post_may_hold_many_events() -> None:
    found = read([said("delivered"), said("delivered", email="bob@example.org")])
    assert len({event.id for event in found}) == 2


def test_an_event_is_named_by_what_stays_the_same_when_it_is_told_by_another_webhook() -> None:
    ours, other = read([said("opened"), said("opened", id=101, date="2026-03-04 14:30:00")])
    assert ours.id == other.id
