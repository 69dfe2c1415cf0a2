"""Brevo's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, EventKind
from newsletter.providers.brevo.events import Brevo
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract
from tests.rows import rows


def item(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
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
        return json.dumps(item("delivered", at=at)).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(said: Any) -> Any:
    return webhook.read(Signer(), said)


@rows(
    ("event", "meaning", "bounce"),
    [
        ("request", EventKind.ACCEPTED, None),
        ("delivered", EventKind.DELIVERED, None),
        ("deferred", EventKind.DELAYED, None),
        ("hard_bounce", EventKind.BOUNCED, Bounce.HARD),
        ("soft_bounce", EventKind.BOUNCED, Bounce.SOFT),
        ("invalid_email", EventKind.BOUNCED, Bounce.HARD),
        ("blocked", EventKind.BOUNCED, Bounce.OTHER),
        ("error", EventKind.BOUNCED, Bounce.OTHER),
        ("spam", EventKind.COMPLAINED, None),
        ("unsubscribed", EventKind.UNSUBSCRIBED, None),
        ("unsubscribe", EventKind.UNSUBSCRIBED, None),
        ("opened", EventKind.OPENED, None),
        ("unique_opened", EventKind.OPENED, None),
        ("proxy_open", EventKind.OPENED, None),
        ("unique_proxy_open", EventKind.OPENED, None),
        ("click", EventKind.CLICKED, None),
        ("list_addition", EventKind.OTHER, None),
    ],
)
def test_each_kind_has_its_meaning(event: str, meaning: EventKind, bounce: Bounce | None) -> None:
    (found,) = read(item(event))
    assert (found.kind, found.bounce) == (meaning, bounce)
    assert found.campaign == "the-forum.resigns"
    assert (found.attempt_id, found.subscriber_id) == ("attempt1", 7)
    assert found.provider_id == "<201798300811.5787683@relay.example>"


def test_the_servers_words_decide_what_kind_of_bounce_it_is() -> None:
    (found,) = read(item("soft_bounce", reason="550 5.7.26 ana@example.org: unauthenticated"))
    assert found.bounce is Bounce.POLICY
    assert found.reason == "550 5.7.26 …@example.org: unauthenticated"


def test_a_post_may_hold_many_events() -> None:
    found = read([item("delivered"), item("delivered", email="bob@example.org")])
    assert len({event.id for event in found}) == 2


def test_an_event_is_named_by_what_stays_the_same_when_it_is_told_by_another_webhook() -> None:
    ours, other = read([item("opened"), item("opened", id=101, date="2026-03-04 14:30:00")])
    assert ours.id == other.id
